import { once } from 'node:events';
import { createSecureServer, type IncomingHttpHeaders, type ServerHttp2Stream } from 'node:http2';
import type { AddressInfo, Socket } from 'node:net';
import t, { type Test } from 'tap';
import { makeCA } from '../../src/certificates.ts';
import { DEADLINES, SERVER_LIMITS } from '../../src/serverlimits.ts';
import { watchSilence } from '../../src/silence.ts';
import { type FrameConnection, openFrames } from '../attack/h2connection.ts';
import {
  block,
  CODE,
  codeOf,
  FLAG,
  type Frame,
  frame,
  frameHead,
  headers,
  numbered,
  opening,
  PREFACE,
  request,
  SETTING,
  TYPE,
} from '../attack/h2frames.ts';
import { openConnection } from '../fakes/gate.ts';
import { makeTime } from '../fakes/time.ts';

// Real connections, and time that the test moves: a look at all connections comes when the test says so.

const { headersMs, idleMs, lookMs } = DEADLINES;
const ca = await makeCA('silence CA');
const { certPem, keyPem } = await ca.issue({ commonName: 'localhost', ipAddresses: ['127.0.0.1'] });

/** A server that answers `/ok`, and keeps other requests for the test. */
async function start(t: Test) {
  const time = makeTime(0);
  const server = createSecureServer({ cert: certPem, key: keyPem, ...SERVER_LIMITS });
  const kept: ServerHttp2Stream[] = [];
  const sockets: Socket[] = [];
  server.on('connection', (socket: Socket) => sockets.push(socket));
  server.on('session', (session) => session.on('error', () => {}));
  server.on('stream', (stream: ServerHttp2Stream, { ':path': path }: IncomingHttpHeaders) => {
    stream.on('error', () => {});
    if (path !== '/ok') kept.push(stream);
    else {
      stream.respond({ ':status': 200 });
      stream.end('x'.repeat(100));
    }
  });
  const silence = watchSilence(server, DEADLINES, time.setTimer);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const place = { connect: (options = {}) => openConnection(port, ca.certPem, options) };
  const open: FrameConnection[] = [];
  t.teardown(async () => {
    silence.close();
    for (const one of open) one.end();
    await new Promise((resolve) => server.close(resolve));
  });
  return {
    time,
    kept,
    sockets,
    connect: async (...bytes: Buffer[]) => {
      const [one] = await Promise.all([openFrames(place), once(server, 'session')]);
      open.push(one);
      if (bytes.length > 0) await one.send(...bytes);
      return one;
    },
    /** Waits until the server has taken in what others sent: it answers a later connection. */
    heard: async () => {
      const other = await openFrames(place);
      await other.send(opening(), headers(1, request('/ok', '')));
      await other.status(1);
      other.end();
      await other.closed;
    },
  };
}

const isGoaway = ({ type }: Frame) => type === TYPE.GOAWAY;
/** Lets time go by, look for look, up to `ms`. */
const pass = (time: ReturnType<typeof makeTime>, ms: number) => {
  for (let passed = 0; passed < ms; passed += lookMs) time.advance(Math.min(lookMs, ms - passed));
};
const HALF = block(request('/ok', '')).subarray(0, 20);

t.test('the limits are those of kube-apiserver and of Go clients', async (t) => {
  t.same([headersMs, idleMs], [32_000, 95_000]);
  t.ok(lookMs <= 5_000);
});

const UNFINISHED: readonly (readonly [what: string, bytes: readonly Buffer[]])[] = [
  ['nothing', []],
  ['half a preface', [PREFACE.subarray(0, 10)]],
  ['a preface without its SETTINGS', [PREFACE]],
  ['half of its SETTINGS', [PREFACE, frameHead(6, { type: TYPE.SETTINGS, flags: 0, stream: 0 })]],
  [
    'the head of a HEADERS frame',
    [opening(), frameHead(50, { type: TYPE.HEADERS, flags: FLAG.END_HEADERS, stream: 1 })],
  ],
  [
    'half a HEADERS frame',
    [opening(), frameHead(50, { type: TYPE.HEADERS, flags: FLAG.END_HEADERS, stream: 1 }), HALF],
  ],
  [
    'HEADERS without END_HEADERS',
    [opening(), frame(TYPE.HEADERS, FLAG.END_STREAM, 1, block(request('/ok', '')))],
  ],
  [
    'CONTINUATION without END_HEADERS',
    [
      opening(),
      frame(TYPE.HEADERS, FLAG.END_STREAM, 1, block(request('/ok', ''))),
      frame(TYPE.CONTINUATION, 0, 1, block(['x', 'y'])),
    ],
  ],
];

for (const [what, bytes] of UNFINISHED)
  t.test(`a caller who sends ${what} has ${headersMs / 1000} s`, async (t) => {
    const { connect, heard, time } = await start(t);
    const one = await connect(...bytes);
    await heard();
    pass(time, headersMs);
    await heard();
    t.equal(one.frames.some(isGoaway), false, 'not before');
    pass(time, 2 * lookMs);
    const goaway = await one.frame(isGoaway);
    t.equal(codeOf(goaway), CODE.ENHANCE_YOUR_CALM);
    await one.closed;
  });

t.test('header lines that come bit by bit have that time together, and nothing is begun anew', async (t) => {
  const { connect, heard, time } = await start(t);
  const one = await connect(opening(), frameHead(4000, { type: TYPE.HEADERS, flags: 4, stream: 1 }));
  for (let passed = 0; passed < headersMs + 2 * lookMs; passed += lookMs) {
    await one.send(Buffer.from([0]));
    await heard();
    time.advance(lookMs);
  }
  await one.frame(isGoaway);
  await one.closed;
});

t.test('unfinished header lines end a connection with a watch on it as well', async (t) => {
  const { connect, heard, time, kept } = await start(t);
  const one = await connect(opening(), headers(1, request('/watch', '')));
  await heard();
  kept[0]?.respond({ ':status': 200 });
  await one.send(frame(TYPE.HEADERS, FLAG.END_STREAM, 3, block(request('/ok', ''))));
  await heard();
  pass(time, headersMs + 2 * lookMs);
  await one.closed;
});

t.test('what was refused within nghttp2 is no unfinished header block', async (t) => {
  const { connect, heard, time, kept } = await start(t);
  // Two :path: reset, and no request.
  const one = await connect(
    opening(),
    headers(1, request('/watch', '')),
    headers(3, request('/ok', '', [':path', '/x'])),
  );
  t.equal(await one.outcome(3), `reset ${CODE.PROTOCOL_ERROR}`);
  await heard();
  kept[0]?.respond({ ':status': 200 });
  time.advance(lookMs);
  const ping = await one.frame(({ type, flags }) => type === TYPE.PING && flags === 0);
  await one.send(frame(TYPE.PING, FLAG.ACK, 0, ping.payload));
  await heard();
  pass(time, 2 * idleMs);
  t.equal(await one.settled(), true, 'still there');
  const pings = one.frames.filter(({ type, flags }) => type === TYPE.PING && flags === 0);
  t.equal(pings.length, 1, 'and is not asked again');
});

const IDLE: readonly (readonly [what: string, ...bytes: Buffer[]])[] = [
  ['has never asked anything', opening()],
  ['has its answer', opening(), headers(1, request('/ok', ''))],
  ['has sent the first bytes of some frame', opening(), Buffer.from([0, 0])],
  ['has begun a frame on no stream', opening(), frameHead(100, { type: 99, flags: 0, stream: 0 })],
  ['does not take its answer', opening([[SETTING.INITIAL_WINDOW_SIZE, 0]]), headers(1, request('/ok', ''))],
  ['does not end the body of what is answered', opening(), headers(1, request('/ok', ''), 0)],
];

for (const [what, ...bytes] of IDLE)
  t.test(`a connection whose caller ${what} is idle after ${idleMs / 1000} s`, async (t) => {
    const { connect, heard, time } = await start(t);
    const one = await connect(...bytes);
    await heard();
    pass(time, idleMs);
    await heard();
    t.equal(one.frames.some(isGoaway), false, 'not before');
    pass(time, 2 * lookMs);
    const goaway = await one.frame(isGoaway);
    t.equal(codeOf(goaway), CODE.NO_ERROR);
    // What is not taken is cut, some looks later.
    for (let i = 0; i < 4; i++) {
      await heard();
      time.advance(lookMs);
    }
    await one.closed;
  });

t.test(
  'PINGs are answered, and are no life: client-go sends them whether it wants something or not',
  async (t) => {
    const { connect, time } = await start(t);
    const one = await connect(opening());
    for (let passed = 0; passed < idleMs; passed += lookMs) {
      t.equal(await one.settled(), true);
      time.advance(lookMs);
    }
    pass(time, 2 * lookMs);
    t.equal(codeOf(await one.frame(isGoaway)), CODE.NO_ERROR);
  },
);

t.test('a request begins the idle time anew, however short it is', async (t) => {
  const { connect, heard, time } = await start(t);
  const one = await connect(opening());
  await heard();
  for (let stream = 1; stream < 40; stream += 2) {
    pass(time, idleMs / 2);
    await one.send(headers(stream, request('/ok', '')));
    t.equal(await one.status(stream), 200);
  }
});

t.test('an answer that is taken slowly is life', async (t) => {
  const { connect, heard, time } = await start(t);
  const one = await connect(opening([[SETTING.INITIAL_WINDOW_SIZE, 0]]), headers(1, request('/ok', '')));
  for (let taken = 0; taken < 5; taken++) {
    await heard();
    pass(time, idleMs / 2);
    await one.send(numbered(TYPE.WINDOW_UPDATE, 1, 10));
  }
  t.equal(await one.settled(), true);
});

const BUSY: readonly (readonly [what: string, fields: readonly string[], flags: number, answers: boolean])[] =
  [
    ['an answer that has not begun', request('/slow', ''), FLAG.END_STREAM, false],
    ['an answer to HEAD that has not begun', [':method', 'HEAD', ...request('/slow', '').slice(2)], 1, false],
    ['a watch', request('/watch', ''), FLAG.END_STREAM, true],
    ['an upload', request('/upload', ''), 0, false],
  ];

for (const [what, fields, flags, answers] of BUSY)
  t.test(`a connection with ${what} is never idle, and its PINGs are answered`, async (t) => {
    const { connect, heard, time, kept } = await start(t);
    const one = await connect(opening(), headers(1, fields, flags));
    await heard();
    if (answers) kept[0]?.respond({ ':status': 200 });
    for (let i = 0; i < 10; i++) {
      pass(time, idleMs);
      t.equal(await one.settled(), true);
    }
    t.equal(one.frames.some(isGoaway), false);
  });

t.test('a caller who does not close after GOAWAY is closed soon', async (t) => {
  const { connect, heard, time, sockets } = await start(t);
  const one = await connect(opening());
  one.socket.removeAllListeners('end');
  const ended = once(sockets[0] ?? one.socket, 'close');
  await heard();
  pass(time, idleMs + 2 * lookMs);
  await one.frame(isGoaway);
  // What is sent now is read and dropped, so that no RST takes the GOAWAY away from a caller who is just asking.
  await one.send(headers(1, request('/ok', '')));
  await heard();
  t.equal(sockets[0]?.destroyed, false);
  pass(time, 2 * lookMs);
  await ended;
  t.equal(
    one.frames.some(({ type }) => type === TYPE.HEADERS),
    false,
  );
});

t.test('HTTP/1.1 is not looked at', async (t) => {
  const time = makeTime(0);
  const server = createSecureServer({ cert: certPem, key: keyPem, ...SERVER_LIMITS });
  const silence = watchSilence(server, DEADLINES, time.setTimer);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const socket = await openConnection(port, ca.certPem, { ALPNProtocols: ['http/1.1'] });
  pass(time, 10 * idleMs);
  server.on('request', (_request, response) => response.end());
  const answer = once(socket, 'data');
  socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
  t.match(String((await answer)[0]), /^HTTP\/1\.1 200/);
  silence.close();
  socket.destroy();
  await new Promise((resolve) => server.close(resolve));
});
