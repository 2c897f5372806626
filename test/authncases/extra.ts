// Extra attributes: those of expressions, and the one that a token's id becomes.

import { refused, type Topic, user, username, value, withValue } from './case.ts';

const SOURCE = 'plugin/pkg/authenticator/token/oidc/oidc.go getExtra, convertCELValueToStringList';
const TYPE = 'expression must return a string or a list of strings';
const CREDENTIAL_ID = 'authentication.kubernetes.io/credential-id';
const credential = (jti: string) => ({ extra: { [CREDENTIAL_ID]: [`JTI=${jti}`] } });

export const extra: Topic = {
  name: 'extra',
  scenarios: [
    {
      about: 'the id of the token',
      source:
        'oidc.go getCredentialID; oidc_test.go "credential id set in extra …", "non-string jti claim …"',
      entry: {},
      rows: [
        ['jti becomes the credential id', { jti: 'abc-1' }, user('jane', credential('abc-1'))],
        ['of any characters', { jti: 'a/b=ü' }, user('jane', credential('a/b=ü'))],
        ['absent is none', {}, user('jane')],
        ['an empty string is none', { jti: '' }, user('jane')],
        ['a number is none', { jti: 7 }, user('jane')],
        ['null is none', { jti: null }, user('jane')],
      ],
    },
    {
      about: 'by expression',
      source: `${SOURCE}; oidc_test.go "extra claim mapping, empty string value for key"`,
      entry: value('claims.v'),
      rows: [
        ['a string is one value', { v: 'a' }, withValue('a')],
        ['a list is as many', { v: ['b', 'a', 'b'] }, withValue('b', 'a', 'b')],
        ['characters stay', { v: ['a,b', 'ü %41 "x"'] }, withValue('a,b', 'ü %41 "x"')],
        ['system: means nothing here', { v: 'system:masters' }, withValue('system:masters')],
        ['empty strings in a list are left out', { v: ['', 'a'] }, withValue('a')],
        ['an empty string is no key', { v: '' }, withValue()],
        ['an empty list is no key', { v: [] }, withValue()],
        ['a list of empty strings is no key', { v: ['', ''] }, withValue()],
        ['null is no key', { v: null }, withValue()],
        ['a missing claim is a refusal', {}, refused('TOKEN_CLAIMS', 'no such key: v')],
        ...['7', 'true', '{"a":"b"}', '["a",7]', '["a",null]', '[["a"]]'].map(
          (text) =>
            [
              `${text} is no list of strings`,
              { v: JSON.parse(text) },
              refused('TOKEN_CLAIMS', TYPE),
            ] as const,
        ),
        [
          'beside the id of the token',
          { v: 'a', jti: 'x' },
          user('jane', { extra: { 'example.org/value': ['a'], [CREDENTIAL_ID]: ['JTI=x'] } }),
        ],
      ],
    },
    {
      about: 'keys',
      source: 'pkg/apis/apiserver/validation validateClaimMappings: a path with a domain in front',
      entry: {
        claimMappings: {
          ...username('sub'),
          extra: [
            { key: 'example.org/a.b_c-d', valueExpression: "'1'" },
            { key: 'example.org/a/b', valueExpression: "'2'" },
            { key: 'example.org/a%2fb', valueExpression: "'3'" },
            { key: 'sub.example.org/~!$&()*+,;=:', valueExpression: "['4', '5']" },
          ],
        },
      },
      rows: [
        [
          'marks and escapes are part of them',
          {},
          user('jane', {
            extra: {
              'example.org/a.b_c-d': ['1'],
              'example.org/a/b': ['2'],
              'example.org/a%2fb': ['3'],
              'sub.example.org/~!$&()*+,;=:': ['4', '5'],
            },
          }),
        ],
      ],
    },
    {
      about: 'two, of which one fails',
      source: SOURCE,
      entry: {
        claimMappings: {
          ...username('sub'),
          extra: [
            { key: 'example.org/a', valueExpression: 'claims.a' },
            { key: 'example.org/b', valueExpression: 'claims.b' },
          ],
        },
      },
      rows: [
        [
          'both',
          { a: '1', b: '2' },
          user('jane', { extra: { 'example.org/a': ['1'], 'example.org/b': ['2'] } }),
        ],
        ['one empty', { a: '1', b: '' }, user('jane', { extra: { 'example.org/a': ['1'] } })],
        ['one missing refuses the token', { a: '1' }, refused('TOKEN_CLAIMS', 'no such key: b')],
      ],
    },
  ],
};
