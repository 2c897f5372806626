// Expressions of a jwt entry when the configuration is read: compiled with their types, at the paths that kube-apiserver prints, and its rule on
// email addresses. The cases are those of k8s.io/apiserver pkg/apis/apiserver/validation/validation_test.go.
import t from 'tap';
import { change, errorsOfEntries, warningsOf } from './base.ts';

const issuer = { url: 'https://login.example.com', audiences: ['a'] };
const username = { claim: 'sub', prefix: '' };

t.test('an expression that does not compile, wherever it stands', async (t) => {
  const broken = 'foo.bar';
  const entry = {
    issuer,
    claimValidationRules: [{ expression: broken }, { expression: 'claims.sub' }, { expression: 'claims.' }],
    claimMappings: {
      username: { expression: broken },
      groups: { expression: broken },
      uid: { expression: broken },
      extra: [{ key: 'example.org/foo', valueExpression: broken }],
    },
    userValidationRules: [
      { expression: broken },
      { expression: 'user.username' },
      { expression: 'claims.sub == ""' },
    ],
  };
  const errors = errorsOfEntries(t, [entry]);
  const paths = errors.map((error) => error.slice(0, error.indexOf(':')));
  t.same(paths.sort(), [
    'jwt[0].claimMappings.extra[0].valueExpression',
    'jwt[0].claimMappings.groups.expression',
    'jwt[0].claimMappings.uid.expression',
    'jwt[0].claimMappings.username.expression',
    'jwt[0].claimValidationRules[0].expression',
    'jwt[0].claimValidationRules[1].expression',
    'jwt[0].claimValidationRules[2].expression',
    'jwt[0].userValidationRules[0].expression',
    'jwt[0].userValidationRules[1].expression',
    'jwt[0].userValidationRules[2].expression',
  ]);
  const of = (path: string) => errors.find((error) => error.startsWith(path));
  t.match(of('jwt[0].claimMappings.uid'), /does not compile: 1:1: undeclared reference to 'foo'/);
  t.match(
    of('jwt[0].claimValidationRules[1]'),
    /does not compile: must evaluate to bool, this evaluates to any$/,
  );
  t.match(of('jwt[0].claimValidationRules[2]'), /does not compile: 1:8: /);
  t.match(of('jwt[0].userValidationRules[1]'), /must evaluate to bool, this evaluates to string$/);
  t.match(of('jwt[0].userValidationRules[2]'), /1:1: undeclared reference to 'claims'/);
});

t.test('a mapping may be of any type as far as can be known', async (t) => {
  for (const expression of ['claims.sub', 'claims.a.b', '1', "['a']", 'true', 'claims.?sub', 'null'])
    t.same(
      errorsOfEntries(t, [{ issuer, claimMappings: { username, uid: { expression } } }]),
      [],
      expression,
    );
});

// [the name's expression, other places, whether kube-apiserver accepts it]
const verified = { expression: 'claims.email_verified == true' };
const emails: readonly (readonly [string, object, boolean])[] = [
  ['claims.email', {}, false],
  ['has(claims.email) ? claims.email : claims.sub', {}, false],
  ['claims.email.trim()', {}, false],
  ["['yay', string(claims.email), 'panda'].join(' ')", {}, false],
  ['claims.?email.orValue(claims.sub)', {}, false],
  ["{claims.?email: '1'}.size() > 0 ? 'a' : 'b'", {}, false],
  ["{'k': claims.?email}['k'].orValue('')", {}, false],
  ["[claims.email].map(e, e + '!')[0]", {}, false],
  ["dyn(claims.groups).exists(g, g == claims.email) ? 'a' : 'b'", {}, false],
  ['claims.email', { claimValidationRules: [verified] }, true],
  [
    'claims.email',
    { claimValidationRules: [{ expression: 'claims.?email_verified.orValue(true) == true' }] },
    true,
  ],
  ['claims.email', { claimValidationRules: [{ expression: 'claims.email_verified_ == true' }] }, false],
  ['claims.email', { claimValidationRules: [{ claim: 'email_verified', requiredValue: 'true' }] }, false],
  ['claims.email', { extra: 'claims.email_verified ? "yes" : "no"' }, true],
  ['claims.email', { extra: 'claims.email_verified_ ? "yes" : "no"' }, false],
  ['claims.email_verified ? claims.email : claims.sub', {}, true],
  ["claims.email + (claims.?email_verified.orValue(true) == true ? '' : '!')", {}, true],
  ['claims.email', { userValidationRules: [{ expression: "user.username != ''" }] }, false],
  // what only looks like it
  ['claims.email_', {}, true],
  ['claims.emails', {}, true],
  ['claims.other.email', {}, true],
  ["'claims.email'", {}, true],
  ['claims["email"]', {}, true],
];
for (const [expression, { extra, ...more }, isFine] of emails as readonly (readonly [
  string,
  { extra?: string },
  boolean,
])[]) {
  t.test(
    `${isFine ? 'fine' : 'unverified'}: ${expression} ${JSON.stringify({ extra, ...more })}`,
    async (t) => {
      const listed = extra === undefined ? [] : [{ key: 'example.org/x', valueExpression: extra }];
      const entry = { issuer, ...more, claimMappings: { username: { expression }, extra: listed } };
      const errors = errorsOfEntries(t, [entry]);
      if (isFine) t.same(errors, []);
      else {
        t.equal(errors.length, 1, errors.join('\n'));
        t.match(
          errors[0],
          /^jwt\[0\]\.claimMappings\.username\.expression: uses claims\.email; claims\.email_verified must be used/,
        );
      }
    },
  );
}

t.test('an address that is read by index gets past the rule, not past a warning', async (t) => {
  const with_ = (expression: string) =>
    change('{claim: email, prefix: ""}', `{expression: ${JSON.stringify(expression)}}`);
  t.match(warningsOf(with_('claims["email"]')), [
    /^20:32 authentication\.jwt\[0\]\.claimMappings\.username\.expression: uses claims\["email"\], which kube-apiserver does not notice/,
  ]);
  t.same(warningsOf(with_('claims["email_verified"] ? claims["email"] : claims.sub')), []);
});

t.test('a mapping whose list kube-apiserver does not take is told before anybody comes', async (t) => {
  const warnings = (groups: string, value: string) =>
    warningsOf(
      change(
        'username: {claim: email, prefix: ""}',
        [
          'username: {claim: sub, prefix: ""}',
          `groups: {expression: ${JSON.stringify(groups)}}`,
          `extra: [{key: example.org/x, valueExpression: ${JSON.stringify(value)}}]`,
        ].join('\n        '),
      ),
    );
  t.match(warnings("claims.roles.split(',')", "claims.sub.findAll('[a-z]')"), [
    /claimMappings\.groups\.expression: refuses whoever comes, here and at kube-apiserver, .*: write \.map\(x, x\) after it$/,
    /claimMappings\.extra\[0\]\.valueExpression: refuses whoever comes/,
  ]);
  t.same(warnings("claims.roles.split(',').map(x, x)", "claims.sub.split('/')[0]"), []);
});

t.test('where a rule does not compile, nobody can say whether it verifies', async (t) => {
  const entry = {
    issuer,
    claimValidationRules: [{ expression: 'claims.email_verified ==' }],
    claimMappings: { username: { expression: 'claims.email' } },
  };
  const errors = errorsOfEntries(t, [entry]);
  t.equal(errors.length, 1);
  t.match(errors[0], /^jwt\[0\]\.claimValidationRules\[0\]\.expression: does not compile/);
});

t.test('no key or token comes back with the message', async (t) => {
  const secret = 'eyJhbGciOiJSUzI1NiJ9_eyJzdWIiOiJhIn0_c2lnbmF0dXJlLW9mLXRoZS10b2tlbg';
  const errors = errorsOfEntries(t, [{ issuer, claimMappings: { username: { expression: secret } } }]);
  t.match(errors, [/does not compile/]);
  t.notMatch(errors.join(), /eyJhbGci/);
});
