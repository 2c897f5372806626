// Judges the JWTs of one issuer: RFC 7519 with the practices of RFC 8725. The algorithm must be on the entry's list, the key is the issuer's
// own (whatever jku, jwk, x5u or x5c say), and issuer, audience and times are those of the signed payload. Every answer is a value; no
// detail holds the token.

import type { JwtConfig } from '../config/config.ts';
import type { Verdict } from './cache.ts';
import { mapClaims } from './claims.ts';
import { type Clock, type SetTimer, systemClock, systemTimer } from './clock.ts';
import type { CredentialSource } from './credentials.ts';
import { createDocumentFetcher, type DocumentFetcher } from './fetch.ts';
import { createKeySource, type KeySource, type RefreshEvent } from './jwks.ts';
import { createKeyPool, type KeyPool } from './keypool.ts';
import { ASYMMETRIC_ALGORITHMS } from './keyset.ts';
import type { Outcome, RejectedCode } from './outcome.ts';
import { checkClaims, checkHeader } from './rules.ts';
import { createVerifier, type Verification } from './signature.ts';
import type { ParsedToken } from './token.ts';

/** Judges the tokens of one issuer from one source. */
export interface JwtAuthenticator {
  readonly issuer: string;
  readonly sourceHeader: string;
  readonly keys: Pick<KeySource, 'fetchedAt' | 'lastError' | 'ready'>;
  /** Judges a token; noOpinion when it names another issuer. `source` is only carried over. @throws only what is a fault of ours. */
  authenticate(token: ParsedToken, source: CredentialSource): Promise<Verdict>;
  close(): Promise<void>;
}

export interface JwtDeps {
  readonly clock?: Clock;
  readonly setTimer?: SetTimer;
  /** In [0, 1): spreads refreshes; not used for anything secret. */
  readonly random?: () => number;
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
  const pool = deps.keyPool ?? createKeyPool();
  const key = JSON.stringify([
    config.issuer.url,
    config.issuer.discoveryURL,
    config.jwksURL,
    config.issuer.certificateAuthority,
    [...algorithms],
  ]);
  const source = pool.acquire(key, () => openKeySource(config, algorithms, { ...deps, clock }));
  const verify = createVerifier(config, { source, clock, onVerify: deps.onVerify });
  return {
    issuer: config.issuer.url,
    sourceHeader: config.sourceHeader,
    keys: source,
    async authenticate(token, place) {
      if (token.claims['iss'] !== config.issuer.url) return passing({ kind: 'noOpinion' });
      const early =
        checkHeader(token.header, algorithms) ?? checkClaims(token.claims, config.issuer, clock.now());
      if (early !== undefined) return passing({ kind: 'rejected', ...early, source: place });
      return conclude(await verify(token), { config, source, place });
    },
    close: () => pool.release(key),
  };
}

interface Context {
  readonly config: JwtConfig;
  readonly source: KeySource;
  readonly place: CredentialSource;
}

function conclude(verification: Verification, { config, source, place }: Context): Verdict {
  if (verification.kind === 'refused')
    return passing({ kind: 'rejected', ...verification.refusal, source: place });
  const unavailable = () => passing({ kind: 'unavailable', cause: source.lastError(), source: place });
  if (verification.kind === 'noKeys') return unavailable();
  if (verification.kind === 'unknownKey') {
    // While the issuer does not answer it may be good, signed with a key that is new: nobody can tell.
    if (source.lastError() !== undefined) return unavailable();
    return passing(rejected('TOKEN_SIGNATURE', "signed with none of the issuer's keys", place));
  }
  const isCurrent = () => source.current()?.generation === verification.keys.generation;
  if (verification.kind === 'badSignature') {
    return { outcome: rejected('TOKEN_SIGNATURE', 'signature does not match', place), isCurrent };
  }
  const mapped = mapClaims(verification.payload, config);
  if (mapped.kind === 'rejected') return { outcome: rejected(mapped.code, mapped.detail, place), isCurrent };
  const expiresAt = Math.min((verification.payload.exp ?? 0) * 1000, MAX_TIME_MS);
  const evidence = { issuer: config.issuer.url, claims: verification.payload };
  return { outcome: { kind: 'user', user: mapped.user, evidence, expiresAt, source: place }, isCurrent };
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

function openKeySource(
  config: JwtConfig,
  algorithms: ReadonlySet<string>,
  deps: JwtDeps & { readonly clock: Clock },
): KeySource {
  const setTimer = deps.setTimer ?? systemTimer;
  const { certificateAuthority, url: issuer, discoveryURL } = config.issuer;
  return createKeySource(
    { issuer, discoveryURL, jwksURL: config.jwksURL, algorithms },
    {
      fetcher: deps.fetcher ?? createDocumentFetcher({ certificateAuthority, setTimer }),
      clock: deps.clock,
      setTimer,
      random: deps.random ?? Math.random,
      onRefresh: deps.onRefresh,
    },
  );
}
