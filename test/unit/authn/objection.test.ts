// Whether who is in would still come in, as the same user: every door, what was changed, and what is said of it.

import { X509Certificate } from 'node:crypto';
import t from 'tap';
import { createMapper, identityOf } from '../../../src/authn/aws/mapper.ts';
import type { CallerIdentity } from '../../../src/authn/aws/sts.ts';
import {
  type CertificateRules,
  createCertificateAuthenticator,
  type PeerCertificate,
} from '../../../src/authn/certificates.ts';
import { createJwtAuthenticator } from '../../../src/authn/jwt.ts';
import { type Doors, objectionTo } from '../../../src/authn/objection.ts';
import { DOOR_EVIDENCE, type Evidence, NO_EVIDENCE } from '../../../src/authn/outcome.ts';
import { makeCA } from '../../../src/certificates.ts';
import type { JwtConfig } from '../../../src/config/config.ts';
import { freezeUserInfo, type UserInfo } from '../../../src/kube/userinfo.ts';
import { CLAIM_RULES } from '../../fakes/authn.ts';
import { makeCRL } from '../../fakes/crl.ts';

const ca = await makeCA('clients');
const below = await ca.intermediate('below');
const other = await makeCA('others');
const PEER = { peerTrusted: false, peerAddress: '192.0.2.1' };
const until = new Date(Date.now() + 3_600_000);
const own = await ca.issue({ commonName: 'jane', organizations: ['dev'], client: true });
const deep = await below.issue({ commonName: 'jane', organizations: ['dev'], client: true });
const JANE = freezeUserInfo({ username: 'jane', groups: ['dev'] });

/** As the connection's: judged by TLS under `ca`. */
function held(pem: string, sent: readonly string[] = []): PeerCertificate {
  const derOf = (one: string) => new X509Certificate(one).raw;
  return { der: derOf(pem), problem: '', authorities: ca.certPem, sent: sent.map(derOf) };
}

function rules(more: Partial<CertificateRules> & { lists?: string } = {}): CertificateRules {
  const { lists, ...rest } = more;
  const revocationLists = lists === undefined ? undefined : Buffer.from(lists);
  return { systemIdentities: 'Refuse', authoritiesPem: ca.certPem, revocationLists, ...rest };
}

const NO_DOORS: Doors = {
  entries: new Map(),
  viewOf: () => {
    throw new TypeError('not asked');
  },
  ...{ certificates: undefined, aws: undefined, serviceAccounts: undefined },
};

interface Held {
  readonly user?: UserInfo;
  readonly certificate?: PeerCertificate;
}

const objectionOf = (evidence: Evidence, { user = JANE, certificate }: Held, doors: Partial<Doors> = {}) =>
  objectionTo({ user, evidence, certificate, config: { jwt: [], awsIAM: undefined } }, PEER, {
    ...NO_DOORS,
    ...doors,
  });

const listed = (pems: readonly string[]) => makeCRL(ca, { revoked: pems, nextUpdate: until });
const stale = await makeCRL(ca, { nextUpdate: new Date(Date.now() - 1000) });
const chainRules = async (revoked: readonly string[]) => {
  const lists = (await listed(revoked)) + (await makeCRL(below, { nextUpdate: until }));
  return rules({ authoritiesPem: ca.certPem + below.certPem, lists });
};

// [what, the certificate, the rules now, what the log hears; undefined when it stays]
const certificates: readonly (readonly [string, PeerCertificate, CertificateRules, RegExp | undefined])[] = [
  ['nothing has changed', held(own.certPem), rules(), undefined],
  ['it is on the list', held(own.certPem), rules({ lists: await listed([own.certPem]) }), /has been revoked/],
  ['another is on the list', held(own.certPem), rules({ lists: await listed([deep.certPem]) }), undefined],
  ['its issuer is on the list', held(deep.certPem), await chainRules([below.certPem]), /has been revoked/],
  ['its issuer is in good standing', held(deep.certPem), await chainRules([]), undefined],
  ['the list is past its next update', held(own.certPem), rules({ lists: stale }), undefined],
  [
    'another authority',
    held(own.certPem),
    rules({ authoritiesPem: other.certPem }),
    /none of the authorities/,
  ],
  ['an authority more', held(own.certPem), rules({ authoritiesPem: other.certPem + ca.certPem }), undefined],
  [
    'an authority more, by what was sent',
    held(deep.certPem, [below.certPem]),
    rules({ authoritiesPem: other.certPem + ca.certPem }),
    undefined,
  ],
  [
    'an authority less, between it and the root',
    held(deep.certPem),
    rules({ authoritiesPem: `${ca.certPem}\n` }),
    /none of the authorities/,
  ],
];
for (const [what, certificate, now, expected] of certificates)
  t.test(`a client certificate: ${what}`, async (t) => {
    const judge = createCertificateAuthenticator(now, { now: Date.now });
    const found = objectionOf(DOOR_EVIDENCE.certificate, { certificate }, { certificates: judge });
    if (expected === undefined) t.equal(found, undefined);
    else t.match(found, { detail: expected, cause: /^(its client certificate has|the authority of its)/ });
  });

t.test(
  'a client certificate that has ended is nothing to object to, and one that is revoked besides is',
  async (t) => {
    const late = { now: () => Date.now() + 40 * 86_400_000 };
    const judge = (more: Parameters<typeof rules>[0] = {}) =>
      createCertificateAuthenticator(rules(more), late);
    t.match(judge().judge(held(own.certPem)), { code: 'CERTIFICATE_EXPIRED' });
    t.equal(judge().objectionTo(JANE, held(own.certPem)), undefined);
    const lists = await listed([own.certPem]);
    t.match(judge({ lists }).objectionTo(JANE, held(own.certPem)), { detail: /revoked/ });
  },
);

t.test('a client certificate that gives somebody else, or nobody', async (t) => {
  const judge = createCertificateAuthenticator(rules(), { now: Date.now });
  const certificate = held(own.certPem);
  t.match(judge.objectionTo(freezeUserInfo({ username: 'jane' }), certificate), { detail: /another user/ });
  const system = await ca.issue({ commonName: 'system:admin', client: true });
  t.match(judge.objectionTo(JANE, held(system.certPem)), { detail: /system:/, cause: '' });
});

t.test('a door that is closed lets nobody stay', async (t) => {
  const closed = [
    [DOOR_EVIDENCE.certificate, /^client certificates are not accepted any more$/],
    [DOOR_EVIDENCE.aws, /^identities of AWS are not accepted any more$/],
    [DOOR_EVIDENCE.serviceAccount, /^service accounts are not accepted any more$/],
  ] as const;
  for (const [evidence, detail] of closed) {
    const certificate = held(own.certPem);
    t.match(objectionOf(evidence, { certificate }), { detail, cause: detail });
  }
  const issuer = { ...NO_EVIDENCE, door: 'jwt', issuer: 'https://gone.example' } as const;
  t.match(objectionOf(issuer, {}), { detail: /its issuer is configured no more/ });
});

const identity: CallerIdentity = {
  rawARN: 'arn:aws:sts::111122223333:assumed-role/Dev/jo@example.com',
  arn: {
    type: 'assumed-role',
    partition: 'aws',
    account: '111122223333',
    session: 'jo@example.com',
    canonical: 'arn:aws:iam::111122223333:role/Dev',
  },
  userID: 'AROAEXAMPLE:jo@example.com',
};

t.test('who a user of AWS is can be told from what the map gave', async (t) => {
  const mapping = { arn: identity.arn.canonical.toLowerCase(), username: '{{SessionName}}', groups: ['dev'] };
  const map = createMapper({ mappings: [mapping], accounts: [] }, 'Refuse');
  const mapped = map(identity, 'ASIAEXAMPLE');
  if (mapped.kind !== 'user') throw new Error(mapped.detail);
  t.same(identityOf(mapped.user), { identity, accessKeyID: 'ASIAEXAMPLE' });
  t.throws(() => identityOf(JANE), TypeError);
});

const CLOUDFLARE = 'https://team.cloudflareaccess.com';
const POMERIUM = 'https://k8s.example.com/';
const ALIAS = 'k8s.example.com';

// [what, the entry now, the claims that let somebody in, what the log hears; undefined when they stay]
const assertions: readonly (readonly [
  string,
  Partial<JwtConfig>,
  Record<string, unknown>,
  RegExp | undefined,
])[] = [
  ['of an application', { preset: 'cloudflare-access' }, { type: 'app' }, undefined],
  ['of the whole team', { preset: 'cloudflare-access' }, { type: 'org' }, /type is "org", must be "app"/],
  ['of the whole team, which no preset looks at', {}, { type: 'org' }, undefined],
  ['by its other name', issuedBy(POMERIUM, ALIAS), { iss: ALIAS }, undefined],
  ['by a name that it has no more', issuedBy(POMERIUM), { iss: ALIAS }, /issuer is "k8s.example.com"/],
  ['of a load balancer', { preset: 'aws-alb', ...issuedBy(CLOUDFLARE) }, { azp: 'client' }, undefined],
];
for (const [what, entry, more, expected] of assertions)
  t.test(`an assertion ${what}`, async (t) => {
    const fetcher = {
      get: () => Promise.reject(new Error('not asked')),
      getText: () => Promise.reject(new Error('not asked')),
      close: async () => {},
    };
    const config: JwtConfig = {
      ...CLAIM_RULES,
      ...issuedBy(CLOUDFLARE),
      ...{ sourceHeader: 'x-assertion', jwksURL: 'https://keys.example', signingAlgorithms: ['ES256'] },
      claimMappings: { ...CLAIM_RULES.claimMappings, username: { claim: 'sub', prefix: '', expression: '' } },
      ...entry,
    };
    const authenticator = createJwtAuthenticator(config, { fetcher });
    t.teardown(() => authenticator.close());
    const claims = { iss: CLOUDFLARE, aud: 'postern', sub: 'jane', ...more };
    const found = authenticator.objectionTo(freezeUserInfo({ username: 'jane', uid: 'jane' }), claims);
    if (expected === undefined) t.equal(found, '');
    else t.match(found, expected);
  });

function issuedBy(url: string, alias?: string): Pick<JwtConfig, 'issuer'> {
  const issuer = { url, discoveryURL: '', audiences: ['postern'], certificateAuthority: '' };
  return { issuer: alias === undefined ? issuer : { ...issuer, alias } };
}
