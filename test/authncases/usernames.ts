// The user name out of a claim.

import { posternRefuses, refused, type Topic, user, username } from './case.ts';

const SOURCE = 'plugin/pkg/authenticator/token/oidc/oidc.go getUsername';
const MISSING = 'parse username claims "name": claim not present';
const EMPTY = 'an empty Impersonate-User means no impersonation at all';

export const usernames: Topic = {
  name: 'username',
  scenarios: [
    {
      about: 'claim without prefix',
      source: `${SOURCE}; oidc_test.go "no-username", "empty username is allowed via claim"`,
      entry: { claimMappings: username('name') },
      rows: [
        ['a string is the name', { name: 'jane' }, user('jane')],
        ['upper case stays', { name: 'Jane@Example.COM' }, user('Jane@Example.COM')],
        ['separators and quotes are part of it', { name: 'a,b:"c"%41=#' }, user('a,b:"c"%41=#')],
        ['spaces within are part of it', { name: 'jane  doe' }, user('jane  doe')],
        ['300 characters are fine', { name: 'x'.repeat(300) }, user('x'.repeat(300))],
        [
          'two @ are its own affair',
          { name: 'a@evil.example@corp.example' },
          user('a@evil.example@corp.example'),
        ],
        ['a missing claim is a refusal', {}, refused('TOKEN_CLAIMS', MISSING)],
        ['another case is another claim', { Name: 'jane' }, refused('TOKEN_CLAIMS', MISSING)],
        ['an empty string is an empty name', { name: '' }, user(''), posternRefuses('TOKEN_CLAIMS', EMPTY)],
        ['null is an empty string', { name: null }, user(''), posternRefuses('TOKEN_CLAIMS', EMPTY)],
        ...['7', 'true', '["jane"]', '{"a":"jane"}'].map(
          (text) =>
            [
              `${text} is not a string`,
              { name: JSON.parse(text) },
              refused('TOKEN_CLAIMS', 'parse username claims "name": json: cannot unmarshal'),
            ] as const,
        ),
      ],
    },
    {
      about: 'claim with prefix',
      source: `${SOURCE}; oidc_test.go "username-prefix"`,
      entry: { claimMappings: username('name', 'oidc:') },
      rows: [
        ['it is put in front', { name: 'jane' }, user('oidc:jane')],
        ['also where the name has it already', { name: 'oidc:jane' }, user('oidc:oidc:jane')],
        ['it takes the meaning from system:', { name: 'system:admin' }, user('oidc:system:admin')],
        [
          'an empty name is the prefix alone',
          { name: '' },
          user('oidc:'),
          posternRefuses('TOKEN_CLAIMS', 'everybody without a name would be the same user'),
        ],
      ],
    },
    {
      about: 'claim with the prefix -',
      source: `${SOURCE}; only the flag --oidc-username-prefix gives it a meaning`,
      entry: { claimMappings: username('name', '-') },
      rows: [['it is put in front like any other', { name: 'jane' }, user('-jane')]],
    },
    {
      about: 'a claim with a dotted name',
      source: `${SOURCE} unmarshalClaim: a key, never a path`,
      entry: { claimMappings: username('a.b') },
      rows: [
        ['it is one key', { 'a.b': 'jane' }, user('jane')],
        [
          'not a path',
          { a: { b: 'jane' } },
          refused('TOKEN_CLAIMS', 'parse username claims "a.b": claim not present'),
        ],
      ],
    },
    {
      about: 'a claim that every JavaScript object seems to have',
      source: SOURCE,
      entry: { claimMappings: username('constructor') },
      rows: [
        [
          'it is absent',
          {},
          refused('TOKEN_CLAIMS', 'parse username claims "constructor": claim not present'),
        ],
        ['it is a claim like any other', { constructor: 'jane' }, user('jane')],
      ],
    },
    {
      about: 'names that begin with system:',
      source: `${SOURCE}; contract/field-lessons.md S9`,
      entry: { claimMappings: username('name') },
      rows: [
        'system:admin',
        'system:serviceaccount:kube-system:x',
        'system:node:n1',
        'system:',
        'system:anonymous',
      ].map((name) => [
        name,
        { name },
        user(name),
        posternRefuses('TOKEN_SYSTEM_IDENTITY', 'issuers must not make parts of the cluster'),
      ]),
    },
    {
      about: 'a prefix that makes part of the cluster',
      source: SOURCE,
      entry: { claimMappings: username('name', 'system:') },
      rows: [
        [
          'system: counts after the prefix',
          { name: 'admin' },
          user('system:admin'),
          posternRefuses('TOKEN_SYSTEM_IDENTITY', 'issuers must not make parts of the cluster'),
        ],
      ],
    },
  ],
};
