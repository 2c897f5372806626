// Signatures, their algorithms, and tokens that are none.

import { refused, type Topic, user } from './case.ts';
import { craft, craftHmac } from './issuers.ts';

const SOURCE =
  'plugin/pkg/authenticator/token/oidc/oidc.go allowedSigningAlgs; github.com/coreos/go-oidc verify.go';
const ACCEPTED = ['RS256', 'RS384', 'RS512', 'ES256', 'ES384', 'ES512', 'PS256', 'PS384', 'PS512'];
const BAD = 'failed to verify signature';
const HEADER = { alg: 'RS256', kid: 'RS256-1' };

export const signatures: Topic = {
  name: 'signatures',
  scenarios: [
    {
      about: 'algorithms',
      source: `${SOURCE}; oidc_test.go "ps256", "es512", "invalid-signing-alg"`,
      entry: {},
      rows: [
        ...ACCEPTED.map(
          (alg) => [alg, ({ sign }) => sign({}, { alg }), user('jane')] as Topic['scenarios'][0]['rows'][0],
        ),
        [
          'EdDSA',
          ({ sign }) => sign({}, { alg: 'EdDSA' }),
          refused('TOKEN_ALGORITHM', 'signed with unsupported algorithm'),
        ],
        [
          'HS256 with the public key for a secret',
          async ({ complete, publicPem }) =>
            craftHmac({ ...HEADER, alg: 'HS256' }, complete(), await publicPem()),
          refused('TOKEN_ALGORITHM', 'signed with unsupported algorithm'),
        ],
        ...['none', 'None', 'nOnE'].map(
          (alg) =>
            [
              alg,
              ({ complete }) => craft({ alg }, complete()),
              refused('TOKEN_ALGORITHM', 'signed with unsupported algorithm'),
            ] as Topic['scenarios'][0]['rows'][0],
        ),
      ],
    },
    {
      about: 'keys',
      source: 'github.com/coreos/go-oidc jwks.go; contract/field-lessons.md S12, S14',
      entry: {},
      rows: [
        ['without a key id every key is tried', ({ sign }) => sign({}, { kid: null }), user('jane')],
        ['an unknown key id', ({ sign }) => sign({}, { kid: 'unknown' }), refused('TOKEN_SIGNATURE', BAD)],
        [
          'a path for a key id',
          ({ sign }) => sign({}, { kid: '../../etc/passwd' }),
          refused('TOKEN_SIGNATURE', BAD),
        ],
        [
          'a key that is not published',
          ({ sign }) => sign({}, { byStranger: true }),
          refused('TOKEN_SIGNATURE', BAD),
        ],
        [
          'a key of another algorithm',
          ({ sign }) => sign({}, { kid: 'ES256-1' }),
          refused('TOKEN_SIGNATURE', BAD),
        ],
        [
          'a key that the token brings',
          ({ sign }) =>
            sign(
              {},
              { byStranger: true, header: { jku: 'https://evil.example/keys', x5u: 'https://evil.example' } },
            ),
          refused('TOKEN_SIGNATURE', BAD),
        ],
      ],
    },
    {
      about: 'the header',
      source: 'github.com/go-jose/go-jose jws.go',
      entry: {},
      rows: [
        ['typ says nothing', ({ sign }) => sign({}, { header: { typ: 'at+jwt', cty: 'x' } }), user('jane')],
        [
          'an unknown member says nothing',
          ({ sign }) => sign({}, { header: { foo: ['bar'] } }),
          user('jane'),
        ],
        [
          'what is critical must be understood',
          ({ complete }) => craft({ ...HEADER, crit: ['exp'], exp: 1 }, complete(), 'c2ln'),
          refused('TOKEN_MALFORMED', 'verify'),
        ],
      ],
    },
    {
      about: 'the form',
      source: 'oidc.go untrustedIssuer; contract/field-lessons.md S12',
      entry: {},
      rows: [
        ['no signature', ({ complete }) => craft(HEADER, complete()), refused('TOKEN_SIGNATURE', 'verify')],
        [
          'a signature of nothing',
          ({ complete }) => craft(HEADER, complete(), 'c2ln'),
          refused('TOKEN_SIGNATURE', BAD),
        ],
        [
          'a changed claim',
          async ({ sign, complete }) => {
            const [header, , signature] = (await sign()).split('.');
            const payload = Buffer.from(JSON.stringify(complete({ sub: 'root' }))).toString('base64url');
            return `${header}.${payload}.${signature}`;
          },
          refused('TOKEN_SIGNATURE', BAD),
        ],
        [
          'a fourth part',
          async ({ sign }) => `${await sign()}.x`,
          refused('TOKEN_MALFORMED', 'invalid bearer token'),
        ],
        [
          'two parts',
          async ({ sign }) => (await sign()).split('.').slice(0, 2).join('.'),
          refused('TOKEN_MALFORMED', 'invalid bearer token'),
        ],
        ['a word', () => 'opaque', refused('TOKEN_MALFORMED', 'invalid bearer token')],
        [
          'padding in a part',
          async ({ sign }) => (await sign()).replace('.', '=.'),
          refused('TOKEN_MALFORMED', 'verify token'),
        ],
      ],
    },
  ],
};
