import type { Socket } from 'node:net';
import t from 'tap';
import { startTestGate, type TestGate } from '../fakes/gate.ts';
import {
  askUpgrade,
  EXEC,
  eventually,
  openSession,
  read,
  startEcho,
  upgradeHead,
} from '../fakes/sessions.ts';
import { startUpstream } from '../fakes/upstream.ts';

// Issue 3 section 5, last paragraph: every session is in one registry with its cluster, kind, protocol, user, start, bytes and end reason,
// from which the metrics (../shared/contract/interface.md) and the log line read.

const isSessionEnd = (line: Record<string, unknown>) => line['msg'] === 'session ended';
const POD = '/api/v1/namespaces/default/pods/p';

// protocol.md §3.1 and §5.2: what can be upgraded, and what it counts as; a watch or log only by WebSocket. [target, kind]
const KINDS: readonly (readonly [target: string, kind: string])[] = [
  [`${POD}/exec?command=sh&stdin=true`, 'exec'],
  [`${POD}/attach?stdout=true`, 'attach'],
  [`${POD}/portforward?ports=80`, 'portforward'],
  [`${POD}/proxy/ws`, 'proxy'],
  ['/api/v1/namespaces/default/services/s:80/proxy/ws', 'proxy'],
  ['/api/v1/nodes/n/proxy/exec/d/p/c', 'proxy'],
  ['/api/v1/pods?watch=true', 'watch'],
  [`${POD}/log?follow=true`, 'log'],
];

t.test('every kind and protocol goes up, counts its bytes, and goes down again', async (t) => {
  const upstream = await startEcho();
  const gate = await startTestGate({ upstreams: [{ name: 'prod', upstream }] });
  t.teardown(async () => {
    await gate.stop();
    await upstream.close();
  });
  for (const [path, kind] of KINDS)
    for (const protocol of ['spdy', 'websocket'] as const) {
      if (protocol === 'spdy' && (kind === 'watch' || kind === 'log')) continue;
      const open = `postern_sessions_open{cluster="prod",kind="${kind}",protocol="${protocol}"}`;
      const bytes = (direction: string) =>
        gate.metric(`postern_session_bytes_total{cluster="prod",kind="${kind}",direction="${direction}"}`);
      const total = (end: string) =>
        gate.metric(
          `postern_sessions_total{cluster="prod",kind="${kind}",protocol="${protocol}",end="${end}"}`,
        );
      const before = { up: await bytes('up'), down: await bytes('down'), client: await total('client') };
      const name = `${protocol} ${path}`;
      const lines = gate.log.length;
      const session = await openSession(gate, { protocol, path });
      t.equal(await gate.metric(open), 1, name);
      const [entry] = [...gate.gate.sessions.open.values()];
      t.match(entry, {
        cluster: 'prod',
        kind,
        protocol,
        username: 'alice@example.com',
        target: path,
        end: undefined,
      });
      t.ok(Math.abs((entry?.startedAt ?? 0) - Date.now()) < 60_000);
      await session.say('x'.repeat(1000));
      upstream.tunnels.at(-1)?.write('y'.repeat(234));
      await session.reader.until('y'.repeat(234));
      session.socket.end();
      await session.reader.ended;
      await eventually(async () => (await gate.metric(open)) === 0);
      t.equal((await bytes('up')) - before.up, 1000, `${name} up`);
      t.equal((await bytes('down')) - before.down, 1234, `${name} down`);
      t.equal((await total('client')) - before.client, 1, `${name} end`);
      t.equal(gate.gate.sessions.open.size, 0);
      const mine = gate.log.slice(lines).map((line) => JSON.parse(line));
      t.equal(mine.length, 2, 'one line for the request, one for the end');
      t.match(mine[0], { msg: 'request', status: 101, upgrade: protocol });
      t.match(mine[1], {
        msg: 'session ended',
        auditID: mine[0].auditID,
        kind,
        protocol,
        end: 'client',
        bytesUp: 1000,
        bytesDown: 1234,
        undelivered: { up: 0, down: 0 },
      });
    }
  const count = 'postern_session_duration_seconds_count{cluster="prod",kind="exec"}';
  t.equal(await gate.metric(count), 2);
  t.equal(await gate.metric('postern_session_duration_seconds_bucket{le="1",cluster="prod",kind="exec"}'), 2);
});

t.test('who ended it', async (t) => {
  const upstream = await startEcho();
  const gate = await startTestGate({ upstreams: [{ name: 'prod', upstream }] });
  t.teardown(async () => {
    await gate.stop();
    await upstream.close();
  });
  // [what happens, the end that is written down]
  const cases: [string, (client: Socket, server: Socket) => void, string][] = [
    ['the client ends', (client) => client.end(), 'client'],
    ['the client vanishes', (client) => client.destroy(), 'client'],
    ['the API server ends', (_, server) => server.end(), 'upstream'],
    ['the API server vanishes', (_, server) => server.destroy(), 'upstream'],
  ];
  for (const [name, act, end] of cases) {
    const session = await openSession(gate);
    await session.say('hello');
    const [entry] = [...gate.gate.sessions.open.values()];
    act(session.socket, upstream.tunnels.at(-1) as Socket);
    if (end === 'upstream') await session.reader.ended;
    session.socket.end();
    const line = await gate.logged((one) => isSessionEnd(one) && one['auditID'] === entry?.id);
    t.equal(line['end'], end, name);
  }
  for (const [end, count] of [
    ['client', 2],
    ['upstream', 2],
  ] as const)
    t.equal(
      await gate.metric(
        `postern_sessions_total{cluster="prod",kind="exec",protocol="websocket",end="${end}"}`,
      ),
      count,
    );
});

/** A gate whose API server refuses every upgrade. */
async function refusing(t: Pick<typeof import('tap').t, 'teardown'>, level = 'info') {
  const upstream = await startUpstream({
    onUpgrade: (_request, socket) =>
      socket.end('HTTP/1.1 403 Forbidden\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nno'),
  });
  const gate = await startTestGate({ upstreams: [{ name: 'prod', upstream }], config: { log: { level } } });
  t.teardown(async () => {
    await gate.stop();
    await upstream.close();
  });
  return { gate, upstream };
}

async function attempt(
  gate: TestGate,
  protocol: 'spdy' | 'websocket',
  { path = EXEC, session = 'one', claims = {} } = {},
): Promise<string> {
  const headers = [`Authorization: Bearer ${await gate.token(claims)}`];
  if (session !== '') headers.push(`Kubectl-Session: ${session}`);
  return askUpgrade(gate, upgradeHead(protocol, path, headers));
}

/** How many refusals were counted: requests, sessions of any protocol, info lines. */
async function refusals(gate: TestGate) {
  const text = await (await fetch(`${gate.gate.opsUrl}/metrics`)).text();
  const sum = (pattern: RegExp) =>
    [...text.matchAll(pattern)].reduce((total, [, value]) => total + Number(value), 0);
  return {
    requests: sum(/^postern_requests_total\{[^}]*\} (\d+)$/gm),
    sessions: sum(/^postern_sessions_total\{[^}]*end="refused"\} (\d+)$/gm),
    lines: gate.log.filter((line) => /"level":"(info|warn)".*"msg":"request"/.test(line)).length,
  };
}

t.test('the WebSocket attempt and the SPDY attempt of one command are one refusal', async (t) => {
  const { gate } = await refusing(t, 'debug');
  t.match(await attempt(gate, 'websocket'), /^HTTP\/1.1 403 /);
  t.match(await attempt(gate, 'spdy'), /^HTTP\/1.1 403 /);
  t.same(await refusals(gate), { requests: 1, sessions: 1, lines: 1 });
  t.ok(
    gate.log.some((line) => /"level":"debug".*"upgrade":"spdy"/.test(line)),
    'the second can still be seen at debug',
  );
  t.equal(
    await gate.metric(
      'postern_sessions_total{cluster="prod",kind="exec",protocol="websocket",end="refused"}',
    ),
    1,
  );
  await attempt(gate, 'spdy');
  t.same(await refusals(gate), { requests: 2, sessions: 2, lines: 2 }, 'a third is one of its own');
});

t.test('also when it was the gate that refused, and without a Kubectl-Session', async (t) => {
  const { gate, upstream } = await refusing(t);
  for (const protocol of ['websocket', 'spdy'] as const)
    await askUpgrade(gate, upgradeHead(protocol, EXEC, ['Authorization: Bearer x.y.z']));
  t.same(await refusals(gate), { requests: 1, sessions: 1, lines: 1 });
  for (const protocol of ['websocket', 'spdy'] as const) await attempt(gate, protocol, { session: '' });
  t.same(await refusals(gate), { requests: 2, sessions: 2, lines: 2 });
  t.equal(upstream.received.length, 2);
});

t.test('a hop in front that drops the upgrade of both is one refusal, too', async (t) => {
  const { gate } = await refusing(t);
  for (const method of ['GET', 'POST']) {
    const socket = await gate.connect();
    const reader = read(socket);
    socket.write(
      `${method} ${EXEC} HTTP/1.1\r\nHost: g\r\nConnection: close\r\nKubectl-Session: s\r\nContent-Length: 0\r\n` +
        `Authorization: Bearer ${await gate.token()}\r\n\r\n`,
    );
    await reader.ended;
    socket.destroy();
    t.match(reader.text(), /^HTTP\/1.1 400 .*Upgrade request required/s);
  }
  t.same(await refusals(gate), { requests: 1, sessions: 0, lines: 1 });
});

t.test('attempts that do not belong together are not paired', async (t) => {
  // [what differs, the second attempt]
  const cases: [string, Parameters<typeof attempt>[2]][] = [
    ['another user', { claims: { email: 'bob@example.com' } }],
    ['another path', { path: EXEC.replace('/p/', '/q/') }],
    ['another query', { path: `${EXEC}&command=x` }],
    ['another command', { session: 'two' }],
  ];
  for (const [name, second] of cases) {
    const { gate } = await refusing(t);
    await attempt(gate, 'websocket');
    await attempt(gate, 'spdy', second);
    t.same(await refusals(gate), { requests: 2, sessions: 2, lines: 2 }, name);
  }
  const { gate } = await refusing(t);
  await attempt(gate, 'spdy');
  await attempt(gate, 'websocket');
  t.same(await refusals(gate), { requests: 2, sessions: 2, lines: 2 }, 'the other way round');
});
