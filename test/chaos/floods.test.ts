// One side sends faster than the other reads. What the gate holds meanwhile is bounded, the sender is made to wait, others are answered, and when the
// reader reads again every byte arrives. POSTERN_CHAOS_MB and POSTERN_CHAOS_FLOODS make it more.

import { once } from 'node:events';
import type { TLSSocket } from 'node:tls';
import t, { type Test } from 'tap';
import { type Checker, check, compare, newChecker, send } from '../fakes/peers.ts';
import { eventually } from '../fakes/sessions.ts';
import { recordFacts } from '../reliability/facts.ts';
import { accept, answer, startFaultyServer } from './faultyserver.ts';
import { openExec, requestHead, speak, startGround } from './ground.ts';

const FLOODS = Number(process.env['POSTERN_CHAOS_FLOODS'] ?? 4);
/** More than the kernel's buffers on both connections take. */
const SIZE = Number(process.env['POSTERN_CHAOS_MB'] ?? 16) * 1024 * 1024;
/** What a flood may hold in the gate's own memory; measured 0.5 MiB. bytes */
const HELD_BYTES = 1024 * 1024;
/** So long nothing may have moved for a sender to be called stopped. ms */
const STILL_MS = 500;

const facts = recordFacts('chaos-floods');
const server = await startFaultyServer();
const ground = await startGround({ upstreams: [{ name: 'main', upstream: server }] });
const { gate } = ground;
t.teardown(async () => {
  await ground.stop();
  await server.close();
});

interface Flood {
  readonly sender: TLSSocket;
  readonly receiver: TLSSocket;
}

let others: (socket: TLSSocket) => void = () => {};
server.plan.serve = ({ head, socket }) => {
  if (/^upgrade:/im.test(head)) {
    socket.write(accept(head));
    others(socket);
  } else if (head.includes('watch=')) {
    socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${SIZE}\r\n\r\n`);
    others(socket);
  } else socket.write(answer('{}'));
};

async function openSession(from: 'caller' | 'server'): Promise<Flood> {
  const { token } = await ground.someone();
  const arrived = new Promise<TLSSocket>((resolve) => {
    others = resolve;
  });
  const { socket } = await openExec(gate, token);
  const peer = await arrived;
  return from === 'caller' ? { sender: socket, receiver: peer } : { sender: peer, receiver: socket };
}

async function openAnswer(): Promise<Flood> {
  const { token } = await ground.someone();
  const arrived = new Promise<TLSSocket>((resolve) => {
    others = resolve;
  });
  const socket = await gate.connect();
  const head = once(socket, 'readable');
  socket.write(requestHead('GET', '/api/v1/pods?watch=1', token));
  const sender = await arrived;
  await head;
  return { sender, receiver: socket };
}

/** Resolves when nothing has gone out for a while though there is more. */
async function stopped(sender: TLSSocket): Promise<void> {
  let before = -1;
  let sinceMs = performance.now();
  await eventually(() => {
    const now = sender.bytesWritten - sender.writableLength;
    if (now !== before) {
      before = now;
      sinceMs = performance.now();
    }
    return performance.now() - sinceMs > STILL_MS;
  }, 30_000);
}

async function flood(t: Test, open: () => Promise<Flood>, skipHead: boolean): Promise<number> {
  const floods: Flood[] = [];
  for (let i = 0; i < FLOODS; i++) floods.push(await open());
  for (const { receiver } of floods) receiver.pause();
  const before = await gate.holdings();
  const sent = floods.map(({ sender }) => send(sender, SIZE));
  await Promise.all(floods.map(({ sender }) => stopped(sender)));
  const during = await gate.holdings();
  const grown = during.heapUsed + during.external - before.heapUsed - before.external;
  t.ok(grown < FLOODS * HELD_BYTES, `${FLOODS} floods hold ${Math.round(grown / FLOODS / 1024)} KiB each`);
  facts.add('growth', [
    'memory while floods wait, KiB',
    Math.round((before.heapUsed + before.external) / 1024),
    Math.round((during.heapUsed + during.external) / 1024),
    `+ ${Math.round((FLOODS * HELD_BYTES) / 1024)}`,
  ]);
  const { token } = await ground.someone();
  const { socket, reader } = await speak(gate, requestHead('GET', '/version', token));
  await reader.until('{}');
  socket.destroy();
  const begun = performance.now();
  const checkers = floods.map(({ receiver }) => (skipHead ? checkBody(receiver) : checkAll(receiver)));
  await eventually(() => checkers.every(({ received }) => received >= SIZE), 60_000);
  const tookMs = performance.now() - begun;
  t.same(new Set(await Promise.all(sent)), new Set([SIZE]));
  for (const { received, firstWrong } of checkers)
    t.same([received, firstWrong], [SIZE, -1], 'each byte arrived');
  const received = checkers.reduce((sum, one) => sum + one.received, 0);
  facts.add('bytes', ['floods', FLOODS * SIZE, FLOODS * SIZE - received]);
  for (const { sender, receiver } of floods) {
    sender.destroy();
    receiver.destroy();
  }
  return tookMs;
}

function checkAll(socket: TLSSocket): Checker {
  const checker = newChecker();
  check(socket, checker);
  socket.resume();
  return checker;
}

/** The same behind the head of an answer. */
function checkBody(socket: TLSSocket): Checker {
  const checker = newChecker();
  let head: Buffer | undefined = Buffer.alloc(0);
  socket.on('data', (chunk: Buffer) => {
    if (head === undefined) return compare(chunk, checker);
    head = Buffer.concat([head, chunk]);
    const end = head.indexOf('\r\n\r\n');
    if (end === -1) return;
    const rest = head.subarray(end + 4);
    head = undefined;
    compare(rest, checker);
  });
  socket.resume();
  return checker;
}

await facts.fault(
  'the API server floods a session',
  (t) => flood(t, () => openSession('server'), false),
  FLOODS,
);
// The memory that the first floods passed through is kept for the next ones (src/proxy/slabs.ts).
await t.test('with that memory as the state before', () => ground.warm());
await facts.fault('the caller floods a session', (t) => flood(t, () => openSession('caller'), false), FLOODS);
await facts.fault('the API server floods an answer', (t) => flood(t, openAnswer, true), FLOODS);

t.test('the gate is as before', async (t) => {
  server.hangUp();
  await ground.settled(t, facts, 'floods');
});
