import t from 'tap';
import { type Caller, caller } from '../fakes/caller.ts';
import { startGateProcess } from '../fakes/gateprocess.ts';
import { requestUpgrade, upgradeRequest } from '../fakes/peers.ts';
import { eventually, startEcho } from '../fakes/sessions.ts';

// Limits with two workers, as docs/how-to/limits.md says: each has every limit for itself, and the ops listener tells the sum.

const SESSIONS = 3;
const REQUESTS = 2;

/** Requests that wait for their answer. */
const waiting: (() => void)[] = [];
const upstream = await startEcho({
  handler: (request, response) => {
    if (request.url?.includes('wait') === true) waiting.push(() => response.end('{}'));
    else response.end('{}');
  },
});
const gate = await startGateProcess({
  upstreams: [{ name: 'prod', upstream }],
  args: ['--workers', '2'],
  config: {
    limits: { sessionsPerUser: SESSIONS, requestsInFlightPerUser: REQUESTS },
    sessions: { drainTimeout: '1s' },
  },
});
t.teardown(async () => {
  await gate.stop();
  await upstream.close();
});

const refused = (limit: string) => gate.metric(`postern_admission_refused_total{limit="${limit}"}`);

t.test('sessions of a user: as many at each worker, and those beyond reach nobody', async (t) => {
  const token = await gate.token({ email: 'sessions@example.com' });
  const open = async () => {
    const socket = await gate.connect();
    const { status } = await requestUpgrade(socket, upgradeRequest(token));
    if (status !== 101) socket.destroy();
    return { socket, status };
  };
  // Connections go to the workers in turn.
  const inside = [];
  for (let i = 0; i < 2 * SESSIONS; i++) inside.push(await open());
  t.same(
    inside.map(({ status }) => status),
    Array(2 * SESSIONS).fill(101),
    'twice the limit',
  );
  const reached = upstream.received.length;
  for (let i = 0; i < 2; i++) t.equal((await open()).status, 429, 'one more, at either');
  t.equal(upstream.received.length, reached);
  t.equal(await refused('sessionsPerUser'), 2, 'the counter is that of both');
  t.equal(
    await gate.metric('postern_sessions_open{cluster="prod",kind="exec",protocol="spdy"}'),
    2 * SESSIONS,
  );

  const other = await gate.token({ email: 'other@example.com' });
  const socket = await gate.connect();
  t.equal((await requestUpgrade(socket, upgradeRequest(other))).status, 101, 'somebody else is let in');
  socket.destroy();
  for (const one of inside) one.socket.destroy();
  await eventually(
    async () =>
      (await gate.metric('postern_sessions_open{cluster="prod",kind="exec",protocol="spdy"}')) === 0,
  );
  const again = await open();
  t.equal(again.status, 101, 'places that are free are given again');
  again.socket.destroy();
});

t.test('requests in flight: a connection is at one worker, and has the limit of that one', async (t) => {
  const headers = ['Authorization', `Bearer ${await gate.token({ email: 'requests@example.com' })}`];
  const wait = { path: '/api/v1/pods?wait=1', headers };
  const connections: Caller[] = [0, 1].map(() => caller({ port: gate.port, ca: gate.files.ca }, 'h2'));
  const under: Promise<{ readonly status: number }>[] = [];
  for (const one of connections) {
    for (let i = 0; i < REQUESTS; i++) under.push(one.call(wait));
    await eventually(() => waiting.length === under.length);
    t.equal((await one.call({ path: '/version', headers })).status, 429, 'one more over the same connection');
  }
  t.equal(waiting.length, 2 * REQUESTS, 'twice the limit over two connections');
  t.equal(await refused('requestsInFlightPerUser'), 2);
  for (const answer of waiting.splice(0)) answer();
  t.same(
    (await Promise.all(under)).map(({ status }) => status),
    Array(2 * REQUESTS).fill(200),
  );
  for (const one of connections) {
    t.equal((await one.call({ path: '/version', headers })).status, 200);
    one.close();
  }
});
