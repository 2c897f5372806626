// Which keys of an issuer's JWKS document may verify its tokens (RFC 7517). Only public signature keys of good size are kept, and of each
// only the members that verification needs: x5c, x5u and the like are never looked at.

import { createPublicKey } from 'node:crypto';
import { createLocalJWKSet, type JWK, type JWTVerifyGetKey } from 'jose';
import { SIGNING_ALGORITHMS } from '../config/formats.ts';
import { hasRocaMark } from './roca.ts';

/** The keys that are in force; `generation` changes exactly when they do. */
export interface KeySet {
  readonly generation: number;
  readonly size: number;
  readonly resolve: JWTVerifyGetKey;
}

/** Signature algorithms that can be allowed at all: those that the configuration can name. `none` and HMAC are not among them. */
export const ASYMMETRIC_ALGORITHMS: ReadonlySet<string> = new Set(SIGNING_ALGORITHMS);
/** More keys than this are not one issuer's signing keys. */
export const MAX_KEYS = 256;
/** NIST SP 800-131A. */
export const MIN_RSA_BITS = 2048;
/** Beyond this a verification costs more than it is worth. */
const MAX_RSA_BITS = 16_384;
/** The longest key id that is looked at, characters. */
export const MAX_KID_LENGTH = 512;

const KEPT = ['kty', 'kid', 'alg', 'use', 'n', 'e', 'crv', 'x', 'y'] as const;
const CURVES: ReadonlySet<string> = new Set(['P-256', 'P-384', 'P-521', 'Ed25519']);

/**
 * Selects the usable keys of a JWKS document, in a stable order. A document without a usable key is an answer too: nothing verifies.
 * @throws Error when it is not a JWKS document.
 */
export function selectKeys(document: unknown, algorithms: ReadonlySet<string>): JWK[] {
  if (!isRecord(document) || !Array.isArray(document['keys']))
    throw new Error('document has no list of keys');
  const listed = document['keys'] as readonly unknown[];
  if (listed.length > MAX_KEYS)
    throw new Error(`document has ${listed.length} keys, allowed are ${MAX_KEYS}`);
  const usable = listed.map((key) => readKey(key, algorithms)).filter((key) => key !== undefined);
  const typesOf = new Map<string, Set<unknown>>();
  // All listed keys count here, so that one kid never stands for keys of two types.
  for (const key of listed) {
    if (!isRecord(key) || typeof key['kid'] !== 'string') continue;
    typesOf.set(key['kid'], (typesOf.get(key['kid']) ?? new Set()).add(key['kty']));
  }
  return usable
    .filter((key) => key.kid === undefined || typesOf.get(key.kid)?.size === 1)
    .map((key) => ({ key, order: JSON.stringify(key) }))
    .sort((a, b) => (a.order < b.order ? -1 : a.order > b.order ? 1 : 0))
    .map(({ key }) => key);
}

/** Makes a key set of selected keys. */
export function createKeySet(keys: readonly JWK[], generation: number): KeySet {
  return { generation, size: keys.length, resolve: createLocalJWKSet({ keys: [...keys] }) };
}

function readKey(listed: unknown, algorithms: ReadonlySet<string>): JWK | undefined {
  if (!isRecord(listed)) return undefined;
  // A private or symmetric key in a public document is a leaked one.
  if (['d', 'p', 'q', 'k', 'priv', 'oth'].some((member) => Object.hasOwn(listed, member))) return undefined;
  const { kid, alg, use, key_ops: operations } = listed;
  if (kid !== undefined && (typeof kid !== 'string' || kid.length > MAX_KID_LENGTH)) return undefined;
  if (alg !== undefined && (typeof alg !== 'string' || !algorithms.has(alg))) return undefined;
  if (use !== undefined && use !== 'sig') return undefined;
  if (operations !== undefined && !(Array.isArray(operations) && operations.includes('verify')))
    return undefined;
  const key: Record<string, string> = {};
  for (const member of KEPT) {
    const value = listed[member];
    if (typeof value === 'string') key[member] = value;
  }
  return isGoodKey(key) ? (key as JWK) : undefined;
}

/** Node reads the key, so that one which is no point on its curve, or no number, is dropped now and not at the first token. */
function isGoodKey(key: Readonly<Record<string, string>>): boolean {
  if (
    key['kty'] !== 'RSA' &&
    !((key['kty'] === 'EC' || key['kty'] === 'OKP') && CURVES.has(key['crv'] ?? ''))
  )
    return false;
  try {
    const { asymmetricKeyDetails } = createPublicKey({ key: { ...key }, format: 'jwk' });
    if (key['kty'] !== 'RSA') return true;
    const bits = asymmetricKeyDetails?.modulusLength ?? 0;
    const exponent = asymmetricKeyDetails?.publicExponent ?? 0n;
    return (
      bits >= MIN_RSA_BITS &&
      bits <= MAX_RSA_BITS &&
      exponent >= 3n &&
      exponent < 1n << 64n &&
      exponent % 2n === 1n &&
      !hasRocaMark(Buffer.from(key['n'] ?? '', 'base64url'))
    );
  } catch {
    return false;
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
