// The caller goes away in each phase of a request, a watch and a session, by a reset (RST) and by an end (FIN), over HTTP/1.1 and HTTP/2: the API server is
// let go of at once, half a body is never taken for a whole one, and nothing stays open. Silence is test/chaos/silence.test.ts.

import { once } from 'node:events';
import { connect as connectHttp2 } from 'node:http2';
import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import t, { type Test } from 'tap';
import { eventually } from '../fakes/sessions.ts';
import { recordFacts } from '../reliability/facts.ts';
import { type Asked, accept, answer, startFaultyServer } from './faultyserver.ts';
import { execRequest, openNow, requestHead, startGround } from './ground.ts';

/** By when the gate has let go of everything. ms */
const SOON_MS = 5_000;

/** A side that has ended its sending is looked at once a second, and the API server has 5 s to end as well. ms */
const PROBED_MS = 6_000;

const facts = recordFacts('chaos-caller-vanishes');
const server = await startFaultyServer();
const ground = await startGround({ upstreams: [{ name: 'main', upstream: server }] });
const { gate } = ground;
t.teardown(async () => {
  await ground.stop();
  await server.close();
});

/** A caller of the test's own: TLS over a TCP connection that can be reset. */
interface Own {
  readonly raw: Socket;
  readonly tls: TLSSocket;
}

async function connect(alpn: readonly string[] = ['http/1.1']): Promise<Own> {
  const raw = connectTcp(gate.port, '127.0.0.1').on('error', () => {});
  const tls = connectTls({
    socket: raw,
    ca: gate.files.ca.certPem,
    servername: 'localhost',
    ALPNProtocols: [...alpn],
  });
  tls.on('error', () => {}).resume();
  await once(tls, 'secureConnect');
  return { raw, tls };
}

/** Opens a session of somebody new; `socket` over `upstream` is the API server's end of it. */
async function openSession(protocol: 'websocket' | 'spdy') {
  const arrived = nextAsked(/exec/, ({ socket, head }) => void socket.write(accept(head)));
  const { user, token } = await ground.someone();
  const own = await connect();
  const answered = once(own.tls, 'data');
  own.tls.write(execRequest(token, protocol));
  const { socket, raw: upstream } = await arrived;
  await answered;
  return { user, ...own, socket, upstream };
}

const WAYS: readonly (readonly [how: string, leave: (raw: Socket) => void])[] = [
  ['reset', (raw) => void raw.resetAndDestroy()],
  ['end', (raw) => void raw.destroy()],
];

/** The next request at the API server that `fits`; others are answered. */
function nextAsked(fits: RegExp, onAsked: (asked: Asked) => void = () => {}): Promise<Asked> {
  return new Promise((resolve) => {
    server.plan.serve = (asked) => {
      if (!fits.test(asked.head)) return;
      onAsked(asked);
      resolve(asked);
    };
  });
}

/** What a phase leaves: the caller's connection, and when the API server has been let go of. */
interface Left {
  readonly raw: Socket;
  readonly gone?: Promise<unknown>;
  readonly user?: string;
  readonly seen?: (t: Test) => Promise<void> | void;
}

// What never was a request leaves no line, and reaches nobody.
const EARLY: readonly (readonly [phase: string, begin: () => Promise<Left>])[] = [
  [
    'before the handshake',
    async () => {
      const raw = connectTcp(gate.port, '127.0.0.1').on('error', () => {});
      await once(raw, 'connect');
      return { raw };
    },
  ],
  [
    'in the handshake',
    async () => {
      const raw = connectTcp(gate.port, '127.0.0.1').on('error', () => {});
      await once(raw, 'connect');
      await new Promise((resolve) => raw.write(Buffer.from([22, 3, 1, 2, 0, 1]), resolve));
      return { raw };
    },
  ],
  [
    'in the header lines',
    async () => {
      const { raw, tls } = await connect();
      await new Promise((resolve) => tls.write('GET /api/v1/pods HTTP/1.1\r\nHost: ga', resolve));
      return { raw };
    },
  ],
];

for (const [phase, begin] of EARLY)
  await facts.fault(
    `the caller vanishes ${phase}`,
    async (t) => {
      const accepted = server.accepted();
      const before = (await gate.holdings()).descriptors;
      let slowest = 0;
      for (const [how, leave] of WAYS) {
        const { raw } = await begin();
        // It has been accepted: another request by then has been answered by the same loop.
        await fetchOps();
        const begun = performance.now();
        leave(raw);
        await eventually(async () => (await gate.holdings()).descriptors <= before, SOON_MS);
        t.equal(server.accepted(), accepted, `${how}: the API server was not asked`);
        slowest = Math.max(slowest, performance.now() - begun);
      }
      return slowest;
    },
    WAYS.length,
  );

async function fetchOps(): Promise<void> {
  await (await fetch(`${gate.opsUrl}/livez`, { headers: { connection: 'close' } })).text();
}

/** A request over either version in the test's hands; `body` is a beginning of what was announced. */
async function begin(
  speech: 'h1' | 'h2',
  method: string,
  path: string,
  body = '',
): Promise<Left & { user: string }> {
  const { user, token } = await ground.someone();
  const { raw, tls } = await connect(speech === 'h2' ? ['h2'] : ['http/1.1']);
  if (speech === 'h1') {
    const framing = body === '' ? [] : ['Content-Length: 1000'];
    tls.write(requestHead(method, path, token, framing) + body);
    return { raw, user };
  }
  const session = connectHttp2('https://localhost', { createConnection: () => tls });
  session.on('error', () => {});
  const lines = { ':method': method, ':path': path, authorization: `Bearer ${token}` };
  const stream = session.request(lines, { endStream: body === '' });
  stream.on('error', () => {}).resume();
  if (body !== '') stream.write(body);
  return { raw, user };
}

const SPEECHES = ['h1', 'h2'] as const;
// [phase, method, a beginning of a body, what the API server has done by then, the status in the log]
const PHASES: readonly (readonly [string, string, string, (asked: Asked) => void, number])[] = [
  ['within the body of a request', 'POST', 'half of it', () => {}, 499],
  ['while it waits for the answer', 'GET', '', () => {}, 499],
  [
    'while an answer streams',
    'GET',
    '',
    ({ socket }) => void socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nsome\r\n'),
    200,
  ],
];

for (const [phase, method, body, act, status] of PHASES)
  await facts.fault(
    `the caller vanishes ${phase}`,
    async (t) => {
      let slowest = 0;
      for (const [how, leave] of WAYS)
        for (const speech of SPEECHES) {
          const arrived = nextAsked(/vanishes/, act);
          const { raw, user } = await begin(
            speech,
            method,
            '/api/v1/namespaces/default/pods?vanishes=1',
            body,
          );
          const { socket, raw: upstream } = await arrived;
          let rest = '';
          socket.on('data', (chunk: Buffer) => {
            rest += chunk.toString('latin1');
          });
          if (status === 200) await eventually(async () => (await openNow(gate)) === 1);
          const gone = once(upstream, 'close');
          const begun = performance.now();
          leave(raw);
          await gone;
          const tookMs = performance.now() - begun;
          const what = `${how}, ${speech}`;
          t.ok(tookMs < SOON_MS, `${what}: the API server is let go of after ${tookMs.toFixed(0)} ms`);
          t.notMatch(rest, /(^|\n)0\r\n\r\n/, 'half a body was not made whole');
          t.match(await ground.requestOf(user), { status }, what);
          slowest = Math.max(slowest, tookMs);
        }
      return slowest;
    },
    WAYS.length * SPEECHES.length,
  );

await facts.fault(
  'the caller vanishes before the 101',
  async (t) => {
    let slowest = 0;
    for (const [how, leave] of WAYS)
      for (const protocol of ['websocket', 'spdy'] as const) {
        const arrived = nextAsked(/exec/, ({ socket }) => socket.resume());
        const { user, token } = await ground.someone();
        const { raw, tls } = await connect();
        tls.write(execRequest(token, protocol));
        const { raw: upstream } = await arrived;
        const gone = once(upstream, 'close');
        const begun = performance.now();
        leave(raw);
        await gone;
        t.match(await ground.requestOf(user), { status: 499, error: 'CLIENT_CLOSED' }, `${how}, ${protocol}`);
        slowest = Math.max(slowest, performance.now() - begun);
      }
    return slowest;
  },
  4,
);

// [phase, whether bytes are under way in both directions]
for (const [phase, busy] of [
  ['after the 101', false],
  ['with data under way both ways', true],
] as const)
  await facts.fault(
    `the caller vanishes ${phase}`,
    async (t) => {
      let slowest = 0;
      for (const [how, leave] of WAYS)
        for (const protocol of ['websocket', 'spdy'] as const) {
          const { user, raw, tls, socket } = await openSession(protocol);
          let received = 0;
          socket.on('data', (chunk: Buffer) => {
            received += chunk.length;
          });
          socket.on('end', () => socket.end()).resume();
          if (busy) {
            talk(socket);
            talk(tls);
            await eventually(() => received > 1_000_000);
          }
          const begun = performance.now();
          leave(raw);
          const line = await ground.sessionOf(user);
          const tookMs = performance.now() - begun;
          t.match(line, { end: 'client' }, `${how}, ${protocol}: the log says who`);
          const { bytesUp, undelivered } = line as unknown as {
            bytesUp: number;
            undelivered: { up: number };
          };
          t.equal(received, bytesUp, 'the API server has all that the gate received of the caller');
          t.equal(undelivered.up, 0);
          facts.add('bytes', ['to the API server, as the caller vanishes', bytesUp, bytesUp - received]);
          t.ok(tookMs < SOON_MS, `ended after ${tookMs.toFixed(0)} ms`);
          slowest = Math.max(slowest, tookMs);
        }
      return slowest;
    },
    4,
  );

await facts.fault(
  'the caller half-closes a session, then resets, and the API server is silent',
  async (t) => {
    let slowest = 0;
    for (const protocol of ['websocket', 'spdy'] as const) {
      const { user, raw, tls, socket, upstream } = await openSession(protocol);
      // It does not answer an end with one, as it would by itself.
      socket.removeAllListeners('end').resume();
      const ended = once(socket, 'end');
      tls.allowHalfOpen = true;
      tls.end('last');
      await ended;
      const begun = performance.now();
      raw.resetAndDestroy();
      const line = await ground.sessionOf(user);
      const tookMs = performance.now() - begun;
      t.match(line, { end: 'client', bytesUp: 4, undelivered: { up: 0, down: 0 } }, protocol);
      t.ok(tookMs < PROBED_MS + SOON_MS, `ended after ${tookMs.toFixed(0)} ms`);
      // It would go on saying nothing for ever.
      upstream.destroy();
      slowest = Math.max(slowest, tookMs);
    }
    return slowest;
  },
  2,
);

/** Writes for as long as somebody takes it. */
function talk(socket: TLSSocket): void {
  const piece = Buffer.alloc(16 * 1024, 'x');
  const more = () => {
    while (!socket.destroyed && !socket.writableEnded && socket.write(piece));
  };
  socket.on('drain', more);
  more();
}

t.test('the gate is as before', async (t) => {
  server.plan.serve = ({ socket }) => void socket.write(answer('{}'));
  server.hangUp();
  await ground.settled(t, facts, 'callers that vanished');
});
