// The schema of authentication.jwt[]: AuthenticationConfiguration's entries as they are (authenticationschema.ts), with Postern's extensions
// beside them (sourceschema.ts, jwksURL, signingAlgorithms, systemIdentities).

import { Type } from 'typebox';
import { authenticatorKeys } from './authenticationschema.ts';
import { SIGNING_ALGORITHMS } from './formats.ts';
import { oneOf, record, textOf } from './keywords.ts';
import { sourceKeys } from './sourceschema.ts';

/** One entry of authentication.jwt. */
export const jwtSchema = record(
  {
    ...authenticatorKeys,
    ...sourceKeys,
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
