// Resolves a distributed claim (OpenID Connect Core §5.6.2) as apiserver's claimResolver does: the endpoint that the signed token names answers
// with a JWT, whose issuer may be another one than the token's; it is verified with that issuer's published keys, for our audiences, and its
// claim counts as the token's own. Everything is fetched with the entry's certificate authority. Stricter than there: no redirects, 5 s and
// 512 KiB for each document, https only.

import type { JwtConfig } from '../config/config.ts';
import { findClaimSource, isGroupsOverage } from './claimsources.ts';
import { AnswerError, type DocumentFetcher, isSecureURL } from './fetch.ts';
import type { IssuerKeys } from './issuerkeys.ts';
import type { KeySource } from './jwks.ts';
import type { KeySet } from './keyset.ts';
import { checkClaims, checkHeader, type Refusal, timeOf } from './rules.ts';
import { parseToken } from './token.ts';

type Claims = Readonly<Record<string, unknown>>;

/** Claims that are complete, with until when and under what keys they hold; or why there are none. */
export type Expansion =
  | {
      readonly kind: 'complete';
      readonly claims: Claims;
      /** Whether what was fetched still holds. */
      readonly isCurrent: () => boolean;
    }
  | { readonly kind: 'refused'; readonly refusal: Refusal }
  | { readonly kind: 'unavailable'; readonly cause: unknown };

type IssuerKeyState = Pick<KeySource, 'current' | 'ready' | 'lastError'>;

/** What the resolver of one entry needs. */
export interface ResolverDeps {
  readonly getText: DocumentFetcher['getText'];
  readonly issuerOf: (url: string) => Pick<IssuerKeys, 'verify'> & { readonly keys: IssuerKeyState };
  readonly algorithms: ReadonlySet<string>;
  /** ms since the epoch. */
  readonly now: () => number;
}

/** Creates the resolver of an entry's groups claim. */
export function createClaimResolver(
  config: Pick<JwtConfig, 'claimMappings' | 'issuer'>,
  deps: ResolverDeps,
): (claims: Claims) => Expansion | Promise<Expansion> {
  const name = config.claimMappings.groups.claim;
  const { audiences } = config.issuer;
  return (claims) => {
    const source = findClaimSource(claims, name);
    if (source.kind === 'malformed') return refuse(source.detail);
    // What Entra points to would not answer; mapping tells the caller so.
    if (source.kind === 'none' || isGroupsOverage(claims, name))
      return { kind: 'complete', claims, isCurrent: () => true };
    return resolve({ claims, name, audiences, ...source }, deps);
  };
}

interface Wanted {
  readonly claims: Claims;
  readonly name: string;
  readonly audiences: readonly string[];
  readonly url: string;
  readonly accessToken: string;
}

async function resolve(wanted: Wanted, deps: ResolverDeps): Promise<Expansion> {
  if (!isSecureURL(wanted.url)) return refuse('the claim source is not an https URL');
  let text: string;
  try {
    text = await deps.getText(wanted.url, wanted.accessToken);
  } catch (cause) {
    // 4xx is a judgement on what the token brought along; anything else, too many requests too, may be another one in a moment.
    const status = cause instanceof AnswerError ? cause.status : 0;
    if (cause instanceof AnswerError && status >= 400 && status < 500 && status !== 429)
      return refuse(`the claim source answered ${cause.status}`);
    return { kind: 'unavailable', cause };
  }
  const token = parseToken(text.trim());
  const issuer = token?.claims['iss'];
  if (token === undefined || typeof issuer !== 'string' || !isSecureURL(issuer))
    return refuse('the claim source did not answer with a JWT of an https issuer');
  const early =
    checkHeader(token.header, deps.algorithms) ??
    checkClaims(token.claims, { url: issuer, audiences: wanted.audiences }, deps.now());
  if (early !== undefined) return refuse(early.detail);
  const { keys, verify } = deps.issuerOf(issuer);
  await keys.ready();
  const verified = await verify(token);
  switch (verified.kind) {
    case 'verified':
      return complete(wanted, verified.payload, { keys, used: verified.keys, now: deps.now });
    case 'noKeys':
      return { kind: 'unavailable', cause: keys.lastError() };
    case 'refused':
      return refuse(verified.refusal.detail);
    default:
      return refuse("the claim source's JWT is signed with none of its issuer's keys");
  }
}

interface Held {
  readonly keys: IssuerKeyState;
  readonly used: KeySet;
  readonly now: () => number;
}

function complete(wanted: Wanted, payload: Claims, { keys, used, now }: Held): Expansion {
  const { claims, name } = wanted;
  if (!Object.hasOwn(payload, name)) return refuse("the claim source's JWT does not have the claim");
  const until = timeOf(payload['exp']) ?? 0;
  const { generation } = used;
  return {
    kind: 'complete',
    // Not by assignment: the name is the operator's, and may be __proto__.
    claims: Object.fromEntries([...Object.entries(claims), [name, payload[name]]]),
    isCurrent: () => now() < until && keys.current()?.generation === generation,
  };
}

function refuse(detail: string): Expansion {
  return { kind: 'refused', refusal: { code: 'TOKEN_CLAIMS', detail: `distributed claim: ${detail}` } };
}
