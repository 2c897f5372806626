// A `k8s-aws-v1.` token: a presigned URL of STS GetCallerIdentity, base64url (aws-iam-authenticator's pkg/token). Whoever holds one can have
// Postern fetch it, so everything in it is compared with what may be there, spelled as the makers of tokens spell it, and nothing is
// interpreted twice: the bytes that were checked are the bytes that are sent. CVE-2022-2385 (parameters in two spellings), CVE-2025-49827
// and CVE-2025-49831 (a host that only looks like STS) are what happens otherwise.

import type { StsHost } from '../../config/aws/partitions.ts';
import { describeValue } from '../token.ts';

/** A request that was checked. */
export interface PresignedRequest {
  readonly sts: StsHost;
  /** Path and query, as in the token. */
  readonly target: string;
  readonly accessKeyID: string;
  /** When the token ends, ms since the epoch. */
  readonly expiresAt: number;
}

export type PresignedResult =
  | { readonly kind: 'presigned'; readonly request: PresignedRequest }
  | {
      readonly kind: 'refused';
      readonly code: 'AWS_TOKEN_MALFORMED' | 'TOKEN_EXPIRED' | 'TOKEN_NOT_YET_VALID';
      /** Never holds the signature or the session's token. */
      readonly detail: string;
    };

/** What these tokens begin with. */
export const AWS_TOKEN_PREFIX = 'k8s-aws-v1.';
/** The header that names the cluster; signed, so that a token for one cluster is none for another. */
export const CLUSTER_HEADER = 'x-k8s-aws-id';
/** A presigned request to STS is good for so long after its date, whatever X-Amz-Expires says. ms */
export const TOKEN_LIFETIME_MS = 15 * 60_000;
/** STS refuses a signature that lies further ahead of its clock. ms */
export const MAX_SKEW_MS = 5 * 60_000;

/** As aws-iam-authenticator. */
const MAX_TOKEN_CHARS = 4096;
const MAX_EXPIRES_SECONDS = 900;
const BASE64URL = /^[A-Za-z0-9_-]+$/;
const REQUEST = /^https:\/\/([^/?#]*)\/\?(.*)$/s;
const PARAMETER = /^([A-Za-z-]+)=((?:[A-Za-z0-9\-._~/]|%[0-9A-Fa-f]{2})*)$/;
const DATE = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/;
const CREDENTIAL = /^(\w{16,128})\/(\d{8})\/([a-z0-9-]+)\/sts\/aws4_request$/;
const OPTIONAL_PARAMETER = 'X-Amz-Security-Token';
/** Every parameter that may be there, and what its value must be. */
const PARAMETERS: Readonly<Record<string, RegExp>> = {
  Action: /^GetCallerIdentity$/,
  Version: /^2011-06-15$/,
  'X-Amz-Algorithm': /^AWS4-HMAC-SHA256$/,
  'X-Amz-Credential': CREDENTIAL,
  'X-Amz-Date': DATE,
  'X-Amz-Expires': /^\d{1,3}$/,
  [OPTIONAL_PARAMETER]: /^[A-Za-z0-9+/=]+$/,
  // Sorted, as SigV4 wants them; another header could be signed but would not be sent.
  'X-Amz-SignedHeaders': /^host;x-k8s-aws-id$/,
  'X-Amz-Signature': /^[0-9a-f]{64}$/,
};
/** Parameters whose values a log may show. */
const SHOWN: ReadonlySet<string> = new Set(
  'Action Version X-Amz-Algorithm X-Amz-Date X-Amz-Expires X-Amz-SignedHeaders'.split(' '),
);

/** Checks a token that begins with `k8s-aws-v1.`; `hosts` are those that may be asked, `now` is ms since the epoch. */
export function parsePresigned(token: string, hosts: readonly StsHost[], now: number): PresignedResult {
  if (token.length > MAX_TOKEN_CHARS) return malformed(`longer than ${MAX_TOKEN_CHARS} characters`);
  const url = decode(token.slice(AWS_TOKEN_PREFIX.length));
  if (url === undefined) return malformed('not base64url without padding');
  const [, host = '', query = ''] = REQUEST.exec(url) ?? [];
  if (query === '') return malformed('not a URL of the form https://HOST/?QUERY');
  // The text itself, with any user, port or other spelling, has to be a known host: nothing is left for a parser to see otherwise.
  const sts = hosts.find((one) => one.host === host);
  if (sts === undefined)
    return malformed(`host ${describeValue(host)} is not the STS of a configured region (stsRegions)`);
  const parameters = readQuery(query);
  if (typeof parameters === 'string') return malformed(parameters);
  return judge(parameters, { sts, target: `/?${query}` }, now);
}

function judge(
  parameters: ReadonlyMap<string, string>,
  place: Pick<PresignedRequest, 'sts' | 'target'>,
  now: number,
): PresignedResult {
  const of = (name: string): string => parameters.get(name) ?? '';
  if (Number(of('X-Amz-Expires')) > MAX_EXPIRES_SECONDS)
    return malformed(`X-Amz-Expires is more than ${MAX_EXPIRES_SECONDS}`);
  const date = of('X-Amz-Date');
  const signedAt = readDate(date);
  if (signedAt === undefined) return malformed(`X-Amz-Date ${describeValue(date)} is no date`);
  const [, accessKeyID = '', day] = CREDENTIAL.exec(of('X-Amz-Credential')) ?? [];
  if (day !== date.slice(0, 8)) return malformed('X-Amz-Credential is of another day than X-Amz-Date');
  if (signedAt > now + MAX_SKEW_MS)
    return { kind: 'refused', code: 'TOKEN_NOT_YET_VALID', detail: `X-Amz-Date ${date} lies ahead` };
  const expiresAt = Math.min(signedAt, now) + TOKEN_LIFETIME_MS;
  if (expiresAt <= now)
    return { kind: 'refused', code: 'TOKEN_EXPIRED', detail: `X-Amz-Date ${date} is 15 minutes ago or more` };
  return { kind: 'presigned', request: { ...place, accessKeyID, expiresAt } };
}

function decode(text: string): string | undefined {
  if (!BASE64URL.test(text)) return undefined;
  const bytes = Buffer.from(text, 'base64url');
  // One token, one text: no spare bits at its end, nothing that is dropped.
  return bytes.toString('base64url') === text ? bytes.toString('latin1') : undefined;
}

/** The parameters by name, or what is wrong with them. */
function readQuery(query: string): ReadonlyMap<string, string> | string {
  const found = new Map<string, string>();
  for (const part of query.split('&')) {
    const [, name, raw = ''] = PARAMETER.exec(part) ?? [];
    if (name === undefined) return 'a part of the query is not NAME=VALUE';
    if (!Object.hasOwn(PARAMETERS, name)) return `parameter ${describeValue(name)} is not allowed`;
    if (found.has(name)) return `parameter ${name} is there twice`;
    const value = unescapeValue(raw);
    if (value === undefined || PARAMETERS[name]?.test(value) !== true)
      return `${name} ${SHOWN.has(name) ? `${describeValue(value)} ` : ''}is not allowed`;
    found.set(name, value);
  }
  const missing = Object.keys(PARAMETERS).find((name) => name !== OPTIONAL_PARAMETER && !found.has(name));
  return missing === undefined ? found : `${missing} is missing`;
}

function unescapeValue(raw: string): string | undefined {
  try {
    return decodeURIComponent(raw);
  } catch {
    return undefined;
  }
}

/** ms since the epoch; undefined for a day or hour that does not exist. */
function readDate(text: string): number | undefined {
  const iso = text.replace(DATE, '$1-$2-$3T$4:$5:$6Z');
  const time = Date.parse(iso);
  return Number.isNaN(time) || new Date(time).toISOString() !== iso.replace('Z', '.000Z') ? undefined : time;
}

function malformed(detail: string): PresignedResult {
  return { kind: 'refused', code: 'AWS_TOKEN_MALFORMED', detail };
}
