import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { caller } from '../fakes/caller.ts';
import { type GateProcess, type GateProcessOptions, startGateProcess } from '../fakes/gateprocess.ts';
import { type EchoUpstream, eventually, startEcho } from '../fakes/sessions.ts';
import { recordFacts } from '../reliability/facts.ts';
import { comesBack } from './holding.ts';
import { type Streams, startStreams } from './streams.ts';

// The place of the log fails while people work: a full disk, a reader that has stopped, one that is gone (docs/adr/0018-log.md). Expected of each:
// requests and sessions notice nothing, memory is bounded, every request is in the log afterwards or counted as lost, and SIGTERM ends as ever.

const facts = recordFacts('chaos-log');
const SESSIONS = 20;
/** Of the log, in memory: 4 Mi characters in the queue, their strings, and one write. Bytes */
const QUEUE_BYTES = 24 * 1024 * 1024;
const LOST = 'log lines were lost here: the log could not be written';
const LATE = 'the log could not be written for a while; no line was lost';

let upstream: EchoUpstream;
t.before(async () => {
  upstream = await startEcho();
});
t.after(() => upstream.close());

const start = (more: Partial<GateProcessOptions>) =>
  startGateProcess({
    upstreams: [{ name: 'prod', upstream }],
    config: { sessions: { drainTimeout: '1s' } },
    ...more,
  });

/** Requests over one connection; every one has to be answered 200. @returns their Audit-IDs */
async function work(t: Test, gate: GateProcess, count: number, path = '/api/v1/namespaces/default/pods/p') {
  const who = caller({ port: gate.port, ca: gate.files.ca }, 'h2');
  const headers = ['Authorization', `Bearer ${await gate.token()}`];
  const ids: string[] = [];
  for (let i = 0; i < count; i += 20) {
    const replies = await Promise.all(
      Array.from({ length: Math.min(20, count - i) }, () => who.call({ path, headers })),
    );
    for (const { status, rawHeaders } of replies) {
      if (status !== 200) t.fail(`a request was answered ${status}`);
      ids.push(rawHeaders[rawHeaders.findIndex((name) => name.toLowerCase() === 'audit-id') + 1] ?? '');
    }
  }
  who.close();
  return ids;
}

/** Which of the IDs are in the log, once, each in a line that can be read. */
function logged(gate: GateProcess, ids: readonly string[]): number {
  const seen = gate.log
    .map((line) => JSON.parse(line) as { msg: string; auditID?: string })
    .filter(({ msg }) => msg === 'request')
    .map(({ auditID = '' }) => auditID);
  const wanted = new Set(ids);
  return seen.filter((id) => wanted.has(id)).length;
}

async function goOn(t: Test, streams: Streams) {
  await streams.settle();
  t.equal(streams.open, SESSIONS, 'sessions live');
  t.same(streams.wrong, []);
}

/** Ends it by SIGTERM while its log can't be written: in time, and as ever. */
async function endsByTerm(t: Test, gate: GateProcess) {
  const from = performance.now();
  t.equal(await gate.stop(), 0, 'exit code after SIGTERM');
  const tookMs = performance.now() - from;
  t.ok(tookMs < 10_000, `ends in time: ${Math.round(tookMs)} ms`);
}

/** The part of a FIFO that reads, as a process that can be stopped and killed: what a container runtime is to the gate. */
function readFifo(fifo: string, file: string): ChildProcess {
  return spawn('sh', ['-c', 'exec cat "$1" >> "$2"', 'sh', fifo, file], { stdio: 'ignore' });
}

/** A gate that logs into a FIFO, whose reader writes `file`. */
async function startPiped(t: Test, args: readonly string[] = []) {
  const dir = mkdtempSync(join(tmpdir(), 'postern-log-'));
  const fifo = join(dir, 'fifo');
  const file = join(dir, 'log');
  execFileSync('mkfifo', [fifo]);
  const readers = [readFifo(fifo, file)];
  t.teardown(() => {
    for (const reader of readers) reader.kill('SIGKILL');
    rmSync(dir, { recursive: true });
  });
  // Opening waits for the reader.
  const end = openSync(fifo, 'w');
  const gate = await start({ output: { stdout: end, stderr: end }, logFile: () => file, args });
  closeSync(end);
  t.teardown(() => gate.stop());
  return {
    gate,
    reader: () => readers.at(-1) as ChildProcess,
    another: () => void readers.push(readFifo(fifo, file)),
  };
}

const isRoot = process.getuid?.() === 0;
if (!isRoot) t.comment('a full disk needs root: a tmpfs of its own');
else
  await facts.fault('disk full for the log', async (t) => {
    // A file system of 1 MiB, mounted where only the gate sees it.
    const script = 'mount -t tmpfs -o size=1m tmpfs /mnt && exec "$@" 2>>/mnt/log';
    const gate = await start({
      prefix: ['unshare', '-m', 'sh', '-c', script, 'sh'],
      logFile: (pid) => `/proc/${pid}/root/mnt/log`,
    });
    t.teardown(() => gate.stop());
    const streams = await startStreams(gate, SESSIONS);
    await work(t, gate, 20);
    const ballast = `/proc/${gate.pid}/root/mnt/ballast`;
    fillUp(ballast);
    const ids = await work(t, gate, 400);
    await goOn(t, streams);
    await eventually(async () => (await gate.metric('postern_log_writable')) === 0);

    rmSync(ballast);
    const from = performance.now();
    const again = await gate.logged(({ msg }) => msg === LATE);
    const tookMs = performance.now() - from;
    t.match(again, { level: 'warn', lost: 0, cause: { code: 'ENOSPC' } });
    t.equal(logged(gate, ids), ids.length, 'every request is in the log, once');
    t.equal(await gate.metric('postern_log_writable'), 1);
    t.equal(await gate.metric('postern_log_lines_dropped_total'), 0);
    t.ok(tookMs < 3_000, `written again within ${Math.round(tookMs)} ms`);
    await goOn(t, streams);

    fillUp(ballast);
    await work(t, gate, 40);
    await eventually(async () => (await gate.metric('postern_log_writable')) === 0);
    await streams.close();
    await endsByTerm(t, gate);
    facts.add('bytes', ['sessions, disk full for the log', streams.compared, 0]);
    return tookMs;
  });

/** Until there is no room for a single byte. */
function fillUp(path: string): void {
  const file = openSync(path, 'a');
  try {
    for (let size = 64 * 1024; size >= 1; ) {
      try {
        writeSync(file, Buffer.alloc(size));
      } catch (error) {
        if ((error as { code?: string }).code !== 'ENOSPC') throw error;
        size = Math.floor(size / 2);
      }
    }
  } finally {
    closeSync(file);
  }
}

await facts.fault('reader of the log stops', async (t) => {
  const { gate, reader } = await startPiped(t);
  const streams = await startStreams(gate, SESSIONS);
  await work(t, gate, 40);
  await streams.close();
  const before = await gate.holdings();
  const working = await startStreams(gate, SESSIONS);

  reader().kill('SIGSTOP');
  const long = `/api/v1/namespaces/default/pods/${'p'.repeat(3000)}`;
  const ids = await work(t, gate, 2000, long);
  await goOn(t, working);
  t.equal(await gate.metric('postern_log_writable'), 0);
  const lost = await gate.metric('postern_log_lines_dropped_total');
  t.ok(lost > 0, `${lost} lines were lost: more than the queue takes`);
  const { heapUsed } = await gate.holdings();
  t.ok(heapUsed < before.heapUsed + QUEUE_BYTES, `heap: ${before.heapUsed} to ${heapUsed}`);

  reader().kill('SIGCONT');
  const from = performance.now();
  const gap = await gate.logged(({ msg }) => msg === LOST);
  const tookMs = performance.now() - from;
  t.match(gap, { level: 'error', lost: await gate.metric('postern_log_lines_dropped_total') });
  t.equal(
    logged(gate, ids) + Number(gap['lost']),
    ids.length,
    'each request is in the log, or among those lost',
  );
  t.equal(await gate.metric('postern_log_writable'), 1);
  t.ok(tookMs < 5_000, `written again within ${Math.round(tookMs)} ms`);
  const late = await work(t, gate, 20);
  await eventually(() => logged(gate, late) === late.length);
  await goOn(t, working);
  await working.close();
  await comesBack(t, gate, { before, facts, what: 'reader of the log stops' });

  reader().kill('SIGSTOP');
  await work(t, gate, 200, long);
  await endsByTerm(t, gate);
  return tookMs;
});

await facts.fault('reader of the log dies', async (t) => {
  const { gate, reader, another } = await startPiped(t);
  const streams = await startStreams(gate, SESSIONS);
  await work(t, gate, 40);
  const gone = new Promise((resolve) => reader().once('exit', resolve));
  reader().kill('SIGKILL');
  await gone;
  const ids = await work(t, gate, 200);
  await goOn(t, streams);
  await eventually(async () => (await gate.metric('postern_log_writable')) === 0);

  another();
  const from = performance.now();
  t.match(await gate.logged(({ msg }) => msg === LATE), { lost: 0, cause: { code: 'EPIPE' } });
  const tookMs = performance.now() - from;
  t.equal(logged(gate, ids), ids.length, 'every request is in the log, once');
  t.ok(tookMs < 3_000, `written again within ${Math.round(tookMs)} ms`);
  await goOn(t, streams);

  reader().kill('SIGKILL');
  await work(t, gate, 20);
  await streams.close();
  await endsByTerm(t, gate);
  facts.add('bytes', ['sessions, reader of the log dies', streams.compared, 0]);
  return tookMs;
});

await facts.fault('reader of two workers stops', async (t) => {
  const { gate, reader } = await startPiped(t, ['--workers', '2']);
  const streams = await startStreams(gate, SESSIONS);
  reader().kill('SIGSTOP');
  const ids: string[] = [];
  // Each connection goes to the next worker.
  for (let i = 0; i < 6; i++) ids.push(...(await work(t, gate, 60)));
  await goOn(t, streams);
  reader().kill('SIGCONT');
  const from = performance.now();
  await eventually(() => logged(gate, ids) === ids.length);
  const tookMs = performance.now() - from;
  t.equal(logged(gate, ids), ids.length, 'every request is in the log, each line whole');
  t.equal(new Set(gate.log.map((line) => (JSON.parse(line) as { worker?: number }).worker)).size, 3);
  await streams.close();
  reader().kill('SIGSTOP');
  await work(t, gate, 60);
  await endsByTerm(t, gate);
  return tookMs;
});
