// Judges the JWTs of one issuer: RFC 7519 with the practices of RFC 8725. The algorithm must be on the entry's list, the key is the issuer's
// own (whatever jku, jwk, x5u or x5c say), and issuer, audience and times are those of the signed payload. Every answer is a value; no
// detail holds the token.

import type { LookupFunction } from 'node:net';
import { isDeepStrictEqual } from 'node:util';
import type { JwtConfig } from '../config/config.ts';
import type { UserInfo } from '../kube/userinfo.ts';
import type { Verdict } from './cache.ts';
import { createClaimMapper, type MappedClaims } from './claims.ts';
import { type Clock, type SetTimer, systemClock, systemTimer } from './clock.ts';
import type { CredentialSource } from './credentials.ts';
import { createClaimResolver, type Expansion } from './distributed.ts';
import { createDocumentFetcher, type DocumentFetcher } from './fetch.ts';
import { createClaimIssuers, type IssuerKeysDeps, openIssuer } from './issuerkeys.ts';
import type { KeySource, RefreshEvent } from './jwks.ts';
import { createKeyPool, type KeyPool } from './keypool.ts';
import { ASYMMETRIC_ALGORITHMS } from './keyset.ts';
import type { Evidence, Outcome, RejectedCode } from './outcome.ts';
import { checkAssertion } from './presets/assertions.ts';
import { openLoadBalancer } from './presets/loadbalancerkeys.ts';
import {
  checkAudience,
  checkClaims,
  checkHeader,
  checkIssuer,
  namesIssuer,
  type Refusal,
  timeOf,
} from './rules.ts';
import type { Verification } from './signature.ts';
import type { ParsedToken } from './token.ts';

/** Judges the tokens of one issuer from one source. */
export interface JwtAuthenticator {
  readonly issuer: string;
  readonly sourceHeader: string;
  readonly keys: Pick<KeySource, 'fetchedAt' | 'lastError' | 'ready'>;
  /** Judges a token; noOpinion when it names another issuer. `source` is only carried over. @throws only what is a fault of ours. */
  authenticate(token: ParsedToken, source: CredentialSource): Promise<Verdict>;
  /** Why these claims would not give this user now; '' when they would. Their times are not looked at. */
  objectionTo(user: UserInfo, claims: Readonly<Record<string, unknown>>): string;
  close(): Promise<void>;
}

export interface JwtDeps {
  readonly clock?: Clock;
  readonly setTimer?: SetTimer;
  /** In [0, 1): spreads refreshes; not used for anything secret. */
  readonly random?: () => number;
  /** Finds addresses of names. Default is Node's own. */
  readonly lookup?: LookupFunction;
  /** Where key sources are kept; default is a pool of this authenticator's own. */
  readonly keyPool?: KeyPool;
  /** For tests; default is over verified TLS with the entry's CA. */
  readonly fetcher?: DocumentFetcher;
  readonly onRefresh?: ((event: RefreshEvent) => void) | undefined;
  /** Called before each attempt to verify a signature. */
  readonly onVerify?: ((issuer: string) => void) | undefined;
}

/** The last instant that a Date can hold. */
const MAX_TIME_MS = 8.64e15;

/**
 * Creates the authenticator of one entry, which starts to fetch keys.
 * @throws TypeError for an algorithm that is not an asymmetric signature, no audience, or a URL that is not https.
 */
export function createJwtAuthenticator(config: JwtConfig, deps: JwtDeps = {}): JwtAuthenticator {
  const clock = deps.clock ?? systemClock;
  const algorithms = readAlgorithms(config.signingAlgorithms);
  // An empty list of audiences would be one that every token fits.
  if (config.issuer.audiences.length === 0) throw new TypeError('a jwt entry needs an audience');
  const issuerDeps: IssuerKeysDeps = { ...deps, clock, pool: deps.keyPool ?? createKeyPool() };
  const mapClaims = createClaimMapper(config);
  const open = config.preset === 'aws-alb' ? openLoadBalancer : openIssuer;
  const { keys, verify, release } = open(config, algorithms, issuerDeps);
  const claims = openClaims(config, algorithms, { keys, verify, release }, issuerDeps);
  return {
    issuer: config.issuer.url,
    sourceHeader: config.sourceHeader,
    keys,
    async authenticate(token, place) {
      const named = token.claims['iss'];
      if (typeof named !== 'string' || !namesIssuer(named, config.issuer))
        return passing({ kind: 'noOpinion' });
      const early =
        checkHeader(token.header, algorithms) ??
        checkClaims(token.claims, config.issuer, clock.now()) ??
        checkAssertion(config, token);
      if (early !== undefined) return passing({ kind: 'rejected', ...early, source: place });
      const verification = await verify(token);
      if (verification.kind !== 'verified') return judgeUnverified(verification, keys, place);
      const { payload } = verification;
      // The number alone: what is remembered must not hold keys that are gone.
      const { generation } = verification.keys;
      // Once more, on what was signed.
      const late = checkAssertion(config, { header: token.header, claims: payload });
      if (late !== undefined) return passing({ kind: 'rejected', ...late, source: place });
      const signed = { config, payload, place, algorithm: token.header['alg'] };
      const isCurrent = () => keys.current()?.generation === generation;
      return conclude(signed, await claims.expand(payload), { mapClaims, isCurrent });
    },
    objectionTo(user, verified) {
      const mapped = mapClaims(verified);
      const refusal = checkLasting(config, verified) ?? (mapped.kind === 'rejected' ? mapped : undefined);
      if (refusal !== undefined) return refusal.detail;
      return mapped.kind === 'user' && isDeepStrictEqual(mapped.user, user)
        ? ''
        : 'its claims give another user';
    },
    close: async () => void (await Promise.all([release(), claims.close()])),
  };
}

/** What must hold of claims beside their times. A load balancer's assertion is told by its header, of which the claims have what counts: the audience. */
function checkLasting(config: JwtConfig, claims: Readonly<Record<string, unknown>>): Refusal | undefined {
  const { issuer, preset } = config;
  return (
    checkIssuer(claims, issuer) ??
    checkAudience(claims, issuer.audiences) ??
    (preset === 'aws-alb' ? undefined : checkAssertion(config, { header: {}, claims }))
  );
}

/** What verified claims lack is fetched when a token first needs it. */
function openClaims(
  config: JwtConfig,
  algorithms: ReadonlySet<string>,
  own: ReturnType<typeof openIssuer>,
  deps: IssuerKeysDeps,
): {
  readonly expand: ReturnType<typeof createClaimResolver>;
  readonly close: () => Promise<void>;
} {
  const { certificateAuthority } = config.issuer;
  const setTimer = deps.setTimer ?? systemTimer;
  let opened = deps.fetcher;
  const open = () =>
    (opened ??= createDocumentFetcher({ certificateAuthority, setTimer, lookup: deps.lookup }));
  const getText: DocumentFetcher['getText'] = (url, accessToken) => open().getText(url, accessToken);
  const issuers = createClaimIssuers(config, own, algorithms, deps);
  const { issuerOf } = issuers;
  return {
    expand: createClaimResolver(config, { getText, issuerOf, algorithms, now: () => deps.clock.now() }),
    close: async () => void (await Promise.all([opened?.close(), issuers.close()])),
  };
}

/** A token whose signature could not be verified, or that is refused for what it says. */
function judgeUnverified(
  verification: Exclude<Verification, { kind: 'verified' }>,
  keys: Pick<KeySource, 'current' | 'lastError'>,
  place: CredentialSource,
): Verdict {
  if (verification.kind === 'refused')
    return passing({ kind: 'rejected', ...verification.refusal, source: place });
  const unavailable = () => passing({ kind: 'unavailable', cause: keys.lastError(), source: place });
  if (verification.kind === 'noKeys') return unavailable();
  if (verification.kind === 'unknownKey') {
    // While the issuer does not answer it may be good, signed with a key that is new: nobody can tell.
    if (keys.lastError() !== undefined) return unavailable();
    const limited = '; not fetched again, because too many unknown keys were asked for';
    const detail = `signed with none of the issuer's keys${verification.wasAsked ? '' : limited}`;
    return passing(rejected('TOKEN_SIGNATURE', detail, place));
  }
  const { generation } = verification.keys;
  const isCurrent = () => keys.current()?.generation === generation;
  return { outcome: rejected('TOKEN_SIGNATURE', 'signature does not match', place), isCurrent };
}

interface Signed {
  readonly config: JwtConfig;
  readonly payload: Readonly<Record<string, unknown>>;
  readonly algorithm: unknown;
  readonly place: CredentialSource;
}

interface Mapping {
  readonly mapClaims: (claims: Readonly<Record<string, unknown>>) => MappedClaims;
  readonly isCurrent: () => boolean;
}

function conclude(
  { config, payload, place, algorithm }: Signed,
  expansion: Expansion,
  { mapClaims, isCurrent }: Mapping,
): Verdict {
  if (expansion.kind === 'unavailable')
    return passing({ kind: 'unavailable', cause: expansion.cause, source: place });
  if (expansion.kind === 'refused')
    return passing(rejected(expansion.refusal.code, expansion.refusal.detail, place));
  const { claims } = expansion;
  const holds = () => isCurrent() && expansion.isCurrent();
  const mapped = mapClaims(claims);
  if (mapped.kind === 'rejected') {
    const { code, detail, message = '' } = mapped;
    return { outcome: { kind: 'rejected', code, detail, message, source: place }, isCurrent: holds };
  }
  const expiresAt = Math.min(timeOf(payload['exp']) ?? 0, MAX_TIME_MS);
  const { sourceHeader, sessionLifetimeMs } = config;
  const evidence: Evidence = {
    ...{ door: 'jwt', issuer: config.issuer.url, sourceHeader, claims },
    ...(typeof algorithm === 'string' ? { algorithm } : {}),
  };
  const lifetime = sessionLifetimeMs === undefined ? {} : { sessionLifetimeMs };
  return {
    outcome: { kind: 'user', user: mapped.user, evidence, expiresAt, ...lifetime, source: place },
    isCurrent: holds,
  };
}

function rejected(code: RejectedCode, detail: string, source: CredentialSource): Outcome {
  return { kind: 'rejected', code, detail, source };
}

/** A verdict that is not remembered: it was cheap, or may be another one in a moment. */
function passing(outcome: Outcome): Verdict {
  return { outcome, isCurrent: undefined };
}

function readAlgorithms(listed: readonly string[]): ReadonlySet<string> {
  for (const algorithm of listed) {
    if (!ASYMMETRIC_ALGORITHMS.has(algorithm))
      throw new TypeError(`not an asymmetric signature algorithm: ${algorithm}`);
  }
  if (listed.length === 0) throw new TypeError('a jwt entry needs a signing algorithm');
  return new Set(listed);
}
