import { once } from 'node:events';
import type { TLSSocket } from 'node:tls';
import t, { type Test } from 'tap';
import { type Caller, caller, type OpenCall, refusalOf, SPEECHES, valuesOf } from '../fakes/caller.ts';
import { startTestGate } from '../fakes/gate.ts';
import { requestUpgrade, reset, startUpgrading, upgradeRequest } from '../fakes/peers.ts';
import { EXEC, eventually, openSession, read, startEcho, upgradeHead } from '../fakes/sessions.ts';
import type { Handler } from '../fakes/upstream.ts';

// limits.*PerUser (issue 8 §4): at the limit everything passes, one beyond waits for a second, then gets 429 TooManyRequests with Retry-After and
// has reached nobody; once somebody has left, the next one passes. Kinds do not count against each other.

const held: Parameters<Handler>[1][] = [];
const upstream = await startEcho({
  handler: (request, response) => {
    if (request.url?.startsWith('/api/v1/slow') === true) held.push(response);
    else response.end('{}');
  },
});
const gate = await startTestGate({
  upstreams: [{ name: 'main', upstream }],
  config: { limits: { requestsInFlightPerUser: 2, watchesPerUser: 2, sessionsPerUser: 2 } },
});
t.teardown(async () => {
  await gate.stop();
  await upstream.close();
});
const headersOf = async (name: string) => [
  'Authorization',
  `Bearer ${await gate.token({ email: `${name}@example.com`, sub: name })}`,
];
const refused = (limit: string) => gate.metric(`postern_admission_refused_total{limit="${limit}"}`);
const nobodyWaits = () => eventually(async () => (await gate.metric('postern_admission_waiting')) === 0);

function assertRefused(
  t: Test,
  reply: Parameters<typeof refusalOf>[0] & { rawHeaders: readonly string[] },
  cause: string,
) {
  t.match(refusalOf(reply), { http: 429, kind: 'Status', code: 429, reason: 'TooManyRequests', cause });
  t.equal(JSON.parse(reply.body.toString()).details.retryAfterSeconds, 1);
  t.same(valuesOf(reply.rawHeaders, 'retry-after'), ['1']);
}

/** Opens so many requests, each over a connection of its own unless it is HTTP/2, and waits until the upstream has them. */
async function openAll(one: () => Caller, path: string, headers: string[], count: number) {
  const before = upstream.received.length;
  const calls: { readonly call: OpenCall; readonly by: Caller }[] = [];
  for (let i = 0; i < count; i++) {
    const by = one();
    calls.push({ call: by.open({ path, headers, end: true }), by });
  }
  await eventually(() => upstream.received.length === before + count);
  return calls;
}

for (const speech of SPEECHES) {
  t.test(`short requests in flight (${speech})`, async (t) => {
    const headers = await headersOf(`short-${speech}`);
    const other = await headersOf(`other-${speech}`);
    const one = () => caller(gate, speech);
    const before = await refused('requestsInFlightPerUser');
    const calls = await openAll(one, '/api/v1/slow', headers, 2);
    const reached = upstream.received.length;
    const beyond = one();
    assertRefused(t, await beyond.call({ path: '/api/v1/pods', headers }), 'TOO_MANY_REQUESTS');
    t.equal(upstream.received.length, reached, 'nobody upstream has heard of it');
    t.equal(await refused('requestsInFlightPerUser'), before + 1);
    t.equal((await beyond.call({ path: '/api/v1/pods', headers: other })).status, 200, 'another user passes');
    const watch = beyond.open({ path: '/api/v1/pods?watch=1', headers, end: true });
    t.equal((await watch.head).status, 200, 'and so does a watch of the same one');
    const later = one();
    const waiting = later.call({ path: '/api/v1/pods', headers });
    await eventually(async () => (await gate.metric('postern_admission_waiting')) === 1);
    held.shift()?.end('{}');
    t.equal((await waiting).status, 200, 'who waits gets the place of who leaves');
    for (const { call, by } of calls) {
      call.abort();
      by.close();
    }
    watch.abort();
    later.close();
    beyond.close();
    held.length = 0;
    await nobodyWaits();
  });

  t.test(`watches (${speech})`, async (t) => {
    const headers = await headersOf(`watch-${speech}`);
    const one = () => caller(gate, speech);
    const calls = await openAll(one, '/api/v1/pods?watch=1', headers, 2);
    const reached = upstream.received.length;
    const beyond = one();
    assertRefused(t, await beyond.call({ path: '/api/v1/pods?watch=true', headers }), 'TOO_MANY_WATCHES');
    t.equal(upstream.received.length, reached);
    t.equal((await beyond.call({ path: '/api/v1/pods', headers })).status, 200, 'short requests go on');
    calls[0]?.call.abort();
    const again = beyond.open({ path: '/api/v1/pods?watch=1', headers, end: true });
    t.equal((await again.head).status, 200);
    again.abort();
    for (const { call, by } of calls) {
      call.abort();
      by.close();
    }
    beyond.close();
  });
}

for (const protocol of ['websocket', 'spdy'] as const)
  t.test(`sessions (${protocol}): refused before anything is dialled`, async (t) => {
    const token = await gate.token({ email: `${protocol}@example.com`, sub: protocol });
    const sessions = [
      await openSession(gate, { protocol, token }),
      await openSession(gate, { protocol, token }),
    ];
    const [reached, dialled] = [upstream.received.length, upstream.accepted()];
    const socket = await gate.connect();
    const reader = read(socket);
    socket.write(upgradeHead(protocol, EXEC, [`Authorization: Bearer ${token}`]));
    await reader.ended;
    const [head = '', body = ''] = reader.text().split('\r\n\r\n');
    t.match(head, /^HTTP\/1\.1 429 Too Many Requests\r\n/);
    t.match(head, /\r\nRetry-After: 1\r\n/);
    t.match(refusalOf({ status: 429, body: Buffer.from(body) }), {
      reason: 'TooManyRequests',
      cause: 'TOO_MANY_SESSIONS',
    });
    t.same([upstream.received.length, upstream.accepted()], [reached, dialled]);
    socket.destroy();
    const ended = once(sessions[0]?.socket ?? socket, 'close');
    sessions[0]?.socket.destroy();
    await ended;
    const third = await openSession(gate, { protocol, token });
    await third.say('still there');
    for (const { socket } of [...sessions, third]) socket.destroy();
    await eventually(() => gate.gate.sessions.open.size === 0);
  });

t.test('a caller who goes away while it waits leaves its place in the row to the next', async (t) => {
  const headers = await headersOf('gone');
  const calls = await openAll(() => caller(gate, 'h2'), '/api/v1/slow', headers, 2);
  const reached = upstream.received.length;
  const leaver = caller(gate, 'h2');
  const left = leaver.open({ path: '/api/v1/pods', headers, end: true });
  await eventually(async () => (await gate.metric('postern_admission_waiting')) === 1);
  left.abort();
  await nobodyWaits();
  t.equal(upstream.received.length, reached);
  for (const { call, by } of calls) {
    call.abort();
    by.close();
  }
  t.equal((await leaver.call({ path: '/api/v1/pods', headers })).status, 200);
  leaver.close();
  held.length = 0;
});

t.test('a reload changes limits, and ends nothing that is open', async (t) => {
  const headers = await headersOf('reload');
  const token = headers[1]?.replace('Bearer ', '') ?? '';
  const sessions = [await openSession(gate, { token }), await openSession(gate, { token })];
  gate.writeConfig({ ...gate.config, limits: { sessionsPerUser: 1 } });
  t.ok(gate.gate.reload());
  for (const one of sessions) await one.say('open');
  gate.writeConfig({ ...gate.config, limits: { sessionsPerUser: 0 } });
  t.ok(gate.gate.reload());
  const many = await Promise.all(Array.from({ length: 8 }, () => openSession(gate, { token })));
  t.equal(many.length, 8, '0 is no limit');
  for (const { socket } of [...sessions, ...many]) socket.destroy();
});

t.test('nothing is counted any more when all have gone', async (t) => {
  await eventually(() => gate.gate.sessions.open.size === 0);
  await nobodyWaits();
  t.equal(await gate.metric('postern_requests_in_flight{cluster="main",kind="short"}'), 0);
});

t.test(
  'a session counts until the API server has let go of it, too, also when its caller has gone',
  async (t) => {
    const tunnels: TLSSocket[] = [];
    const silent = await startUpgrading((socket) => void tunnels.push(socket.resume()));
    const other = await startTestGate({
      issuer: gate.issuer,
      upstreams: [{ name: 'silent', upstream: silent }],
      config: { limits: { sessionsPerUser: 1 } },
    });
    const mine = await other.token();
    const ask = async () => {
      const socket = await other.connect();
      socket.on('error', () => {});
      return { socket, ...(await requestUpgrade(socket, upgradeRequest(mine))) };
    };
    const first = await ask();
    t.equal(first.status, 101);
    const [tunnel] = tunnels;
    if (tunnel === undefined) throw new Error('no tunnel');
    reset(first.socket);
    await once(tunnel, 'end');
    t.equal((await ask()).status, 429);
    tunnel.end();
    await other.logged(({ msg }) => msg === 'session ended');
    const last = await ask();
    t.equal(last.status, 101);
    last.socket.destroy();
    // Or the gate would wait for them to the end of its drain.
    for (const one of tunnels) one.destroy();
    await other.stop();
    await silent.close();
  },
);
