// `npm run test:fleet`: several gates behind HAProxy. Rolling restarts under load, and what a growing fleet is limited by. Wants root, HAProxy and Go.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { readMachine } from '../../bench/machine.ts';
import { buildPrograms } from '../../bench/programs.ts';
import { sayOnStderr } from '../cluster/progress.ts';
import { run } from '../cluster/run.ts';
import { runTap } from '../run.ts';
import { measureApiServer } from './apiserver.ts';
import { measureFleet } from './measure.ts';
import { FLEET_PAGE, renderFleetPage } from './page.ts';
import { longPlan } from './plans.ts';

const HELP = `npm run test:fleet [-- options] [FILES]

Runs several gates behind HAProxy (test/fleet/*.test.ts, or FILES): a rolling restart under load, and a simulated fleet in its short form.

  --write   measures the simulated fleet with up to 50 gates instead and a real API server (about five minutes), and writes docs/${FLEET_PAGE}
  --help    this text

POSTERN_FLEET_RESTARTS=N   restarts of the rolling restart; default 20
`;

const TIMEOUT_SECONDS = 1800;
const DOCS = fileURLToPath(new URL('../../docs', import.meta.url));

const { values, positionals } = parseArgs({
  options: { write: { type: 'boolean' }, help: { type: 'boolean' } },
  allowPositionals: true,
});
if (values.help === true) process.stdout.write(HELP);
else process.exitCode = await main(values.write === true, positionals);

async function main(writes: boolean, files: readonly string[]): Promise<number> {
  if ((await run('haproxy', ['-v'])).code !== 0) {
    sayOnStderr('haproxy is not here: apt-get install haproxy');
    return 1;
  }
  if (!writes) {
    const chosen = files.length > 0 ? files : ['test/fleet/*.test.ts'];
    return await runTap(chosen, { jobs: 1, timeoutSeconds: TIMEOUT_SECONDS });
  }
  try {
    await write();
    return 0;
  } catch (error) {
    sayOnStderr(`test:fleet: ${error instanceof Error ? error.message : String(error)}`);
    return 1;
  }
}

/** Measures all of docs/fleet.md and writes it. */
async function write(): Promise<void> {
  const machine = await readMachine();
  const plan = longPlan();
  const interrupted = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.once(signal, () => interrupted.abort());
  const rows = await measureFleet(await buildPrograms(sayOnStderr), plan, {
    onRow: ({ gates, served }) => sayOnStderr(`${gates} gates: ${served.toFixed(0)} requests a second`),
    signal: interrupted.signal,
  });
  const costs = await measureApiServer(sayOnStderr);
  const date = new Date().toISOString().slice(0, 'YYYY-MM-DD'.length);
  writeFileSync(join(DOCS, FLEET_PAGE), renderFleetPage(rows, plan, { machine, date, costs }));
}
