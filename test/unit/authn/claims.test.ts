import t from 'tap';
import { CLAIM_RULES } from '../../fakes/authn.ts';
import { label, mapClaims, rules } from './claimrules.ts';

t.test('claims become a frozen UserInfo', async (t) => {
  const mapped = mapClaims(
    { email: 'jane@example.com', groups: ['a', 'b'], sub: 'u-1', other: 1 },
    CLAIM_RULES,
  );
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
    t.equal(mapClaims(given, CLAIM_RULES).kind, ok ? 'user' : 'rejected', label(verified));
    t.equal(
      mapClaims({ ...given, name: 'j' }, rules('name')).kind,
      'user',
      `another claim: ${label(verified)}`,
    );
  }
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
    const mapped = mapClaims({ email: 'j', ...(sub === undefined ? {} : { sub }) }, CLAIM_RULES);
    t.equal(mapped.kind === 'user' ? mapped.user.uid : mapped.code, expected, label(sub));
  }
});

t.test('required claims must be there with exactly their value', async (t) => {
  const needs = { ...CLAIM_RULES, requiredClaims: [{ claim: 'hd', requiredValue: 'corp.com' }] };
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

t.test('a null claim is the empty string, as Go reads it', async (t) => {
  const needs = { ...CLAIM_RULES, requiredClaims: [{ claim: 'hd', requiredValue: '' }] };
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
    const mapped = mapClaims({ email: 'j', sub: 's', ...(jti === undefined ? {} : { jti }) }, CLAIM_RULES);
    t.same(mapped.kind === 'user' ? mapped.user.extra : mapped.code, expected, label(jti));
  }
});
