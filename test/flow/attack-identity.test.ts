import t, { type Test } from 'tap';
import {
  type Caller,
  caller,
  exchangeRaw,
  parseAnswers,
  refusalOf,
  SPEECHES,
  valuesOf,
} from '../fakes/caller.ts';
import { startTestGate } from '../fakes/gate.ts';
import { craftToken, startIssuer } from '../fakes/issuer.ts';
import { startUpstream } from '../fakes/upstream.ts';

// Attacks on the identity, from field-lessons.md §4 (the S numbers), at the level of whole requests; most have their rows at the level of
// units too. A refusal must have reached nobody.

const upstream = await startUpstream();
const other = await startUpstream();
const issuer = await startIssuer();
const gate = await startTestGate({
  issuer,
  upstreams: [
    {
      name: 'a',
      upstream,
      match: { pathPrefix: '/clusters/a', hosts: ['a.example', '127.0.0.1'] },
      cluster: { impersonation: 'Refuse' },
    },
    { name: 'b', upstream: other, match: { pathPrefix: '/clusters/b', hosts: ['b.example'] } },
  ],
});
const trusting = await startTestGate({
  issuer,
  upstreams: [{ name: 'a', upstream }],
  listen: { trustedProxies: ['127.0.0.0/8'] },
  jwt: { source: { header: 'X-Assertion' } },
});
const distrusting = await startTestGate({
  issuer,
  upstreams: [{ name: 'a', upstream }],
  listen: { trustedProxies: ['10.0.0.0/8'] },
  jwt: { source: { header: 'X-Assertion' } },
});
const token = await gate.token();
const auth = ['Authorization', `Bearer ${token}`];
const callers = SPEECHES.map((speech) => caller(gate, speech));
t.teardown(async () => {
  for (const one of callers) one.close();
  for (const one of [gate, trusting, distrusting]) await one.stop();
  await issuer.close();
  await upstream.close();
  await other.close();
});

function everySpeech(name: string, run: (t: Test, one: Caller) => Promise<void>): void {
  for (const one of callers) t.test(`${name} (${one.speech})`, (t) => run(t, one));
}
const last = () => upstream.received.at(-1)?.rawHeaders ?? [];

/** What the API server must have been told, and nothing beside it. */
function sawAlice(t: Test, message: string): void {
  t.same(
    [
      ...valuesOf(last(), 'impersonate-user'),
      ...valuesOf(last(), 'impersonate-group'),
      ...valuesOf(last(), 'impersonate-uid'),
    ],
    ['alice@example.com', 'engineers', 'alice-id'],
    message,
  );
  t.same(valuesOf(last(), 'authorization'), ['Bearer gate-own-token'], message);
}

// S4: CVE-2021-31999, CVE-2022-23652, CVE-2026-33805. HTTP/2 has no Connection line (RFC 9113 §8.2.2), so these are HTTP/1.1's.
t.test('S4: the caller cannot name our lines in Connection', async (t) => {
  for (const value of [
    'Impersonate-User',
    'keep-alive, Impersonate-User, Impersonate-Group, Impersonate-Uid',
    'keep-alive,impersonate-extra-scopes',
    'close, Impersonate-Group, Authorization',
    'Authorization, Host, Audit-ID, X-Forwarded-For',
    'upgrade, impersonate-user',
  ]) {
    const socket = await gate.connect();
    const head = `GET /api/v1/pods HTTP/1.1\r\nHost: a.example\r\nConnection: ${value}\r\nConnection: close\r\n${auth.join(': ')}\r\nKeep-Alive: x\r\nTE: trailers\r\n\r\n`;
    const [answer] = parseAnswers(await exchangeRaw(socket, head));
    t.equal(answer?.status, 200, value);
    sawAlice(t, value);
    t.same(valuesOf(last(), 'connection'), []);
    for (const name of ['keep-alive', 'te', 'upgrade', 'proxy-connection'])
      t.same(valuesOf(last(), name), []);
    t.equal(valuesOf(last(), 'audit-id').length, 1);
    t.equal(valuesOf(last(), 'x-forwarded-for').length, 1);
  }
});

// S6: client-go's own round tripper adds its lines only where there are none, so one that slips through would replace ours.
const impersonations: readonly (readonly string[])[] = [
  ['Impersonate-User', 'system:admin'],
  ['impersonate-user', 'system:admin'],
  ['IMPERSONATE-USER', 'alice@example.com'],
  ['Impersonate-User', ''],
  ['Impersonate-User', 'a', 'Impersonate-User', 'b'],
  ['Impersonate-Group', 'system:masters'],
  ['Impersonate-Uid', '1'],
  ['Impersonate-Extra-Foo', 'x'],
  ['Impersonate-Extra-%2f', 'x'],
  ['Impersonate-Whatever', 'x'],
  ['Impersonate_User', 'system:admin'],
];

// With `impersonation: Check` the same rows are in attack-modes.test.ts.
everySpeech('S6, S7: a request that impersonates by itself is refused', async (t, one) => {
  const before = upstream.received.length;
  for (const lines of impersonations) {
    const reply = await one.call({ path: '/api/v1/pods', headers: [...auth, ...lines] });
    t.match(
      refusalOf(reply),
      {
        http: 403,
        kind: 'Status',
        code: 403,
        reason: 'Forbidden',
        cause: 'IMPERSONATION_REFUSED',
        message: /--as/,
      },
      lines.join(': '),
    );
  }
  t.equal(upstream.received.length, before);
});

// S26, S7, S25: lines that some server behind might take for an identity, another method or another path, and credentials of others.
const overrides: readonly string[] = [
  'X-Remote-User',
  'X-Remote-Group',
  'X-Remote-Uid',
  'X-Remote-Extra-Scopes',
  'X_Remote_User',
  'X-HTTP-Method-Override',
  'X-HTTP-Method',
  'X-Method-Override',
  'X-Original-URL',
  'X-Rewrite-URL',
  'X-Forwarded-Uri',
  'X-Forwarded-Host',
  'X-Forwarded-Proto',
  'X_Forwarded_For',
  'Forwarded',
  'X-Real-IP',
  'Via',
  'Proxy-Authorization',
  'Proxy-Whatever',
  'Cookie',
  'Audit-ID',
];

everySpeech('S26: lines that override identity, method or path end here', async (t, one) => {
  for (const name of overrides) {
    const reply = await one.call({ path: '/api/v1/pods', headers: [...auth, name, 'evil'] });
    t.equal(reply.status, 200, name);
    sawAlice(t, name);
    t.notOk(last().includes('evil'), `${name} did not arrive`);
  }
  t.equal(upstream.received.at(-1)?.method, 'GET');
});

everySpeech('the Audit-ID is ours at the API server and for the caller', async (t, one) => {
  const reply = await one.call({ path: '/x', headers: [...auth, 'Audit-ID', 'mine'] });
  const [id = ''] = valuesOf(reply.rawHeaders, 'audit-id');
  t.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-/);
  t.same(valuesOf(last(), 'audit-id'), [id]);
});

// S12–S18 at the level of requests: one of each kind. The kinds of credentials have their own tests.
t.test('S12–S18: what is no good token is refused', async (t) => {
  const claims = {
    iss: issuer.url,
    aud: 'postern',
    sub: 's',
    email: 'a@b.c',
    exp: Math.floor(Date.now() / 1000) + 300,
  };
  const foreign = await startIssuer();
  const rows: readonly [name: string, lines: readonly string[], http: number, cause: string][] = [
    ['no credential', [], 401, 'CREDENTIALS_MISSING'],
    ['an empty line', ['Authorization', ''], 401, 'CREDENTIALS_MISSING'],
    ['a bare scheme', ['Authorization', 'Bearer'], 401, 'CREDENTIALS_MALFORMED'],
    ['null', ['Authorization', 'Bearer null'], 401, 'TOKEN_MALFORMED'],
    ['Basic', ['Authorization', 'Basic YWRtaW46YWRtaW4='], 401, 'CREDENTIALS_MALFORMED'],
    ['two in one line', ['Authorization', `Bearer ${token}, Bearer ${token}`], 401, 'CREDENTIALS_MALFORMED'],
    ['a good and a bad line', [...auth, 'Authorization', 'Bearer bad'], 400, 'CREDENTIALS_CONFLICT'],
    ['a bad and a good line', ['Authorization', 'Bearer bad', ...auth], 400, 'CREDENTIALS_CONFLICT'],
    ['two equal lines', [...auth, ...auth], 400, 'CREDENTIALS_CONFLICT'],
    ['alg none', ['Authorization', `Bearer ${craftToken({ alg: 'none' }, claims)}`], 401, 'TOKEN_ALGORITHM'],
    [
      'HS256',
      ['Authorization', `Bearer ${craftToken({ alg: 'HS256' }, claims, 'AAAA')}`],
      401,
      'TOKEN_ALGORITHM',
    ],
    ['a changed payload', ['Authorization', `Bearer ${changed(token)}`], 401, 'TOKEN_SIGNATURE'],
    ['another issuer', ['Authorization', `Bearer ${await foreign.sign()}`], 401, 'TOKEN_UNKNOWN_ISSUER'],
    [
      'another audience',
      ['Authorization', `Bearer ${await issuer.sign({ aud: 'other' })}`],
      401,
      'TOKEN_AUDIENCE',
    ],
    [
      'expired',
      ['Authorization', `Bearer ${await issuer.sign({}, { expiresIn: -60 })}`],
      401,
      'TOKEN_EXPIRED',
    ],
    ['no email', ['Authorization', `Bearer ${await issuer.sign({ email: undefined })}`], 403, 'TOKEN_CLAIMS'],
    [
      'a line end in the name',
      ['Authorization', `Bearer ${await issuer.sign({ email: 'a\r\nImpersonate-Group: system:masters' })}`],
      403,
      'TOKEN_CLAIMS',
    ],
    [
      'system:masters',
      ['Authorization', `Bearer ${await issuer.sign({ groups: ['system:masters'] })}`],
      403,
      'TOKEN_SYSTEM_IDENTITY',
    ],
    [
      'a system user',
      ['Authorization', `Bearer ${await issuer.sign({ email: 'system:admin' })}`],
      403,
      'TOKEN_SYSTEM_IDENTITY',
    ],
    [
      'an assertion header that is not configured',
      ['Cf-Access-Jwt-Assertion', token],
      401,
      'CREDENTIALS_MISSING',
    ],
    ['a cookie', ['Cookie', `token=${token}`], 401, 'CREDENTIALS_MISSING'],
  ];
  const before = upstream.received.length;
  for (const one of callers) {
    for (const [name, lines, http, cause] of rows) {
      const reply = await one.call({ path: '/version', headers: lines });
      t.match(refusalOf(reply), { http, kind: 'Status', code: http, cause }, `${name} (${one.speech})`);
      t.same(valuesOf(reply.rawHeaders, 'www-authenticate'), http === 401 ? ['Bearer'] : []);
    }
  }
  t.equal(upstream.received.length, before);
  await foreign.close();
});

function changed(good: string): string {
  const [header = '', payload = '', signature = ''] = good.split('.');
  const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as object;
  return [
    header,
    Buffer.from(JSON.stringify({ ...claims, email: 'root@example.com' })).toString('base64url'),
    signature,
  ].join('.');
}

// S20: the value that chooses the cluster is the one that is used. [Host or :authority, path] → which API server gets which path.
const places: readonly [authority: string, path: string, who: 'a' | 'b' | undefined, got?: string][] = [
  ['a.example', '/version', 'a', '/version'],
  ['A.EXAMPLE', '/version', 'a', '/version'],
  ['a.example:8443', '/version', 'a', '/version'],
  ['a.example.', '/version', 'a', '/version'],
  ['a.example.:443', '/version', 'a', '/version'],
  ['b.example', '/version', 'b', '/version'],
  ['c.example', '/version', undefined],
  ['c.example', '/clusters/a/version', 'a', '/version'],
  ['c.example', '/clusters/b/version', 'b', '/version'],
  ['a.example', '/clusters/b/api/v1/pods', 'b', '/api/v1/pods'],
  ['c.example', '/clusters/a', 'a', '/'],
  ['c.example', '/clusters/a?x=1', 'a', '/?x=1'],
  ['c.example', '/clusters/ab/version', undefined],
  ['c.example', '/clusters/%61/version', undefined],
  ['a.example', '/clusters/a/clusters/b/version', 'a', '/clusters/b/version'],
  ['a.example, b.example', '/version', undefined],
];

everySpeech('S20: host and path prefix choose the cluster, and nothing else does', async (t, one) => {
  for (const [authority, path, who, got] of places) {
    // nghttp2 refuses that one by itself.
    if (one.speech === 'h2' && authority.includes(',')) continue;
    const before = [upstream.received.length, other.received.length];
    const reply = await one.call({
      path,
      headers: ['Host', authority, ...auth, 'X-Forwarded-Host', 'b.example'],
    });
    const label = `${authority} ${path}`;
    t.same(
      [upstream.received.length, other.received.length],
      [(before[0] ?? 0) + (who === 'a' ? 1 : 0), (before[1] ?? 0) + (who === 'b' ? 1 : 0)],
      label,
    );
    if (who === undefined)
      t.match(refusalOf(reply), { kind: 'Status', http: authority.includes(',') ? /4../ : 404 }, label);
    else {
      const received = (who === 'a' ? upstream : other).received.at(-1);
      t.equal(received?.url, got, label);
      t.match(valuesOf(received?.rawHeaders ?? [], 'host')[0], /^127\.0\.0\.1:/, 'the API server’s own name');
    }
  }
});

everySpeech('S20: a path that climbs out of its prefix is refused', async (t, one) => {
  const before = upstream.received.length + other.received.length;
  for (const path of [
    '/clusters/a/../b/version',
    '/clusters/a/%2e%2e/b/version',
    '/clusters/a//version',
    '/clusters/a/..;/b',
    '/clusters/a/%2fversion',
  ]) {
    const reply = await one.call({ path, headers: auth });
    t.match(refusalOf(reply), { http: 400, cause: 'PATH_MALFORMED' }, path);
  }
  t.equal(upstream.received.length + other.received.length, before);
});

// S28: nothing is open because of how it is asked. The gate's own health and metrics are on another port.
everySpeech('S28: no path and no User-Agent passes without a credential', async (t, one) => {
  const before = upstream.received.length;
  for (const path of [
    '/healthz',
    '/livez',
    '/readyz',
    '/metrics',
    '/version',
    '/',
    '/healthz/../api/v1/secrets',
    '/api/v1/secrets?x=/healthz',
  ]) {
    for (const agent of ['kube-probe/1.30', 'GoogleHC/1.0', 'ELB-HealthChecker/2.0']) {
      const reply = await one.call({ path, headers: ['User-Agent', agent] });
      t.ok(reply.status === 401 || reply.status === 400, `${path} ${agent}: ${reply.status}`);
    }
  }
  t.equal(upstream.received.length, before);
});

// S27, CVE-2026-16732: X-Forwarded-For counts only from a trusted proxy, and is read from its end.
const forwarded: readonly [lines: readonly string[], untrusted: string, trusted: string][] = [
  [[], '127.0.0.1', '127.0.0.1'],
  [['198.51.100.7'], '127.0.0.1', '198.51.100.7'],
  [['127.0.0.1'], '127.0.0.1', '127.0.0.1'],
  [['203.0.113.1, 198.51.100.7'], '127.0.0.1', '198.51.100.7'],
  [['203.0.113.1', '198.51.100.7'], '127.0.0.1', '198.51.100.7'],
  [['198.51.100.7, 127.0.0.2'], '127.0.0.1', '198.51.100.7'],
  [['198.51.100.7, junk'], '127.0.0.1', '127.0.0.1'],
  [['2001:db8::1'], '127.0.0.1', '2001:db8::1'],
  [[Array.from({ length: 20 }, (_, i) => `203.0.113.${i}`).join(',')], '127.0.0.1', '203.0.113.19'],
];

t.test('S27: X-Forwarded-For', async (t) => {
  for (const speech of SPEECHES) {
    const near = caller(gate, speech);
    const far = caller(trusting, speech);
    for (const [values, untrusted, trusted] of forwarded) {
      const lines = values.flatMap((value) => ['X-Forwarded-For', value]);
      await near.call({ path: '/x', headers: [...auth, ...lines] });
      t.same(valuesOf(last(), 'x-forwarded-for'), [untrusted], `untrusted ${values}`);
      await far.call({ path: '/x', headers: ['X-Assertion', token, ...lines] });
      t.same(valuesOf(last(), 'x-forwarded-for'), [trusted], `trusted ${values}`);
    }
    near.close();
    far.close();
  }
});

t.test('S27: an assertion header counts only when the peer is a trusted proxy, and ends here', async (t) => {
  for (const speech of SPEECHES) {
    const trusted = caller(trusting, speech);
    const reply = await trusted.call({ path: '/x', headers: ['X-Assertion', token] });
    t.equal(reply.status, 200);
    sawAlice(t, speech);
    t.same(valuesOf(last(), 'x-assertion'), []);
    const before = upstream.received.length;
    t.match(
      refusalOf(await trusted.call({ path: '/x', headers: auth })),
      { http: 401 },
      'a bearer token is not what is configured',
    );
    const untrusted = caller(distrusting, speech);
    for (const lines of [
      ['X-Assertion', token],
      ['X-Assertion', token, 'X-Forwarded-For', '10.0.0.1'],
    ])
      t.match(refusalOf(await untrusted.call({ path: '/x', headers: lines })), {
        http: 401,
        cause: 'CREDENTIALS_MISSING',
      });
    t.equal(upstream.received.length, before);
    trusted.close();
    untrusted.close();
  }
});
