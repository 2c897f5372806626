// The checks that strings of the configuration must pass, by the name that the schema gives them. Each answers what is wrong and what is
// allowed, or '' when nothing is. None repeats a value that may be secret.

import { parseCertificates } from '../kube/pem.ts';
import {
  checkApiGroup,
  checkMessage,
  checkNonResourceURL,
  checkResourcePattern,
  checkStarPattern,
} from './authzformats.ts';
import { GLOBAL_REGION, stsHostsOf } from './aws/partitions.ts';
import { listCipherSuites } from './ciphers.ts';
import { checkExtraKey } from './extrakey.ts';
import { holdsEveryAddress, isHostName, parseCidr, parseHostPort } from './network.ts';
import { quote, suggest } from './quote.ts';
import { checkRedisURL } from './redisurl.ts';
import { formatDuration, MAX_DURATION_MS, parseDuration } from './units.ts';

/** JWS algorithms (RFC 7518, RFC 8037, RFC 9864) whose keys are public: nobody who can verify can also sign. */
export const SIGNING_ALGORITHMS: readonly string[] = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
];

/** What somebody pasted where a path belongs; it must not come back in a message about a missing file. */
const FILE_CONTENTS = /[\0\r\n]|-----BEGIN|\beyJ[\w-]{8}|[A-Za-z0-9+=]{80}/;
/** What aws-iam-authenticator sends as the header x-k8s-aws-id: visible ASCII. */
const CLUSTER_ID = /^[\x21-\x7e]{1,253}$/;
const DNS_LABEL = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
/** Begins as no caller's name may, and is none that Kubernetes gives rights to. */
const GATE_USER = /^system:postern(?::[a-z0-9](?:[a-z0-9.-]{0,61}[a-z0-9])?)?$/;
const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,128}$/;
const STRICT_TRANSPORT_SECURITY = /^max-age=\d{1,10}(?:; ?includeSubDomains)?(?:; ?preload)?$/i;
const PATH_PREFIX = /^(?:\/[A-Za-z0-9._~-]+)+$/;
/** First segments that kube-apiserver serves itself, and the one before a reason (kube/reason.ts). */
const API_SERVER_PATHS = new Set(
  'api apis openapi version healthz livez readyz metrics logs debug openid .well-known reason'.split(' '),
);
/** Headers that belong to the connection, to HTTP itself or to Postern, and can therefore not bring an assertion. */
const RESERVED_HEADERS = new Set(
  (
    'connection keep-alive proxy-connection proxy-authenticate proxy-authorization te trailer transfer-encoding upgrade host cookie ' +
    'set-cookie content-length content-type content-encoding expect accept accept-encoding origin referer user-agent via forwarded ' +
    'audit-id date range'
  ).split(' '),
);
const RESERVED_PREFIXES: readonly string[] = [
  'impersonate-',
  'sec-websocket-',
  'x-forwarded-',
  'x-remote-',
  'x-stream-protocol-',
];

/** Every named check. */
export const FORMATS = {
  file: (text: string) => (FILE_CONTENTS.test(text) ? 'expected the path of a file, not its contents' : ''),
  hostPort: (text: string) =>
    parseHostPort(text)
      ? ''
      : `expected host:port, as in "0.0.0.0:8443", "[::1]:8443" or ":8443"; found ${quote(text)}`,
  cidr: checkCidr,
  duration: checkDuration,
  issuerURL: (text: string) => checkURL(text, { query: false }),
  keysURL: (text: string) => checkURL(text, { query: true }),
  certificates: checkCertificates,
  clusterName: checkLabel,
  gateUser: checkGateUser,
  ruleName: checkLabel,
  namespace: checkLabel,
  redisURL: checkRedisURL,
  pathPrefix: checkPathPrefix,
  hostName: checkHost,
  headerName: checkHeaderName,
  extraKey: checkExtraKey,
  signingAlgorithm: checkAlgorithm,
  cipherSuite: checkCipherSuite,
  strictTransportSecurity: checkStrictTransportSecurity,
  apiGroup: checkApiGroup,
  resourcePattern: checkResourcePattern,
  nonResourceURL: checkNonResourceURL,
  starPattern: checkStarPattern,
  message: checkMessage,
  awsRegion: (text: string) =>
    stsHostsOf(text).length > 0
      ? ''
      : `expected a region of AWS such as "eu-west-1", or "${GLOBAL_REGION}"; found ${quote(text)}`,
  awsClusterID: (text: string) =>
    CLUSTER_ID.test(text) ? '' : `expected a name without spaces, such as "prod"; found ${quote(text)}`,
} as const satisfies Readonly<Record<string, (text: string) => string>>;

/** The name of a check. */
export type FormatName = keyof typeof FORMATS;

function checkLabel(text: string): string {
  return DNS_LABEL.test(text)
    ? ''
    : `expected a DNS label (a-z, 0-9 and -, at most 63 characters); found ${quote(text)}`;
}

function checkGateUser(text: string): string {
  return GATE_USER.test(text)
    ? ''
    : `expected system:postern, or system:postern:NAME with a name of a-z, 0-9, - and . (nobody who logs in can have such a name, and Kubernetes gives it no rights of its own); found ${quote(text)}`;
}

function checkCidr(text: string): string {
  const range = parseCidr(text);
  if (!range)
    return `expected an address range or address, as in "10.0.0.0/8", "fd00::/8" or "192.0.2.7"; found ${quote(text)}`;
  if (!holdsEveryAddress(range)) return '';
  return `${quote(text)} would trust everybody: any caller could then forge X-Forwarded-For and identity headers; list the proxies' own addresses`;
}

function checkDuration(text: string): string {
  const durationMs = parseDuration(text);
  if (durationMs === undefined)
    return `expected a duration such as "30s", "5m", "1h30m" or "0s"; found ${quote(text)}`;
  return durationMs > MAX_DURATION_MS
    ? `is longer than ${formatDuration(MAX_DURATION_MS)}, the longest that is allowed`
    : '';
}

/** As Kubernetes: https, without user information, fragment or (but for keys) query. */
function checkURL(text: string, allow: { readonly query: boolean }): string {
  const allowed = 'expected a URL of the form https://host/path';
  if (/[\s\\]/.test(text) || !URL.canParse(text)) return allowed;
  const url = new URL(text);
  if (url.protocol !== 'https:')
    return `${allowed}: the scheme must be https, found ${quote(url.protocol.slice(0, -1))}`;
  if (!/^https:\/\/[^/]/i.test(text)) return allowed;
  if (url.username !== '' || url.password !== '' || /^[^/]*\/\/[^/?#]*@/.test(text)) {
    return 'must not contain a username or password';
  }
  if (!allow.query && text.includes('?')) return 'must not contain a query (?…)';
  return text.includes('#') ? 'must not contain a fragment (#…)' : '';
}

function checkCertificates(text: string): string {
  if (text === '') return '';
  try {
    parseCertificates(text);
    return '';
  } catch (cause) {
    const hint = text.includes('-----BEGIN')
      ? ''
      : '; this key takes the PEM text itself (certificateAuthority: |), not a path';
    return `${cause instanceof Error ? cause.message : 'does not parse'}${hint}`;
  }
}

function checkPathPrefix(text: string): string {
  if (text === '') return '';
  const allowed = 'expected a path such as "/clusters/prod"';
  if (!text.startsWith('/')) return `${allowed}: it must start with /; found ${quote(text)}`;
  if (text.endsWith('/')) return `${allowed}: without a slash at its end; found ${quote(text)}`;
  if (text.includes('//') || text.includes('%')) return `${allowed}: without // or %; found ${quote(text)}`;
  const segments = text.slice(1).split('/');
  if (segments.includes('.') || segments.includes('..'))
    return `${allowed}: without . or .. segments; found ${quote(text)}`;
  if (!PATH_PREFIX.test(text)) return `${allowed}: segments of A-Z a-z 0-9 . _ ~ -; found ${quote(text)}`;
  const [first = ''] = segments;
  return API_SERVER_PATHS.has(first.toLowerCase())
    ? `may not be /${first} or beneath it: that is a path of ${first === 'reason' ? 'Postern' : 'kube-apiserver'} itself`
    : '';
}

function checkHost(text: string): string {
  if (isHostName(text)) return '';
  const allowed = 'expected a lower-case host name without port, as in "prod.k8s.example.com"';
  const lower = text.toLowerCase();
  const bare = lower.replace(/:\d+$/, '').replace(/\.$/, '');
  return `${allowed}; found ${quote(text)}${bare !== text && isHostName(bare) ? `: write ${quote(bare)}` : ''}`;
}

function checkHeaderName(text: string): string {
  if (!HEADER_NAME.test(text))
    return `expected the name of a header, as in "Authorization"; found ${quote(text)}`;
  const name = text.toLowerCase();
  const isReserved =
    RESERVED_HEADERS.has(name) || RESERVED_PREFIXES.some((prefix) => name.startsWith(prefix));
  return isReserved
    ? `header ${quote(text)} has a meaning of its own and cannot carry a token; use Authorization or an assertion header`
    : '';
}

function checkAlgorithm(text: string): string {
  if (SIGNING_ALGORITHMS.includes(text)) return '';
  const allowed = `allowed: ${SIGNING_ALGORITHMS.join(', ')}`;
  if (text.toLowerCase() === 'none')
    return `"none" means no signature at all: anybody could write such a token; ${allowed}`;
  if (/^HS\d*$/i.test(text)) {
    return `${quote(text)} signs with a shared secret, so whoever can verify can also forge; use a public-key algorithm; ${allowed}`;
  }
  return `unknown signing algorithm ${quote(text)};${suggest(text, SIGNING_ALGORITHMS)} ${allowed}`;
}

function checkStrictTransportSecurity(text: string): string {
  return text === '' || STRICT_TRANSPORT_SECURITY.test(text)
    ? ''
    : `expected directives as in "max-age=31536000; includeSubDomains"; found ${quote(text)}`;
}

function checkCipherSuite(text: string): string {
  const known = listCipherSuites();
  return known.includes(text)
    ? ''
    : `unknown cipher suite ${quote(text)};${suggest(text, known)} allowed: ${known.join(', ')}`;
}
