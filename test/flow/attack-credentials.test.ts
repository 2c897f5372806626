import t from 'tap';
import { refusalOf, valuesOf } from '../fakes/caller.ts';
import { craftToken, startIssuer } from '../fakes/issuer.ts';
import { startTwoClusters } from './twoclusters.ts';

// Requests without a good credential, from field-lessons.md §4 (the S numbers), at the level of whole requests; the kinds of credentials have
// their own tests. A refusal must have reached nobody.

const { auth, callers, everySpeech, issuer, token, upstream } = await startTwoClusters();

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
