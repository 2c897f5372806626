// When a token counts. go-oidc has no leeway for exp, a little for nbf, and does not look at iat.

import { type Given, refused, type Topic, user } from './case.ts';

const SOURCE = 'github.com/coreos/go-oidc verify.go Verify, oidc.go jsonTime';
const UNREAD = refused('TOKEN_CLAIMS', 'failed to unmarshal');
const at =
  (claim: string, seconds: number): Given =>
  ({ sign, now }) =>
    sign({ [claim]: now + seconds });
const text =
  (claim: string, json: string): Given =>
  ({ signText, complete }) =>
    signText(JSON.stringify(complete({ [claim]: '@' })).replace('"@"', json));

export const times: Topic = {
  name: 'times',
  scenarios: [
    {
      about: 'exp',
      source: `${SOURCE}; oidc_test.go "expired"`,
      entry: {},
      rows: [
        ['in a minute', at('exp', 60), user('jane')],
        ['a fraction', at('exp', 60.5), user('jane')],
        ['in an exponent', text('exp', '4e9'), user('jane')],
        ['far away', at('exp', 1e10), user('jane')],
        ['a minute ago', at('exp', -60), refused('TOKEN_EXPIRED', 'token is expired')],
        ['an hour ago', at('exp', -3600), refused('TOKEN_EXPIRED', 'token is expired')],
        ['zero', { exp: 0 }, refused('TOKEN_EXPIRED', 'token is expired')],
        ['negative', { exp: -1 }, refused('TOKEN_EXPIRED', 'token is expired')],
        ['a number in a string', ({ sign, now }) => sign({ exp: `${now + 60}` }), user('jane')],
        ['a fraction in a string', ({ sign, now }) => sign({ exp: `${now + 60}.5e0` }), user('jane')],
        ['hexadecimal in a string', { exp: '0xffffffff' }, UNREAD],
        ['an empty string', { exp: '' }, UNREAD],
        ['a number that no double can hold', text('exp', '1e999'), UNREAD],
        ['the last second that Go counts', text('exp', '9223371974719178000'), user('jane')],
        [
          'beyond it the clock wraps around',
          text('exp', '9223372036854775807'),
          refused('TOKEN_EXPIRED', 'token is expired'),
        ],
        ['far beyond it', text('exp', '1e300'), refused('TOKEN_EXPIRED', 'token is expired')],
        ['absent', { exp: undefined }, refused('TOKEN_CLAIMS', 'token is expired')],
        ['null', { exp: null }, UNREAD],
        ['a string', ({ sign, now }) => sign({ exp: `${now + 60}x` }), UNREAD],
        ['a list', ({ sign, now }) => sign({ exp: [now + 60] }), UNREAD],
      ],
    },
    {
      about: 'nbf',
      source: SOURCE,
      entry: {},
      rows: [
        ['past', at('nbf', -60), user('jane')],
        ['in twenty seconds', at('nbf', 20), user('jane')],
        ['in four minutes', at('nbf', 240), refused('TOKEN_NOT_YET_VALID', 'before the nbf')],
        ['in an hour', at('nbf', 3600), refused('TOKEN_NOT_YET_VALID', 'before the nbf')],
        ['null is absent', { nbf: null }, user('jane')],
        ['a word', { nbf: 'now' }, UNREAD],
        ['a number in a string', ({ sign, now }) => sign({ nbf: `${now - 60}` }), user('jane')],
        [
          'one ahead in a string',
          ({ sign, now }) => sign({ nbf: `${now + 3600}` }),
          refused('TOKEN_NOT_YET_VALID', 'before the nbf'),
        ],
        ['a number that no double can hold', text('nbf', '1e999'), UNREAD],
        ['beyond the seconds that Go counts it is past', text('nbf', '1e300'), user('jane')],
      ],
    },
    {
      about: 'iat',
      source: SOURCE,
      entry: {},
      rows: [
        ['absent', { iat: undefined }, user('jane')],
        ['long ago', { iat: 1 }, user('jane')],
        ['in an hour', at('iat', 3600), user('jane')],
        ['a word', { iat: 'now' }, UNREAD],
        ['null', { iat: null }, UNREAD],
        ['a number in a string', { iat: '1' }, user('jane')],
        ['a number that no double can hold', text('iat', '1e999'), UNREAD],
        ['beyond the seconds that Go counts', text('iat', '1e300'), user('jane')],
      ],
    },
  ],
};
