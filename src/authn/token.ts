// Reads a JWT without believing it: which issuer to ask, and whether it can be refused before anything is computed. Nothing that comes from
// here decides that somebody may enter. RFC 7515 §7.1 (compact serialisation), RFC 7519.

/** The two JSON parts of a compact JWS, unverified. */
export interface ParsedToken {
  readonly raw: string;
  readonly header: Readonly<Record<string, unknown>>;
  readonly claims: Readonly<Record<string, unknown>>;
}

/** Canonical only in its alphabet: no padding, no white space. */
const BASE64URL = /^[A-Za-z0-9_-]+$/;
/** Characters of a value that a log shows. */
const MAX_SHOWN = 100;

/** Parses a compact JWS; undefined when it is none. The signature may be empty here (`alg: none`): verification refuses it. */
export function parseToken(raw: string): ParsedToken | undefined {
  const first = raw.indexOf('.');
  const second = raw.indexOf('.', first + 1);
  if (first < 0 || second < 0 || raw.indexOf('.', second + 1) >= 0) return undefined;
  const signature = raw.slice(second + 1);
  if (signature !== '' && !isBase64url(signature)) return undefined;
  const header = parsePart(raw.slice(0, first));
  const claims = header && parsePart(raw.slice(first + 1, second));
  return header && claims ? { raw, header, claims } : undefined;
}

/** Something a caller chose, fit for a log: quoted, short, printable. */
export function describeValue(value: unknown): string {
  if (value === undefined) return 'absent';
  if (typeof value !== 'string') return Array.isArray(value) ? `a list of ${value.length}` : typeof value;
  const shown = value.length > MAX_SHOWN ? `${value.slice(0, MAX_SHOWN)}…` : value;
  return JSON.stringify(shown.toWellFormed().replace(/[\p{C}\p{Zl}\p{Zp}]/gu, '?'));
}

function parsePart(part: string): Readonly<Record<string, unknown>> | undefined {
  if (!isBase64url(part)) return undefined;
  try {
    const value: unknown = JSON.parse(
      new TextDecoder('utf-8', { fatal: true }).decode(Buffer.from(part, 'base64url')),
    );
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Readonly<Record<string, unknown>>)
      : undefined;
  } catch {
    return undefined;
  }
}

function isBase64url(part: string): boolean {
  return BASE64URL.test(part) && part.length % 4 !== 1;
}
