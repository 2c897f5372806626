// A caller who begins and does not go on is let go: in the handshake after 15 s, in the header lines of HTTP/1.1 after 32 s, which Node looks at every
// 30 s. Others are answered meanwhile, and the API server hears of none of it. The one minute that this takes is the deadlines'.

import { once } from 'node:events';
import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import t from 'tap';
import { TLS_HANDSHAKE_TIMEOUT_MS } from '../../src/listener.ts';
import { caller } from '../fakes/caller.ts';
import { startTestGate } from '../fakes/gate.ts';
import { startUpstream } from '../fakes/upstream.ts';

/** By when the header lines have to be in, at the latest look. ms */
const HEADERS_MS = 62_000;
/** For a busy machine. ms */
const SLACK_MS = 10_000;
/** So often the dripping caller adds a line. ms */
const DRIP_MS = 2_000;

const upstream = await startUpstream({
  handler: (request, response) => void request.resume().on('end', () => response.end('ok')),
});
const gate = await startTestGate({ upstreams: [{ name: 'main', upstream }] });
const good = caller(gate, 'h1-alpn');
t.teardown(async () => {
  good.close();
  await gate.stop();
  await upstream.close();
});

/** A ClientHello's first bytes: a record of 512 that never comes (RFC 8446 §5.1). */
const HALF_HELLO = Buffer.from([22, 3, 1, 2, 0, 1]);

const tcp = (): Socket => connectTcp(gate.port, '127.0.0.1');
const tls = (): Socket =>
  connectTls({
    port: gate.port,
    host: '127.0.0.1',
    ca: gate.ca.certPem,
    servername: 'localhost',
    ALPNProtocols: ['http/1.1'],
  });

/** Begins, and goes no further. */
type Begin = (socket: Socket) => void;
const CASES: readonly (readonly [what: string, open: () => Socket, begin: Begin, withinMs: number])[] = [
  ['says nothing', tcp, () => {}, TLS_HANDSHAKE_TIMEOUT_MS],
  ['sends half a ClientHello', tcp, (socket) => void socket.write(HALF_HELLO), TLS_HANDSHAKE_TIMEOUT_MS],
  ['has shaken hands, and says nothing', tls, () => {}, HEADERS_MS],
  ['sends half a request line', tls, (socket) => void socket.write('GET /api HT'), HEADERS_MS],
  ['sends a header line now and then', tls, drip, HEADERS_MS],
];

const begun = performance.now();
const closed = CASES.map(async ([, open, begin]) => {
  const socket = open();
  socket.on('error', () => {});
  socket.resume();
  const over = once(socket, 'close');
  await once(socket, open === tls ? 'secureConnect' : 'connect');
  begin(socket);
  await over;
  return performance.now() - begun;
});

t.test('whoever goes on is answered meanwhile', async (t) => {
  const headers = ['Authorization', `Bearer ${await gate.token()}`];
  t.equal((await good.call({ path: '/version', headers })).status, 200);
});

for (const [index, [what, , , withinMs]] of CASES.entries())
  t.test(`a caller who ${what} is let go`, async (t) => {
    const afterMs = (await closed[index]) ?? 0;
    t.ok(afterMs < withinMs + SLACK_MS, `after ${(afterMs / 1000).toFixed(1)} s`);
    t.ok(afterMs > TLS_HANDSHAKE_TIMEOUT_MS - SLACK_MS, 'and not at once');
  });

t.test('the API server heard of the good one only', async (t) => {
  t.same(
    upstream.received.map(({ url }) => url),
    ['/version'],
  );
});

function drip(socket: Socket): void {
  socket.write('GET /api HTTP/1.1\r\nHost: localhost\r\n');
  const timer = setInterval(() => socket.write('X-More: 1\r\n'), DRIP_MS);
  socket.once('close', () => clearInterval(timer));
}
