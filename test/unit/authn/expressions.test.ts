// Claims mapped by expressions: the cases of k8s.io/apiserver plugin/pkg/authenticator/token/oidc/oidc_test.go that have no others in
// claims.test.ts, and what an expression may not give.
import t from 'tap';
import { type ClaimRules, createClaimMapper } from '../../../src/authn/claims.ts';

type Expression = string;

interface Mappings {
  readonly username?: Expression;
  readonly groups?: Expression;
  readonly uid?: Expression;
  readonly extra?: Readonly<Record<string, Expression>>;
  readonly claimRules?: readonly (Expression | readonly [Expression, string])[];
  readonly userRules?: readonly (Expression | readonly [Expression, string])[];
}

function rules(mappings: Mappings, systemIdentities: 'Refuse' | 'Allow' = 'Refuse'): ClaimRules {
  const by = (expression = '') => ({ claim: '', prefix: '', expression });
  const listed = (given: Mappings['claimRules'] = []) =>
    given.map((rule) =>
      typeof rule === 'string'
        ? { expression: rule, message: '' }
        : { expression: rule[0], message: rule[1] },
    );
  return {
    claimMappings: {
      username: by(mappings.username ?? 'claims.sub'),
      groups: by(mappings.groups),
      uid: by(mappings.uid),
      extra: Object.entries(mappings.extra ?? {}).map(([key, valueExpression]) => ({ key, valueExpression })),
    },
    requiredClaims: [],
    claimValidationRules: listed(mappings.claimRules),
    userValidationRules: listed(mappings.userRules),
    systemIdentities,
  };
}

type Claims = Readonly<Record<string, unknown>>;
const map = (claims: Claims, mappings: Mappings, system: 'Refuse' | 'Allow' = 'Refuse') =>
  createClaimMapper(rules(mappings, system))({ sub: 'jane', ...claims });

// [expression, claims, the user name or the code]
const usernames: readonly (readonly [Expression, Claims, string])[] = [
  ['claims.username', { username: 'jane' }, 'jane'],
  ["'oidc:' + claims.username", { username: 'jane' }, 'oidc:jane'],
  ['claims.username + ":external-user"', { username: 'jane' }, 'jane:external-user'],
  ['claims.user.name', { user: { name: 'jane' } }, 'jane'],
  ["claims['user']['name']", { user: { name: 'jane' } }, 'jane'],
  ['claims.users[1].name', { users: [{}, { name: 'jane' }] }, 'jane'],
  ['claims["https://x.example/name"]', { 'https://x.example/name': 'jane' }, 'jane'],
  ['claims.kubernetes__dot__io.name', { 'kubernetes.io': { name: 'jane' } }, 'jane'],
  ['claims.a[0].b__dot__c', { a: [{ 'b.c': 'jane' }] }, 'jane'],
  ['claims.?name.orValue("nobody")', {}, 'nobody'],
  ['claims[?"name"].orValue(claims.sub)', {}, 'jane'],
  ['has(claims.name) ? claims.name : claims.sub', {}, 'jane'],
  ["claims.email.split('@')[0]", { email: 'jane@example.com' }, 'jane'],
  ['claims.name.lowerAscii()', { name: 'JANE' }, 'jane'],
  ['string(claims.id)', { id: 42 }, '42'],
  ['string(int(claims.id))', { id: 42 }, '42'],
  ['claims.name', {}, 'TOKEN_CLAIMS'],
  ['claims.user.name', { user: 'jane' }, 'TOKEN_CLAIMS'],
  ['claims.name', { name: '' }, 'TOKEN_CLAIMS'],
  ['claims.name', { name: null }, 'TOKEN_CLAIMS'],
  ['claims.name', { name: 1 }, 'TOKEN_CLAIMS'],
  ['claims.name', { name: ['jane'] }, 'TOKEN_CLAIMS'],
  ['claims.name', { name: { a: 1 } }, 'TOKEN_CLAIMS'],
  ['claims.name', { name: true }, 'TOKEN_CLAIMS'],
  ["'system:' + claims.sub", {}, 'TOKEN_SYSTEM_IDENTITY'],
  ["claims.sub + '\\n'", {}, 'TOKEN_CLAIMS'],
  ["claims.sub + ' '", {}, 'TOKEN_CLAIMS'],
  ['claims.toString', {}, 'TOKEN_CLAIMS'],
  ['claims.constructor', {}, 'TOKEN_CLAIMS'],
];
for (const [expression, claims, expected] of usernames) {
  t.test(`username: ${expression} of ${JSON.stringify(claims)}`, async (t) => {
    const mapped = map(claims, { username: expression });
    t.equal(mapped.kind === 'user' ? mapped.user.username : mapped.code, expected);
  });
}

// convertCELValueToStringList: a string or a list of strings, empty ones left out, null is none
const lists: readonly (readonly [Expression, Claims, readonly string[] | string])[] = [
  ['claims.groups', { groups: ['b', 'a', 'b'] }, ['b', 'a', 'b']],
  ['claims.groups', { groups: 'a' }, ['a']],
  ['claims.groups', { groups: '' }, []],
  ['claims.groups', { groups: [] }, []],
  ['claims.groups', { groups: ['', 'a', ''] }, ['a']],
  ['claims.groups', { groups: null }, []],
  ['null', {}, []],
  ['claims.?groups.orValue([])', {}, []],
  ['[claims.a, claims.b]', { a: 'x', b: 'y' }, ['x', 'y']],
  ["dyn(claims.groups).map(g, 'p:' + g)", { groups: ['a', 'b'] }, ['p:a', 'p:b']],
  ["dyn(claims.groups).filter(g, g.startsWith('a'))", { groups: ['a1', 'b', 'a2'] }, ['a1', 'a2']],
  ["'group-' + claims.sub", {}, ['group-jane']],
  ['claims.groups', {}, 'TOKEN_CLAIMS'],
  ['claims.groups', { groups: [1] }, 'TOKEN_CLAIMS'],
  ['claims.groups', { groups: ['a', null] }, 'TOKEN_CLAIMS'],
  ['claims.groups', { groups: [['a']] }, 'TOKEN_CLAIMS'],
  ['claims.groups', { groups: 1 }, 'TOKEN_CLAIMS'],
  ['claims.groups', { groups: { a: 'b' } }, 'TOKEN_CLAIMS'],
  ['claims.groups', { groups: true }, 'TOKEN_CLAIMS'],
];
for (const [expression, claims, expected] of lists) {
  t.test(`groups and extra: ${expression} of ${JSON.stringify(claims)}`, async (t) => {
    const groups = map(claims, { groups: expression });
    t.same(groups.kind === 'user' ? groups.user.groups : groups.code, expected);
    const extra = map(claims, { extra: { 'example.org/x': expression } });
    const values = expected.length === 0 ? {} : { 'example.org/x': expected };
    t.same(
      extra.kind === 'user' ? extra.user.extra : extra.code,
      typeof expected === 'string' ? expected : values,
      'no key without values',
    );
  });
}

t.test('uid: a string, empty for none', async (t) => {
  const cases: readonly (readonly [Expression, Claims, string])[] = [
    ['claims.oid', { oid: '1234' }, '1234'],
    ['claims.oid', { oid: '' }, ''],
    ['claims.oid', {}, 'TOKEN_CLAIMS'],
    ['claims.oid', { oid: 1234 }, 'TOKEN_CLAIMS'],
    ['claims.oid', { oid: null }, 'TOKEN_CLAIMS'],
  ];
  for (const [uid, claims, expected] of cases) {
    const mapped = map(claims, { uid });
    t.equal(mapped.kind === 'user' ? mapped.user.uid : mapped.code, expected, JSON.stringify(claims));
  }
});

t.test('several extra keys, and the credential id beside them', async (t) => {
  const extra = { 'example.org/a': 'claims.a', 'example.org/b': "['x', 'y']" };
  t.same(map({ a: 'v', jti: '7' }, { extra }), {
    kind: 'user',
    user: {
      username: 'jane',
      uid: '',
      groups: [],
      extra: {
        'authentication.kubernetes.io/credential-id': ['JTI=7'],
        'example.org/a': ['v'],
        'example.org/b': ['x', 'y'],
      },
    },
  });
  t.match(map({ a: 'line\nbreak' }, { extra }), { code: 'TOKEN_CLAIMS', detail: /control character/ });
});

t.test(
  'rules for claims: all must be true; the message of the first that is not is for the caller',
  async (t) => {
    const daily = ['claims.exp - claims.nbf <= 86400', 'not longer than a day'] as const;
    const mine = ["claims.hd == 'example.com'", ''] as const;
    const times = { exp: 2000, nbf: 1000 };
    t.match(map({ ...times, hd: 'example.com' }, { claimRules: [daily, mine] }), { kind: 'user' });
    t.match(map({ exp: 2e9, nbf: 1000, hd: 'example.com' }, { claimRules: [daily, mine] }), {
      code: 'TOKEN_RULE',
      message: 'not longer than a day',
      detail: 'claimValidationRules expression "claims.exp - claims.nbf <= 86400" is false',
    });
    t.match(map({ ...times, hd: 'x' }, { claimRules: [daily, mine] }), {
      code: 'TOKEN_RULE',
      message: '',
      detail: `claimValidationRules expression "claims.hd == 'example.com'" is false`,
    });
    t.match(map(times, { claimRules: [daily, mine] }), {
      code: 'TOKEN_CLAIMS',
      detail: /claims\.hd == 'example\.com'" failed: no such key: hd/,
    });
  },
);

t.test('rules for the user see what the API server maps', async (t) => {
  const broken = { code: 'TOKEN_RULE' };
  const cases: readonly (readonly [Expression, Claims, object])[] = [
    ["user.username == 'jane'", {}, { kind: 'user' }],
    ["!user.username.startsWith('system:')", {}, { kind: 'user' }],
    ["user.username == 'john'", {}, broken],
    ["user.groups.all(g, !g.startsWith('system:'))", { groups: ['a'] }, { kind: 'user' }],
    ["user.groups.all(g, !g.startsWith('system:'))", { groups: ['system:masters'] }, broken],
    ["'a' in user.groups", { groups: ['b'] }, broken],
    ["user.uid == ''", {}, { kind: 'user' }],
    ['user.extra.size() == 0', {}, { kind: 'user' }],
    [
      "user.extra['authentication.kubernetes.io/credential-id'][0] != 'JTI=revoked'",
      { jti: 'good' },
      { kind: 'user' },
    ],
    [
      "user.extra['authentication.kubernetes.io/credential-id'][0] != 'JTI=revoked'",
      { jti: 'revoked' },
      broken,
    ],
    [
      "user.extra.authentication__dot__kubernetes__dot__io__slash__credential__dash__id[0] == 'JTI=1'",
      { jti: '1' },
      { kind: 'user' },
    ],
    ["user.extra['nothing'][0] == 'x'", {}, { code: 'TOKEN_CLAIMS' }],
  ];
  for (const [expression, claims, expected] of cases) {
    const mapped = map({ groups: [], ...claims }, { groups: 'claims.groups', userRules: [expression] });
    t.match(mapped, expected, `${expression} of ${JSON.stringify(claims)}`);
  }
});

t.test('an empty group of a claim is there for the rules, and not for the cluster', async (t) => {
  const entry = rules({ userRules: ['user.groups.size() == 2'] });
  const groups = { claim: 'groups', prefix: '', expression: '' };
  const mapper = createClaimMapper({ ...entry, claimMappings: { ...entry.claimMappings, groups } });
  t.match(mapper({ sub: 'jane', groups: ['', 'a'] }), { kind: 'user', user: { groups: ['a'] } });
});

t.test("Entra's overage is told when an expression stumbles over it, and not when it copes", async (t) => {
  const claims = {
    _claim_names: { groups: 'src1' },
    _claim_sources: { src1: { endpoint: 'https://graph.microsoft.com/v1.0/users/1/getMemberObjects' } },
  };
  t.match(map(claims, { groups: 'claims.groups' }), { code: 'TOKEN_GROUPS_OVERAGE' });
  t.match(map(claims, { groups: 'claims.?groups.orValue([])' }), { kind: 'user', user: { groups: [] } });
});

t.test('an expression that does not compile is a programmer error here', async (t) => {
  for (const expression of ['claims.', 'foo', 'claims.sub +'])
    t.throws(() => createClaimMapper(rules({ username: expression })), TypeError, expression);
  t.throws(() => createClaimMapper(rules({ claimRules: ['claims.sub'] })), TypeError, 'not a bool');
});
