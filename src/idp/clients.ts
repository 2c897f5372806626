// Names that the parts of the provider share, and the clients that it knows, as OpenID Connect registers them.

import type { ClientMetadata } from 'oidc-provider';

/** The confidential client: a robot. Its secret is fixed and shown, as the people's passwords are. */
export const ROBOT = {
  id: 'postern-robot',
  secret: 'postern-robot-demo',
  email: 'robot@example.com',
  groups: ['robots'],
} as const;

/** Grant type of a token for a person without any page: of this demo only. */
export const PERSON_GRANT = 'urn:postern:demo:person';

/** Name of the cookie of a browser's session. */
export const SESSION_COOKIE = 'postern_idp_session';

/** Algorithm of every signature. An RSA key, for which others ask first, would cost the demo its start. */
export const SIGNING_ALGORITHM = 'ES256';

/** Where a native client may be led back to. The port is the client's to choose (RFC 8252 §7.3), the path is not. */
const REDIRECT_URIS = ['127.0.0.1', 'localhost'].flatMap((host) =>
  ['', '/', '/callback'].map((path) => `http://${host}${path}`),
);

/** Lists the clients; `audience` is the id of the people's client, for that is what ID tokens are issued for. */
export function describeClients(audience: string): ClientMetadata[] {
  return [
    {
      client_id: audience,
      client_name: 'Postern',
      application_type: 'native',
      token_endpoint_auth_method: 'none',
      grant_types: [
        'authorization_code',
        'refresh_token',
        'urn:ietf:params:oauth:grant-type:device_code',
        PERSON_GRANT,
      ],
      response_types: ['code'],
      redirect_uris: REDIRECT_URIS,
      post_logout_redirect_uris: REDIRECT_URIS,
      id_token_signed_response_alg: SIGNING_ALGORITHM,
    },
    {
      client_id: ROBOT.id,
      client_name: 'Postern robot',
      client_secret: ROBOT.secret,
      token_endpoint_auth_method: 'client_secret_basic',
      grant_types: ['client_credentials'],
      response_types: [],
      redirect_uris: [],
      id_token_signed_response_alg: SIGNING_ALGORITHM,
    },
  ];
}
