// What an entry of authentication.jwt trusted when it verified a token, and trusts no more: a key that came from there can't be believed any longer,
// whatever its claims would give.

import type { JwtConfig } from '../config/config.ts';
import { parseAuthorities } from './certificates.ts';

/**
 * Why a token that was verified under `before`, by a key for `algorithm` ('' when that is not known), is not one that `after` stands by; '' when nothing
 * is against it. More authorities or algorithms than before are nothing: only what was taken away counts.
 */
export function lostTrust(before: JwtConfig, after: JwtConfig, algorithm: string): string {
  if (before.jwksURL !== after.jwksURL || before.issuer.discoveryURL !== after.issuer.discoveryURL)
    return "its issuer's keys are at another address now";
  if (algorithm !== '' && !after.signingAlgorithms.includes(algorithm))
    return `its algorithm ${algorithm} is accepted no more`;
  return keepsAuthorities(before.issuer.certificateAuthority, after.issuer.certificateAuthority)
    ? ''
    : "an authority by which its issuer's keys were fetched is trusted no more";
}

/** '' are the system's roots. */
function keepsAuthorities(before: string, after: string): boolean {
  if (before === after) return true;
  if (before === '' || after === '') return false;
  const kept = new Set(parseAuthorities(after).map(({ fingerprint256 }) => fingerprint256));
  return parseAuthorities(before).every(({ fingerprint256 }) => kept.has(fingerprint256));
}
