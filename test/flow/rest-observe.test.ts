import t from 'tap';
import { caller, exchangeRaw, refusalOf, SPEECHES, valuesOf } from '../fakes/caller.ts';
import { startTestGate } from '../fakes/gate.ts';
import { startRawUpstream, startUpstream } from '../fakes/upstream.ts';

// What is written down: one line a request, and never a token (issue 3 §7; field-lessons S29, S30; CVE-2019-11250, CVE-2020-8565). Labels stay
// in the API's own vocabulary (interface.md "Ops endpoints and metrics").

const upstream = await startUpstream();
const breaking = await startRawUpstream((socket) => socket.once('data', () => socket.destroy()));
const gate = await startTestGate({
  upstreams: [
    { name: 'main', upstream },
    { name: 'breaking', upstream: breaking, match: { pathPrefix: '/breaking' } },
  ],
  config: { log: { level: 'trace' } },
});
const token = await gate.token();
const auth = ['Authorization', `Bearer ${token}`];
t.teardown(async () => {
  await gate.stop();
  await upstream.close();
  await breaking.close();
});

type Line = Record<string, unknown>;
const logLines = () => gate.log.map((text) => JSON.parse(text) as Line);
const scrape = async () => (await fetch(`${gate.gate.opsUrl}/metrics`)).text();

t.test('one line a request, with what it was and how it ended', async (t) => {
  for (const speech of SPEECHES) {
    const one = caller(gate, speech);
    const rows: readonly [method: string, path: string, lines: readonly string[], fields: Line][] = [
      [
        'GET',
        '/api/v1/namespaces/n/pods/p/log?follow=true',
        auth,
        {
          status: 200,
          verb: 'get',
          resource: 'pods',
          subresource: 'log',
          namespace: 'n',
          name: 'p',
          user: 'alice@example.com',
        },
      ],
      [
        'POST',
        '/apis/apps/v1/namespaces/n/deployments',
        auth,
        { status: 200, verb: 'create', resource: 'deployments', cluster: 'main', method: 'POST' },
      ],
      ['GET', '/version', auth, { status: 200, target: '/version', peer: '127.0.0.1' }],
      ['GET', '/api/v1/pods', [], { status: 401, error: 'CREDENTIALS_MISSING', user: '', level: 'info' }],
      [
        'GET',
        '/breaking/version',
        auth,
        { status: 502, error: 'UPSTREAM_RESET', cluster: 'breaking', level: 'warn' },
      ],
    ];
    for (const [method, path, lines, fields] of rows) {
      const reply = await one.call({ method, path, headers: lines });
      const [auditID] = valuesOf(reply.rawHeaders, 'audit-id');
      const line = await gate.logged((line) => line['auditID'] === auditID);
      t.match(line, { msg: 'request', ...fields }, `${method} ${path}`);
      t.type(line['durationMs'], 'number');
      if (fields['status'] === 200)
        t.ok(
          Number(line['upstreamMs']) <= Number(line['durationMs']),
          'the API server had a part of the time',
        );
      else t.equal(line['upstreamMs'], undefined, 'nobody upstream has answered');
      t.equal(logLines().filter((line) => line['auditID'] === auditID).length, 1, 'one line');
    }
    one.close();
  }
});

// S29: a token that is in no way good, and the good one, through every door, at level trace.
t.test('a token occurs in no log line, metric or answer', async (t) => {
  const canary = 'CANARY-c4n4ry-0123456789';
  const places: readonly [path: string, lines: readonly string[]][] = [
    ['/version', ['Authorization', `Bearer ${canary}`]],
    ['/version', ['Authorization', `Basic ${canary}`]],
    ['/version', ['Authorization', canary]],
    ['/version', ['Authorization', `Bearer ${canary}`, 'Authorization', `Bearer ${canary}2`]],
    [
      '/version',
      [
        'Sec-WebSocket-Protocol',
        `v5.channel.k8s.io, base64url.bearer.authorization.k8s.io.${canary}`,
        ...auth,
      ],
    ],
    ['/version', ['Cookie', `session=${canary}`, ...auth]],
    ['/version', ['Impersonate-User', canary]],
    ['/version', ['Cf-Access-Jwt-Assertion', canary, ...auth]],
    ['/version', ['X-Remote-User', canary, ...auth]],
    [`/version?token=${canary}`, auth],
    [`/version?access_token=${canary}&x=1`, auth],
    [`/version?a=1&Access_Token=${canary}`, auth],
    [`/version?%74oken=${canary}`, auth],
    [`/version?bearer_token=${canary}`, []],
    [`/version?id_token=${canary}`, auth],
    [`/breaking/version?token=${canary}`, auth],
    [`/api/../?token=${canary}`, auth],
    [`/api/v1/watch?token=${canary}`, auth],
    [`/api/v1/namespaces/n/pods/p/exec?token=${canary}`, auth],
  ];
  for (const speech of SPEECHES) {
    const one = caller(gate, speech);
    for (const [path, lines] of places) {
      const reply = await one.call({ path, headers: lines });
      if (reply.status >= 400)
        t.notMatch(
          reply.body.toString(),
          canary.slice(0, 6) === 'CANARY' && lines.includes('Impersonate-User') ? /never/ : /CANARY/,
          path,
        );
      await gate.logged((line) => line['auditID'] === valuesOf(reply.rawHeaders, 'audit-id')[0]);
    }
    one.close();
  }
  // Refused upgrades, and bytes that are no request.
  for (const head of [
    `GET /api/v1/namespaces/n/pods/p/exec?token=${canary} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: v5.channel.k8s.io, base64url.bearer.authorization.k8s.io.${Buffer.from(canary).toString('base64url')}\r\n\r\n`,
    `GET /x?token=${canary} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${canary}\r\nBad Header: ${canary}\r\n\r\n`,
  ])
    await exchangeRaw(await gate.connect(), head);
  const written = `${gate.log.join('')}${await scrape()}`;
  t.notMatch(written, /CANARY/);
  t.notOk(written.includes(Buffer.from(canary).toString('base64url')));
  for (const part of token.split('.')) t.notOk(written.includes(part), 'no part of the good token either');
  t.notOk(written.includes('gate-own-token'), 'nor the gate’s own');
});

// S30
t.test('what the caller writes stays inside its field', async (t) => {
  const one = caller(gate, 'h1');
  const reply = await one.call({
    path: `/api/v1/namespaces/n/pods/%22%7D?x=${'y'.repeat(50_000)}`,
    headers: [...auth, 'User-Agent', '"}{"level":"fatal'],
  });
  const line = await gate.logged((line) => line['auditID'] === valuesOf(reply.rawHeaders, 'audit-id')[0]);
  t.match(String(line['target']), /\.\.\.TRUNCATED$/);
  t.ok(String(line['target']).length < 5000);
  for (const text of gate.log) t.equal(text.trimEnd().split('\n').length, 1);
  one.close();
});

t.test('labels stay in the vocabulary of the API', async (t) => {
  const one = caller(gate, 'h2');
  for (let i = 0; i < 30; i++) {
    for (const path of [
      `/api/v1/thing${i}`,
      `/apis/g${i}.example/v${i}/things`,
      `/api/v1/pods/p/sub${i}`,
      `/made-up-${i}`,
      `/api/v1/namespaces/n${i}/pods/p${i}`,
    ])
      await one.call({ path, headers: auth });
    await one.call({ method: 'LINK', path: `/api/v1/namespaces/n/services/s/proxy/${i}`, headers: auth });
  }
  const text = await scrape();
  t.notMatch(text, /thing\d|sub\d|made-up|g\d+\.example|="n\d+"|="p\d+"|alice/);
  t.match(text, /postern_requests_total\{[^}]*resource="other"/);
  const series = text.split('\n').filter((line) => line.startsWith('postern_requests_total{')).length;
  t.ok(series < 40, `${series} series`);
  one.close();
});

t.test('gauges return to nought, refusals and failures are counted', async (t) => {
  const one = caller(gate, 'h1');
  const missing = 'postern_authentication_total{source="none",outcome="none"}';
  const resets = 'postern_upstream_errors_total{cluster="breaking",reason="reset"}';
  const before = [await gate.metric(missing), await gate.metric(resets)];
  t.match(refusalOf(await one.call({ path: '/x' })), { http: 401 });
  t.match(refusalOf(await one.call({ path: '/breaking/x', headers: auth })), { http: 502 });
  const last = await one.call({ path: '/api/v1/pods', headers: auth });
  await gate.logged((line) => line['auditID'] === valuesOf(last.rawHeaders, 'audit-id')[0]);
  t.same(
    [await gate.metric(missing), await gate.metric(resets)],
    before.map((value) => value + 1),
  );
  const inFlight = (await scrape())
    .split('\n')
    .filter((line) => line.startsWith('postern_requests_in_flight{'));
  for (const line of inFlight) t.match(line, / 0$/);
  one.close();
});
