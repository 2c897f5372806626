// Finds the one credential of a request. It reads raw header lines, because Node's joined view shows only the first Authorization line,
// and trusts none of them: an assertion header exists only when the connection comes from a trusted proxy.
// Follows apiserver's bearertoken and websocket request authenticators, more strictly:
// what they ignore beside a credential (a second line, text after the token) is refused here.

import { isUtf8 } from 'node:buffer';

/** Where a token was found: the bounded vocabulary of the metric's `source` label. */
export type CredentialSource = 'authorization' | 'subprotocol' | 'header';

/** One place where the token was found; `header` is the source header whose entries may judge it. */
export interface CredentialOrigin {
  readonly source: CredentialSource;
  readonly header: string;
}

/** What one request brings along. */
export interface CredentialInput {
  /** Flat [name, value, …] lines as they came. */
  readonly rawHeaders: readonly string[];
  /** Whether it is a WebSocket handshake (as apiserver's wsstream.IsWebSocketRequest). */
  readonly isWebSocket: boolean;
  /** Whether the peer's socket address is in `trustedProxies`. */
  readonly peerTrusted: boolean;
  /** Configured source headers, lower case. Without 'authorization' bearer tokens are some other layer's business and not looked at. */
  readonly sources: readonly string[];
}

/**
 * `detail` is for the log and never holds any part of the credential. `websocketProtocols`: there was a bearer subprotocol, which may be nobody's here;
 * what Sec-WebSocket-Protocol must be replaced with, so that the token ends at the gate.
 */
export type Credentials =
  | { readonly kind: 'none'; readonly websocketProtocols?: string }
  | {
      readonly kind: 'token';
      readonly token: string;
      /** The first of `origins`. */
      readonly source: CredentialSource;
      /** Every place that held this token, equal byte for byte. */
      readonly origins: readonly CredentialOrigin[];
      readonly websocketProtocols?: string;
    }
  | {
      readonly kind: 'rejected';
      readonly code: 'CREDENTIALS_CONFLICT' | 'CREDENTIALS_MALFORMED';
      readonly detail: string;
      readonly source: CredentialSource;
    };

/** The longest token that is looked at, bytes. Nothing that fits the API server's 1 MiB of headers comes near. */
export const MAX_TOKEN_BYTES = 256 * 1024;
/** Prefix of the WebSocket subprotocol that carries a bearer token (kubernetes PR#47740). */
export const BEARER_SUBPROTOCOL_PREFIX = 'base64url.bearer.authorization.k8s.io.';

/** RFC 6750 §2.1 b64token, with padding also inside because some proxies pad each part of a JWT. */
const TOKEN = /^[A-Za-z0-9\-._~+/=]+$/;
const BASE64URL = /^[A-Za-z0-9_-]*$/;
const NONE: Credentials = Object.freeze({ kind: 'none' });

type Rejected = Extract<Credentials, { kind: 'rejected' }>;
type Found = { readonly token: string; readonly origin: CredentialOrigin };

interface Lines {
  readonly authorization: string[];
  readonly websocketProtocol: string[];
  /** By source header, only the configured ones. */
  readonly assertions: Map<string, string[]>;
}

/**
 * Extracts the one credential of a request: none, a token, or a refusal. Two lines of one header are refused even when equal; the same
 * token from two different sources is one credential, because proxies copy. Verifies nothing.
 */
export function extractCredentials(input: CredentialInput): Credentials {
  const lines = collectLines(input);
  const readsBearer = input.sources.includes('authorization');
  const found: Found[] = [];
  if (readsBearer) {
    const bearer = readAuthorization(lines.authorization);
    if (bearer?.kind === 'rejected') return bearer;
    if (bearer !== undefined)
      found.push({ token: bearer.token, origin: { source: 'authorization', header: 'authorization' } });
  }
  const subprotocol = input.isWebSocket ? readSubprotocol(lines.websocketProtocol) : undefined;
  if (subprotocol?.kind === 'rejected') return subprotocol;
  if (subprotocol !== undefined && subprotocol.token !== '' && readsBearer) {
    found.push({ token: subprotocol.token, origin: { source: 'subprotocol', header: 'authorization' } });
  }
  for (const [header, values] of lines.assertions) {
    const assertion = readAssertion(header, values);
    if (assertion?.kind === 'rejected') return assertion;
    if (assertion !== undefined) found.push({ token: assertion.token, origin: { source: 'header', header } });
  }
  return judge(found, subprotocol?.protocols);
}

/**
 * The bearer token of a request whose one credential was verified: that of Authorization, else of the bearer subprotocol; undefined when it
 * has none that reads well. Verifies nothing.
 */
export function bearerOf(request: Pick<CredentialInput, 'rawHeaders' | 'isWebSocket'>): string | undefined {
  const read = extractCredentials({ ...request, peerTrusted: false, sources: ['authorization'] });
  return read.kind === 'token' ? read.token : undefined;
}

function judge(found: readonly Found[], websocketProtocols: string | undefined): Credentials {
  const first = found[0];
  if (first === undefined)
    return websocketProtocols === undefined ? NONE : { kind: 'none', websocketProtocols };
  if (found.some((other) => other.token !== first.token)) {
    const places = found.map(({ origin }) => (origin.source === 'header' ? origin.header : origin.source));
    return reject(
      'CREDENTIALS_CONFLICT',
      `different credentials in ${places.join(', ')}`,
      first.origin.source,
    );
  }
  const origins = found.map(({ origin }) => origin);
  const token = { kind: 'token', token: first.token, source: first.origin.source, origins } as const;
  return websocketProtocols === undefined ? token : { ...token, websocketProtocols };
}

function collectLines(input: CredentialInput): Lines {
  const lines: Lines = { authorization: [], websocketProtocol: [], assertions: new Map() };
  const { rawHeaders } = input;
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const raw = rawHeaders[i] ?? '';
    // Most lines are none of these; their names need not be lower-cased to see it.
    if (!input.peerTrusted && raw.length !== 13 && raw.length !== 22) continue;
    const name = raw.toLowerCase();
    const value = rawHeaders[i + 1] ?? '';
    if (name === 'authorization') lines.authorization.push(value);
    else if (name === 'sec-websocket-protocol') lines.websocketProtocol.push(value);
    else if (input.peerTrusted && input.sources.includes(name)) {
      const values = lines.assertions.get(name);
      if (values === undefined) lines.assertions.set(name, [value]);
      else values.push(value);
    }
  }
  return lines;
}

/** As apiserver: trim, split on single spaces, "bearer" in any case. Unlike it, what is not a bearer token is a refusal, not silence. */
function readAuthorization(
  lines: readonly string[],
): { kind: 'found'; token: string } | Rejected | undefined {
  if (lines.length > 1)
    return reject('CREDENTIALS_CONFLICT', `${lines.length} Authorization lines`, 'authorization');
  const value = trim(lines[0] ?? '');
  if (value === '') return undefined;
  const space = value.indexOf(' ');
  const scheme = (space < 0 ? value : value.slice(0, space)).toLowerCase();
  if (scheme !== 'bearer')
    return reject('CREDENTIALS_MALFORMED', 'Authorization is not "Bearer TOKEN"', 'authorization');
  if (space < 0)
    return reject('CREDENTIALS_MALFORMED', 'Authorization: Bearer has no token', 'authorization');
  return checkToken(value.slice(space + 1), 'Authorization', 'authorization');
}

interface Subprotocol {
  readonly kind: 'found';
  /** '' when the element is there and empty: no credential, but taken out all the same. */
  readonly token: string;
  readonly protocols: string;
}

function readSubprotocol(lines: readonly string[]): Subprotocol | Rejected | undefined {
  const bearers: string[] = [];
  const others: string[] = [];
  for (const line of lines) {
    for (const element of line.split(',')) {
      const protocol = trim(element);
      if (protocol.toLowerCase().startsWith(BEARER_SUBPROTOCOL_PREFIX)) bearers.push(protocol);
      else if (protocol !== '') others.push(protocol);
    }
  }
  const bearer = bearers[0];
  if (bearer === undefined) return undefined;
  if (bearers.length > 1)
    return reject('CREDENTIALS_CONFLICT', `${bearers.length} bearer subprotocols`, 'subprotocol');
  // The API server matches the prefix exactly and would echo any other spelling, token and all.
  if (!bearer.startsWith(BEARER_SUBPROTOCOL_PREFIX))
    return malformedSubprotocol('bearer subprotocol is not in lower case');
  const encoded = bearer.slice(BEARER_SUBPROTOCOL_PREFIX.length);
  const protocols = others.join(', ');
  if (encoded === '') return others.length > 0 ? { kind: 'found', token: '', protocols } : undefined;
  if (encoded.length > Math.ceil((MAX_TOKEN_BYTES * 4) / 3))
    return malformedSubprotocol('bearer subprotocol is too long');
  if (!BASE64URL.test(encoded) || encoded.length % 4 === 1) {
    return malformedSubprotocol('bearer subprotocol is not base64url without padding');
  }
  const decoded = Buffer.from(encoded, 'base64url');
  if (!isUtf8(decoded)) return malformedSubprotocol('bearer subprotocol is not UTF-8');
  if (others.length === 0) return malformedSubprotocol('missing additional subprotocol');
  const token = checkToken(decoded.toString('utf8'), 'bearer subprotocol', 'subprotocol');
  return token.kind === 'rejected' ? token : { ...token, protocols };
}

function malformedSubprotocol(detail: string): Rejected {
  return reject('CREDENTIALS_MALFORMED', detail, 'subprotocol');
}

function readAssertion(
  header: string,
  lines: readonly string[],
): { kind: 'found'; token: string } | Rejected | undefined {
  if (lines.length > 1) return reject('CREDENTIALS_CONFLICT', `${lines.length} ${header} lines`, 'header');
  const value = trim(lines[0] ?? '');
  return value === '' ? undefined : checkToken(value, header, 'header');
}

function checkToken(
  token: string,
  place: string,
  source: CredentialSource,
): { kind: 'found'; token: string } | Rejected {
  if (token.length > MAX_TOKEN_BYTES)
    return reject('CREDENTIALS_MALFORMED', `${place}: token is longer than ${MAX_TOKEN_BYTES} bytes`, source);
  if (!TOKEN.test(token)) return reject('CREDENTIALS_MALFORMED', `${place}: not a single token`, source);
  return { kind: 'found', token };
}

function reject(code: Rejected['code'], detail: string, source: CredentialSource): Rejected {
  return { kind: 'rejected', code, detail, source };
}

/** ASCII white space only: in a header line a byte such as 0xA0 is content. A loop, because a pattern would be quadratic in the spaces. */
function trim(value: string): string {
  let start = 0;
  let end = value.length;
  while (start < end && isSpace(value.charCodeAt(start))) start += 1;
  while (end > start && isSpace(value.charCodeAt(end - 1))) end -= 1;
  return value.slice(start, end);
}

function isSpace(code: number): boolean {
  return code === 0x20 || (code >= 0x09 && code <= 0x0d);
}
