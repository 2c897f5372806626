// Rules that a token's claims must meet, and rules for the user that came of them.

import { posternRefuses, refused, rule, type Topic, user, username } from './case.ts';

const SOURCE = 'plugin/pkg/authenticator/token/oidc/oidc.go AuthenticateToken';
const required = (claim: string, requiredValue?: string) =>
  requiredValue === undefined ? { claim } : { claim, requiredValue };
const userRule = (...expressions: readonly string[]) => ({
  claimMappings: {
    ...username('sub', 'oidc:'),
    groups: { claim: 'groups', prefix: 'g:' },
    uid: { expression: "claims.?oid.orValue('')" },
    extra: [{ key: 'example.org/tenant', valueExpression: "claims.?tenant.orValue('')" }],
  },
  userValidationRules: expressions.map((expression) => ({ expression, message: `not so: ${expression}` })),
});
const mapped = (groups: readonly string[] = [], more = {}) =>
  user('oidc:jane', { groups: groups.map((one) => `g:${one}`), ...more });

export const claimRules: Topic = {
  name: 'claim rules',
  scenarios: [
    {
      about: 'a required value',
      source: `${SOURCE}; oidc_test.go "required-claim", "no-required-claim", "invalid-required-claim"`,
      entry: { claimValidationRules: [required('hd', 'example.com')] },
      rows: [
        ['equal', { hd: 'example.com' }, user('jane')],
        [
          'another',
          { hd: 'evil.example' },
          refused('TOKEN_CLAIMS', 'required claim hd value does not match'),
        ],
        [
          'another case',
          { hd: 'Example.com' },
          refused('TOKEN_CLAIMS', 'required claim hd value does not match'),
        ],
        [
          'with a space',
          { hd: 'example.com ' },
          refused('TOKEN_CLAIMS', 'required claim hd value does not match'),
        ],
        ['absent', {}, refused('TOKEN_CLAIMS', 'required claim hd not present in ID token')],
        ['null', { hd: null }, refused('TOKEN_CLAIMS', 'required claim hd value does not match')],
        ['a list that has it', { hd: ['example.com'] }, refused('TOKEN_CLAIMS', 'parse claim hd: json')],
        ['a number', { hd: 7 }, refused('TOKEN_CLAIMS', 'parse claim hd: json')],
      ],
    },
    {
      about: 'a required claim without a value',
      source: SOURCE,
      entry: { claimValidationRules: [required('hd')] },
      rows: [
        ['must be there and empty', { hd: '' }, user('jane')],
        ['null counts as empty', { hd: null }, user('jane')],
        ['is not whatever', { hd: 'x' }, refused('TOKEN_CLAIMS', 'required claim hd value does not match')],
        ['is not nothing', {}, refused('TOKEN_CLAIMS', 'required claim hd not present')],
      ],
    },
    {
      about: 'a required value that looks like a boolean',
      source: SOURCE,
      entry: { claimValidationRules: [required('mfa', 'true')] },
      rows: [
        ['a string is equal', { mfa: 'true' }, user('jane')],
        ['a boolean is not a string', { mfa: true }, refused('TOKEN_CLAIMS', 'parse claim mfa: json')],
      ],
    },
    {
      about: 'an expression with a message',
      source: `${SOURCE} checkValidationRulesEvaluation; oidc_test.go "claim validation rule with expression fails"`,
      entry: rule("claims.hd == 'example.com'", 'the hd claim must be example.com'),
      rows: [
        ['true', { hd: 'example.com' }, user('jane')],
        [
          'false says the message',
          { hd: 'x' },
          refused('TOKEN_RULE', 'failed: the hd claim must be example.com'),
        ],
        ['another type is not equal', { hd: 7 }, refused('TOKEN_RULE', 'failed: the hd claim must be')],
        ['null is not equal', { hd: null }, refused('TOKEN_RULE', 'failed: the hd claim must be')],
        ['a missing claim is an error', {}, refused('TOKEN_CLAIMS', 'no such key: hd')],
      ],
    },
    {
      about: 'an expression over several claims',
      source: `${SOURCE}; pkg/apis/apiserver/v1/types.go ClaimValidationRule's own example`,
      entry: rule('claims.exp - claims.iat <= 3600.0 && claims.sub != claims.aud'),
      rows: [
        ['short', {}, user('jane')],
        [
          'long',
          ({ sign, now }) => sign({ exp: now + 3601 }),
          refused('TOKEN_RULE', 'validation expression'),
        ],
      ],
    },
    {
      about: 'required value and expressions together',
      source: 'oidc_test.go "claim validation rule with mix of expression and claim"',
      entry: {
        claimValidationRules: [
          required('hd', 'example.com'),
          { expression: 'claims.n > 1', message: 'too small' },
          { expression: 'claims.n < 5', message: 'too large' },
        ],
      },
      rows: [
        ['all', { hd: 'example.com', n: 3 }, user('jane')],
        ['the value fails', { hd: 'x', n: 3 }, refused('TOKEN_CLAIMS', 'required claim hd value')],
        ['the first fails', { hd: 'example.com', n: 1 }, refused('TOKEN_RULE', 'failed: too small')],
        ['the second fails', { hd: 'example.com', n: 5 }, refused('TOKEN_RULE', 'failed: too large')],
        [
          'a string is not compared',
          { hd: 'example.com', n: '3' },
          refused('TOKEN_CLAIMS', 'no such overload'),
        ],
      ],
    },
    {
      about: 'errors and short cuts',
      source: 'CEL: || and && absorb an error of one side',
      entry: rule("claims.missing == 'x' || claims.sub == 'jane'"),
      rows: [
        ['true beside an error is true', {}, user('jane')],
        [
          'false beside an error is an error',
          { sub: 'joe' },
          refused('TOKEN_CLAIMS', 'no such key: missing'),
        ],
      ],
    },
  ],
};

export const userRules: Topic = {
  name: 'user rules',
  scenarios: [
    {
      about: 'the name',
      source: `${SOURCE}; oidc_test.go "user validation rule fails for user.username"`,
      entry: userRule("!user.username.startsWith('oidc:system:')"),
      rows: [
        ['good', {}, mapped()],
        ['the prefix is on it already', { sub: 'system:x' }, refused('TOKEN_RULE', 'failed: not so')],
      ],
    },
    {
      about: 'the groups',
      source: 'oidc_test.go "user validation rule fails for user.groups"',
      entry: userRule("user.groups.all(g, g.startsWith('g:team-'))", 'size(user.groups) < 3'),
      rows: [
        ['all of them', { groups: ['team-1', 'team-2'] }, mapped(['team-1', 'team-2'])],
        ['none is all', {}, mapped()],
        [
          'one is wrong',
          { groups: ['team-1', 'x'] },
          refused('TOKEN_RULE', 'failed: not so: user.groups.all'),
        ],
        [
          'too many',
          { groups: ['team-1', 'team-2', 'team-3'] },
          refused('TOKEN_RULE', 'failed: not so: size'),
        ],
      ],
    },
    {
      about: 'system:authenticated',
      source: 'pkg/authentication/group: it is added after the rules',
      entry: userRule("!('system:authenticated' in user.groups)"),
      rows: [['is not among the groups yet', {}, mapped()]],
    },
    {
      about: 'id and extra',
      source: 'oidc.go newUserInfoValue',
      entry: userRule("user.uid == '' || user.extra['example.org/tenant'] == ['t1']"),
      rows: [
        ['an absent id is an empty string', {}, mapped()],
        [
          'an extra is a list',
          { oid: '1', tenant: 't1' },
          mapped([], { uid: '1', extra: { 'example.org/tenant': ['t1'] } }),
        ],
        ['another extra', { oid: '1', tenant: 't2' }, refused('TOKEN_RULE', 'failed: not so')],
        ['no extra is an error', { oid: '1' }, refused('TOKEN_CLAIMS', 'no such key: example.org/tenant')],
      ],
    },
    {
      about: 'a revoked token',
      source: 'oidc_test.go "using credential id and user validation rule to simulate revocation"',
      entry: userRule(
        "!('JTI=bad' in user.extra[?'authentication.kubernetes.io/credential-id'].orValue([]))",
      ),
      rows: [
        [
          'another id',
          { jti: 'good' },
          mapped([], { extra: { 'authentication.kubernetes.io/credential-id': ['JTI=good'] } }),
        ],
        ['no id', {}, mapped()],
        ['its id', { jti: 'bad' }, refused('TOKEN_RULE', 'failed: not so')],
      ],
    },
    {
      about: 'an empty name',
      source:
        'oidc_test.go "test user validation rule doesn\'t fail when user info is empty except username"',
      entry: {
        claimMappings: username('name'),
        userValidationRules: [{ expression: "user.username == ''", message: 'has a name' }],
      },
      rows: [
        [
          'is a string',
          { name: '' },
          user(''),
          posternRefuses('TOKEN_CLAIMS', 'an empty name can not be carried'),
        ],
        ['a name', { name: 'jane' }, refused('TOKEN_RULE', 'failed: has a name')],
      ],
    },
  ],
};
