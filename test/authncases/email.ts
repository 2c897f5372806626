// The claim email as a user name needs email_verified to be true or absent.

import { refused, type Topic, user, username } from './case.ts';

const SOURCE = 'plugin/pkg/authenticator/token/oidc/oidc.go getUsername';
const EMAIL = 'jane@example.com';

export const email: Topic = {
  name: 'email',
  scenarios: [
    {
      about: 'by claim',
      source: `${SOURCE}; oidc_test.go "email", "email-not-verified", "invalid-email-verified-claim"`,
      entry: { claimMappings: username('email') },
      rows: [
        ['verified', { email: EMAIL, email_verified: true }, user(EMAIL)],
        ['nothing said', { email: EMAIL }, user(EMAIL)],
        [
          'not verified',
          { email: EMAIL, email_verified: false },
          refused('TOKEN_CLAIMS', 'email not verified'),
        ],
        [
          'null is false',
          { email: EMAIL, email_verified: null },
          refused('TOKEN_CLAIMS', 'email not verified'),
        ],
        [
          'a string is not a boolean',
          { email: EMAIL, email_verified: 'true' },
          refused('TOKEN_CLAIMS', "parse 'email_verified' claim"),
        ],
        [
          '1 is not a boolean',
          { email: EMAIL, email_verified: 1 },
          refused('TOKEN_CLAIMS', "parse 'email_verified' claim"),
        ],
      ],
    },
    {
      about: 'another claim',
      source: SOURCE,
      entry: { claimMappings: username('mail') },
      rows: [['its value needs no verification', { mail: EMAIL, email_verified: false }, user(EMAIL)]],
    },
    {
      about: 'by expression, with a rule',
      source: 'pkg/apis/apiserver/validation validateClaimMappings',
      entry: {
        claimMappings: { username: { expression: 'claims.email' } },
        claimValidationRules: [
          { expression: 'claims.?email_verified.orValue(true) == true', message: 'verify it' },
        ],
      },
      rows: [
        ['verified', { email: EMAIL, email_verified: true }, user(EMAIL)],
        ['nothing said', { email: EMAIL }, user(EMAIL)],
        ['not verified', { email: EMAIL, email_verified: false }, refused('TOKEN_RULE', 'failed: verify it')],
        [
          'a string is not true',
          { email: EMAIL, email_verified: 'true' },
          refused('TOKEN_RULE', 'failed: verify it'),
        ],
      ],
    },
    {
      about: 'by expression, that chooses',
      source: SOURCE,
      entry: {
        claimMappings: {
          username: { expression: "claims.email_verified ? claims.email : 'id:' + claims.sub" },
        },
      },
      rows: [
        ['verified', { email: EMAIL, email_verified: true }, user(EMAIL)],
        ['not verified', { email: EMAIL, email_verified: false }, user('id:jane')],
        [
          'a string is no condition',
          { email: EMAIL, email_verified: 'x' },
          refused('TOKEN_CLAIMS', 'no such overload'),
        ],
      ],
    },
  ],
};
