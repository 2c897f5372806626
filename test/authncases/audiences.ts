// Whom a token is for.

import { posternRefuses, refused, type Topic, user } from './case.ts';

const SOURCE =
  'plugin/pkg/authenticator/token/oidc/oidc.go verifyAudience; github.com/coreos/go-oidc verify.go';
const WRONG = 'expected audience';
const two = { issuer: () => ({ audiences: ['one', 'two'], audienceMatchPolicy: 'MatchAny' }) };

export const audiences: Topic = {
  name: 'audiences',
  scenarios: [
    {
      about: 'one audience',
      source: `${SOURCE}; oidc_test.go "invalid-aud", "good token with bad client id"`,
      entry: {},
      rows: [
        ['a string', { aud: 'postern' }, user('jane')],
        ['a list of it', { aud: ['postern'] }, user('jane')],
        ['a list with it', { aud: ['other', 'postern'] }, user('jane')],
        ['azp says nothing of one', { aud: 'postern', azp: 'other' }, user('jane')],
        [
          'azp says nothing of several',
          { aud: ['postern', 'other'], azp: 'other' },
          user('jane'),
          posternRefuses(
            'TOKEN_AUDIENCE',
            'the token was made for another client: contract/field-lessons.md S18',
          ),
        ],
        ['another', { aud: 'other' }, refused('TOKEN_AUDIENCE', WRONG)],
        ['others', { aud: ['a', 'b'] }, refused('TOKEN_AUDIENCE', WRONG)],
        ['another case', { aud: 'Postern' }, refused('TOKEN_AUDIENCE', WRONG)],
        ['a part of it', { aud: 'postern2' }, refused('TOKEN_AUDIENCE', WRONG)],
        ['absent', { aud: undefined }, refused('TOKEN_AUDIENCE', WRONG)],
        ['an empty list', { aud: [] }, refused('TOKEN_AUDIENCE', WRONG)],
        ['null', { aud: null }, refused('TOKEN_AUDIENCE', WRONG)],
        ['a number', { aud: 7 }, refused('TOKEN_AUDIENCE', 'verify token')],
        ['null in a list is an empty string', { aud: ['postern', null] }, user('jane')],
        ['a list of null', { aud: [null] }, refused('TOKEN_AUDIENCE', WRONG)],
        ['a list with a number', { aud: ['postern', 7] }, refused('TOKEN_AUDIENCE', 'verify token')],
        [
          'another case of the claim is the claim',
          { aud: undefined, AUD: 'postern' },
          user('jane'),
          posternRefuses(
            'TOKEN_AUDIENCE',
            'names of claims are case-sensitive (RFC 7519 §10.1.1): only Go is lenient',
          ),
        ],
      ],
    },
    {
      about: 'two audiences',
      source: `${SOURCE}; oidc_test.go "multiple-audiences in authentication config …"`,
      entry: two,
      rows: [
        ['the first', { aud: 'one' }, user('jane')],
        ['the second', { aud: ['x', 'two'] }, user('jane')],
        ['both', { aud: ['two', 'one'] }, user('jane')],
        ['neither', { aud: ['postern'] }, refused('TOKEN_AUDIENCE', WRONG)],
        ['absent', { aud: undefined }, refused('TOKEN_AUDIENCE', WRONG)],
      ],
    },
    {
      about: 'two audiences and a rule that asks for more',
      source: 'oidc_test.go "nuanced audience validation using claim validation rules"',
      entry: {
        ...two,
        claimValidationRules: [
          {
            expression: "'two' in claims.aud && (!('one' in claims.aud) || claims.azp == 'one')",
            message: 'no',
          },
        ],
      },
      rows: [
        ['met', { aud: ['two'] }, user('jane')],
        ['met another way', { aud: ['one', 'two'], azp: 'one' }, user('jane')],
        ['not met', { aud: ['one'] }, refused('TOKEN_RULE', 'failed: no')],
        ['a string is no list', { aud: 'two' }, refused('TOKEN_CLAIMS', 'no such overload')],
      ],
    },
  ],
};
