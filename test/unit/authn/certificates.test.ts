// Client certificates as users: what kube-apiserver's x509 authenticator reads from them (pkg/authentication/request/x509/x509_test.go), and what revocation
// lists do to them.

import { X509Certificate } from 'node:crypto';
import t from 'tap';
import {
  createCertificateAuthenticator,
  type PeerCertificate,
  type RenewalEvent,
} from '../../../src/authn/certificates.ts';
import { type CertificateRequest, makeCA } from '../../../src/certificates.ts';
import { DerError } from '../../../src/x509/der.ts';
import { makeCRL } from '../../fakes/crl.ts';

const DAY_MS = 86_400_000;
const ca = await makeCA('clients');
const other = await makeCA('others');

async function issue(
  request: Partial<CertificateRequest>,
  from = ca,
): Promise<PeerCertificate & { pem: string }> {
  const { certPem } = await from.issue({ commonName: 'jane', client: true, ...request });
  return { der: new X509Certificate(certPem).raw, problem: '', authorities: ca.certPem, pem: certPem };
}

function authenticator(more: { lists?: string; systemIdentities?: 'Allow'; now?: () => number } = {}) {
  return createCertificateAuthenticator(
    {
      systemIdentities: more.systemIdentities ?? 'Refuse',
      authoritiesPem: ca.certPem,
      revocationLists: more.lists === undefined ? undefined : Buffer.from(more.lists),
    },
    { now: more.now ?? Date.now },
  );
}

const users = [
  { request: { commonName: 'jane' }, username: 'jane', groups: [] },
  {
    request: { commonName: 'jane', organizations: ['dev', 'ops'] },
    username: 'jane',
    groups: ['dev', 'ops'],
  },
  { request: { commonName: 'O=admins, CN=x' }, username: 'O=admins, CN=x', groups: [] },
  {
    request: { commonName: 'jané 😀', organizations: ['a,b', 'c+d=e'] },
    username: 'jané 😀',
    groups: ['a,b', 'c+d=e'],
  },
];
for (const commonName of ['\ufeffjane', 'jane ', 'ja\nne'])
  t.test(`nobody: ${JSON.stringify(commonName)} cannot be carried`, async (t) => {
    t.match(authenticator().judge(await issue({ commonName })), { kind: 'rejected', code: 'TOKEN_CLAIMS' });
  });

for (const { request, username, groups } of users)
  t.test(`is ${username} in ${JSON.stringify(groups)}`, async (t) => {
    const certificate = await issue(request);
    t.match(authenticator().judge(certificate), {
      kind: 'user',
      user: { username, groups, uid: '' },
      expiresAt: new X509Certificate(certificate.pem).validToDate.getTime(),
      source: 'certificate',
    });
  });

t.test('the uid is the attribute of Kubernetes, once and not empty', async (t) => {
  t.match(authenticator().judge(await issue({ uids: ['u-1'] })), { kind: 'user', user: { uid: 'u-1' } });
  for (const uids of [['u-1', 'u-2'], ['u-1', 'u-1'], ['']])
    t.match(authenticator().judge(await issue({ uids })), {
      kind: 'rejected',
      code: 'CERTIFICATE_UNTRUSTED',
      detail: /uid/,
    });
});

t.test('a certificate without CN is no credential', async (t) => {
  t.match(authenticator().judge(await issue({ commonName: '' })), { kind: 'noOpinion' });
});

const refusals = [
  { name: 'system:admin', request: { commonName: 'system:admin' }, code: 'TOKEN_SYSTEM_IDENTITY' },
  {
    name: 'group system:masters',
    request: { organizations: ['system:masters'] },
    code: 'TOKEN_SYSTEM_IDENTITY',
  },
  { name: 'a line break', request: { commonName: 'a\r\nImpersonate-Group: x' }, code: 'TOKEN_CLAIMS' },
  {
    name: 'not valid yet',
    request: { notBefore: new Date(Date.now() + DAY_MS) },
    code: 'CERTIFICATE_EXPIRED',
  },
  {
    name: 'expired',
    request: { notBefore: new Date(Date.now() - 2 * DAY_MS), notAfter: new Date(Date.now() - DAY_MS) },
    code: 'CERTIFICATE_EXPIRED',
  },
];
for (const { name, request, code } of refusals)
  t.test(`refused: ${name}`, async (t) => {
    t.match(authenticator().judge(await issue(request)), { kind: 'rejected', code, source: 'certificate' });
  });

t.test('systemIdentities: Allow lets system: names through', async (t) => {
  const certificate = await issue({ commonName: 'system:admin', organizations: ['system:masters'] });
  t.match(authenticator({ systemIdentities: 'Allow' }).judge(certificate), { kind: 'user' });
});

t.test('what TLS does not take for one of ours is refused, whatever it says', async (t) => {
  const certificate = { ...(await issue({})), problem: 'SELF_SIGNED_CERT_IN_CHAIN' };
  t.match(authenticator().judge(certificate), {
    kind: 'rejected',
    code: 'CERTIFICATE_UNTRUSTED',
    detail: /SELF_SIGNED/,
  });
});

t.test('what is no certificate is refused', async (t) => {
  const judge = authenticator();
  for (const der of [Buffer.alloc(0), Buffer.from('30030201', 'hex'), Buffer.from('3000', 'hex')])
    t.match(judge.judge({ der, problem: '' }), { kind: 'rejected', code: 'CERTIFICATE_UNTRUSTED' });
});

t.test('a good one of this moment is refused once its time is over, on the same connection', async (t) => {
  let now = Date.now();
  const judge = authenticator({ now: () => now });
  const certificate = await issue({ notAfter: new Date(now + DAY_MS) });
  t.match(judge.judge(certificate), { kind: 'user' });
  now += DAY_MS + 1000;
  t.match(judge.judge(certificate), { kind: 'rejected', code: 'CERTIFICATE_EXPIRED' });
});

t.test('revocation lists', async (t) => {
  const bad = await issue({ commonName: 'mallory' });
  const good = await issue({});
  const until = new Date(Date.now() + DAY_MS);
  const list = await makeCRL(ca, { revoked: [bad.pem], nextUpdate: until });
  const judge = authenticator({ lists: list });
  t.match(judge.judge(bad), { kind: 'rejected', code: 'CERTIFICATE_REVOKED' });
  t.match(judge.judge(good), { kind: 'user' });
  t.match(
    judge.judge(await issue({}, other)),
    { kind: 'unavailable' },
    'no list of its issuer: nobody can tell',
  );
  t.match(
    authenticator({ lists: await makeCRL(ca, { nextUpdate: until }) }).judge(good),
    { kind: 'user' },
    'an empty one',
  );
  const stale = await makeCRL(ca, { revoked: [bad.pem], nextUpdate: new Date(Date.now() - 1000) });
  t.match(authenticator({ lists: stale }).judge(good), { kind: 'unavailable' }, 'past its next update');
  t.match(authenticator({ lists: stale }).judge(bad), { kind: 'rejected' }, 'revoked stays revoked');
  const early = await makeCRL(ca, {
    thisUpdate: new Date(Date.now() + DAY_MS),
    nextUpdate: new Date(Date.now() + 2 * DAY_MS),
  });
  t.match(authenticator({ lists: early }).judge(good), { kind: 'unavailable' }, 'not in force yet');
  t.match(authenticator({ lists: stale + list }).judge(good), { kind: 'user' }, 'several in a file');
});

t.test('an authority that is revoked takes with it whom it let in', async (t) => {
  const below = await ca.intermediate('below');
  const deep = await below.intermediate('deep');
  const nextUpdate = new Date(Date.now() + DAY_MS);
  const authoritiesPem = ca.certPem + below.certPem + deep.certPem;
  const judge = async (revoked: readonly string[]) => {
    const lists = [
      await makeCRL(ca, { revoked, nextUpdate }),
      await makeCRL(below, { nextUpdate }),
      await makeCRL(deep, { nextUpdate }),
    ];
    return createCertificateAuthenticator(
      { systemIdentities: 'Refuse', authoritiesPem, revocationLists: Buffer.from(lists.join('')) },
      { now: Date.now },
    ).judge(await issue({}, deep));
  };
  t.match(await judge([]), { kind: 'user' });
  t.match(await judge([below.certPem]), { kind: 'rejected', code: 'CERTIFICATE_REVOKED' });
});

t.test('it is said once that a list should be renewed, and once that it is too late', async (t) => {
  let now = Date.now();
  const nextUpdate = new Date(Math.trunc(now / 1000) * 1000 + 4 * DAY_MS);
  const list = (until: Date) => makeCRL(ca, { thisUpdate: new Date(now - 1000), nextUpdate: until });
  const said: RenewalEvent[] = [];
  const lists = (await list(nextUpdate)) + (await list(new Date(now + DAY_MS)));
  const judge = createCertificateAuthenticator(
    { systemIdentities: 'Refuse', authoritiesPem: ca.certPem, revocationLists: Buffer.from(lists) },
    { now: () => now },
    (event) => said.push(event),
  );
  const certificate = await issue({});
  const twice = () => [judge.judge(certificate), judge.judge(certificate)];
  now += 2 * DAY_MS;
  twice();
  t.same(said, [], 'a later list of the same issuer is in force');
  now += 1.5 * DAY_MS;
  t.match(twice(), [{ kind: 'user' }, { kind: 'user' }]);
  t.same(said, [{ nextUpdate: nextUpdate.getTime(), isOver: false }]);
  now += DAY_MS;
  t.match(twice(), [{ kind: 'unavailable' }, { kind: 'unavailable' }]);
  t.same(said.slice(1), [{ nextUpdate: nextUpdate.getTime(), isOver: true }]);
});

t.test('lists that can not be believed', async (t) => {
  const until = new Date(Date.now() + DAY_MS);
  const good = await makeCRL(ca, { nextUpdate: until });
  const wrong = [
    ['', /holds no revocation list/],
    ['-----BEGIN X509 CRL-----\nMAA=\n-----END X509 CRL-----\n', /missing/],
    [await makeCRL(other, { nextUpdate: until }), /none of the authorities/],
    [await makeCRL(ca, { nextUpdate: until }, other), /signature/],
    [await makeCRL(ca, {}), /next update/],
    // Beside a good one: what it would say of its own would be missing, and nobody would know.
    [`${good}${good.replace('-----END X509 CRL-----', '')}`, /cannot be read/],
    [`${good.replace('\n', '\nProc-Type: 4\n')}${good}`, /cannot be read/],
    [`${good.replaceAll('X509 CRL', 'CRL')}${good}`, /cannot be read/],
  ] as const;
  for (const [lists, message] of wrong)
    t.throws(() => authenticator({ lists }), { constructor: DerError, message });
});
