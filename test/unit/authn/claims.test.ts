import t from 'tap';
import { type ClaimRules, createClaimMapper, type MappedClaims } from '../../../src/authn/claims.ts';
import { MAX_GROUPS } from '../../../src/authn/identity.ts';

const base: ClaimRules = {
  claimMappings: {
    username: { claim: 'email', prefix: '', expression: '' },
    groups: { claim: 'groups', prefix: '', expression: '' },
    uid: { claim: 'sub', expression: '' },
    extra: [],
  },
  requiredClaims: [],
  claimValidationRules: [],
  userValidationRules: [],
  systemIdentities: 'Refuse',
};

function rules(username: string, usernamePrefix = '', groupsPrefix = ''): ClaimRules {
  return {
    ...base,
    claimMappings: {
      username: { claim: username, prefix: usernamePrefix, expression: '' },
      groups: { claim: 'groups', prefix: groupsPrefix, expression: '' },
      uid: { claim: '', expression: '' },
      extra: [],
    },
  };
}

function mapClaims(claims: Readonly<Record<string, unknown>>, entry: ClaimRules): MappedClaims {
  return createClaimMapper(entry)(claims);
}

/** A name for a test: printable ASCII. */
function label(value: unknown): string {
  const text = JSON.stringify(value) ?? 'undefined';
  return text
    .replace(/[^ -~]/g, (c) => `\\u${c.charCodeAt(0).toString(16)}`)
    .replaceAll('#', '')
    .slice(0, 80);
}

t.test('claims become a frozen UserInfo', async (t) => {
  const mapped = mapClaims({ email: 'jane@example.com', groups: ['a', 'b'], sub: 'u-1', other: 1 }, base);
  t.same(mapped, {
    kind: 'user',
    user: { username: 'jane@example.com', uid: 'u-1', groups: ['a', 'b'], extra: {} },
  });
  t.ok(mapped.kind === 'user' && Object.isFrozen(mapped.user) && Object.isFrozen(mapped.user.groups));
});

t.test('the username is carried exactly or refused', async (t) => {
  // k8s.io/apiserver plugin/pkg/authenticator/token/oidc/oidc_test.go; field-lessons.md S9; protocol.md §4.5 "Seen on a real kube-apiserver"
  const claims = 'TOKEN_CLAIMS';
  const system = 'TOKEN_SYSTEM_IDENTITY';
  const cases: readonly (readonly [name: unknown, prefix: string, expected: string, refused?: string])[] = [
    ['jane', '', 'jane'],
    ['jane', 'oidc:', 'oidc:jane'],
    ['A@corp.com', '', 'A@corp.com'],
    ['a@evil.com@corp.com', '', 'a@evil.com@corp.com'],
    ['jos\u00e9 \u{1f600}', '', 'jos\u00e9 \u{1f600}'],
    ['x'.repeat(300), '', 'x'.repeat(300)],
    ['a,b', '', 'a,b'],
    ['System:admin', '', 'System:admin'],
    ['xsystem:admin', '', 'xsystem:admin'],
    ['system:admin', 'oidc:', 'oidc:system:admin'],
    ['system:admin', '', '', system],
    ['system:', '', '', system],
    ['system:serviceaccount:kube-system:x', '', '', system],
    ['system:node:n1', '', '', system],
    ['admin', 'system:', '', system],
    ['tem:admin', 'sys', '', system],
    [' system:admin', '', '', claims],
    ['\tsystem:admin', '', '', claims],
    ['\ufeffsystem:admin', '', '', claims],
    ['', '', '', claims],
    ['', 'oidc:', '', claims],
    ['  ', 'oidc:', '', claims],
    ['\u00a0', '', '', claims],
    ['admin ', '', '', claims],
    [' admin', 'oidc:', '', claims],
    ['a\r\nImpersonate-Group: system:masters', '', '', claims],
    ['a\nb', '', '', claims],
    ['a\0b', '', '', claims],
    ['a\u007fb', '', '', claims],
    ['a\u001b[2Jb', '', '', claims],
    ['a\u009b2Jb', '', '', claims],
    ['a\ud800b', '', '', claims],
    ['\udc00', '', '', claims],
    ['x'.repeat(600_000), '', '', claims],
    [undefined, '', '', claims],
    [null, '', '', claims],
    [42, '', '', claims],
    [true, '', '', claims],
    [['jane'], '', '', claims],
    [{ toString: 'jane' }, '', '', claims],
  ];
  for (const [name, prefix, expected, refused] of cases) {
    const given = name === undefined ? {} : { name };
    const mapped = mapClaims(given, rules('name', prefix));
    const answer = mapped.kind === 'user' ? mapped.user.username : mapped.code;
    t.equal(answer, refused ?? expected, `${prefix}${label(name)}`);
  }
});

t.test('an inherited member is not a claim', async (t) => {
  for (const claim of ['constructor', '__proto__', 'toString', 'hasOwnProperty']) {
    t.match(mapClaims({}, rules(claim)), { kind: 'rejected', code: 'TOKEN_CLAIMS' }, claim);
  }
  t.match(mapClaims(JSON.parse('{"__proto__":"jane"}'), rules('__proto__')), { user: { username: 'jane' } });
});

t.test('an email counts unless it says that it is not verified', async (t) => {
  // OIDC Core §5.1; oidc.go getUsername: present must be true
  const cases: readonly (readonly [verified: unknown, ok: boolean])[] = [
    [undefined, true],
    [true, true],
    [false, false],
    [null, false],
    ['true', false],
    [1, false],
    [[], false],
  ];
  for (const [verified, ok] of cases) {
    const given = { email: 'j@x', sub: 's', ...(verified === undefined ? {} : { email_verified: verified }) };
    t.equal(mapClaims(given, base).kind, ok ? 'user' : 'rejected', label(verified));
    t.equal(
      mapClaims({ ...given, name: 'j' }, rules('name')).kind,
      'user',
      `another claim: ${label(verified)}`,
    );
  }
});

t.test('groups: a string is one, an array is one per element, nothing is split', async (t) => {
  // oidc.go stringOrArray; field-lessons.md S8, P23; protocol.md §4.5
  const cases: readonly (readonly [
    groups: unknown,
    expected: readonly string[] | string,
    prefix?: string,
  ])[] = [
    [undefined, []],
    [null, []],
    [[], []],
    ['devs', ['devs']],
    ['', []],
    [
      ['b', 'a', 'b'],
      ['b', 'a', 'b'],
    ],
    [['', 'a', ''], ['a']],
    [[null], []],
    [[''], ['oidc:'], 'oidc:'],
    [[null, 'a'], ['oidc:', 'oidc:a'], 'oidc:'],
    ['', ['oidc:'], 'oidc:'],
    [['x,system:masters'], ['x,system:masters']],
    [['caf\u00e9'], ['caf\u00e9']],
    [['system:masters'], ['oidc:system:masters'], 'oidc:'],
    [['system:masters'], 'TOKEN_SYSTEM_IDENTITY'],
    [['a', 'system:nodes'], 'TOKEN_SYSTEM_IDENTITY'],
    ['system:serviceaccounts', 'TOKEN_SYSTEM_IDENTITY'],
    [['system:unauthenticated'], 'TOKEN_SYSTEM_IDENTITY'],
    [['system:authenticated'], 'TOKEN_SYSTEM_IDENTITY'],
    [['masters'], 'TOKEN_SYSTEM_IDENTITY', 'system:'],
    [[' system:masters'], 'TOKEN_CLAIMS'],
    [['system:masters '], 'TOKEN_CLAIMS'],
    [['   '], 'TOKEN_CLAIMS'],
    [['a\r\nb'], 'TOKEN_CLAIMS'],
    [['a\ud800'], 'TOKEN_CLAIMS'],
    [[1], 'TOKEN_CLAIMS'],
    [[['a']], 'TOKEN_CLAIMS'],
    [[{}], 'TOKEN_CLAIMS'],
    [7, 'TOKEN_CLAIMS'],
    [false, 'TOKEN_CLAIMS'],
    [{ a: 1 }, 'TOKEN_CLAIMS'],
  ];
  for (const [groups, expected, prefix = ''] of cases) {
    const given = { name: 'jane', ...(groups === undefined ? {} : { groups }) };
    const mapped = mapClaims(given, rules('name', '', prefix));
    t.same(mapped.kind === 'user' ? mapped.user.groups : mapped.code, expected, `${prefix}${label(groups)}`);
  }
  const none = { ...base.claimMappings, groups: { claim: '', prefix: '', expression: '' } };
  t.match(mapClaims({ email: 'j', sub: 's', groups: 7 }, { ...base, claimMappings: none }), {
    user: { groups: [] },
  });
});

t.test('too many groups, or too long ones, are refused with their count', async (t) => {
  const many = (count: number) => Array.from({ length: count }, (_, i) => `group-${i}`);
  t.match(mapClaims({ name: 'j', groups: many(MAX_GROUPS) }, rules('name')), { kind: 'user' });
  t.match(mapClaims({ name: 'j', groups: [...many(MAX_GROUPS), 'group-0'] }, rules('name')), {
    code: 'TOKEN_CLAIMS',
    detail: /2001 groups/,
  });
  t.match(mapClaims({ name: 'j', groups: many(5000) }, rules('name')), {
    code: 'TOKEN_CLAIMS',
    detail: /5000 groups, allowed are 2000/,
  });
  t.match(mapClaims({ name: 'j', groups: many(1900) }, rules('name', '', 'x'.repeat(300))), {
    code: 'TOKEN_CLAIMS',
    detail: /1900 groups/,
  });
});

t.test('uid is a string or refused', async (t) => {
  const cases: readonly (readonly [sub: unknown, expected: string])[] = [
    ['s', 's'],
    ['', ''],
    [null, ''],
    [undefined, 'TOKEN_CLAIMS'],
    [1, 'TOKEN_CLAIMS'],
    ['s ', 'TOKEN_CLAIMS'],
    ['s\n', 'TOKEN_CLAIMS'],
  ];
  for (const [sub, expected] of cases) {
    const mapped = mapClaims({ email: 'j', ...(sub === undefined ? {} : { sub }) }, base);
    t.equal(mapped.kind === 'user' ? mapped.user.uid : mapped.code, expected, label(sub));
  }
});

t.test('required claims must be there with exactly their value', async (t) => {
  const needs = { ...base, requiredClaims: [{ claim: 'hd', requiredValue: 'corp.com' }] };
  const cases: readonly (readonly [hd: unknown, ok: boolean])[] = [
    ['corp.com', true],
    ['CORP.com', false],
    [undefined, false],
    [['corp.com'], false],
    [null, false],
    ['', false],
  ];
  for (const [hd, ok] of cases) {
    const mapped = mapClaims({ email: 'j', sub: 's', ...(hd === undefined ? {} : { hd }) }, needs);
    t.equal(mapped.kind, ok ? 'user' : 'rejected', label(hd));
    if (!ok) t.match(mapped, { code: 'TOKEN_CLAIMS', detail: /"hd"/ });
  }
});

t.test('systemIdentities: Allow lets names and groups of the system through', async (t) => {
  const allow = { ...base, systemIdentities: 'Allow' as const };
  t.match(mapClaims({ email: 'system:admin', sub: 's', groups: ['system:masters'] }, allow), {
    user: { username: 'system:admin', groups: ['system:masters'] },
  });
});

t.test('a null claim is the empty string, as Go reads it', async (t) => {
  const needs = { ...base, requiredClaims: [{ claim: 'hd', requiredValue: '' }] };
  t.match(mapClaims({ email: 'j', sub: 's', hd: null }, needs), { kind: 'user' });
  t.match(mapClaims({ email: 'j', sub: 's' }, needs), { code: 'TOKEN_CLAIMS' });
});

t.test('jti becomes the credential id, when it is one', async (t) => {
  // oidc.go getCredentialID; oidc_test.go "non-string jti claim does not set credential id in extra or error"
  const key = 'authentication.kubernetes.io/credential-id';
  const cases: readonly (readonly [jti: unknown, expected: object | string])[] = [
    ['1234', { [key]: ['JTI=1234'] }],
    ['', {}],
    [undefined, {}],
    [1234, {}],
    [null, {}],
    [['1234'], {}],
    ['12\n34', 'TOKEN_CLAIMS'],
    ['1234 ', 'TOKEN_CLAIMS'],
  ];
  for (const [jti, expected] of cases) {
    const mapped = mapClaims({ email: 'j', sub: 's', ...(jti === undefined ? {} : { jti }) }, base);
    t.same(mapped.kind === 'user' ? mapped.user.extra : mapped.code, expected, label(jti));
  }
});

t.test("Entra's groups overage is told apart from having no groups", async (t) => {
  const graph = (host: string) => ({
    _claim_names: { groups: 'src1' },
    _claim_sources: { src1: { endpoint: `https://${host}/v1.0/users/1/getMemberObjects` } },
  });
  const overage = 'TOKEN_GROUPS_OVERAGE';
  const cases: readonly (readonly [string, object, readonly string[] | string])[] = [
    ['pointed to at Graph', graph('graph.microsoft.com'), overage],
    ['pointed to at its predecessor', graph('graph.windows.net'), overage],
    ['pointed to in a national cloud', graph('microsoftgraph.chinacloudapi.cn'), overage],
    ['the name of the source as the claim', { ...graph('graph.windows.net'), groups: 'src1' }, overage],
    ['hasgroups in their place', { hasgroups: true }, overage],
    ['hasgroups beside them', { hasgroups: true, groups: ['a'] }, ['a']],
    ['hasgroups: false', { hasgroups: false }, []],
    ['listed, and pointed to', { ...graph('graph.microsoft.com'), groups: ['a'] }, ['a']],
    ['a group with the name of a source elsewhere', { ...graph('x.example'), groups: 'src1' }, ['src1']],
    ['a host that only ends so', { ...graph('xgraph.microsoft.com'), groups: 'src1' }, ['src1']],
  ];
  for (const [name, claims, expected] of cases) {
    const mapped = mapClaims({ name: 'j', ...claims }, rules('name'));
    t.same(mapped.kind === 'user' ? mapped.user.groups : mapped.code, expected, name);
  }
  const roles = { claim: 'roles', prefix: '', expression: '' };
  const byRole = { ...base, claimMappings: { ...base.claimMappings, groups: roles } };
  t.match(
    mapClaims(
      { email: 'j', sub: 's', roles: ['ops'], hasgroups: true, ...graph('graph.windows.net') },
      byRole,
    ),
    { user: { groups: ['ops'] } },
    'app roles are the way out of it',
  );
  t.match(mapClaims({ email: 'j', sub: 's', hasgroups: true }, byRole), { user: { groups: [] } });
});
