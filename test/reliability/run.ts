// `npm run test:reliability`: attacks, faults, overload, soaks and protocol checks, and the table of what they showed. Wants root and Debian for
// some faults (a full disk, a host of its own in a network namespace) and for testssl.sh, Go for h2spec.

import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { readMachine } from '../../bench/machine.ts';
import { interruptedBySignals } from '../cluster/interrupt.ts';
import { sayOnStderr } from '../cluster/progress.ts';
import { runTap } from '../run.ts';
import { gatherFacts, RELIABILITY_PAGE, renderReliabilityPage, renderTables } from './page.ts';
import { FACTS_DIRECTORY, FACTS_VARIABLE } from './rows.ts';

/** What there is, in the order in which it is run. */
const SUITES = ['attack', 'tls', 'chaos', 'soak'] as const;

const HELP = `npm run test:reliability [-- options] [SUITES or FILES]

Runs ${SUITES.join(', ')} (test/SUITE/*.test.ts), those that are named, or FILES, in their short forms, and prints the table of what they showed.

  --write   also writes docs/${RELIABILITY_PAGE}
  --keep    adds to the facts of an earlier run, as of \`npm test\` with ${FACTS_VARIABLE}=build/reliability
  --of RUN  runs nothing: takes the facts that RUN left, as "bash .ci/run" does
  --help    this text

Long forms: npm run soak -- --help
`;

const TIMEOUT_SECONDS = 1200;
const DOCS = fileURLToPath(new URL('../../docs', import.meta.url));

const { values, positionals } = parseArgs({
  options: {
    write: { type: 'boolean' },
    keep: { type: 'boolean' },
    of: { type: 'string' },
    help: { type: 'boolean' },
  },
  allowPositionals: true,
});
if (values.help === true) process.stdout.write(HELP);
else
  process.exitCode = await main(
    { writes: values.write === true, keeps: values.keep === true, of: values.of },
    positionals,
  );

interface Options {
  readonly writes: boolean;
  readonly keeps: boolean;
  /** The command whose facts are there, instead of suites to run. */
  readonly of: string | undefined;
}

async function main({ writes, keeps, of }: Options, named: readonly string[]): Promise<number> {
  const interrupted = interruptedBySignals();
  if (!keeps && of === undefined) rmSync(FACTS_DIRECTORY, { recursive: true, force: true });
  mkdirSync(FACTS_DIRECTORY, { recursive: true });
  let code = 0;
  for (const one of of !== undefined ? [] : named.length > 0 ? named : SUITES) {
    if (interrupted.aborted) return 1;
    sayOnStderr(`test:reliability: ${one}`);
    const ended = await runTap([isSuite(one) ? `test/${one}/*.test.ts` : one], {
      // All but attacks measure: one after the other.
      jobs: one === 'attack' ? 2 : 1,
      timeoutSeconds: TIMEOUT_SECONDS,
      env: { [FACTS_VARIABLE]: FACTS_DIRECTORY },
      signal: interrupted,
    });
    code = code === 0 ? ended : code;
  }
  const facts = gatherFacts(FACTS_DIRECTORY);
  process.stdout.write(`\n${renderTables(facts)}`);
  if (!writes) return code;
  if (code !== 0) {
    sayOnStderr(`test:reliability: docs/${RELIABILITY_PAGE} stays as it is, because something failed`);
    return code;
  }
  const date = new Date().toISOString().slice(0, 'YYYY-MM-DD'.length);
  const command = of ?? `npm run test:reliability -- ${['--write', ...named].join(' ')}`;
  const page = renderReliabilityPage(facts, { machine: await readMachine(), date, command });
  writeFileSync(join(DOCS, RELIABILITY_PAGE), page);
  return 0;
}

function isSuite(name: string): boolean {
  return (SUITES as readonly string[]).includes(name);
}
