// Identities of AWS through a whole gate, beside an issuer: a local STS that verifies signatures, a map in a file, and an API server that
// remembers what reached it.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { BEARER_SUBPROTOCOL_PREFIX } from '../../src/authn/credentials.ts';
import { caller, refusalOf, SPEECHES, valuesOf } from '../fakes/caller.ts';
import { startTestGate } from '../fakes/gate.ts';
import { jwtEntry } from '../fakes/gatefiles.ts';
import { startIssuer } from '../fakes/issuer.ts';
import { ACCOUNT, makeSession, makeUser } from '../fakes/principals.ts';
import { presign, tokenOf } from '../fakes/sigv4.ts';
import { type Principal, startSts } from '../fakes/sts.ts';
import { startUpstream } from '../fakes/upstream.ts';

const dev = makeSession('Dev', 'jo@example.com');
const admin = makeSession('Admin', 'jo');
const stranger = makeUser('stranger');
const ASSERTION = 'X-Pomerium-Jwt-Assertion';

function mapOf(username: string): string {
  return `mapRoles: |
  - rolearn: arn:aws:iam::${ACCOUNT}:role/Dev
    username: ${username}
    groups: [developers]
  - rolearn: arn:aws:iam::${ACCOUNT}:role/Admin
    username: admin
    groups: [system:masters]
`;
}

const directory = t.testdir({ 'aws-auth.yaml': mapOf('dev:{{SessionName}}') });
const mapFile = join(directory, 'aws-auth.yaml');
let shift = 0;
const now = () => Date.now() + shift;
const sts = await startSts({ principals: [dev, admin, stranger], now });
const upstream = await startUpstream();
const issuer = await startIssuer();
const gate = await startTestGate({
  issuer,
  upstreams: [{ name: 'a', upstream }],
  listen: { trustedProxies: ['127.0.0.1'] },
  config: {
    authentication: {
      jwt: [jwtEntry(issuer), jwtEntry(issuer, { source: { header: ASSERTION } })],
      awsIAM: { clusterID: 'prod', mapFile, stsRegions: ['eu-west-1'] },
    },
  },
  now,
  stsRoute: sts.route,
});
t.teardown(async () => {
  await gate.stop();
  await issuer.close();
  await upstream.close();
  await sts.close();
});

function token(credentials: Principal, more: Partial<Parameters<typeof presign>[0]> = {}): string {
  return tokenOf(presign({ credentials, clusterID: 'prod', region: 'eu-west-1', now: now(), ...more }));
}

const bearer = (text: string) => ['Authorization', `Bearer ${text}`];

for (const [index, speech] of SPEECHES.entries())
  t.test(`a mapped identity goes on as its user (${speech})`, async (t) => {
    const one = caller(gate, speech);
    t.teardown(() => one.close());
    // Of another minute each: the same one would be remembered.
    const headers = bearer(token(dev, { now: now() - 60_000 * (1 + index) }));
    const asked = sts.asked.length;
    for (const path of ['/api/v1/pods', '/api/v1/nodes']) {
      const before = upstream.received.length;
      t.equal((await one.call({ path, headers })).status, 200);
      const lines = upstream.received[before]?.rawHeaders ?? [];
      t.same(valuesOf(lines, 'impersonate-user'), ['dev:jo-example.com']);
      t.same(valuesOf(lines, 'impersonate-group'), ['developers']);
      t.match(valuesOf(lines, 'impersonate-uid'), [/^aws-iam-authenticator:111122223333:AROA[0-9A-F]+$/]);
      t.same(valuesOf(lines, 'impersonate-extra-arn'), [dev.arn]);
      t.same(valuesOf(lines, 'impersonate-extra-sessionname'), ['jo@example.com']);
      t.same(valuesOf(lines, 'authorization'), ['Bearer gate-own-token'], 'and the token does not');
    }
    t.equal(sts.asked.length, asked + 1, 'STS is asked once for a token');
  });

t.test('in the WebSocket bearer subprotocol too', async (t) => {
  const one = caller(gate, 'h1');
  t.teardown(() => one.close());
  const element = BEARER_SUBPROTOCOL_PREFIX + Buffer.from(token(stranger)).toString('base64url');
  const headers = ['Connection', 'Upgrade', 'Upgrade', 'websocket', 'Sec-WebSocket-Version', '13'];
  headers.push('Sec-WebSocket-Key', Buffer.alloc(16).toString('base64'));
  headers.push('Sec-WebSocket-Protocol', `v5.channel.k8s.io, ${element}`);
  const before = upstream.received.length;
  const path = '/api/v1/namespaces/n/pods/p/exec?command=id';
  t.match(refusalOf(await one.call({ path, headers })), { code: 403, cause: 'AWS_IDENTITY_UNMAPPED' });
  t.equal(upstream.received.length, before);
});

t.test('a token of the issuer is judged as before', async (t) => {
  const one = caller(gate, 'h1');
  t.teardown(() => one.close());
  const asked = sts.asked.length;
  t.equal((await one.call({ path: '/api/v1/pods', headers: bearer(await gate.token()) })).status, 200);
  t.equal(sts.asked.length, asked);
});

for (const [name, headers, status, code] of [
  ['nobody mapped it', () => bearer(token(stranger)), 403, 'AWS_IDENTITY_UNMAPPED'],
  ['system: is refused', () => bearer(token(admin)), 403, 'TOKEN_SYSTEM_IDENTITY'],
  ['for another cluster', () => bearer(token(dev, { clusterID: 'test' })), 401, 'AWS_TOKEN_REFUSED'],
  ['of another region', () => bearer(token(dev, { region: 'us-east-1' })), 401, 'AWS_TOKEN_MALFORMED'],
  ['expired', () => bearer(token(dev, { now: now() - 15 * 60_000 - 1000 })), 401, 'TOKEN_EXPIRED'],
  ['ahead of time', () => bearer(token(dev, { now: now() + 6 * 60_000 })), 401, 'TOKEN_NOT_YET_VALID'],
  ['nonsense', () => bearer('k8s-aws-v1.nonsense'), 401, 'AWS_TOKEN_MALFORMED'],
  ['in an assertion header', () => [ASSERTION, token(dev)], 401, 'TOKEN_MALFORMED'],
  ['twice', () => [...bearer(token(dev)), ...bearer(token(dev))], 400, 'CREDENTIALS_CONFLICT'],
] as const)
  t.test(`refused, and nothing goes on: ${name}`, async (t) => {
    const one = caller(gate, 'h1');
    t.teardown(() => one.close());
    const before = upstream.received.length;
    t.match(refusalOf(await one.call({ path: '/api/v1/pods', headers: headers() })), {
      code: status,
      cause: code,
    });
    t.equal(upstream.received.length, before);
  });

t.test('while STS does not answer it is 503, but for tokens that were judged', async (t) => {
  const one = caller(gate, 'h1');
  t.teardown(() => {
    sts.setAnswer(undefined);
    one.close();
  });
  const known = bearer(token(dev));
  t.equal((await one.call({ path: '/api/v1/pods', headers: known })).status, 200);
  sts.setAnswer((request) => request.socket.destroy());
  const before = upstream.received.length;
  // Another date is another signature.
  const other = bearer(token(dev, { now: now() - 5 * 60_000 }));
  t.match(refusalOf(await one.call({ path: '/api/v1/pods', headers: other })), {
    code: 503,
    cause: 'AUTHENTICATION_UNAVAILABLE',
  });
  t.equal(upstream.received.length, before);
  t.equal((await one.call({ path: '/api/v1/pods', headers: known })).status, 200);
  t.equal(await gate.metric('postern_authentication_total{source="aws",outcome="unavailable"}'), 1);
});

t.test('a remembered token ends a quarter of an hour after its date', async (t) => {
  const one = caller(gate, 'h1');
  t.teardown(() => {
    shift = 0;
    one.close();
  });
  const headers = bearer(token(dev, { now: now() - 14 * 60_000 }));
  t.equal((await one.call({ path: '/api/v1/pods', headers })).status, 200);
  shift = 61_000;
  const before = upstream.received.length;
  t.match(refusalOf(await one.call({ path: '/api/v1/pods', headers })), {
    code: 401,
    cause: 'TOKEN_EXPIRED',
  });
  t.equal(upstream.received.length, before);
});

t.test('the map is read again when it changes; a broken one is refused and the old one stays', async (t) => {
  const one = caller(gate, 'h1');
  t.teardown(() => one.close());
  const headers = bearer(token(dev));
  const nameOf = async () => {
    const before = upstream.received.length;
    await one.call({ path: '/api/v1/pods', headers });
    return valuesOf(upstream.received[before]?.rawHeaders ?? [], 'impersonate-user')[0];
  };
  t.equal(await nameOf(), 'dev:jo-example.com');
  writeFileSync(mapFile, mapOf('"{{Nonsense}}"'));
  t.equal(gate.gate.reload(), false);
  const refused = await gate.logged(({ msg }) => msg === 'configuration refused, the running one stays');
  t.match(refused['problems'], [/aws-auth\.yaml:3:15 mapRoles\[0\]\.username: has the unknown placeholder/]);
  t.equal(await nameOf(), 'dev:jo-example.com');
  writeFileSync(mapFile, mapOf('renamed'));
  await gate.logged(({ msg }) => msg === 'configuration taken up');
  t.equal(await nameOf(), 'renamed', 'for the same token, at once');
});

t.test('no token is in the log', async (t) => {
  t.notMatch(gate.log.join(''), /X-Amz-Signature|k8s-aws-v1\.[A-Za-z0-9]|WC1BbXot/);
});
