// The schema of authentication.jwt[]: AuthenticationConfiguration's entries as they are (authenticationschema.ts), with Postern's extensions
// beside them (source, preset, jwksURL, signingAlgorithms, systemIdentities).

import { Type } from 'typebox';
import { authenticatorKeys } from './authenticationschema.ts';
import { SIGNING_ALGORITHMS } from './formats.ts';
import { later, oneOf, record, textOf } from './keywords.ts';

const source = record(
  {
    header: textOf('headerName', {
      default: 'Authorization',
      description:
        '`Authorization` (a bearer token; also the websocket bearer subprotocol) or the header in which a proxy brings its assertion: that one counts only from addresses in `listen.trustedProxies`.',
      examples: ['Authorization', 'Cf-Access-Jwt-Assertion'],
    }),
  },
  { default: {}, description: 'Where the token comes from.' },
);

/** One entry of authentication.jwt. */
export const jwtSchema = record(
  {
    ...authenticatorKeys,
    source,
    preset: later(
      "A proxy's settings by its name: cloudflare-access, google-iap, aws-alb or pomerium.",
      'write source.header, signingAlgorithms and jwksURL as the proxy documents them',
    ),
    jwksURL: textOf('keysURL', {
      default: '',
      description:
        'Where the signing keys (JWKS) are, for issuers without discovery. https. Empty: as the discovery document says.',
      examples: ['https://team.cloudflareaccess.com/cdn-cgi/access/certs'],
    }),
    signingAlgorithms: Type.Array(
      textOf('signingAlgorithm', { 'x-missing': `one of ${SIGNING_ALGORITHMS.join(', ')}` }),
      {
        default: ['RS256', 'ES256'],
        minItems: 1,
        uniqueItems: true,
        description: `The signature algorithms that are accepted: ${SIGNING_ALGORITHMS.join(', ')}. Never \`none\`, never HMAC (\`HS…\`).`,
      },
    ),
    systemIdentities: Type.Optional(
      oneOf(['Refuse', 'Allow'], {
        description:
          'What becomes of users and groups that begin with `system:`. Refuse: the token is rejected. Absent: `authentication.systemIdentities`.',
      }),
    ),
  },
  { description: 'One issuer of JSON Web Tokens.' },
);
