// Reads a JWT: before anything is computed, to know which issuer to ask and whether it can be refused, and once more what was signed. Nothing
// that comes from here decides by itself that somebody may enter. RFC 7515 §7.1 (compact serialisation), RFC 7519; JSON as Go's encoding/json
// reads it, where the two differ.

import { Unreadable } from '../cel/value.ts';

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
  const [header, claims] = [decode(raw.slice(0, first)), decode(raw.slice(first + 1, second))];
  const read = header && claims && { header: parseObject(header), claims: parseClaims(claims) };
  return read?.header && read.claims ? { raw, header: read.header, claims: read.claims } : undefined;
}

/** The claims of a payload; undefined when it is not the JSON of an object. A claim with a number that no double holds is an Unreadable. */
export function parseClaims(payload: Uint8Array): Readonly<Record<string, unknown>> | undefined {
  const claims = parseObject(payload);
  if (claims === undefined) return undefined;
  const unreadable = Object.keys(claims).filter((name) => isBeyondDoubles(claims[name]));
  if (unreadable.length === 0) return claims;
  const marks = unreadable.map((name) => [
    name,
    new Unreadable(`claim ${JSON.stringify(name)} failed to unmarshal`),
  ]);
  // Not by assignment: a name may be __proto__.
  return Object.fromEntries([...Object.entries(claims), ...marks]) as Readonly<Record<string, unknown>>;
}

/** Something a caller chose, fit for a log: quoted, short, printable. */
export function describeValue(value: unknown): string {
  if (value === undefined) return 'absent';
  if (value instanceof Unreadable) return 'a number that is too large';
  if (typeof value !== 'string') return Array.isArray(value) ? `a list of ${value.length}` : typeof value;
  const shown = value.length > MAX_SHOWN ? `${value.slice(0, MAX_SHOWN)}…` : value;
  return JSON.stringify(shown.toWellFormed().replace(/[\p{C}\p{Zl}\p{Zp}]/gu, '?'));
}

function decode(part: string): Buffer | undefined {
  return isBase64url(part) ? Buffer.from(part, 'base64url') : undefined;
}

/**
 * An object in JSON, as a header is; undefined for anything else, half a character included. A byte order mark is no JSON (RFC 8259 §8.1):
 * TextDecoder drops it unless it is told to ignore it.
 */
export function parseObject(bytes: Uint8Array): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(
      new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes),
    );
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Readonly<Record<string, unknown>>)
      : undefined;
  } catch {
    return undefined;
  }
}

/** JSON has no way to write infinity: it comes of a number that is too large, which Go does not read. Without recursion: a stranger nests it. */
function isBeyondDoubles(claim: unknown): boolean {
  const open: unknown[] = [claim];
  while (open.length > 0) {
    const value = open.pop();
    if (typeof value === 'number' && !Number.isFinite(value)) return true;
    if (typeof value === 'object' && value !== null)
      for (const inner of Object.values(value)) open.push(inner);
  }
  return false;
}

function isBase64url(part: string): boolean {
  return BASE64URL.test(part) && part.length % 4 !== 1;
}
