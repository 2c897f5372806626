// Session tickets with `--workers 2`, as real processes whose primary is this test: all workers have the same keys, change them together, and one that takes
// another's place has those of now.

import cluster from 'node:cluster';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { TICKET_KEY_LIFETIME_MS } from '../../src/tickets.ts';
import { runCrew } from '../../src/workers/primary.ts';
import { collectLines, readMetric } from '../fakes/gate.ts';
import { layGateFiles } from '../fakes/gatefiles.ts';
import { startEcho } from '../fakes/sessions.ts';
import { makeTime } from '../fakes/time.ts';
import { visit } from './resume.ts';

const WORKERS = 2;
const upstream = await startEcho();
const files = await layGateFiles({ upstreams: [{ name: 'prod', upstream }] });
const lines = collectLines();
const time = makeTime();
cluster.setupPrimary({
  exec: fileURLToPath(new URL('../../src/main.ts', import.meta.url)),
  args: ['serve', '--config', files.file],
  execArgv: [],
  silent: true,
});
const crew = await runCrew(
  {
    file: files.file,
    version: '0.0.0-test',
    env: {},
    logStream: lines.stream,
    setTicketTimer: time.setTimer,
  },
  WORKERS,
);
t.teardown(async () => {
  await crew.stop();
  await files.remove();
  await upstream.close();
});
const serving = await lines.find(({ msg }) => msg === 'serving');
const port = Number(new URL(String(serving['address'])).port);
const opsUrl = String(serving['ops']);

/** Four connections one after the other: each worker has two, in turn. Each with the ticket of the one before it. @returns which were resumed */
async function visits(version: 'TLSv1.2' | 'TLSv1.3', begin?: Buffer) {
  const resumed: boolean[] = [];
  let session = begin;
  for (let i = 0; i < 2 * WORKERS; i++) {
    const one = await visit(
      port,
      { ca: files.ca.certPem, minVersion: version, maxVersion: version },
      session,
    );
    resumed.push(one.resumed);
    session = one.session;
  }
  return { resumed, session };
}

/** Resolves when each worker has heard all that was said to it before: it answers in the order of questions. */
const heard = () => readMetric(opsUrl, 'postern_ready');

for (const version of ['TLSv1.2', 'TLSv1.3'] as const)
  t.test(
    `${version}: a ticket of one worker is good at the other, before and after a change of keys`,
    async (t) => {
      const before = await visits(version);
      t.same(before.resumed, [false, true, true, true]);
      time.advance(TICKET_KEY_LIFETIME_MS);
      await heard();
      const after = await visits(version, before.session);
      t.same(
        after.resumed,
        [false, true, true, true],
        'one full handshake, then all workers know the new key',
      );
    },
  );

t.test('a worker that takes the place of one that died has the keys of now', async (t) => {
  time.advance(TICKET_KEY_LIFETIME_MS);
  await heard();
  const before = await visits('TLSv1.3');
  const first = await lines.find(({ msg, worker }) => msg === 'worker serves' && worker === 1);
  process.kill(Number(first['pid']), 'SIGKILL');
  await lines.find(({ msg, worker, pid }) => msg === 'worker serves' && worker === 1 && pid !== first['pid']);
  const after = await visits('TLSv1.3', before.session);
  t.same(after.resumed, [true, true, true, true]);
});
