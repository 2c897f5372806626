// Client certificates and service accounts through a whole gate, over HTTP/1.1, HTTP/2 and upgrades: who the API server is told, and that what is refused
// reaches nobody.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { type CertificatePair, makeCA } from '../../src/certificates.ts';
import { caller, exchangeRaw, refusalOf, SPEECHES, valuesOf } from '../fakes/caller.ts';
import { makeCRL } from '../fakes/crl.ts';
import { startTestGate, type TestGate } from '../fakes/gate.ts';
import { type Handler, startUpstream } from '../fakes/upstream.ts';

const REVIEWS = '/apis/authentication.k8s.io/v1/tokenreviews';
const ACCOUNT = {
  username: 'system:serviceaccount:ci:runner',
  groups: ['system:serviceaccounts', 'system:serviceaccounts:ci', 'system:authenticated'],
};
const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
const accountToken = `${encode({ alg: 'RS256' })}.${encode({ iss: 'https://kubernetes.default.svc', sub: 'x' })}.c2ln`;

/** Answers TokenReviews for one token, everything else by an empty object. */
const handler: Handler = (request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    if (request.url !== REVIEWS) return void response.end('{}');
    const { spec } = JSON.parse(Buffer.concat(chunks).toString()) as { spec: { token: string } };
    const status =
      spec.token === accountToken
        ? { authenticated: true, user: ACCOUNT }
        : { authenticated: false, error: 'no' };
    response.writeHead(201, { 'Content-Type': 'application/json' });
    response.end(JSON.stringify({ kind: 'TokenReview', status }));
  });
};
const clients = await makeCA('clients');
const strangers = await makeCA('strangers');
const upstream = await startUpstream({
  handler,
  onUpgrade: (_request, socket) =>
    socket.end('HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}'),
});
const jane = await clients.issue({ commonName: 'jane', organizations: ['dev', 'ops'], client: true });
const revoked = await clients.issue({ commonName: 'mallory', client: true });
const other = await clients.issue({ commonName: 'joe', client: true });
const stranger = await strangers.issue({ commonName: 'jane', client: true });
const server = await clients.issue({ commonName: 'jane', dnsNames: ['localhost'] });
const admin = await clients.issue({
  commonName: 'system:admin',
  organizations: ['system:masters'],
  client: true,
});

const gate = await startTestGate({
  upstreams: [{ name: 'c', upstream }],
  listen: { clientCAFile: 'clients.crt' },
  before: async (dir) => {
    writeFileSync(join(dir, 'clients.crt'), clients.certPem);
    const nextUpdate = new Date(Date.now() + 3_600_000);
    writeFileSync(
      join(dir, 'clients.crl'),
      await makeCRL(clients, { revoked: [revoked.certPem], nextUpdate }),
    );
  },
  authentication: {
    clientCertificates: { enabled: true, crlFile: 'clients.crl' },
    serviceAccounts: {},
  },
});
t.teardown(async () => {
  await gate.stop();
  await upstream.close();
});

const call = async (
  speech: (typeof SPEECHES)[number],
  client: CertificatePair | undefined,
  headers: string[] = [],
) => {
  const one = caller({ ...gate, ...(client === undefined ? {} : { client }) }, speech);
  const before = upstream.received.length;
  const reply = await one.call({ path: '/api/v1/pods', headers });
  one.close();
  return { reply, forwarded: upstream.received.slice(before).filter(({ url }) => url !== REVIEWS) };
};

for (const speech of SPEECHES) {
  t.test(`a client certificate is the caller, over ${speech}`, async (t) => {
    const { reply, forwarded } = await call(speech, jane);
    t.equal(reply.status, 200);
    const lines = forwarded[0]?.rawHeaders ?? [];
    t.same(valuesOf(lines, 'impersonate-user'), ['jane']);
    t.same(valuesOf(lines, 'impersonate-group'), ['dev', 'ops']);
  });

  t.test(`certificates that are refused reach nobody, over ${speech}`, async (t) => {
    const cases = [
      { client: revoked, http: 401, cause: 'CERTIFICATE_REVOKED' },
      { client: stranger, http: 401, cause: 'CERTIFICATE_UNTRUSTED' },
      { client: server, http: 401, cause: 'CERTIFICATE_UNTRUSTED' }, // without the extended key usage of clients
      { client: admin, http: 403, cause: 'TOKEN_SYSTEM_IDENTITY' },
      { client: undefined, http: 401, cause: 'CREDENTIALS_MISSING' },
    ];
    for (const { client, http, cause } of cases) {
      const { reply, forwarded } = await call(speech, client);
      t.match(refusalOf(reply), { http, cause });
      t.same(forwarded, []);
    }
  });

  t.test(`a token beside a certificate that is somebody is refused, over ${speech}`, async (t) => {
    const auth = ['Authorization', `Bearer ${await gate.token()}`];
    const both = await call(speech, jane, auth);
    t.match(refusalOf(both.reply), { http: 400, cause: 'CREDENTIALS_CONFLICT' });
    t.same(both.forwarded, []);
    const { reply, forwarded } = await call(speech, stranger, auth);
    t.equal(reply.status, 200, 'one that is nobody here is no credential');
    t.same(valuesOf(forwarded[0]?.rawHeaders ?? [], 'impersonate-user'), ['alice@example.com']);
  });

  t.test(`a service account's token is reviewed by the cluster, over ${speech}`, async (t) => {
    const { reply, forwarded } = await call(speech, undefined, ['Authorization', `Bearer ${accountToken}`]);
    t.equal(reply.status, 200);
    const lines = forwarded[0]?.rawHeaders ?? [];
    t.same(valuesOf(lines, 'impersonate-user'), [ACCOUNT.username]);
    t.same(valuesOf(lines, 'impersonate-group'), ACCOUNT.groups);
    t.same(valuesOf(lines, 'authorization'), ['Bearer gate-own-token']);
    const bad = await call(speech, undefined, [
      'Authorization',
      `Bearer ${accountToken.replace('c2ln', 'AAAA')}`,
    ]);
    t.match(refusalOf(bad.reply), { http: 401, cause: 'TOKEN_REFUSED_BY_CLUSTER' });
    t.same(bad.forwarded, []);
  });
}

t.test('the cluster is asked once for a token that comes again', async (t) => {
  const reviews = () => upstream.received.filter(({ url }) => url === REVIEWS).length;
  await call('h1', undefined, ['Authorization', `Bearer ${accountToken}`]);
  const before = reviews();
  for (let i = 0; i < 5; i++) await call('h1', undefined, ['Authorization', `Bearer ${accountToken}`]);
  t.equal(reviews(), before);
});

const upgradeRequest = [
  'GET /api/v1/namespaces/n/pods/p/exec?command=id HTTP/1.1',
  'Host: x',
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Protocol: v5.channel.k8s.io',
  '\r\n',
].join('\r\n');

t.test('upgrades come by certificate, too', async (t) => {
  const before = upstream.received.length;
  const bad = await gate.connect({ cert: revoked.certPem, key: revoked.keyPem });
  t.match((await exchangeRaw(bad, upgradeRequest)).toString(), /^HTTP\/1.1 401 [\s\S]*CERTIFICATE_REVOKED/);
  t.equal(upstream.received.length, before);
  const good = await gate.connect({ cert: jane.certPem, key: jane.keyPem });
  t.match(
    (await exchangeRaw(good, upgradeRequest)).toString(),
    /^HTTP\/1.1 403 /,
    "the API server's own answer",
  );
  t.same(valuesOf(upstream.received.at(-1)?.rawHeaders ?? [], 'impersonate-user'), ['jane']);
});

t.test('a resumed TLS session is still the same person', async (t) => {
  const first = await gate.connect({ cert: jane.certPem, key: jane.keyPem });
  const session = await new Promise<Buffer>((resolve) => first.once('session', resolve));
  first.destroy();
  const again = await gate.connect({ cert: jane.certPem, key: jane.keyPem, session });
  t.ok(again.isSessionReused());
  await exchangeRaw(again, upgradeRequest);
  t.same(valuesOf(upstream.received.at(-1)?.rawHeaders ?? [], 'impersonate-user'), ['jane']);
});

t.test('whom TLS did not trust is not trusted in a resumed session either', async (t) => {
  const first = await gate.connect({ cert: stranger.certPem, key: stranger.keyPem });
  const session = await new Promise<Buffer>((resolve) => first.once('session', resolve));
  first.destroy();
  const before = upstream.received.length;
  const again = await gate.connect({ cert: stranger.certPem, key: stranger.keyPem, session });
  t.match(
    (await exchangeRaw(again, upgradeRequest)).toString(),
    /^HTTP\/1.1 401 [\s\S]*CERTIFICATE_UNTRUSTED/,
  );
  t.equal(upstream.received.length, before);
});

t.test('a list that changes counts for the next request on an open connection', async (t) => {
  const one = caller({ ...gate, client: jane }, 'h2');
  t.equal((await one.call({ path: '/api/v1/pods' })).status, 200);
  await revoke(gate, jane);
  t.match(refusalOf(await one.call({ path: '/api/v1/pods' })), { http: 401, cause: 'CERTIFICATE_REVOKED' });
  one.close();
  t.equal(
    (await gate.metric('postern_authentication_total{source="certificate",outcome="rejected"}')) > 0,
    true,
  );
});

t.test('a session cannot be resumed once its authority is none of ours any more', async (t) => {
  const first = await gate.connect({ cert: other.certPem, key: other.keyPem });
  const session = await new Promise<Buffer>((resolve) => first.once('session', resolve));
  t.match((await exchangeRaw(first, upgradeRequest)).toString(), /^HTTP\/1.1 403 /, 'good before');
  writeFileSync(join(gate.dir, 'clients.crt'), strangers.certPem);
  const nextUpdate = new Date(Date.now() + 3_600_000);
  writeFileSync(join(gate.dir, 'clients.crl'), await makeCRL(strangers, { nextUpdate }));
  t.ok(gate.gate.reload());
  const before = upstream.received.length;
  const again = await gate.connect({ cert: other.certPem, key: other.keyPem, session });
  t.notOk(again.isSessionReused());
  t.match(
    (await exchangeRaw(again, upgradeRequest)).toString(),
    /^HTTP\/1.1 401 [\s\S]*CERTIFICATE_UNTRUSTED/,
  );
  t.equal(upstream.received.length, before);
});

async function revoke({ dir, gate: running }: TestGate, { certPem }: CertificatePair): Promise<void> {
  const list = await makeCRL(clients, { revoked: [certPem], nextUpdate: new Date(Date.now() + 3_600_000) });
  writeFileSync(join(dir, 'clients.crl'), list);
  running.reload();
}
