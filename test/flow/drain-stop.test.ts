import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { connect as connectHttp2 } from 'node:http2';
import { connect as connectTcp } from 'node:net';
import t from 'tap';
import { startTestGate, type TestGate, type TestGateOptions } from '../fakes/gate.ts';
import {
  EXEC,
  eventually,
  openSession,
  openWatch,
  openWatch2,
  read,
  startEcho,
  upgradeHead,
} from '../fakes/sessions.ts';

// Issue 3 section 7, SIGTERM: not ready, stop accepting, let sessions end until drainTimeout, then close with reason. Here by
// `gate.stop()`, which the signal calls; test/flow/drain-process.test.ts does it with a real process.

const isDraining = (line: Record<string, unknown>) => line['msg'] === 'draining';
const isSessionEnd = (line: Record<string, unknown>) => line['msg'] === 'session ended';

async function setUp(t: Pick<typeof import('tap').t, 'teardown'>, config: TestGateOptions['config'] = {}) {
  const held: ServerResponse[] = [];
  let came = () => {};
  const upstream = await startEcho({
    handler: (request, response) => {
      if (request.url !== '/slow') return void response.end('ok');
      held.push(response);
      came();
    },
  });
  const gate = await startTestGate({ upstreams: [{ name: 'prod', upstream }], config });
  t.teardown(async () => {
    await gate.stop();
    await upstream.close();
  });
  const slow = () =>
    new Promise<void>((resolve) => {
      came = resolve;
    });
  return { gate, upstream, held, slow };
}

/** Whether a new TCP connection is taken. */
function isAccepting(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connectTcp(port, '127.0.0.1');
    socket.once('connect', () => resolve(true));
    socket.once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}

async function readyz(gate: TestGate) {
  const answer = await fetch(`${gate.gate.opsUrl}/readyz`);
  return { status: answer.status, text: await answer.text() };
}

t.test('a drain waits for what is open, and takes nothing new', async (t) => {
  const { gate, upstream } = await setUp(t);
  const session = await openSession(gate);
  const one = await openWatch(gate);
  const two = await openWatch2(gate);
  await upstream.watching(2);
  const idle = await gate.connect();
  const idleReader = read(idle);
  t.equal((await readyz(gate)).status, 200);
  const goaway = once(two.session, 'goaway');

  let stopped = false;
  const stop = gate.gate.stop().then(() => {
    stopped = true;
  });
  t.same(await readyz(gate), { status: 503, text: 'not-draining: shutting down\n' });
  t.equal((await fetch(`${gate.gate.opsUrl}/livez`)).status, 200, 'it lives');
  t.equal(await isAccepting(gate.port), false);
  t.equal((await goaway)[0], 0, 'HTTP/2: GOAWAY without an error');
  await session.say('the session goes on');
  for (const watch of upstream.watches) watch.write('so do watches\n');
  await one.reader.until('so do watches');
  await two.reader.until('so do watches');
  const { sessions } = await gate.logged(isDraining);
  t.equal(sessions, 1);
  t.equal(stopped, false);

  upstream.watches[0]?.end('last event\n');
  upstream.watches[1]?.end('last event\n');
  await one.reader.until('last event');
  await two.reader.until('last event');
  session.socket.end('last words');
  await session.reader.until('last words');
  idle.destroy();
  await idleReader.ended;
  await stop;
  t.match(await gate.logged(isSessionEnd), { end: 'client', undelivered: { up: 0, down: 0 } });
  await gate.logged((line) => line['msg'] === 'stopped');
  t.notOk(
    gate.log.some((line) => line.includes('drain timeout')),
    'nothing had to be closed',
  );
});

t.test('a busy HTTP/1.1 connection is told to close, one that falls idle is closed', async (t) => {
  const { gate, held, slow, upstream } = await setUp(t);
  const token = await gate.token();
  const request = (path: string) =>
    `GET ${path} HTTP/1.1\r\nHost: gate\r\nAuthorization: Bearer ${token}\r\n\r\n`;
  const busy = await gate.connect();
  const busyReader = read(busy);
  const arrived = slow();
  busy.write(request('/slow'));
  await arrived;
  // Headers are out already: this one can't be told any more.
  const streaming = await openWatch(gate, '/api/v1/pods?watch=1', token);
  await upstream.watching(1);
  const idle = await gate.connect();
  const idleReader = read(idle);
  idle.write(request('/version'));
  await idleReader.until('ok');
  const stop = gate.gate.stop();
  await idleReader.ended;
  t.match(idleReader.text(), /connection: keep-alive/i, 'it was kept until the drain');
  held[0]?.end('done');
  await busyReader.until('done');
  t.match(busyReader.text(), /\r\nconnection: close\r\n/i);
  t.notMatch(busyReader.text(), /keep-alive/i);
  await busyReader.ended;
  upstream.watches[0]?.end('bye');
  await streaming.reader.until('bye');
  await streaming.reader.ended;
  await stop;
});

t.test(
  'a new request on an old connection is answered still, an upgrade is refused with a Status',
  async (t) => {
    const { gate, upstream } = await setUp(t);
    const token = await gate.token();
    const session = await openSession(gate);
    // Half a request keeps each connection from being idle.
    const rest = await gate.connect();
    const restReader = read(rest);
    rest.write(`GET /version HTTP/1.1\r\nHost: gate\r\nAuthorization: Bearer ${token}\r\n`);
    const upgrade = await gate.connect();
    const upgradeReader = read(upgrade);
    const head = upgradeHead('spdy', EXEC, [`Authorization: Bearer ${token}`]);
    upgrade.write(head.slice(0, 20));
    await session.say('both are in');
    const before = upstream.received.length;
    const stop = gate.gate.stop();
    rest.write('\r\n');
    await restReader.until('ok');
    t.match(restReader.text(), /\r\nconnection: close\r\n/i);
    await restReader.ended;
    upgrade.write(head.slice(20));
    await upgradeReader.ended;
    t.match(upgradeReader.text(), /^HTTP\/1.1 503 .*retry-after: 1\r\n.*SHUTTING_DOWN/is);
    t.equal(upstream.received.length, before + 1, 'the upgrade has reached nobody');
    upgrade.end();
    session.socket.end();
    await stop;
  },
);

t.test('HTTP/2 streams in flight end well', async (t) => {
  const { gate, held, slow } = await setUp(t);
  const session = connectHttp2(`https://127.0.0.1:${gate.port}`, { ca: gate.ca.certPem });
  const arrived = slow();
  const stream = session.request({ ':path': '/slow', authorization: `Bearer ${await gate.token()}` });
  const reader = read(stream);
  await arrived;
  const closed = once(session, 'close');
  const stop = gate.gate.stop();
  await once(session, 'goaway');
  held[0]?.end('whole');
  await reader.until('whole');
  await closed;
  await stop;
  t.equal(stream.rstCode, 0);
});

t.test('after drainTimeout sessions are closed as drained, with what was received delivered', async (t) => {
  const { gate, upstream } = await setUp(t, { sessions: { drainTimeout: '0s' } });
  const session = await openSession(gate);
  const spdy = await openSession(gate, { protocol: 'spdy', path: '/api/v1/namespaces/d/pods/p/attach' });
  const both = [session, spdy];
  for (const { socket } of both) socket.pause();
  const tail = 'x'.repeat(200_000);
  for (const tunnel of upstream.tunnels) tunnel.write(`${tail}END`);
  const open = [...gate.gate.sessions.open.values()];
  await eventually(() => open.every(({ received }) => received.down === tail.length + 3));

  const stop = gate.gate.stop();
  t.match(await gate.logged((line) => line['level'] === 'warn'), {
    msg: 'drain timeout: closing the sessions that are still open',
    sessions: 2,
  });
  for (const { socket } of both) socket.resume();
  await Promise.all(both.map(({ reader }) => reader.ended));
  for (const { reader } of both) t.equal(reader.text().split('\r\n\r\n')[1]?.length, tail.length + 3);
  session.socket.end();
  await gate.logged(isSessionEnd);
  const ended = 'postern_sessions_total{cluster="prod",kind="exec",protocol="websocket",end="drained"}';
  t.equal(await gate.metric(ended), 1, 'the ops listener answers to the last');
  spdy.socket.end();
  await stop;
  const ends = gate.log.map((line) => JSON.parse(line) as Record<string, unknown>).filter(isSessionEnd);
  t.equal(ends.length, 2);
  for (const end of ends)
    t.match(end, { end: 'drained', detail: 'the gate shuts down', undelivered: { up: 0, down: 0 } });
});

t.test('what callers had sent by then is delivered as well, and what comes later is counted', async (t) => {
  const { gate, upstream } = await setUp(t, { sessions: { drainTimeout: '0s' } });
  const sessions = [
    await openSession(gate),
    await openSession(gate, { protocol: 'spdy', path: '/api/v1/namespaces/d/pods/p/attach' }),
  ];
  const tunnels = upstream.tunnels.map((socket) => {
    socket.removeAllListeners('data').pause();
    return { socket, bytes: 0, ended: once(socket, 'end') };
  });
  // More than all the buffers on the way take, so that some of it waits in the gate.
  for (const { socket } of sessions) socket.write(Buffer.alloc(32 * 1024 * 1024));
  const open = [...gate.gate.sessions.open.values()];
  let before = -1;
  await eventually(() => {
    const now = open.reduce((sum, { received }) => sum + received.up, 0);
    const isStill = now === before && now > 0;
    before = now;
    return isStill;
  });

  const stop = gate.gate.stop();
  await gate.logged((line) => line['level'] === 'warn');
  for (const one of tunnels) {
    one.socket.on('data', (chunk: Buffer) => {
      one.bytes += chunk.length;
    });
    one.socket.resume();
  }
  for (const { ended } of tunnels) await ended;
  const arrived = tunnels.reduce((sum, { bytes }) => sum + bytes, 0);
  t.ok(arrived >= before, `${arrived} bytes arrived, ${before} had been received`);
  for (const { socket } of sessions) socket.destroy();
  await stop;
  const ends = gate.log.map((line) => JSON.parse(line)).filter(isSessionEnd);
  t.same(new Set(ends.map(({ end }) => end)), new Set(['drained']));
  const told = ends.reduce((sum, { bytesUp, undelivered }) => sum + bytesUp - undelivered.up, 0);
  t.equal(arrived, told, 'the log says how much');
});

t.test('after drainTimeout watches and requests do not hold the process either', async (t) => {
  const { gate, upstream, slow } = await setUp(t, { sessions: { drainTimeout: '1s' } });
  const one = await openWatch(gate);
  const two = await openWatch2(gate);
  await upstream.watching(2);
  const busy = await gate.connect();
  const arrived = slow();
  busy.write(`GET /slow HTTP/1.1\r\nHost: gate\r\nAuthorization: Bearer ${await gate.token()}\r\n\r\n`);
  await arrived;
  const silent = read(await gate.connect());
  const gone = Promise.all([silent.ended, one.reader.ended, two.reader.ended]);
  await gate.gate.stop();
  await gone;
  t.ok(
    one.reader.text().endsWith('0\r\n\r\n'),
    'the watch over HTTP/1.1 ends whole, as the API server ends one',
  );
  t.equal(two.stream.rstCode, 0, 'and so does the one over HTTP/2');
  t.match(await gate.logged((line) => line['level'] === 'warn'), {
    msg: 'drain timeout: closing the connections that are still open',
  });
  t.equal(await gate.gate.stop(), undefined, 'stopping again is fine');
});

t.test('a connection that never asks anything does not hold the drain', async (t) => {
  const { gate } = await setUp(t);
  const silent = read(await gate.connect());
  await gate.gate.stop();
  await silent.ended;
  t.notOk(gate.log.some((line) => line.includes('drain timeout')));
});
