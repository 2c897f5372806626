import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { startLoad } from '../../bench/load.ts';
import { announcedPort, makeProcesses } from '../../bench/processes.ts';
import { buildPrograms } from '../../bench/programs.ts';
import { makeCA } from '../../src/certificates.ts';
import { sayOnStderr } from '../cluster/progress.ts';
import { startGateProcess } from '../fakes/gateprocess.ts';
import { eventually } from '../fakes/sessions.ts';
import { recordFacts } from '../reliability/facts.ts';
import { countedOpen } from './counted.ts';
import { BOUNDS, growthOf, leaksIn, NODE_OPTIONS, takeStock } from './growth.ts';
import { NO_LIMITS } from './limits.ts';
import { readSizes } from './sizes.ts';

// Issue 8 §3: 5,000 sessions held, with keystrokes. Callers and API server are the load generator and the stand-in of bench/go, processes of their
// own: each session types 32 bytes now and then and compares what comes back, byte by byte.

const facts = recordFacts('soak-held');
const { held: count, heldSeconds } = readSizes();
const STROKE_BYTES = 32;
/** Between two keystrokes of a session: a thousand a second in all, of 5,000. ms */
const PAUSE_MS = 5_000;
/** Two for each session, and some for all else. */
const NEEDED = Math.max(16_384, 2 * count + 1_000);
/** So many first, which are closed again: then what is kept for the next session is there. */
const WARM = 500;
const LIMIT_MS = 300_000;

const limit = Number(/^Max open files +\d+ +(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1]);
const skip =
  limit < NEEDED &&
  `the hard limit of descriptors here is ${limit}; ${count} sessions need ${NEEDED} (prlimit --nofile=${NEEDED}:${NEEDED})`;
// A suite that shows nothing should not look as if it had shown something.
if (skip !== false) sayOnStderr(`test/soak/held.test.ts is SKIPPED: ${skip}`);

t.test(`${count} sessions are held, and typed in`, { skip }, async (t) => {
  const programs = await buildPrograms(sayOnStderr);
  const folder = mkdtempSync(join(tmpdir(), 'postern-soak-'));
  const processes = makeProcesses();
  t.teardown(async () => {
    await processes.endAll();
    rmSync(folder, { recursive: true });
  });
  const ca = await makeCA('upstream CA');
  const { certPem, keyPem } = await ca.issue({
    commonName: 'kube-apiserver',
    dnsNames: ['localhost'],
    ipAddresses: ['127.0.0.1'],
  });
  const write = (name: string, text: string) => {
    writeFileSync(join(folder, name), text, { mode: 0o600 });
    return join(folder, name);
  };
  const upstream = await processes.start({
    name: 'upstream',
    command: programs.upstream,
    args: ['--cert', write('tls.crt', certPem), '--key', write('tls.key', keyPem)],
    folder,
    talks: true,
  });
  const port = await announcedPort(upstream);
  const gate = await startGateProcess({
    upstreams: [{ name: 'prod', upstream: { port, ca } }],
    nodeOptions: NODE_OPTIONS,
    config: { limits: NO_LIMITS },
  });
  t.teardown(() => gate.stop());
  const token = await gate.token({ exp: Math.floor(Date.now() / 1000) + 24 * 3600 });
  const caFile = write('gate-ca.crt', gate.files.ca.certPem);
  const open = (sessions: number, seconds: number) =>
    startLoad(processes, {
      program: programs.load,
      args: [
        ...['hold', '--sessions', `${sessions}`, '--seconds', `${seconds}`],
        ...['--rounds-pause', `${PAUSE_MS}`, '--limit', `${LIMIT_MS / 1000 + seconds}s`],
      ],
      url: `https://127.0.0.1:${gate.port}`,
      ...{ caFile, token, folder, limitMs: LIMIT_MS + seconds * 1000 },
    });
  const ended = () => gate.log.filter((line) => line.includes('"session ended"')).length;
  /** Lines of the log that nobody has read yet are held by the gate, too. */
  const empty = async (sessions: number) => {
    await eventually(async () => ended() >= sessions && (await countedOpen(gate)) === 0, LIMIT_MS);
    return takeStock(gate);
  };

  const warm = await open(WARM, 1);
  await warm.ready;
  await warm.go();
  await warm.stop();
  const before = await empty(WARM);

  const load = await open(count, heldSeconds);
  await load.ready;
  t.equal(await countedOpen(gate), count, 'all are open');
  const full = await takeStock(gate);
  const { work, p50 = 0, p99 = 0 } = await load.go();
  await load.stop();
  const after = await empty(WARM + count);

  const heap = (full.heapUsed + full.external - before.heapUsed - before.external) / count;
  const rss = (full.rss - before.rss) / count;
  const ms = (seconds: number) => (seconds * 1000).toFixed(1);
  t.comment(
    `${work} keystrokes, there and back in ${ms(p50)} ms (p50), ${ms(p99)} ms (p99); a session: ${kB(heap)} of heap and buffers, ${kB(rss)} of RSS`,
  );
  t.ok(
    work >= (count * heldSeconds * 1000) / PAUSE_MS - count,
    'each was typed in, and every echo was right',
  );
  facts.add('bytes', [`keystrokes in ${count.toLocaleString('en')} held sessions`, work * STROKE_BYTES, 0]);
  facts.add('sessions', [
    `held and typed in (there and back: p50 ${ms(p50)} ms, p99 ${ms(p99)} ms; of one, ${kB(heap)} of heap and buffers, ${kB(rss)} of RSS)`,
    ...[count, count],
  ]);

  const growth = growthOf(before, after, count);
  t.comment(JSON.stringify(growth));
  t.same(leaksIn(growth), [], 'nothing is left of them');
  t.ok(after.descriptors <= before.descriptors + 3, 'descriptors');
  t.equal(ended(), WARM + count, 'each end is logged once');
  t.same(
    gate.log.filter((line) => /"level":"(error|fatal)"/.test(line)),
    [],
  );
  const name = `${count.toLocaleString('en')} held sessions`;
  facts.add('growth', [
    `heap after ${name}, bytes`,
    before.heapUsed,
    after.heapUsed,
    `+ ${BOUNDS.bytes} a session`,
  ]);
  facts.add('growth', [`descriptors after ${name}`, before.descriptors, after.descriptors, '+ 3']);
});

function kB(bytes: number): string {
  return `${(bytes / 1000).toFixed(1)} kB`;
}
