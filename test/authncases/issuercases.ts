// Which issuer a token is from: its `iss` chooses the entry, to the letter.

import { refused, type Topic, user } from './case.ts';
import { DISCOVERY_ELSEWHERE, WITH_SLASH } from './issuers.ts';

const SOURCE = 'plugin/pkg/authenticator/token/oidc/oidc.go hasCorrectIssuer, untrustedIssuer';
const NOBODY = 'invalid bearer token';

export const issuerCases: Topic = {
  name: 'issuers',
  scenarios: [
    {
      about: 'iss',
      source: `${SOURCE}; oidc_test.go "invalid-issuer"`,
      entry: {},
      rows: [
        ['to the letter', {}, user('jane')],
        [
          'with a slash more',
          ({ sign, issuer }) => sign({ iss: `${issuer}/` }),
          refused('TOKEN_UNKNOWN_ISSUER', NOBODY),
        ],
        [
          'in upper case',
          ({ sign, issuer }) => sign({ iss: issuer.replace('https', 'HTTPS') }),
          refused('TOKEN_UNKNOWN_ISSUER', NOBODY),
        ],
        ['unknown', { iss: 'https://unknown.example' }, refused('TOKEN_UNKNOWN_ISSUER', NOBODY)],
        ['empty', { iss: '' }, refused('TOKEN_UNKNOWN_ISSUER', NOBODY)],
        ['absent', { iss: undefined }, refused('TOKEN_UNKNOWN_ISSUER', NOBODY)],
        ['null', { iss: null }, refused('TOKEN_UNKNOWN_ISSUER', NOBODY)],
        ['a number', { iss: 7 }, refused('TOKEN_UNKNOWN_ISSUER', NOBODY)],
        ['a list', ({ sign, issuer }) => sign({ iss: [issuer] }), refused('TOKEN_UNKNOWN_ISSUER', NOBODY)],
        [
          'of somebody who is not configured',
          ({ other }) => other.sign(),
          refused('TOKEN_UNKNOWN_ISSUER', NOBODY),
        ],
      ],
    },
    {
      about: 'a discovery document elsewhere',
      source: 'oidc.go discoveryURLRoundTripper; oidc_test.go "discovery-url"',
      entry: { issuer: (url) => ({ discoveryURL: `${url}${DISCOVERY_ELSEWHERE}` }) },
      rows: [['is found', {}, user('jane')]],
    },
    {
      about: 'an issuer with a slash at its end',
      source: 'oidc_test.go "discovery url and issuer url have paths, issuer url has trailing slash"',
      entry: { issuer: (url) => ({ url: `${url}${WITH_SLASH}/` }) },
      rows: [
        ['is another than without', {}, user('jane')],
        [
          'and the one without is unknown',
          ({ sign, issuer }) => sign({ iss: issuer.slice(0, -1) }),
          refused('TOKEN_UNKNOWN_ISSUER', NOBODY),
        ],
      ],
    },
  ],
};
