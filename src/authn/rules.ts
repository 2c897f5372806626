// What a JWT must say of itself, apart from its signature: RFC 8725. The same checks run before the signature, to refuse what is bad anyway
// without cost and with the better reason, and after it, on the signed payload, where they count.
//
// Times: `exp` has no leeway, as at the API server: a token that ended is refused the same instant everywhere, so a session never outlives
// it. `nbf` has CLOCK_LEEWAY_MS, as there, because an issuer's clock that is a little ahead must not refuse tokens that are brand new. `iat` is
// no bound on anything, there or here.

import { MAX_KID_LENGTH } from './keyset.ts';
import type { RejectedCode } from './outcome.ts';
import { describeValue } from './token.ts';

/** Why a token is refused. */
export interface Refusal {
  readonly code: RejectedCode;
  readonly detail: string;
}

/** How far ahead an issuer's clock may be: go-oidc's. ms */
export const CLOCK_LEEWAY_MS = 60_000;

/** Signed by the same issuer for the same audience, but about somebody else's affairs: OIDC Back-Channel Logout §2.4, RFC 8417. */
const FOREIGN_TYPES: ReadonlySet<string> = new Set(['logout+jwt', 'secevent+jwt']);

type Members = Readonly<Record<string, unknown>>;

/** Checks the protected header. jku, jwk, x5u and x5c may be there and are never read. */
export function checkHeader(header: Members, algorithms: ReadonlySet<string>): Refusal | undefined {
  const { alg, kid, typ, b64 } = header;
  if (typeof alg !== 'string' || !algorithms.has(alg)) {
    return refuse(
      'TOKEN_ALGORITHM',
      `alg is ${describeValue(alg)}, allowed are ${[...algorithms].join(', ')}`,
    );
  }
  for (const member of ['crit', 'zip', 'enc']) {
    if (Object.hasOwn(header, member)) return refuse('TOKEN_MALFORMED', `header has ${member}`);
  }
  if (b64 !== undefined && b64 !== true) return refuse('TOKEN_MALFORMED', 'header has b64');
  if (kid !== undefined && (typeof kid !== 'string' || kid.length > MAX_KID_LENGTH)) {
    return refuse('TOKEN_MALFORMED', `kid is not a string of at most ${MAX_KID_LENGTH} characters`);
  }
  if (typ !== undefined && typeof typ !== 'string') return refuse('TOKEN_MALFORMED', 'typ is not a string');
  if (typ !== undefined && FOREIGN_TYPES.has(typ.toLowerCase().replace(/^application\//, ''))) {
    return refuse('TOKEN_CLAIMS', `typ is ${describeValue(typ)}, which is not an identity`);
  }
  return undefined;
}

/** Google leaves the scheme out in some tokens, and go-oidc lets nobody else do so. */
const GOOGLE = 'https://accounts.google.com';
const GOOGLE_BARE = 'accounts.google.com';

/** The issuer that a token names, by the name that the configuration has for it. */
export function canonicalIssuer(named: string): string {
  return named === GOOGLE_BARE ? GOOGLE : named;
}

/** Whether a token's `iss` names the configured issuer. */
export function namesIssuer(
  named: string,
  { url, alias }: { readonly url: string; readonly alias?: string },
): boolean {
  return canonicalIssuer(named) === url || named === alias;
}

/** Checks issuer, audience, times and the types of a payload. `now` is ms since the epoch. */
export function checkClaims(
  claims: Members,
  expected: { readonly url: string; readonly alias?: string; readonly audiences: readonly string[] },
  now: number,
): Refusal | undefined {
  return (
    checkIssuer(claims, expected) ??
    checkAudience(claims, expected.audiences) ??
    checkTimes(claims, now) ??
    checkTypes(claims)
  );
}

/** Checks that the claims name the configured issuer. */
export function checkIssuer(
  { iss }: Members,
  expected: { readonly url: string; readonly alias?: string },
): Refusal | undefined {
  return typeof iss === 'string' && namesIssuer(iss, expected)
    ? undefined
    : refuse('TOKEN_UNKNOWN_ISSUER', `issuer is ${describeValue(iss)}`);
}

/** What go-oidc reads as strings of an ID token, whether they are used or not. */
function checkTypes(claims: Members): Refusal | undefined {
  for (const name of ['sub', 'nonce', 'at_hash']) {
    const value = claims[name] ?? '';
    if (typeof value !== 'string')
      return refuse('TOKEN_CLAIMS', `${name} is ${describeValue(value)}, must be a string`);
  }
  return undefined;
}

/**
 * Any audience of ours will do (MatchAny). When there are several, a named authorised party must be ours too (OIDC Core §3.1.3.7): a
 * token that another client obtained and that is also good here is not a login here. Listing that client among the audiences allows it.
 */
export function checkAudience(claims: Members, audiences: readonly string[]): Refusal | undefined {
  const { aud, azp } = claims;
  // Go reads a null into a list of strings as an empty one.
  const named: readonly unknown[] = Array.isArray(aud) ? aud.map((one: unknown) => one ?? '') : [aud];
  if (!named.every((one) => typeof one === 'string') || named.length === 0) {
    return refuse('TOKEN_AUDIENCE', `aud is ${describeValue(aud)}`);
  }
  if (!named.some((one) => audiences.includes(one as string))) {
    return refuse('TOKEN_AUDIENCE', `audience is ${named.slice(0, 5).map(describeValue).join(', ')}`);
  }
  if (named.length > 1 && azp !== undefined && !(typeof azp === 'string' && audiences.includes(azp))) {
    return refuse(
      'TOKEN_AUDIENCE',
      `one of several audiences, and the authorised party is ${describeValue(azp)}`,
    );
  }
  return undefined;
}

/** null is absence for nbf alone: it alone is a pointer in go-oidc's idToken. */
function checkTimes(claims: Members, now: number): Refusal | undefined {
  for (const name of ['exp', 'nbf', 'iat'] as const) {
    const value = claims[name];
    if (value === undefined ? name !== 'exp' : value === null && name === 'nbf') continue;
    const time = timeOf(value);
    if (time === undefined)
      return refuse('TOKEN_CLAIMS', `${name} is ${describeValue(value)}, must be a number`);
    if (name === 'exp' && time <= now) return refuse('TOKEN_EXPIRED', `expired ${seconds(now - time)} s ago`);
    if (name === 'nbf' && time - now > CLOCK_LEEWAY_MS) {
      return refuse(
        'TOKEN_NOT_YET_VALID',
        `${name} is ${seconds(time - now)} s ahead: compare the clocks of gate and issuer`,
      );
    }
  }
  return undefined;
}

/** A JSON number in a string, which Go's json.Number is content with. */
const NUMBER = /^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?$/;
/** The last second that Go's time.Unix counts; later ones wrap around and are long past. */
const MAX_SECONDS = 2 ** 63 - 62_135_596_800;

/** A claim that is a time (RFC 7519 NumericDate) as go-oidc's jsonTime reads it, in ms since the epoch; undefined for what is none. */
export function timeOf(value: unknown): number | undefined {
  const time = typeof value === 'string' && NUMBER.test(value) ? Number(value) : value;
  if (typeof time !== 'number' || !Number.isFinite(time)) return undefined;
  return Math.abs(time) < MAX_SECONDS ? Math.trunc(time) * 1000 : 0;
}

function seconds(ms: number): number {
  return Math.ceil(ms / 1000);
}

function refuse(code: RejectedCode, detail: string): Refusal {
  return { code, detail };
}
