// How the reference page and the JSON Schema describe the named formats of the configuration (src/config/formats.ts).

import { type FormatName, SIGNING_ALGORITHMS } from '../../src/config/formats.ts';

interface FormatDescription {
  readonly type: string;
  readonly allowed: string;
  /** What JSON Schema can say of it; never more than the program's own check. */
  readonly schema: Readonly<Record<string, unknown>>;
}

/** Every format. */
export const formatDescriptions: Readonly<Record<FormatName, FormatDescription>> = {
  file: { type: 'path', allowed: '', schema: {} },
  hostPort: { type: 'host:port', allowed: 'IPv6 in brackets', schema: { pattern: ':\\d{1,5}$' } },
  cidr: {
    type: 'address or range',
    allowed: 'CIDR notation or a single address',
    schema: { pattern: '^[0-9A-Fa-f:.]+(/\\d{1,3})?$' },
  },
  duration: { type: 'duration', allowed: '', schema: {} },
  issuerURL: { type: 'URL', allowed: '`https://` only', schema: { pattern: '^([Hh][Tt][Tt][Pp][Ss]://|$)' } },
  keysURL: { type: 'URL', allowed: '`https://` only', schema: { pattern: '^([Hh][Tt][Tt][Pp][Ss]://|$)' } },
  certificates: { type: 'PEM text', allowed: '', schema: {} },
  clusterName: {
    type: 'string',
    allowed: 'a-z, 0-9 and -',
    schema: { pattern: '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$' },
  },
  gateUser: {
    type: 'string',
    allowed: '`system:postern` or `system:postern:NAME`',
    schema: { pattern: '^system:postern(:[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?)?$' },
  },
  namespace: {
    type: 'string',
    allowed: 'a-z, 0-9 and -',
    schema: { pattern: '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$' },
  },
  redisURL: {
    type: 'URL',
    allowed: '`rediss://` or `redis://`, without a password',
    schema: { pattern: '^rediss?://[^/?#]+(/\\d*)?$' },
  },
  ruleName: {
    type: 'string',
    allowed: 'a-z, 0-9 and -',
    schema: { pattern: '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$' },
  },
  strictTransportSecurity: {
    type: 'string',
    allowed: '`max-age=SECONDS`, then `; includeSubDomains`, then `; preload`',
    schema: { pattern: '^(max-age=\\d+.*)?$' },
  },
  pathPrefix: { type: 'string', allowed: '', schema: { pattern: '^((/[A-Za-z0-9._~-]+)+)?$' } },
  hostName: { type: 'host name', allowed: '', schema: { pattern: '^[a-z0-9.-]+$' } },
  headerName: {
    type: 'header',
    allowed: 'not one with a meaning of its own (Cookie, Host, Impersonate-…)',
    schema: { pattern: "^[!#$%&'*+.^_`|~0-9A-Za-z-]+$" },
  },
  awsRegion: {
    type: 'region',
    allowed: 'a region of AWS, or `aws-global`',
    schema: { pattern: '^(aws-global|[a-z]+(-[a-z]+)+-\\d+)$' },
  },
  awsClusterID: {
    type: 'string',
    allowed: 'visible ASCII, at most 253 characters',
    schema: { pattern: '^[!-~]{1,253}$' },
  },
  extraKey: {
    type: 'string',
    allowed: 'domain/path, lower case, not beneath kubernetes.io or k8s.io',
    schema: { pattern: '^[a-z0-9.-]+/[^A-Z]+$' },
  },
  signingAlgorithm: { type: 'algorithm', allowed: '', schema: { enum: SIGNING_ALGORITHMS } },
  cipherSuite: {
    type: 'cipher suite',
    allowed:
      "those of kube-apiserver's `--tls-cipher-suites` that Node offers; `postern check` lists them for an unknown name",
    schema: { pattern: '^TLS_[A-Z0-9_]+$' },
  },
  apiGroup: { type: 'API group', allowed: 'without version', schema: { pattern: '^([a-z0-9.-]*|\\*)$' } },
  resourcePattern: {
    type: 'resource',
    allowed: 'lower case',
    schema: { pattern: '^(\\*|[a-z0-9.-]+)(/(\\*|[a-z0-9.-]+))?$' },
  },
  nonResourceURL: {
    type: 'path',
    allowed: 'begins with `/`, or is `*`',
    schema: { pattern: '^(/[^*]*)?\\*?$' },
  },
  starPattern: { type: 'string', allowed: 'at most one `*`', schema: { pattern: '^[^*]*\\*?[^*]*$' } },
  message: { type: 'string', allowed: 'one line, at most 400 characters', schema: { maxLength: 400 } },
};
