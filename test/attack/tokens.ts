// Tokens that no library would make: any bytes as header and payload, any key, any signature. The keys are made here and published by the fake issuer, so
// that the test can sign what the issuer never would.

import { constants, createHmac, generateKeyPairSync, type KeyObject, sign as signBytes } from 'node:crypto';
import type { Issuer } from '../fakes/issuer.ts';

/** A key pair, and its public half as a JWK. */
export interface Keys {
  readonly kid: string;
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
  readonly jwk: Readonly<Record<string, unknown>>;
}

/** RSA of so many bits. */
export function makeRsa(kid: string, bits = 2048): Keys {
  return named(kid, 'RS256', generateKeyPairSync('rsa', { modulusLength: bits }));
}

/** On a curve of OpenSSL's name. */
export function makeEc(kid: string, namedCurve = 'P-256'): Keys {
  return named(kid, 'ES256', generateKeyPairSync('ec', { namedCurve }));
}

function named(kid: string, alg: string, pair: { publicKey: KeyObject; privateKey: KeyObject }): Keys {
  return { kid, ...pair, jwk: { ...pair.publicKey.export({ format: 'jwk' }), kid, alg, use: 'sig' } };
}

/** Has the issuer publish these keys beside its own, from its next answer on. */
export function publish(issuer: Pick<Issuer, 'setKeys' | 'publicKeys'>, ...listed: readonly unknown[]): void {
  issuer.setKeys((_request, response) => {
    void issuer.publicKeys().then((own) => response.end(JSON.stringify({ keys: [...own, ...listed] })));
  });
}

/** base64url without padding, of bytes, of a text as it is, or of anything else as JSON. */
export function encode(part: unknown): string {
  if (Buffer.isBuffer(part)) return part.toString('base64url');
  return Buffer.from(typeof part === 'string' ? part : JSON.stringify(part)).toString('base64url');
}

/** The part of a token that is signed. */
export function inputOf(header: unknown, payload: unknown): string {
  return `${encode(header)}.${encode(payload)}`;
}

/** Signs an input as it is; RSA as RS256 unless `pss`, EC as ES256 (r and s, unless `der`). */
export function sealed(
  input: string,
  { privateKey }: Pick<Keys, 'privateKey'>,
  form: 'usual' | 'pss' | 'der' = 'usual',
): string {
  const key =
    form === 'pss'
      ? { key: privateKey, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 }
      : { key: privateKey, dsaEncoding: form === 'der' ? ('der' as const) : ('ieee-p1363' as const) };
  const hash = privateKey.asymmetricKeyType === 'ed25519' ? null : 'sha256';
  return `${input}.${signBytes(hash, Buffer.from(input), key).toString('base64url')}`;
}

/** Seals an input with a shared secret. */
export function hmacSealed(input: string, secret: string | Buffer, hash = 'sha256'): string {
  return `${input}.${createHmac(hash, secret).update(input).digest('base64url')}`;
}

/** Claims that would let mallory in if somebody believed them. */
export function claimsOf(issuer: { readonly url: string }, more: Readonly<Record<string, unknown>> = {}) {
  const now = Math.floor(Date.now() / 1000);
  return {
    iss: issuer.url,
    aud: 'postern',
    sub: 'm',
    email: 'mallory@example.com',
    iat: now,
    exp: now + 300,
    ...more,
  };
}
