// The user id, by claim and by expression.

import { posternRefuses, refused, type Topic, user, username } from './case.ts';

const SOURCE = 'plugin/pkg/authenticator/token/oidc/oidc.go getUID';
const uidBy = (uid: object) => ({ claimMappings: { ...username('sub'), uid } });

export const uid: Topic = {
  name: 'uid',
  scenarios: [
    {
      about: 'no mapping',
      source: SOURCE,
      entry: {},
      rows: [['sub is not an id by itself', {}, user('jane')]],
    },
    {
      about: 'by claim',
      source: `${SOURCE}; oidc_test.go "uid claim mapping with claim"`,
      entry: uidBy({ claim: 'oid' }),
      rows: [
        ['a string', { oid: '1234' }, user('jane', { uid: '1234' })],
        ['a string of anything', { oid: 'a/b:c ü' }, user('jane', { uid: 'a/b:c ü' })],
        ['system: means nothing here', { oid: 'system:x' }, user('jane', { uid: 'system:x' })],
        ['an empty string is none', { oid: '' }, user('jane')],
        ['null is none', { oid: null }, user('jane')],
        [
          'a missing claim is a refusal',
          {},
          refused('TOKEN_CLAIMS', 'parse uid claim "oid": claim not present'),
        ],
        ['a number is not a string', { oid: 7 }, refused('TOKEN_CLAIMS', 'parse uid claim "oid": json')],
        ['a list is not a string', { oid: ['7'] }, refused('TOKEN_CLAIMS', 'parse uid claim "oid": json')],
        [
          'white space at the end',
          { oid: '7 ' },
          user('jane', { uid: '7 ' }),
          posternRefuses('TOKEN_CLAIMS', 'it would arrive as another id'),
        ],
      ],
    },
    {
      about: 'by expression',
      source: `${SOURCE}; oidc_test.go "uid claim mapping with expression"`,
      entry: uidBy({ expression: 'claims.oid' }),
      rows: [
        ['a string', { oid: '1234' }, user('jane', { uid: '1234' })],
        ['an empty string is none', { oid: '' }, user('jane')],
        [
          'null is not a string',
          { oid: null },
          refused('TOKEN_CLAIMS', 'uid claim expression must return a string'),
        ],
        [
          'a number is not a string',
          { oid: 7 },
          refused('TOKEN_CLAIMS', 'uid claim expression must return a string'),
        ],
        ['a missing claim is a refusal', {}, refused('TOKEN_CLAIMS', 'no such key: oid')],
      ],
    },
    {
      about: 'by an expression that converts',
      source: SOURCE,
      entry: uidBy({ expression: "claims.iss.split(':')[0] + ':' + string(int(claims.oid))" }),
      rows: [['a number becomes digits', { oid: 1234567 }, user('jane', { uid: 'https:1234567' })]],
    },
  ],
};
