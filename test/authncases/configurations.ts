// Entries that must not load: what is wrong, and the paths that kube-apiserver prints for it (after the entry's own), in the order of
// the entry. `postern check` must name the same ones.

import { type Entry, username } from './case.ts';

/** [the fact, the entry, the paths] */
export type BadEntry = readonly [fact: string, entry: Entry, paths: readonly string[]];

const PEM = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n';
const issuer = (over: Readonly<Record<string, unknown>>): Entry => ({ issuer: () => over });
const mappings = (claimMappings: Readonly<Record<string, unknown>>): Entry => ({ claimMappings });
const name = (mapping: object): Entry => mappings({ username: mapping });
const groups = (mapping: object): Entry => mappings({ ...username('sub'), groups: mapping });
const uid = (mapping: object): Entry => mappings({ ...username('sub'), uid: mapping });
const extra = (...list: readonly object[]): Entry => mappings({ ...username('sub'), extra: list });
const extraKey = (key: string): Entry => extra({ key, valueExpression: "'x'" });
const claimRules = (...claimValidationRules: readonly Readonly<Record<string, unknown>>[]): Entry => ({
  claimValidationRules,
});
const userRules = (...userValidationRules: readonly Readonly<Record<string, unknown>>[]): Entry => ({
  userValidationRules,
});
const KEY = 'claimMappings.extra[0].key';
const NAME = 'claimMappings.username.expression';

/** pkg/apis/apiserver/validation validateJWTAuthenticator, and validation_test.go. */
export const BAD_ENTRIES: readonly BadEntry[] = [
  ['an issuer without URL', issuer({ url: '' }), ['issuer.url']],
  ['an issuer over http', issuer({ url: 'http://a.example' }), ['issuer.url']],
  ['an issuer with a user', issuer({ url: 'https://u:p@b.example' }), ['issuer.url']],
  ['an issuer with a query', issuer({ url: 'https://c.example/?x=y' }), ['issuer.url']],
  ['an issuer with a fragment', issuer({ url: 'https://d.example/#x' }), ['issuer.url']],
  ['discovery over http', issuer({ discoveryURL: 'http://a.example' }), ['issuer.discoveryURL']],
  [
    "discovery at the issuer's own URL",
    issuer({ url: 'https://e.example', discoveryURL: 'https://e.example/' }),
    ['issuer.discoveryURL'],
  ],
  ['no audience', issuer({ audiences: [] }), ['issuer.audiences']],
  ['an empty audience', issuer({ audiences: [''] }), ['issuer.audiences[0]']],
  [
    'an audience twice',
    issuer({ audiences: ['a', 'b', 'a'], audienceMatchPolicy: 'MatchAny' }),
    ['issuer.audiences[2]'],
  ],
  ['two audiences without a policy', issuer({ audiences: ['a', 'b'] }), ['issuer.audienceMatchPolicy']],
  ['another policy', issuer({ audienceMatchPolicy: 'MatchAll' }), ['issuer.audienceMatchPolicy']],
  ['no certificate', issuer({ certificateAuthority: 'here' }), ['issuer.certificateAuthority']],
  ['a broken certificate', issuer({ certificateAuthority: PEM }), ['issuer.certificateAuthority']],
  [
    'an egress selector of another name',
    issuer({ egressSelectorType: 'etcd' }),
    ['issuer.egressSelectorType'],
  ],
  ['no user name', mappings({}), ['claimMappings.username']],
  ['a claim without a prefix', name({ claim: 'sub' }), ['claimMappings.username.prefix']],
  ['a claim and an expression', name({ claim: 'sub', expression: 'claims.sub' }), ['claimMappings.username']],
  [
    'an expression and a prefix',
    name({ expression: 'claims.sub', prefix: '' }),
    ['claimMappings.username.prefix'],
  ],
  ['groups without a prefix', groups({ claim: 'groups' }), ['claimMappings.groups.prefix']],
  ['groups twice', groups({ claim: 'groups', prefix: '', expression: 'claims.g' }), ['claimMappings.groups']],
  [
    'groups by expression with a prefix',
    groups({ expression: 'claims.g', prefix: 'x' }),
    ['claimMappings.groups.prefix'],
  ],
  ['a uid twice', uid({ claim: 'sub', expression: 'claims.sub' }), ['claimMappings.uid']],
  ['an extra without a key', extraKey(''), [KEY]],
  ['an extra without a domain', extraKey('foo'), [KEY]],
  ['an extra without a path', extraKey('example.org/'), [KEY]],
  ['an extra in upper case', extraKey('example.org/Foo'), [KEY]],
  ['an extra of a domain in upper case', extraKey('Example.org/foo'), [KEY]],
  ['an extra of kubernetes.io', extraKey('kubernetes.io/foo'), [KEY]],
  ['an extra beneath kubernetes.io', extraKey('example.kubernetes.io/foo'), [KEY]],
  ['an extra of k8s.io', extraKey('k8s.io/foo'), [KEY]],
  ['an extra with a space', extraKey('example.org/a b'), [KEY]],
  ['an extra with an @', extraKey('example.org/a@b'), [KEY]],
  [
    'an extra twice',
    extra({ key: 'example.org/a', valueExpression: "'1'" }, { key: 'example.org/a', valueExpression: "'2'" }),
    ['claimMappings.extra[1].key'],
  ],
  [
    'an extra without an expression',
    extra({ key: 'example.org/a', valueExpression: '' }),
    ['claimMappings.extra[0].valueExpression'],
  ],
  [
    'an extra whose expression is none',
    extra({ key: 'example.org/a', valueExpression: 'claims.' }),
    ['claimMappings.extra[0].valueExpression'],
  ],
  ['an empty rule', claimRules({}), ['claimValidationRules[0]']],
  ['a rule twice over', claimRules({ claim: 'a', expression: 'true' }), ['claimValidationRules[0]']],
  [
    'a rule with the wrong message',
    claimRules({ claim: 'a', message: 'x' }),
    ['claimValidationRules[0].message'],
  ],
  [
    'a rule with the wrong value',
    claimRules({ expression: 'true', requiredValue: 'x' }),
    ['claimValidationRules[0].requiredValue'],
  ],
  ['a required claim twice', claimRules({ claim: 'a' }, { claim: 'a' }), ['claimValidationRules[1].claim']],
  [
    'a rule twice',
    claimRules({ expression: 'true' }, { expression: 'true' }),
    ['claimValidationRules[1].expression'],
  ],
  ['a rule that gives a string', claimRules({ expression: "'a'" }), ['claimValidationRules[0].expression']],
  [
    'a rule that gives whatever',
    claimRules({ expression: 'claims.a' }),
    ['claimValidationRules[0].expression'],
  ],
  [
    'a rule over the user',
    claimRules({ expression: "user.username == 'a'" }),
    ['claimValidationRules[0].expression'],
  ],
  ['a user rule without expression', userRules({ expression: '' }), ['userValidationRules[0].expression']],
  [
    'a user rule over claims',
    userRules({ expression: "claims.sub == 'a'" }),
    ['userValidationRules[0].expression'],
  ],
  [
    'a user rule over what users have not',
    userRules({ expression: "user.name == 'a'" }),
    ['userValidationRules[0].expression'],
  ],
  [
    'a user rule of the wrong type',
    userRules({ expression: 'user.groups == 1' }),
    ['userValidationRules[0].expression'],
  ],
  [
    'a user rule twice',
    userRules({ expression: 'true' }, { expression: 'true' }),
    ['userValidationRules[1].expression'],
  ],
  ['an expression with a word too much', name({ expression: 'claims.sub claims' }), [NAME]],
  ['an unknown function', name({ expression: 'claims.sub.shout()' }), [NAME]],
  ['an unknown variable', name({ expression: 'token.sub' }), [NAME]],
  ['a list and a string', name({ expression: "['a'] + 'b'" }), [NAME]],
  [
    'a loop over what may be anything',
    groups({ expression: "claims.g.map(x, 'a' + x)" }),
    ['claimMappings.groups.expression'],
  ],
  ['cel.bind', name({ expression: 'cel.bind(x, claims.sub, x + x)' }), [NAME]],
  ['an email that nobody verified', name({ expression: 'claims.email' }), [NAME]],
  [
    'an email that nobody verified, within something',
    name({ expression: "['x:' + claims.?email.orValue('')][0].trim()" }),
    [NAME],
  ],
  [
    'an email whose verification only a user rule could see',
    { ...name({ expression: 'claims.email' }), userValidationRules: [{ expression: "user.username != ''" }] },
    [NAME],
  ],
];

/** Documents that must not load as a whole: [the fact, the document, what the log says, the path that Postern names]. */
export type BadDocument = readonly [
  fact: string,
  document: (entry: () => object) => object,
  reason: string,
  path: string,
];

const HEAD = { apiVersion: 'apiserver.config.k8s.io/v1', kind: 'AuthenticationConfiguration' };

/** pkg/apis/apiserver/validation ValidateAuthenticationConfiguration; strict decoding. `entry` makes another good one each time. */
export const BAD_DOCUMENTS: readonly BadDocument[] = [
  [
    '65 entries',
    (entry) => ({ ...HEAD, jwt: Array.from({ length: 65 }, entry) }),
    'jwt: Too many: 65: must have at most 64 items',
    'jwt',
  ],
  [
    'an issuer twice',
    (entry) => {
      const one = entry();
      return { ...HEAD, jwt: [one, one] };
    },
    'jwt[1].issuer.url: Duplicate value',
    'jwt[1].issuer.url',
  ],
  [
    'an unknown key',
    (entry) => ({ ...HEAD, jwt: [{ ...entry(), audiences: [] }] }),
    'unknown field \\"jwt[0].audiences\\"',
    'jwt[0].audiences',
  ],
  ['an unknown key at the top', () => ({ ...HEAD, jwts: [] }), 'unknown field \\"jwts\\"', 'jwts'],
  ['another case of a key', (entry) => ({ ...HEAD, JWT: [entry()] }), 'unknown field \\"JWT\\"', 'JWT'],
  [
    'another kind',
    () => ({ ...HEAD, kind: 'AuthorizationConfiguration', authorizers: [] }),
    'expected AuthenticationConfiguration',
    'kind',
  ],
  [
    'another version',
    () => ({ ...HEAD, apiVersion: 'apiserver.config.k8s.io/v2' }),
    'no kind \\"AuthenticationConfiguration\\" is registered for version',
    'apiVersion',
  ],
  [
    'a list that is none',
    () => ({ ...HEAD, jwt: 'x' }),
    'cannot unmarshal string into Go struct field',
    'jwt',
  ],
  [
    'conditions for callers who may not come',
    () => ({ ...HEAD, jwt: [], anonymous: { enabled: false, conditions: [{ path: '/livez' }] } }),
    'enabled should be set to true when conditions are defined',
    'anonymous.conditions',
  ],
];
