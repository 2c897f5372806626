// `npm run soak`: the soaks of test/soak in their long form, the last of which is an hour of kubectl. Progress goes to stderr, the tables to stdout; a
// signal ends everything that was started.

import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Cluster } from '../cluster/cluster.ts';
import { useExistingCluster } from '../cluster/existing.ts';
import { interruptedBySignals } from '../cluster/interrupt.ts';
import { startCluster } from '../cluster/node.ts';
import { sayOnStderr, timed } from '../cluster/progress.ts';
import { gatherFacts, renderTables } from '../reliability/page.ts';
import { FACTS_DIRECTORY, FACTS_VARIABLE } from '../reliability/rows.ts';
import { runTap } from '../run.ts';
import type { RealCluster } from './lab.ts';
import { SIZE_VARIABLES } from './sizes.ts';

/** What there is, in the order in which it is run. */
const PARTS = ['leaks', 'sessions', 'requests', 'held', 'kubectl'] as const;
type Part = (typeof PARTS)[number];

const HELP = `npm run soak [-- options] [PARTS]

Soaks a gate, which is a process of its own, and says what it holds afterwards. Parts, all of them by default:

  leaks      shows that one object a session is seen: gates that keep one on purpose
  sessions   sessions opened and ended in every way there is; each end counted as what it was
  requests   watches, followed logs, requests that break off, over HTTP/1.1 and HTTP/2
  held       sessions held and typed in, with the time that a keystroke takes (needs Go, and 16384 descriptors)
  kubectl    people at work with stock kubectls, while the gate is reloaded, tokens renewed and keys rotated

  --minutes N     of kubectl; default 60
  --sessions N    default 50000
  --requests N    default 30000
  --held N        sessions held; default 5000
  --hold-minutes N   of holding them; default 5
  --cluster       kubectl at a real cluster (root, Debian; test/cluster/README.md), not at the practice API server
  --help          this text

TEST_KUBECONFIG=FILE   with --cluster, an existing cluster instead of one of our own

How to read what it prints: docs/dev/soaks.md. Ctrl-C ends it, and all that it has started.
`;

/** A part is given up after so much more than it should take. s */
const SPARE_SECONDS = 3_600;

const { values, positionals } = parseArgs({
  options: {
    minutes: { type: 'string', default: '60' },
    sessions: { type: 'string', default: '50000' },
    requests: { type: 'string', default: '30000' },
    held: { type: 'string', default: '5000' },
    'hold-minutes': { type: 'string', default: '5' },
    cluster: { type: 'boolean' },
    help: { type: 'boolean' },
  },
  allowPositionals: true,
});
if (values.help === true) process.stdout.write(HELP);
else process.exitCode = await main();

async function main(): Promise<number> {
  const wrong = problem();
  if (wrong !== '') {
    sayOnStderr(`soak: ${wrong}; npm run soak -- --help`);
    return 2;
  }
  const interrupted = interruptedBySignals();
  let cluster: Cluster | undefined;
  try {
    const parts = positionals.length > 0 ? (positionals as Part[]) : PARTS;
    if (values.cluster === true && parts.includes('kubectl')) cluster = await startReal(interrupted);
    return await soak(parts, cluster, interrupted);
  } catch (error) {
    sayOnStderr(`soak: ${error instanceof Error ? error.message : String(error)}`);
    return 1;
  } finally {
    if (cluster !== undefined) await timed(sayOnStderr, 'stopped, nothing left', cluster.stop);
  }
}

function problem(): string {
  const numbers = ['minutes', 'sessions', 'requests', 'held', 'hold-minutes'] as const;
  const bad = numbers.find((name) => !(Number(values[name]) > 0));
  if (bad !== undefined) return `--${bad} takes a number above 0`;
  const unknown = positionals.find((one) => !(PARTS as readonly string[]).includes(one));
  return unknown === undefined ? '' : `no part ${JSON.stringify(unknown)}`;
}

async function soak(
  parts: readonly Part[],
  cluster: Cluster | undefined,
  signal: AbortSignal,
): Promise<number> {
  rmSync(FACTS_DIRECTORY, { recursive: true, force: true });
  mkdirSync(FACTS_DIRECTORY, { recursive: true });
  const kubectlSeconds = Number(values.minutes) * 60;
  const heldSeconds = Number(values['hold-minutes']) * 60;
  const env = {
    [FACTS_VARIABLE]: FACTS_DIRECTORY,
    [SIZE_VARIABLES.sessions]: values.sessions,
    [SIZE_VARIABLES.requests]: values.requests,
    [SIZE_VARIABLES.held]: values.held,
    [SIZE_VARIABLES.heldSeconds]: String(heldSeconds),
    [SIZE_VARIABLES.kubectlSeconds]: String(kubectlSeconds),
    [SIZE_VARIABLES.cluster]: cluster === undefined ? '' : describe(cluster),
  };
  const failed: string[] = [];
  for (const part of parts) {
    if (signal.aborted) throw signal.reason;
    const timeoutSeconds = Math.round(SPARE_SECONDS + kubectlSeconds + heldSeconds);
    // One after the other: they measure.
    const run = () => runTap([`test/soak/${part}.test.ts`], { jobs: 1, timeoutSeconds, env, signal });
    if ((await timed(sayOnStderr, part, run)) !== 0) failed.push(part);
  }
  process.stdout.write(`\n${renderTables(gatherFacts(FACTS_DIRECTORY))}`);
  if (failed.length > 0) sayOnStderr(`soak: failed: ${failed.join(', ')}`);
  return failed.length > 0 ? 1 : 0;
}

async function startReal(signal: AbortSignal): Promise<Cluster> {
  const existing = process.env['TEST_KUBECONFIG'];
  if (existing !== undefined && existing !== '') return await useExistingCluster(existing, { signal });
  sayOnStderr('starting a node');
  return await startCluster({ signal });
}

/** @returns the file that tells the tests */
function describe({ dir, ...cluster }: Cluster): string {
  const { server, caPem, adminKubeconfig, gateKubeconfig, image } = cluster;
  const file = join(dir, 'soak-cluster.json');
  const told: RealCluster = { server, caPem, adminKubeconfig, gateKubeconfig, image };
  writeFileSync(file, JSON.stringify(told));
  return file;
}
