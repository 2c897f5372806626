// Verifies a JWT's signature with the keys of its issuer, through jose, and asks for newer keys when those in force don't fit. What was signed
// is read by our own rules alone (token.ts, rules.ts), for two readers could disagree. Says what is so; what follows for the request is decided
// in jwt.ts.

import { compactVerify, errors, type VerifyOptions } from 'jose';
import type { JwtConfig } from '../config/config.ts';
import type { Clock } from './clock.ts';
import type { KeySource } from './jwks.ts';
import type { KeySet } from './keyset.ts';
import { checkClaims, type Refusal } from './rules.ts';
import { type ParsedToken, parseClaims } from './token.ts';

/** What the keys say of a token. `verified` alone means that signature, issuer, audience and times are good. */
export type Verification =
  | { readonly kind: 'verified'; readonly payload: ParsedToken['claims']; readonly keys: KeySet }
  | { readonly kind: 'refused'; readonly refusal: Refusal }
  | { readonly kind: 'badSignature'; readonly keys: KeySet }
  /** `wasAsked`: whether the issuer's newest keys are known; they are not where too many were asked for just before, or it did not answer. */
  | { readonly kind: 'unknownKey'; readonly wasAsked: boolean }
  | { readonly kind: 'noKeys' };

export interface VerifierDeps {
  readonly source: Pick<KeySource, 'current' | 'renew'>;
  readonly clock: Clock;
  readonly onVerify?: ((issuer: string) => void) | undefined;
}

/** A token waits for at most so many refreshes: one that was under way when it came, and its own. */
const MAX_RENEWALS = 2;

/** Creates the verifier of one entry: with the keys in force and, when they don't fit, once more with the newest that can be had. */
export function createVerifier(
  config: JwtConfig,
  deps: VerifierDeps,
): (token: ParsedToken) => Promise<Verification> {
  const attempt = createAttempt(config, deps);
  return async (token) => {
    let result = await attempt(token);
    for (let renewals = 0; renewals < MAX_RENEWALS; renewals += 1) {
      if (result.kind === 'verified' || result.kind === 'refused') break;
      // A bad signature too: there are issuers that change the key and keep its id.
      const renewal = await deps.source.renew();
      if (renewal === 'limited' || renewal === 'failed')
        return result.kind === 'unknownKey' ? { kind: 'unknownKey', wasAsked: false } : result;
      result = await attempt(token);
      // A shared refresh may have begun before the issuer changed its keys.
      if (renewal === 'fetched') break;
    }
    return result;
  };
}

/** Tries the keys in force, and those that came while it tried before any are fetched: of fetches there are few. */
function createAttempt(config: JwtConfig, deps: VerifierDeps): (token: ParsedToken) => Promise<Verification> {
  const { source, clock } = deps;
  const options: VerifyOptions = { algorithms: [...config.signingAlgorithms] };
  const tryKeys = async (token: ParsedToken, keys: KeySet): Promise<Verification> => {
    deps.onVerify?.(config.issuer.url);
    try {
      const payload = parseClaims(await verifyWith(keys, token.raw, options));
      if (payload === undefined) return refuse('TOKEN_MALFORMED', 'what is signed are no claims');
      const refusal = checkClaims(payload, config.issuer, clock.now());
      return refusal === undefined ? { kind: 'verified', payload, keys } : { kind: 'refused', refusal };
    } catch (error) {
      return classify(error, keys);
    }
  };
  return async (token) => {
    for (;;) {
      const keys = source.current();
      if (keys === undefined) return { kind: 'noKeys' };
      const result = await tryKeys(token, keys);
      if (result.kind === 'verified' || result.kind === 'refused' || source.current() === keys) return result;
    }
  };
}

/** Without a key id every key of the right type is tried, as Kubernetes does. */
async function verifyWith(keys: KeySet, raw: string, options: VerifyOptions): Promise<Uint8Array> {
  try {
    return (await compactVerify(raw, keys.resolve, options)).payload;
  } catch (error) {
    if (!(error instanceof errors.JWKSMultipleMatchingKeys)) throw error;
    for await (const key of error) {
      try {
        return (await compactVerify(raw, key, options)).payload;
      } catch (failure) {
        if (!(failure instanceof errors.JWSSignatureVerificationFailed)) throw failure;
      }
    }
    throw new errors.JWSSignatureVerificationFailed();
  }
}

/** jose's errors in our words. rules.ts found most of these before. */
function classify(error: unknown, keys: KeySet): Verification {
  if (error instanceof errors.JWKSNoMatchingKey) return { kind: 'unknownKey', wasAsked: true };
  if (error instanceof errors.JWSSignatureVerificationFailed) return { kind: 'badSignature', keys };
  if (error instanceof errors.JOSEAlgNotAllowed) return refuse('TOKEN_ALGORITHM', 'alg is not allowed');
  if (error instanceof errors.JOSEError) return refuse('TOKEN_MALFORMED', 'not a JWT that can be verified');
  // Not a finding about the token: fail closed, as unavailable.
  throw error;
}

function refuse(code: Refusal['code'], detail: string): Verification {
  return { kind: 'refused', refusal: { code, detail } };
}
