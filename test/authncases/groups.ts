// Groups out of a claim.

import { posternMakes, posternRefuses, refused, type Topic, user, username } from './case.ts';

const SOURCE = 'plugin/pkg/authenticator/token/oidc/oidc.go getGroups, stringOrArray';
const EMPTY = 'no header line can carry an empty group, and no binding can name it';
const PARSE = 'parse groups claim "groups": json: cannot unmarshal';
const mapped = (claim: string, prefix = '') => ({
  claimMappings: { ...username('sub'), groups: { claim, prefix } },
});
const many = (count: number) => Array.from({ length: count }, (_, index) => `g${index}`);

export const groups: Topic = {
  name: 'groups',
  scenarios: [
    {
      about: 'claim without prefix',
      source: `${SOURCE}; oidc_test.go "groups", "invalid-groups-claim"`,
      entry: mapped('groups'),
      rows: [
        ['a list keeps its order', { groups: ['b', 'a', 'c'] }, user('jane', { groups: ['b', 'a', 'c'] })],
        ['a string is one group', { groups: 'team1' }, user('jane', { groups: ['team1'] })],
        ['a string is never split', { groups: 'a,b c' }, user('jane', { groups: ['a,b c'] })],
        [
          'a comma is part of a name',
          { groups: ['a,system:masters'] },
          user('jane', { groups: ['a,system:masters'] }),
        ],
        [
          'what is there twice stays twice',
          { groups: ['a', 'b', 'a'] },
          user('jane', { groups: ['a', 'b', 'a'] }),
        ],
        ['absent is none', {}, user('jane')],
        ['null is none', { groups: null }, user('jane')],
        ['an empty list is none', { groups: [] }, user('jane')],
        ['beyond ASCII', { groups: ['équipe', '開発'] }, user('jane', { groups: ['équipe', '開発'] })],
        ['250 of them', { groups: many(250) }, user('jane', { groups: many(250) })],
        [
          'an empty string stays in the list',
          { groups: ['a', '', 'b'] },
          user('jane', { groups: ['a', '', 'b'] }),
          posternMakes(user('jane', { groups: ['a', 'b'] }), EMPTY),
        ],
        [
          'null in a list is an empty string',
          { groups: [null, 'a'] },
          user('jane', { groups: ['', 'a'] }),
          posternMakes(user('jane', { groups: ['a'] }), EMPTY),
        ],
        [
          'an empty string is one empty group',
          { groups: '' },
          user('jane', { groups: [''] }),
          posternMakes(user('jane'), EMPTY),
        ],
        [
          '2001 of them',
          { groups: many(2001) },
          user('jane', { groups: many(2001) }),
          posternRefuses('TOKEN_CLAIMS', 'the lines of an identity are bounded'),
        ],
        ...['[1]', '["a",true]', '[["a"]]', '[{"name":"a"}]', '{"a":"b"}', '7', 'false'].map(
          (text) =>
            [
              `${text} is no list of strings`,
              { groups: JSON.parse(text) },
              refused('TOKEN_CLAIMS', PARSE),
            ] as const,
        ),
      ],
    },
    {
      about: 'claim with prefix',
      source: `${SOURCE}; oidc_test.go "groups-prefix"`,
      entry: mapped('groups', 'oidc:'),
      rows: [
        ['each has it', { groups: ['a', 'b'] }, user('jane', { groups: ['oidc:a', 'oidc:b'] })],
        ['a string has it', { groups: 'a' }, user('jane', { groups: ['oidc:a'] })],
        [
          'it takes the meaning from system:',
          { groups: ['system:masters'] },
          user('jane', { groups: ['oidc:system:masters'] }),
        ],
        [
          'an empty string is the prefix alone',
          { groups: ['', 'a'] },
          user('jane', { groups: ['oidc:', 'oidc:a'] }),
        ],
      ],
    },
    {
      about: 'a claim with a URL for a name',
      source: SOURCE,
      entry: mapped('https://example.com/roles'),
      rows: [
        ['it is one key', { 'https://example.com/roles': ['r1'] }, user('jane', { groups: ['r1'] })],
        ['groups is then a claim without meaning', { groups: ['g1'] }, user('jane')],
      ],
    },
    {
      about: 'no mapping',
      source: SOURCE,
      entry: {},
      rows: [['a claim named groups is no group', { groups: ['a'] }, user('jane')]],
    },
    {
      about: 'groups that begin with system:',
      source: `${SOURCE}; contract/field-lessons.md S8`,
      entry: mapped('groups'),
      rows: ['system:masters', 'system:nodes', 'system:serviceaccounts'].map((group) => [
        group,
        { groups: ['a', group] },
        user('jane', { groups: ['a', group] }),
        posternRefuses('TOKEN_SYSTEM_IDENTITY', 'issuers must not make parts of the cluster'),
      ]),
    },
    {
      about: 'groups that no header line carries',
      source: `${SOURCE}; contract/protocol.md §4.5`,
      entry: mapped('groups'),
      rows: [' a', 'a ', 'a\r\nb', 'a\u0000'].map((group) => [
        JSON.stringify(group),
        { groups: [group] },
        user('jane', { groups: [group] }),
        posternRefuses('TOKEN_CLAIMS', 'it would arrive as another group, or split the line'),
      ]),
    },
    {
      about: 'by expression',
      source: 'plugin/pkg/authenticator/token/oidc/oidc.go convertCELValueToStringList',
      entry: { claimMappings: { ...username('sub'), groups: { expression: 'claims.roles' } } },
      rows: [
        ['a list', { roles: ['b', 'a'] }, user('jane', { groups: ['b', 'a'] })],
        ['a string is one group', { roles: 'a' }, user('jane', { groups: ['a'] })],
        ['an empty string is none', { roles: '' }, user('jane')],
        ['empty strings in a list are left out', { roles: ['', 'a', ''] }, user('jane', { groups: ['a'] })],
        ['an empty list is none', { roles: [] }, user('jane')],
        ['null is none', { roles: null }, user('jane')],
        ['a missing claim is a refusal', {}, refused('TOKEN_CLAIMS', 'no such key: roles')],
        [
          'a claim named groups is no group',
          { groups: ['x'], roles: ['a'] },
          user('jane', { groups: ['a'] }),
        ],
        ...['7', 'true', '{"a":"b"}', '["a",1]', '["a",null]', '[["a"]]'].map(
          (text) =>
            [
              `${text} is no list of strings`,
              { roles: JSON.parse(text) },
              refused('TOKEN_CLAIMS', 'expression must return a string or a list of strings'),
            ] as const,
        ),
      ],
    },
    {
      about: 'by an expression that splits and prefixes',
      source: 'oidc_test.go "groups claim mapping with expression"',
      entry: {
        claimMappings: {
          ...username('sub'),
          groups: { expression: "claims.roles.split(',').map(r, 'role:' + r.trim())" },
        },
      },
      rows: [
        ['each is one', { roles: 'a, b,c' }, user('jane', { groups: ['role:a', 'role:b', 'role:c'] })],
        ['a list can not be split', { roles: ['a'] }, refused('TOKEN_CLAIMS', 'no such overload')],
      ],
    },
  ],
};
