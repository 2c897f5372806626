import { execFileSync, spawn } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { connect as connectTcp } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { caller } from '../fakes/caller.ts';
import { type GateProcess, type GateProcessOptions, startGateProcess } from '../fakes/gateprocess.ts';
import { type EchoUpstream, eventually, startEcho } from '../fakes/sessions.ts';
import { recordFacts } from '../reliability/facts.ts';
import { type Streams, startStreams } from './streams.ts';

// SIGTERM while everything else is broken at once, a second SIGTERM, and the death of a worker under load (docs/how-to/operate.md, Stopping).

const facts = recordFacts('chaos-stop');
const SESSIONS = 200;
const DRAIN_MS = 2_000;
/** After the drain's time: 6 s for what was received, 1 s for the process, 1 s for the log; the rest is the machine's. ms */
const AFTER_MS = 12_000;

let upstream: EchoUpstream;
t.before(async () => {
  upstream = await startEcho();
});
t.after(() => upstream.close());

const start = (more: Partial<GateProcessOptions> = {}) =>
  startGateProcess({
    upstreams: [{ name: 'prod', upstream }],
    config: { sessions: { drainTimeout: `${DRAIN_MS}ms` } },
    ...more,
  });

/** SIGTERM, and its end: sessions stream on until the drain's time is over, then all end at once. */
async function term(t: Test, gate: GateProcess, streams: Streams): Promise<number> {
  await streams.settle();
  t.equal(streams.open, SESSIONS, 'all are open');
  streams.expectEnd();
  const from = performance.now();
  const before = streams.compared;
  gate.child.kill('SIGTERM');
  t.equal(await gate.exit, 0, 'exit code');
  const tookMs = performance.now() - from;
  await streams.ended;
  t.same(streams.wrong, [], 'no byte is wrong');
  t.ok(streams.compared > before, 'they went on while it drained');
  t.ok(tookMs >= DRAIN_MS - 50, 'sessions had the time that they were promised');
  t.ok(tookMs < DRAIN_MS + AFTER_MS, `ended ${Math.round(tookMs)} ms after SIGTERM`);
  await streams.close();
  return tookMs;
}

await facts.fault('SIGTERM while 200 sessions stream', async (t) => {
  const gate = await start();
  t.teardown(() => gate.stop());
  const streams = await startStreams(gate, SESSIONS);
  const tookMs = await term(t, gate, streams);
  const ends = gate.log.map((line) => JSON.parse(line)).filter(({ msg }) => msg === 'session ended');
  t.equal(ends.length, SESSIONS, 'each end is in the log');
  t.same(new Set(ends.map(({ end }) => end)), new Set(['drained']));
  t.ok(
    ends.every(({ undelivered }) => undelivered.up <= 1024),
    'nothing but the message that came while it was ended is undelivered, and the log says which',
  );
  facts.add('bytes', ['200 sessions, SIGTERM', streams.compared, 0]);
  return tookMs;
});

await facts.fault('SIGTERM during all of it', async (t) => {
  // The log's reader has stopped, the issuer is down, the configuration on disk is broken and being read, every descriptor that callers may use is, handshakes hang.
  const dir = mkdtempSync(join(tmpdir(), 'postern-stop-'));
  const [fifo, file] = [join(dir, 'fifo'), join(dir, 'log')];
  execFileSync('mkfifo', [fifo]);
  const reader = spawn('sh', ['-c', 'exec cat "$1" >> "$2"', 'sh', fifo, file], { stdio: 'ignore' });
  t.teardown(() => {
    reader.kill('SIGKILL');
    rmSync(dir, { recursive: true });
  });
  const end = openSync(fifo, 'w');
  const limit = 2 * SESSIONS + 110;
  const gate = await start({
    prefix: ['prlimit', `--nofile=${limit}:${limit}`],
    output: { stdout: end, stderr: end },
    logFile: () => file,
  });
  closeSync(end);
  t.teardown(() => gate.stop());
  const streams = await startStreams(gate, SESSIONS);
  const who = caller({ port: gate.port, ca: gate.files.ca }, 'h2');
  const path = `/api/v1/namespaces/default/pods/${'p'.repeat(3000)}`;
  const headers = ['Authorization', `Bearer ${await gate.token()}`];
  t.equal((await who.call({ path, headers })).status, 200);

  reader.kill('SIGSTOP');
  gate.files.issuer.setDown(true);
  for (let i = 0; i < 5; i++)
    await Promise.all(Array.from({ length: 20 }, () => who.call({ path, headers })));
  let closed = 0;
  const silent = Array.from({ length: 120 }, () => {
    const socket = connectTcp(gate.port, '127.0.0.1');
    socket.on('error', () => {});
    socket.on('close', () => closed++);
    return socket;
  });
  await eventually(() => closed > 0);
  writeFileSync(gate.files.file, 'kind: [');
  gate.child.kill('SIGHUP');
  await gate.files.issuer.rotate();
  const unknown = ['Authorization', `Bearer ${await gate.token()}`];
  void who.call({ path, headers: unknown }).catch(() => {});
  const tookMs = await term(t, gate, streams);
  for (const socket of silent) socket.destroy();
  who.close();
  facts.add('bytes', ['200 sessions, SIGTERM during all of it', streams.compared, 0]);
  return tookMs;
});

await facts.fault('second SIGTERM', async (t) => {
  const gate = await start({ config: { sessions: { drainTimeout: '1h' } } });
  t.teardown(() => gate.stop());
  const streams = await startStreams(gate, 20);
  gate.child.kill('SIGTERM');
  await gate.logged(({ msg }) => msg === 'draining');
  await streams.settle();
  await streams.pause();
  const from = performance.now();
  gate.child.kill('SIGTERM');
  t.equal(await gate.exit, 1, 'exit code');
  const tookMs = performance.now() - from;
  await streams.ended;
  t.ok(tookMs < 1_500, `ended ${Math.round(tookMs)} ms after it`);
  await streams.close();
  return tookMs;
});

await facts.fault('worker killed under load', async (t) => {
  const gate = await start({ args: ['--workers', '2'] });
  t.teardown(() => gate.stop());
  const who = caller({ port: gate.port, ca: gate.files.ca }, 'h1');
  const headers = ['Authorization', `Bearer ${await gate.token()}`];
  // Connections go to the workers in turn, so each has about half of these; those of the one that lives are watched.
  const groups = await Promise.all([startStreams(gate, 1), startStreams(gate, 1)]);
  const pids = gate.log
    .map((line) => JSON.parse(line))
    .filter(({ msg }) => msg === 'worker serves')
    .map(({ pid }) => Number(pid));
  t.equal(pids.length, 2);
  for (const one of groups) await one.settle();
  process.kill(pids[0] ?? 0, 'SIGKILL');
  const from = performance.now();
  await gate.logged(({ msg, signal }) => msg === 'worker ended unexpectedly' && signal === 'SIGKILL');
  await eventually(() => groups.filter(({ open }) => open === 0).length === 1);
  const lives = groups.filter(({ open }) => open === 1);
  t.equal(lives.length, 1, 'sessions of the other worker live');
  await lives[0]?.settle();
  for (let i = 0; i < 10; i++) {
    const one = caller({ port: gate.port, ca: gate.files.ca }, 'h1');
    t.equal((await one.call({ path: '/version', headers })).status, 200, 'new connections are served');
    one.close();
  }
  await eventually(async () => (await fetch(`${gate.opsUrl}/readyz`)).status === 200, 15_000);
  const tookMs = performance.now() - from;
  t.equal(await gate.metric('postern_processes'), 2, 'another has taken its place');
  await eventually(
    async () =>
      (await gate.metric('postern_sessions_open{cluster="prod",kind="exec",protocol="websocket"}')) === 1,
  );
  t.pass('its sessions are open no more by the metrics');
  await lives[0]?.settle();
  for (const one of groups) await one.close();
  who.close();
  t.equal(await gate.stop(), 0);
  return tookMs;
});
