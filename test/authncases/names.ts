// The user name by expression.

import { posternRefuses, refused, type Topic, user } from './case.ts';

const SOURCE = 'plugin/pkg/authenticator/token/oidc/oidc.go getUsername';
const named = (expression: string) => ({ claimMappings: { username: { expression } } });

export const names: Topic = {
  name: 'username by expression',
  scenarios: [
    {
      about: 'a claim',
      source: `${SOURCE}; oidc_test.go "username claim mapping with expression"`,
      entry: named('claims.name'),
      rows: [
        ['a string', { name: 'jane' }, user('jane')],
        [
          'an empty string is a refusal',
          { name: '' },
          refused('TOKEN_CLAIMS', 'empty username via CEL expression'),
        ],
        ['null is no string', { name: null }, refused('TOKEN_CLAIMS', 'must return a string')],
        ['a number is no string', { name: 7 }, refused('TOKEN_CLAIMS', 'must return a string')],
        ['a list is no string', { name: ['jane'] }, refused('TOKEN_CLAIMS', 'must return a string')],
        ['a missing claim is a refusal', {}, refused('TOKEN_CLAIMS', 'no such key: name')],
        [
          'system:',
          { name: 'system:admin' },
          user('system:admin'),
          posternRefuses('TOKEN_SYSTEM_IDENTITY', 'issuers must not make parts of the cluster'),
        ],
        [
          'a space',
          { name: ' ' },
          user(' '),
          posternRefuses('TOKEN_CLAIMS', 'a blank name is no impersonation at all'),
        ],
      ],
    },
    {
      about: 'a nested claim',
      source: 'oidc_test.go "username claim mapping with expression and nested claim"',
      entry: named("'n:' + claims.person.names[0].given"),
      rows: [
        ['there', { person: { names: [{ given: 'jane' }] } }, user('n:jane')],
        ['an empty list', { person: { names: [] } }, refused('TOKEN_CLAIMS', 'index out of bounds')],
        ['a missing step', { person: {} }, refused('TOKEN_CLAIMS', 'no such key: names')],
        ['a string on the way', { person: 'jane' }, refused('TOKEN_CLAIMS', 'no such key')],
        ['null on the way', { person: null }, refused('TOKEN_CLAIMS', 'no such key')],
        [
          'a number at the end',
          { person: { names: [{ given: 7 }] } },
          refused('TOKEN_CLAIMS', 'no such overload'),
        ],
      ],
    },
    {
      about: 'a choice',
      source: SOURCE,
      entry: named(
        "has(claims.upn) && claims.upn != '' ? claims.upn.lowerAscii() : claims.iss.substring(0, 5) + '#' + claims.sub",
      ),
      rows: [
        ['the one', { upn: 'Jane@Example.COM' }, user('jane@example.com')],
        ['the other', {}, user('https#jane')],
        ['the other for an empty one', { upn: '' }, user('https#jane')],
        ['has() of null is true', { upn: null }, refused('TOKEN_CLAIMS', 'no such overload')],
      ],
    },
    {
      about: 'names of claims that are no words',
      source: 'oidc_test.go "… claims payload with deep use of __dot__"; oidc.go unescapeMapper',
      entry: named("claims['https://example.com/name'] + ':' + claims.ids.example__dot__com"),
      rows: [
        [
          'by index, or escaped where they are nested',
          { 'https://example.com/name': 'jane', ids: { 'example.com': '7' } },
          user('jane:7'),
        ],
        [
          'an escape is not the name itself',
          { 'https://example.com/name': 'jane', ids: { example__dot__com: '7' } },
          refused('TOKEN_CLAIMS', 'no such key'),
        ],
      ],
    },
    {
      about: 'an escaped claim at the top',
      source: 'oidc_test.go "… service account payload"; pkg/cel/lazy',
      entry: named('claims.example__dot__com'),
      rows: [
        ['the name with a dot', { 'example.com': 'jane' }, user('jane')],
        ['the name as written', { example__dot__com: 'jane' }, refused('TOKEN_CLAIMS', 'no such key')],
      ],
    },
  ],
};
