// Answers that come slowly, never, or only in part. The gate waits for as long as the caller does, hands on each byte when it comes, and an answer that the
// API server broke off is seen to be broken, after everything that had come of it. POSTERN_CHAOS_MB makes answers longer.

import { once } from 'node:events';
import { connect as connectHttp2 } from 'node:http2';
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import t from 'tap';
import { type Caller, caller, SPEECHES } from '../fakes/caller.ts';
import { type Checker, compare, newChecker, send } from '../fakes/peers.ts';
import { eventually } from '../fakes/sessions.ts';
import { recordFacts } from '../reliability/facts.ts';
import { answer, startFaultyServer } from './faultyserver.ts';
import { requestHead, startGround } from './ground.ts';

const SIZE = Number(process.env['POSTERN_CHAOS_MB'] ?? 8) * 1024 * 1024;
const PIECES = 200;
const MANY = Number(process.env['POSTERN_CHAOS_MANY'] ?? 50);
/** By when a request that its caller left is gone at the API server. ms */
const SOON_MS = 5_000;
/** More than all buffers on the way take. */
const WAITING_BYTES = 256 * 1024 * 1024;

const facts = recordFacts('chaos-apiserver-answers');
const server = await startFaultyServer();
const ground = await startGround({ upstreams: [{ name: 'main', upstream: server }] });
const place = { port: ground.gate.port, ca: ground.gate.files.ca };
const callers = SPEECHES.map((speech) => caller(place, speech));
t.teardown(async () => {
  for (const one of callers) one.close();
  await ground.stop();
  await server.close();
});

const authorize = (token: string) => ['Authorization', `Bearer ${token}`];

/** Has each caller make a case. @returns the slowest */
async function eachSpeech(one: (caller: Caller) => Promise<number>): Promise<number> {
  let slowest = 0;
  for (const each of callers) slowest = Math.max(slowest, await one(each));
  return slowest;
}

await facts.fault(
  'the head of an answer comes late',
  (t) =>
    eachSpeech(async (one) => {
      const arrived = Promise.withResolvers<TLSSocket>();
      server.plan.serve = ({ head, socket }) => {
        if (head.includes('late')) arrived.resolve(socket);
        else socket.write(answer('other'));
      };
      const { user, token } = await ground.someone();
      const late = one.call({ path: '/api/v1/pods?late', headers: authorize(token) });
      const slow = await arrived.promise;
      const begun = performance.now();
      const { token: other } = await ground.someone();
      for (let i = 0; i < 5; i++) {
        const reply = await (callers.at(-1) as Caller).call({ path: '/version', headers: authorize(other) });
        t.equal(String(reply.body), 'other', 'others are answered meanwhile');
      }
      slow.write(answer('late, and whole'));
      t.match(await late, { status: 200, complete: true });
      t.match(await ground.requestOf(user), { status: 200, upstreamMs: Number });
      return performance.now() - begun;
    }),
  callers.length,
);

await facts.fault(
  'an answer trickles in single bytes',
  (t) =>
    eachSpeech(async (one) => {
      const { token } = await ground.someone();
      let next = () => {};
      server.plan.serve = ({ socket }) => {
        socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${PIECES}\r\n\r\n`);
        let sent = 0;
        next = () => void (sent < PIECES && socket.write(String(sent++ % 10)));
      };
      const begun = performance.now();
      const opened = one.open({ path: '/api/v1/pods?trickle', headers: authorize(token), end: true });
      const { stream } = await opened.head;
      let text = '';
      stream.on('data', (chunk: Buffer) => {
        text += chunk;
        next();
      });
      next();
      await once(stream, 'end');
      const right = Array.from({ length: PIECES }, (_, i) => i % 10).join('');
      t.equal(text, right, 'each byte comes before the next is sent');
      facts.add('bytes', ['an answer in single bytes', PIECES, PIECES - text.length]);
      return performance.now() - begun;
    }),
  callers.length,
);

await facts.fault(
  'the API server never answers, and the caller goes',
  (t) =>
    eachSpeech(async (one) => {
      const closed: Promise<unknown>[] = [];
      const arrived = Promise.withResolvers<void>();
      server.plan.serve = ({ raw, head }) => {
        if (!head.includes('never')) return;
        closed.push(once(raw, 'close'));
        if (closed.length === MANY) arrived.resolve();
      };
      const { user, token } = await ground.someone();
      const own = caller({ port: ground.gate.port, ca: ground.gate.files.ca }, one.speech);
      const open = Array.from({ length: one.speech === 'h2' ? MANY : 1 }, (_, i) =>
        own.open({ path: `/api/v1/pods?never=${i}`, headers: authorize(token), end: true }),
      );
      if (one.speech !== 'h2') arrived.resolve();
      await arrived.promise;
      await eventually(() => closed.length === open.length);
      const begun = performance.now();
      for (const call of open) call.abort();
      await Promise.all(closed);
      const tookMs = performance.now() - begun;
      t.match(await ground.requestOf(user), { status: 499 });
      t.ok(tookMs < SOON_MS, 'the API server is let go of at once');
      own.close();
      return tookMs;
    }),
  callers.length,
);

/** A caller's view of one answer that breaks off. */
interface Broken {
  /** Of the body; what HTTP/1.1's chunks have around them is taken off. */
  readonly checker: Checker;
  /** How it was seen that it is not whole. */
  readonly seen: string;
  readonly endedAt: number;
}

/** HTTP/1.1, byte for byte: Node's client throws away what it holds when a connection breaks. */
async function readHttp1(token: string, isChunked: boolean): Promise<Broken> {
  const socket = await ground.gate.connect();
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  socket.write(requestHead('GET', '/api/v1/namespaces/default/pods/p/log', token));
  await once(socket, 'end');
  const endedAt = performance.now();
  socket.end();
  const all = Buffer.concat(chunks);
  let rest = all.subarray(all.indexOf('\r\n\r\n') + 4);
  const checker = newChecker();
  if (!isChunked) compare(rest, checker);
  else
    while (rest.length > 0) {
      const line = rest.indexOf('\r\n');
      const size = Number.parseInt(rest.toString('latin1', 0, line), 16);
      if (size === 0) return { checker, seen: 'whole', endedAt };
      compare(rest.subarray(line + 2, line + 2 + size), checker);
      rest = rest.subarray(line + 2 + size + 2);
    }
  return { checker, seen: 'closed', endedAt };
}

async function readHttp2(token: string): Promise<Broken> {
  const session = connectHttp2(`https://127.0.0.1:${place.port}`, { ca: place.ca.certPem });
  const stream = session.request({
    ...{ ':path': '/api/v1/namespaces/default/pods/p/log', authorization: `Bearer ${token}` },
  });
  const checker = newChecker();
  stream.on('error', () => {}).on('data', (chunk: Buffer) => compare(chunk, checker));
  await new Promise((resolve) => stream.once('close', resolve));
  const endedAt = performance.now();
  session.close();
  return { checker, seen: stream.rstCode === 0 ? 'whole' : 'reset', endedAt };
}

// [how, what the API server does once it has sent all that it will]
const ENDS: readonly (readonly [how: string, end: (socket: TLSSocket, raw: Socket) => void])[] = [
  ['ends', (socket) => void socket.end()],
  ['is reset', (_, raw) => void raw.resetAndDestroy()],
];
const SIZES = [1000, 100_000, SIZE];

for (const [how, end] of ENDS)
  await facts.fault(
    `the connection ${how} within the body of an answer`,
    async (t) => {
      let slowest = 0;
      for (const size of SIZES)
        for (const isChunked of [false, true])
          for (const speech of ['h1', 'h2'] as const) {
            let brokenAt = 0;
            server.plan.serve = ({ socket, raw }) => {
              const framing = isChunked ? 'Transfer-Encoding: chunked' : `Content-Length: ${2 * size}`;
              socket.write(`HTTP/1.1 200 OK\r\n${framing}\r\n\r\n`);
              if (isChunked) socket.write(`${(2 * size).toString(16)}\r\n`);
              void send(socket, size).then(() => {
                brokenAt = performance.now();
                end(socket, raw);
              });
            };
            const { user, token } = await ground.someone();
            const reading = speech === 'h1' ? readHttp1(token, isChunked) : readHttp2(token);
            const { checker, seen, endedAt } = await reading;
            const what = `${size}, ${isChunked ? 'chunked' : 'with its length'}, ${speech}`;
            t.equal(seen, speech === 'h1' ? 'closed' : 'reset', `${what}: not taken for a whole one`);
            t.equal(checker.firstWrong, -1, 'and what came is right');
            // A reset takes away what the gate's kernel had not given it yet.
            if (how === 'ends') {
              t.equal(checker.received, size, 'and it is all that the API server had sent');
              facts.add('bytes', ['answers that the API server broke off', size, size - checker.received]);
            }
            t.match(await ground.requestOf(user), { status: 200 });
            slowest = Math.max(slowest, endedAt - brokenAt);
          }
      return slowest;
    },
    2 * 2 * SIZES.length,
  );

await facts.fault('an answer breaks off that its caller does not read', async (t) => {
  const { user, token } = await ground.someone();
  const broken = Promise.withResolvers<number>();
  server.plan.serve = ({ socket }) => {
    socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${WAITING_BYTES}\r\n\r\n`);
    void send(socket, WAITING_BYTES);
    // What the kernel's, the gate's and the caller's buffers take has come; the rest waits here, and is gone with the connection.
    let before = -1;
    const timer = setInterval(() => {
      if (socket.bytesWritten !== before) before = socket.bytesWritten;
      else {
        clearInterval(timer);
        socket.destroy();
        broken.resolve(performance.now());
      }
    }, 200);
  };
  const socket = await ground.gate.connect();
  socket.pause();
  socket.write(requestHead('GET', '/api/v1/namespaces/default/pods/p/log', token));
  const brokenAt = await broken.promise;
  let came = 0;
  socket.on('data', (chunk: Buffer) => {
    came += chunk.length;
  });
  socket.resume();
  await new Promise<void>((resolve) => socket.once('end', resolve).once('close', () => resolve()));
  socket.destroy();
  t.match(await ground.requestOf(user), { status: 200 });
  t.ok(came > 0 && came < WAITING_BYTES, `${came} bytes of it, and no more`);
  return performance.now() - brokenAt;
});

t.test('the gate is as before', async (t) => {
  for (const one of callers) one.close();
  server.hangUp();
  await ground.settled(t, facts, 'answers that were slow or broke off');
});
