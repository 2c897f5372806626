// Every error that Postern makes, in one table: stable code, HTTP status, text, when it comes and how to solve it. The text is for the caller
// and says what to do next. Texts of 5xx are constant, so that nothing of the inside leaks; texts of 4xx may hold parameters, `{name|what
// stands there without it}`, which errors.ts makes safe. docs/reference/errors.md is generated from this table.

import { ADMISSION_ERRORS } from './admissionerrors.ts';
import { AWS_ERRORS } from './awserrors.ts';
import { DOOR_ERRORS } from './doorerrors.ts';
import { ONWARD_ERRORS } from './onwarderrors.ts';
import { RULE_ERRORS } from './ruleerrors.ts';
import { SESSION_ERRORS } from './sessionerrors.ts';
import { UPSTREAM_ERRORS } from './upstreamerrors.ts';

/** The page that UPGRADE_REQUIRED points to, relative to the repository. */
export const LOAD_BALANCERS_PAGE = 'docs/how-to/load-balancers.md';

/** One row of the table; the metav1 reason follows from the status. */
export interface ErrorEntry {
  readonly status: 400 | 401 | 403 | 404 | 405 | 408 | 414 | 429 | 431 | 499 | 500 | 502 | 503 | 504;
  readonly text: string;
  /** Seconds of Retry-After: only where the request certainly went nowhere, since client-go repeats writes then. */
  readonly retryAfterSeconds?: number;
  readonly when: string;
  readonly solve: string;
}

/** The table. Codes are never reused or renamed: logs, dashboards and the documentation name them. */
export const ERRORS = {
  PATH_MALFORMED: {
    status: 400,
    text: 'The request path is malformed: {detail|two programs could read it differently}.',
    when: 'The path could be read differently by Postern and by the API server: `//`, `.` or `..` segments, `%2f`, `%5c`, `;`, control bytes, bad escapes, or a query of more than 10,000 parameters.',
    solve:
      'Send the path as kubectl and the client libraries do. Behind a `proxy` subresource only dot segments, raw bytes and such a query are refused.',
  },
  REQUEST_INFO: {
    status: 400,
    text: 'The request path cannot be read: {detail|it names no resource}.',
    when: 'A legacy `/watch` or `/proxy` path ends before it names a resource.',
    solve: 'Name a resource, or use `?watch=1`.',
  },
  METHOD_NOT_ALLOWED: {
    status: 405,
    text: 'The method {method|of this request} has no verb in the Kubernetes API, so nobody can be given the right to use it here.',
    when: 'A resource was asked for with OPTIONS, TRACE, CONNECT or an unknown method.',
    solve: 'Use GET, HEAD, POST, PUT, PATCH or DELETE.',
  },
  UPGRADE_REQUIRED: {
    status: 400,
    text:
      'Upgrade request required: this request ({kind|exec, attach or port-forward}) needs the headers "Connection: Upgrade" and "Upgrade", ' +
      'and it arrived without them. kubectl always sends them, so a proxy or load balancer between kubectl and Postern removed them. ' +
      'What the request tells of its way: {hops|nothing, no known proxy left a header}. ' +
      `The settings for AWS, nginx, Envoy, HAProxy, Cloudflare and others are in ${LOAD_BALANCERS_PAGE}.`,
    when: 'An exec, attach or port-forward request came as a plain request. Some hop in front of Postern dropped `Connection: Upgrade`, or spoke HTTP/2.',
    solve: 'Let the upgrade pass at that hop: [settings for load balancers](../how-to/load-balancers.md).',
  },
  UPGRADE_UNSUPPORTED: {
    status: 400,
    text: 'A request that asks for an upgrade cannot carry a body, and this one announces one. Send it with "Content-Length: 0".',
    when: 'An upgrade request came with a body. Upgrades to other protocols than SPDY/3.1 and websocket are ordinary requests (RFC 9110 §7.8).',
    solve: 'Use kubectl or a client library: they send none.',
  },
  UPGRADE_INVALID_RESPONSE: {
    status: 502,
    text: 'The API server answered the upgrade with something that cannot be passed on safely. Both connections were ended.',
    when: 'The answer to an upgrade was 2xx or 3xx, or a 101 to another protocol than the one asked for.',
    solve: 'Look at what stands between Postern and the API server; the log has the status that came.',
  },
  CREDENTIALS_MISSING: {
    status: 401,
    text: 'no credential was sent: log in and try again, or set a token or credential plugin for this user in the kubeconfig',
    when: 'The request holds no bearer token and nothing else that Postern is configured to accept. kubectl sends tokens over https only.',
    solve: 'Log in. If you did: is the kubeconfig user the right one, and is the server URL https?',
  },
  CREDENTIALS_MALFORMED: {
    status: 401,
    text: 'the credential cannot be read: an Authorization header has to be "Bearer" followed by one token',
    when: 'Another scheme than Bearer, an empty token, or a WebSocket bearer subprotocol that does not decode.',
    solve: 'Send `Authorization: Bearer TOKEN` once. Basic authentication is not supported.',
  },
  CREDENTIALS_CONFLICT: {
    status: 400,
    text: 'The request carries more than one credential. Send exactly one.',
    when: 'Two Authorization lines, a header and a WebSocket bearer subprotocol, or a bearer token beside an assertion of a proxy in front.',
    solve: 'Remove one of them; Postern never chooses.',
  },
  ...DOOR_ERRORS,
  TOKEN_MALFORMED: {
    status: 401,
    text: 'the token is not a signed JWT of a kind that is accepted here: log in again',
    when: 'The bearer token is not a well-formed signed JWT.',
    solve: 'Send the ID token, not an opaque access token.',
  },
  TOKEN_UNKNOWN_ISSUER: {
    status: 401,
    text: 'the token comes from an issuer that is not accepted here: log in at the identity provider of this cluster',
    when: '`iss` is none of `authentication.jwt[].issuer.url`.',
    solve: 'Compare `iss` with the configuration, character by character; a trailing slash counts.',
  },
  TOKEN_AUDIENCE: {
    status: 401,
    text: 'the token was issued for another audience: log in for this cluster',
    when: '`aud` holds none of the configured audiences.',
    solve: 'Ask the identity provider for a token of the right client.',
  },
  TOKEN_EXPIRED: {
    status: 401,
    text: "the token has expired: log in again (and if you just did, check this machine's clock)",
    when: '`exp` has passed.',
    solve: 'Log in again, or let a credential plugin renew the token; keep clocks in step.',
  },
  TOKEN_NOT_YET_VALID: {
    status: 401,
    text: 'the token is not valid yet: wait a moment and try again, and check the clocks',
    when: '`nbf` lies ahead.',
    solve: 'The clocks of the issuer and of Postern differ; set both by NTP.',
  },
  TOKEN_ALGORITHM: {
    status: 401,
    text: 'the token is signed with an algorithm that is not accepted here',
    when: '`alg` is not in `signingAlgorithms` (`none` and HMAC never are).',
    solve: 'Let the issuer sign with RS256 or ES256, or add its algorithm.',
  },
  TOKEN_SIGNATURE: {
    status: 401,
    text: 'the signature of the token could not be verified: log in again',
    when: 'No key of the issuer verifies the token, or it names a key that the issuer does not publish.',
    solve: 'Log in again. For every user at once: compare `kid` with the issuer’s JWKS.',
  },
  TOKEN_CLAIMS: {
    status: 403,
    text: 'The token is good, but it does not give an identity that can be used here: a claim is missing, of the wrong type, or refused by a rule. Logging in again does not change that; ask the administrator of this gate.',
    when: 'Claim mapping or validation failed, for example no `email`, `email_verified: false`, or a name that no header can carry.',
    solve: 'The log says which claim. Correct the claim at the identity provider, or `claimMappings`.',
  },
  TOKEN_SYSTEM_IDENTITY: {
    status: 403,
    text: 'The token is good, but it names a user or group that begins with "system:", which is reserved for Kubernetes itself. Ask the administrator of this gate.',
    when: 'A mapped user or group begins with `system:` and `systemIdentities` is `Refuse`.',
    solve:
      'Give the names a prefix, or set `systemIdentities: Allow` for an issuer that may speak for the cluster.',
  },
  TOKEN_RULE: {
    status: 403,
    text: 'The token is good, but a rule of this gate refuses it: {message|the rule gives no reason}. Logging in again does not change that unless the reason says so; ask the administrator of this gate.',
    when: 'An expression of `claimValidationRules` or `userValidationRules` is false for this token. The reason is the `message` of that rule.',
    solve: 'The log says which rule. Correct the claims at the identity provider, or the rule.',
  },
  TOKEN_GROUPS_OVERAGE: {
    status: 403,
    text: 'The token is good, but it does not list your groups: you are in more of them than Entra ID puts into a token. Logging in again does not change that; ask the administrator of this gate to have Entra ID emit only the groups that are assigned to the application, or application roles.',
    when: "Entra ID's groups overage: the groups claim is only a pointer to Microsoft Graph (`_claim_names`), or `hasgroups` stands in its place.",
    solve:
      'In the application of Entra ID choose "Groups assigned to the application", or app roles: [Entra ID](../how-to/entra.md).',
  },
  ...AWS_ERRORS,
  AUTHENTICATION_UNAVAILABLE: {
    status: 503,
    text: 'Postern cannot verify your credential right now: who could vouch for it (an identity provider, AWS, or the cluster itself) does not answer, or is not asked at present. Nothing is known against it: try again in a moment.',
    when: 'No keys of the issuer are known yet, and it cannot be reached; or STS, for an AWS token; or, for the token of a service account, the cluster did not answer a TokenReview within 5 seconds, or very many bad tokens came lately.',
    solve:
      'See `/readyz?verbose` and the log, which has the cause; check the way from Postern to the issuer and its certificate authority, or to the cluster.',
  },
  ...ONWARD_ERRORS,
  ...RULE_ERRORS,
  CLUSTER_UNKNOWN: {
    status: 404,
    text: 'No cluster is served under this host and path. Check "server" in the kubeconfig.',
    when: 'No `clusters[].match` fits the host and path.',
    solve: 'Compare the kubeconfig’s server URL with `pathPrefix` and `hosts`.',
  },
  HEADERS_TOO_LARGE: {
    status: 431,
    text: 'The request headers are larger than this gate accepts. A token with very many groups is the usual cause.',
    when: 'The header block is over the limit.',
    solve: 'Let the identity provider put fewer groups into the token.',
  },
  URI_TOO_LONG: {
    status: 414,
    text: 'The request URL is longer than this gate accepts.',
    when: 'Path and query are over the limit.',
    solve: 'Shorten the label selector or the command.',
  },
  BAD_REQUEST: {
    status: 400,
    text: 'The request is not valid HTTP.',
    when: 'The HTTP parser refused the request.',
    solve: 'The log has the parser’s code. Look for a proxy that rewrites requests.',
  },
  REQUEST_TIMEOUT: {
    status: 408,
    text: 'The header lines of the request did not arrive in time. Nothing was forwarded: try again.',
    when: 'A caller began a request over HTTP/1.1 and did not end its header lines within 32 seconds. Over HTTP/2 the connection is ended with GOAWAY instead.',
    solve: 'Look at the network between the caller and Postern; a proxy there may hold requests back.',
  },
  ...ADMISSION_ERRORS,
  ...UPSTREAM_ERRORS,
  CLIENT_CLOSED: {
    status: 499,
    text: 'The caller went away before the answer.',
    when: 'The caller closed the connection. Only in the log; nobody is there to read it.',
    solve: 'Nothing to do.',
  },
  SHUTTING_DOWN: {
    status: 503,
    text: 'Postern is shutting down. The request was not carried out: try again.',
    retryAfterSeconds: 1,
    when: 'A new request came while the gate drains.',
    solve: 'Clients try again by themselves. Run more than one replica.',
  },
  ...SESSION_ERRORS,
  INTERNAL: {
    status: 500,
    text: 'Internal error occurred in Postern. The log has it under the Audit-ID of this answer.',
    when: 'A bug.',
    solve: 'Report it with the log lines of that Audit-ID.',
  },
} as const satisfies Record<string, ErrorEntry>;
