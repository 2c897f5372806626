// A caller who begins and does not go on is let go: in the handshake, in the header lines of either protocol, on a connection without a request.
// Whoever has a request on its way is left alone, however slow. All of it goes on at once, with deadlines of seconds instead of SECURITY.md's.

import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { connect as connectTcp, type Socket } from 'node:net';
import t from 'tap';
import type { Deadlines } from '../../src/serverlimits.ts';
import { type FrameConnection, openFrames } from '../attack/h2connection.ts';
import {
  block,
  bodyOf,
  CODE,
  codeOf,
  FLAG,
  frame,
  frameHead,
  headers,
  opening,
  PREFACE,
  request,
  TYPE,
} from '../attack/h2frames.ts';
import { caller, parseAnswers, refusalOf } from '../fakes/caller.ts';
import { startTestGate } from '../fakes/gate.ts';
import { startUpstream } from '../fakes/upstream.ts';

const LIMITS: Deadlines = { handshakeMs: 2_000, headersMs: 2_000, idleMs: 4_000, lookMs: 100 };
/** For a busy machine. ms */
const SLACK_MS = 20_000;
/** A caller's clock begins a little later than the gate's. ms */
const EARLY_MS = 1_000;
/** So often the dripping caller adds a line. ms */
const DRIP_MS = 100;

/** Answers that the test gives, by path. */
const pending = new Map<string, ServerResponse>();
const upstream = await startUpstream({
  handler: (request, response) => {
    pending.set(request.url ?? '', response);
    if (request.url === '/api/v1/pods?watch=1') response.write('begun');
    else if (request.url === '/version') response.end('ok');
    else if (request.url === '/no-content') response.writeHead(204).end();
    else if (request.url === '/empty') response.writeHead(413, { 'Content-Length': 0 }).end();
    else if (request.url === '/upload') request.resume().on('end', () => response.end('whole'));
    else request.resume();
  },
});
const gate = await startTestGate({ upstreams: [{ name: 'main', upstream }], deadlines: LIMITS });
const token = await gate.token();
const good = caller(gate, 'h1-alpn');
t.teardown(async () => {
  good.close();
  await gate.stop();
  await upstream.close();
});

/** A ClientHello's first bytes: a record of 512 that never comes (RFC 8446 §5.1). */
const HALF_HELLO = Buffer.from([22, 3, 1, 2, 0, 1]);
const AUTHORIZATION = `Authorization: Bearer ${token}\r\n`;
const VERSION = `GET /version HTTP/1.1\r\nHost: x\r\n${AUTHORIZATION}\r\n`;

interface Ended {
  readonly afterMs: number;
  readonly bytes: Buffer;
}

/** Begins over HTTP/1.1, or over nothing yet; resolves when the gate has closed the connection. */
async function endOf(socket: Socket, begin: (socket: Socket) => void): Promise<Ended> {
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  socket.on('error', () => {});
  socket.on('end', () => socket.end());
  const over = once(socket, 'close');
  const begun = performance.now();
  begin(socket);
  await over;
  return { afterMs: performance.now() - begun, bytes: Buffer.concat(chunks) };
}

async function tcp(begin: (socket: Socket) => void): Promise<Ended> {
  const socket = connectTcp(gate.port, '127.0.0.1');
  await once(socket, 'connect');
  return await endOf(socket, begin);
}

const http1 = async (begin: (socket: Socket) => void) =>
  await endOf(await gate.connect({ ALPNProtocols: ['http/1.1'] }), begin);

function drip(socket: Socket): void {
  socket.write('GET /api HTTP/1.1\r\nHost: localhost\r\n');
  const timer = setInterval(() => socket.write('X-More: 1\r\n'), DRIP_MS);
  socket.once('close', () => clearInterval(timer));
}

/** Asks a thing, and begins with another one once it has the answer. */
function askThenBegin(next: string): (socket: Socket) => void {
  return (socket) => {
    socket.write(VERSION);
    socket.once('data', () => void (next !== '' && socket.write(next)));
  };
}

type Limit = Exclude<keyof Deadlines, 'lookMs'>;
type Begin = (socket: Socket) => void;
/** `answers`: the statuses that come before the end. */
const HTTP1: readonly (readonly [
  what: string,
  limit: Limit,
  open: typeof tcp,
  begin: Begin,
  answers: number[],
])[] = [
  ['says nothing', 'handshakeMs', tcp, () => {}, []],
  ['sends half a ClientHello', 'handshakeMs', tcp, (socket) => void socket.write(HALF_HELLO), []],
  ['has shaken hands, and says nothing', 'headersMs', http1, () => {}, []],
  ['sends half a request line', 'headersMs', http1, (socket) => void socket.write('GET /api HT'), [408]],
  ['sends a header line now and then', 'headersMs', http1, drip, [408]],
  ['begins a second request', 'headersMs', http1, askThenBegin('GET /api'), [200, 408]],
  ['has its answer, and asks nothing more', 'idleMs', http1, askThenBegin(''), [200]],
];

const HALF_HEADERS = frame(TYPE.HEADERS, FLAG.END_STREAM, 1, block(request('/api', token)));
const LONG_HEADERS = frameHead(100_000, { type: TYPE.HEADERS, flags: FLAG.END_HEADERS, stream: 1 });
/** `drop`: what is sent every DRIP_MS. */
const HTTP2: readonly (readonly [
  what: string,
  limit: Limit,
  bytes: Buffer[],
  code: number,
  drop?: Buffer,
])[] = [
  ['has shaken hands, and says nothing', 'headersMs', [], CODE.ENHANCE_YOUR_CALM],
  ['sends only the preface', 'headersMs', [PREFACE], CODE.ENHANCE_YOUR_CALM],
  ['sends HEADERS without END_HEADERS', 'headersMs', [opening(), HALF_HEADERS], CODE.ENHANCE_YOUR_CALM],
  [
    'sends header lines byte by byte',
    'headersMs',
    [opening(), LONG_HEADERS],
    CODE.ENHANCE_YOUR_CALM,
    Buffer.from([0]),
  ],
  ['sends half a frame', 'idleMs', [opening(), Buffer.from([0, 0, 8, TYPE.PING])], CODE.NO_ERROR],
  ['asks nothing', 'idleMs', [opening()], CODE.NO_ERROR],
  ['sends nothing but PINGs', 'idleMs', [opening()], CODE.NO_ERROR, frame(TYPE.PING, 0, 0, Buffer.alloc(8))],
  [
    'has its answer, and asks nothing more',
    'idleMs',
    [opening(), headers(1, request('/version', token))],
    CODE.NO_ERROR,
  ],
];

async function endOfFrames(bytes: readonly Buffer[], drop?: Buffer) {
  const one = await openFrames(gate);
  const begun = performance.now();
  await one.send(...bytes);
  const timer = drop === undefined ? undefined : setInterval(() => void one.send(drop), DRIP_MS);
  await one.closed;
  clearInterval(timer);
  return { afterMs: performance.now() - begun, one };
}

const withBody = (path: string, method = 'POST') => [':method', method, ...request(path, token).slice(2)];
const first = Buffer.from('first ');
/** Those with a request on its way: opened now, looked at when everybody else has been let go. */
async function open(...bytes: readonly Buffer[]): Promise<FrameConnection> {
  const one = await openFrames(gate);
  await one.send(opening(), ...bytes);
  return one;
}

const watch = await open(headers(1, request('/api/v1/pods?watch=1', token)));
const waiting = await open(headers(1, request('/slow', token)));
const head = await open(headers(1, withBody('/head', 'HEAD')));
const upload = await open(headers(1, withBody('/upload'), 0), frame(TYPE.DATA, 0, 1, first));
const stalled = await open(headers(1, withBody('/stalled'), 0), frame(TYPE.DATA, 0, 1, first));
const refused = await open(headers(1, [':method', 'POST', ...request('/refused', '').slice(2)], 0));
const stalledHttp1 = http1((socket) =>
  socket.write(`POST /stalled1 HTTP/1.1\r\nHost: x\r\n${AUTHORIZATION}Content-Length: 10\r\n\r\nfirst`),
);
const ends = HTTP1.map(([, , open, begin]) => open(begin));
const frameEnds = HTTP2.map(([, , bytes, , drop]) => endOfFrames(bytes, drop));

t.test('whoever goes on is answered meanwhile', async (t) => {
  const lines = ['Authorization', `Bearer ${token}`];
  t.equal((await good.call({ path: '/version', headers: lines })).status, 200);
});

for (const [index, [what, limit, , , answers]] of HTTP1.entries())
  t.test(`a caller who ${what} is let go after ${limit}`, async (t) => {
    const { afterMs, bytes } = (await ends[index]) ?? { afterMs: 0, bytes: first };
    const took = `after ${(afterMs / 1000).toFixed(1)} s`;
    t.ok(afterMs > LIMITS[limit] - EARLY_MS && afterMs < LIMITS[limit] + SLACK_MS, took);
    const given = parseAnswers(bytes);
    t.same(
      given.map(({ status }) => status),
      answers,
    );
    const last = given.at(-1);
    if (last?.status !== 408) return;
    t.match(refusalOf({ status: 408, body: Buffer.from(last.body) }), {
      kind: 'Status',
      code: 408,
      reason: 'Timeout',
      cause: 'REQUEST_TIMEOUT',
    });
    t.match(last.head, /^connection: close$/im);
  });

for (const [index, [what, limit, , code]] of HTTP2.entries())
  t.test(`HTTP/2: a caller who ${what} is let go after ${limit}`, async (t) => {
    const { afterMs, one } = (await frameEnds[index]) ?? { afterMs: 0, one: watch };
    const took = `after ${(afterMs / 1000).toFixed(1)} s`;
    t.ok(afterMs > LIMITS[limit] - EARLY_MS && afterMs < LIMITS[limit] + SLACK_MS, took);
    t.equal(one.frames.map((each) => (each.type === TYPE.GOAWAY ? codeOf(each) : -1)).at(-1), code);
  });

t.test('HTTP/2: a watch goes on, and its PINGs are answered', async (t) => {
  t.equal(await watch.status(1), 200);
  t.equal(await watch.settled(), true);
  pending.get('/api/v1/pods?watch=1')?.write(' event');
  await watch.frame(() => bodyOf(watch.frames, 1).includes('event'));
  watch.end();
});

t.test('HTTP/2: an answer that begins late is given', async (t) => {
  pending.get('/slow')?.end('late');
  t.equal(await waiting.status(1), 200);
  pending.get('/head')?.end();
  t.equal(await head.status(1), 200);
  waiting.end();
  head.end();
});

t.test('HTTP/2: an upload that has paused arrives whole', async (t) => {
  await upload.send(frame(TYPE.DATA, FLAG.END_STREAM, 1, Buffer.from('last')));
  t.equal(await upload.status(1), 200);
  upload.end();
});

// kube-apiserver has no deadline for bodies but the request's own (--request-timeout, 60 s), after which it answers 504. So does the gate.
t.test(
  'HTTP/2: a body that stalls is answered when the API server gives up, and not waited for',
  async (t) => {
    pending.get('/stalled')?.writeHead(504).end('gave up');
    t.equal(await stalled.status(1), 504);
    const reset = await stalled.frame(({ type, stream }) => type === TYPE.RST_STREAM && stream === 1);
    t.equal(codeOf(reset), CODE.NO_ERROR, 'no more is wanted (RFC 9113 §8.1)');
    t.equal(bodyOf(stalled.frames, 1).toString(), 'gave up');
    await gate.logged(
      ({ msg, target, status }) => msg === 'request' && target === '/stalled' && status === 504,
    );
    stalled.end();
  },
);

t.test(
  'HTTP/1.1: a body that stalls is answered when the API server gives up, and its connection ends',
  async (t) => {
    pending.get('/stalled1')?.writeHead(504).end('gave up');
    const [answer] = parseAnswers((await stalledHttp1).bytes);
    t.equal(answer?.status, 504);
    t.match(answer?.head, /^connection: close$/im);
  },
);

t.test('HTTP/2: the body of a request that is refused is not waited for', async (t) => {
  t.equal(await refused.status(1), 401);
  const reset = await refused.frame(({ type, stream }) => type === TYPE.RST_STREAM && stream === 1);
  t.equal(codeOf(reset), CODE.NO_ERROR);
  refused.end();
});

// An answer that ends with its head.
const EMPTY: readonly (readonly [method: string, path: string, status: number])[] = [
  ['POST', '/no-content', 204],
  ['POST', '/empty', 413],
  ['HEAD', '/version', 200],
];
for (const [method, path, status] of EMPTY)
  t.test(`HTTP/2: behind an answer without a body no more is wanted: ${method} ${path}`, async (t) => {
    const one = await open(headers(1, withBody(path, method), 0), frame(TYPE.DATA, 0, 1, first));
    t.equal(await one.status(1), status);
    const reset = await one.frame(({ type, stream }) => type === TYPE.RST_STREAM && stream === 1);
    t.equal(codeOf(reset), CODE.NO_ERROR);
    one.end();
  });

t.test('the API server heard of whole requests only', async (t) => {
  t.same(
    upstream.received.map(({ url }) => url).filter((url) => url === '/api' || url === '/refused'),
    [],
  );
});
