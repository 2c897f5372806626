import { once } from 'node:events';
import t from 'tap';
import { startTestGate } from '../fakes/gate.ts';
import { openSession, openWatch, openWatch2, startEcho } from '../fakes/sessions.ts';
import { clockBefore } from '../fakes/time.ts';

// `sessions` of ../shared/contract/interface.md: maxDuration, idleTimeout, endOnExpiry. None but the identity's end is on by default.

const isSessionEnd = (line: Record<string, unknown>) => line['msg'] === 'session ended';

async function setUp(t: Pick<typeof import('tap').t, 'teardown'>, sessions: object = {}, now = Date.now) {
  const upstream = await startEcho();
  const gate = await startTestGate({ upstreams: [{ name: 'prod', upstream }], config: { sessions }, now });
  t.teardown(async () => {
    await gate.stop();
    await upstream.close();
  });
  return { gate, upstream };
}

/** The identity's end, seconds. */
const EXP = Math.floor(Date.now() / 1000) + 300;

t.test('sessions and watches end with the identity that opened them', async (t) => {
  const clock = clockBefore(EXP * 1000);
  const { gate, upstream } = await setUp(t, {}, clock.now);
  const token = await gate.token({ exp: EXP });
  const other = await openSession(gate, { token: await gate.token({ exp: EXP + 300 }) });
  const sessions = [
    await openSession(gate, { token, protocol: 'websocket' }),
    await openSession(gate, { token, protocol: 'spdy' }),
  ];
  const one = await openWatch(gate, '/api/v1/pods?watch=1', token);
  const two = await openWatch2(gate, '/api/v1/pods?watch=1', token);
  await upstream.watching(2);
  for (const watch of upstream.watches) watch.write('{"type":"ADDED"}\n');
  const upstreamGone = upstream.watches.map((watch) => once(watch, 'close'));
  clock.reach();

  await one.reader.until('\r\n0\r\n\r\n');
  t.ok(one.reader.text().includes('{"type":"ADDED"}\n'), 'a clean end, as the API server ends a watch');
  await two.reader.ended;
  t.equal(two.stream.rstCode, 0, 'HTTP/2, too');
  t.equal(two.reader.text(), '{"type":"ADDED"}\n');
  await Promise.all(upstreamGone);
  for (const session of sessions) {
    await session.reader.ended;
    session.socket.end();
  }
  one.close();
  two.close();
  await gate.logged(isSessionEnd);
  await gate.logged((line) => isSessionEnd(line) && line['protocol'] === 'spdy');
  const ofWatch = { status: 200, end: 'expired', detail: 'the identity that opened it has ended' };
  t.match(await gate.logged(({ verb, msg }) => msg === 'request' && verb === 'watch'), ofWatch);
  for (const line of gate.log.map((text) => JSON.parse(text)).filter(isSessionEnd))
    t.match(line, {
      end: 'expired',
      detail: 'the identity that opened it has ended',
      user: 'alice@example.com',
    });
  for (const protocol of ['spdy', 'websocket'])
    t.equal(
      await gate.metric(
        `postern_sessions_total{cluster="prod",kind="exec",protocol="${protocol}",end="expired"}`,
      ),
      1,
    );
  await other.say('a longer token, a longer session');
  other.socket.end();
});

t.test('endOnExpiry: false leaves them open', async (t) => {
  const clock = clockBefore(EXP * 1000);
  const { gate, upstream } = await setUp(t, { endOnExpiry: false }, clock.now);
  const token = await gate.token({ exp: EXP });
  const session = await openSession(gate, { token });
  const watch = await openWatch(gate, '/api/v1/pods?watch=1', token);
  await upstream.watching(1);
  // A session that was opened later, at a gate that has the limit, shows that the time has passed.
  const limited = await setUp(t, {}, clock.now);
  const later = await openSession(limited.gate, { token: await limited.gate.token({ exp: EXP }) });
  clock.reach();
  await later.reader.ended;
  later.socket.end();
  await session.say('still open');
  upstream.watches[0]?.write('still open');
  await watch.reader.until('still open');
  upstream.watches[0]?.end();
  await watch.reader.until('0\r\n\r\n');
  watch.close();
  session.socket.end();
});

t.test('maxDuration ends a busy session, too', async (t) => {
  const { gate } = await setUp(t, { maxDuration: '1s' });
  const session = await openSession(gate);
  const startedAt = Date.now();
  while (session.socket.readable && !session.socket.readableEnded) {
    session.socket.write('x');
    await Promise.race([session.reader.ended, once(session.socket, 'data')]);
  }
  t.ok(Date.now() - startedAt >= 900);
  session.socket.end();
  t.match(await gate.logged(isSessionEnd), { end: 'expired', detail: 'sessions.maxDuration' });
});

t.test('idleTimeout ends a silent session, not one that says something', async (t) => {
  const { gate, upstream } = await setUp(t, { idleTimeout: '1s' });
  const silent = await openSession(gate);
  const talking = await openSession(gate, { protocol: 'spdy' });
  const listening = await openSession(gate, { protocol: 'spdy', path: '/api/v1/namespaces/d/pods/p/attach' });
  const talk = setInterval(() => {
    talking.socket.write('.');
    upstream.tunnels[2]?.write('.');
  }, 200);
  t.teardown(() => clearInterval(talk));
  await silent.reader.ended;
  silent.socket.end();
  t.match(await gate.logged(isSessionEnd), {
    end: 'expired',
    detail: 'sessions.idleTimeout',
    protocol: 'websocket',
    bytesUp: 0,
    bytesDown: 0,
  });
  await talking.say('still here');
  upstream.tunnels[2]?.write('output alone counts, too');
  await listening.reader.until('output alone counts, too');
  clearInterval(talk);
  await Promise.all([talking.reader.ended, listening.reader.ended]);
  talking.socket.end();
  listening.socket.end();
});

t.test('a peer that never reads does not keep a session beyond its end', async (t) => {
  const { gate, upstream } = await setUp(t, { maxDuration: '1s', drainTimeout: '0s' });
  const session = await openSession(gate);
  session.socket.pause();
  session.socket.removeAllListeners('data');
  const block = Buffer.alloc(1 << 20);
  const fill = () => {
    while (upstream.tunnels[0]?.write(block) === true);
  };
  upstream.tunnels[0]?.on('drain', fill);
  fill();
  t.match(await gate.logged(isSessionEnd), { end: 'expired', detail: 'sessions.maxDuration' });
  session.socket.destroy();
});
