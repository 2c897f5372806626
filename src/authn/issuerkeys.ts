// An issuer's keys and the verifier that uses them, for the entry's own issuer and for those whose JWTs hold its distributed claims. The keys
// come from the pool, so that entries and generations share them.

import type { LookupFunction } from 'node:net';
import type { JwtConfig } from '../config/config.ts';
import { type Clock, type SetTimer, systemTimer } from './clock.ts';
import { createDocumentFetcher, type DocumentFetcher } from './fetch.ts';
import { createKeySource, type KeySource, type RefreshEvent } from './jwks.ts';
import type { KeyPool } from './keypool.ts';
import { createVerifier, type Verification } from './signature.ts';
import type { ParsedToken } from './token.ts';

/** An issuer, ready to verify. */
export interface IssuerKeys {
  readonly keys: KeySource;
  readonly verify: (token: ParsedToken) => Promise<Verification>;
  release(): Promise<void>;
}

export interface IssuerKeysDeps {
  readonly clock: Clock;
  readonly pool: KeyPool;
  readonly setTimer?: SetTimer | undefined;
  readonly random?: (() => number) | undefined;
  /** Finds addresses of names. Default is Node's own. */
  readonly lookup?: LookupFunction | undefined;
  /** Default is over verified TLS with the entry's CA. */
  readonly fetcher?: DocumentFetcher | undefined;
  readonly onRefresh?: ((event: RefreshEvent) => void) | undefined;
  readonly onVerify?: ((issuer: string) => void) | undefined;
}

/** Other issuers whose keys one entry keeps; the oldest goes first. There is one in practice. */
const MAX_CLAIM_ISSUERS = 8;

/** Opens the entry's own issuer, which starts to fetch keys unless the pool has them. @throws TypeError for a URL that is not https. */
export function openIssuer(
  config: JwtConfig,
  algorithms: ReadonlySet<string>,
  deps: IssuerKeysDeps,
): IssuerKeys {
  const { url: issuer, discoveryURL, certificateAuthority } = config.issuer;
  const { clock, pool, onRefresh, lookup } = deps;
  const setTimer = deps.setTimer ?? systemTimer;
  const key = JSON.stringify([issuer, discoveryURL, config.jwksURL, certificateAuthority, [...algorithms]]);
  const keys = pool.acquire(key, () =>
    createKeySource(
      { issuer, discoveryURL, jwksURL: config.jwksURL, algorithms },
      {
        fetcher: deps.fetcher ?? createDocumentFetcher({ certificateAuthority, setTimer, lookup }),
        clock,
        setTimer,
        random: deps.random ?? Math.random,
        onRefresh,
      },
    ),
  );
  const verify = createVerifier(config, { source: keys, clock, onVerify: deps.onVerify });
  return { keys, verify, release: () => pool.release(key) };
}

/** Issuers of distributed claims, opened when a claim's JWT names them. */
export interface ClaimIssuers {
  readonly issuerOf: (url: string) => IssuerKeys;
  close(): Promise<void>;
}

/**
 * The issuers of an entry's distributed claims: `own` for its own, others by their discovery documents. Others are in no metric, because
 * their names come from outside of the configuration.
 */
export function createClaimIssuers(
  config: JwtConfig,
  own: IssuerKeys,
  algorithms: ReadonlySet<string>,
  deps: IssuerKeysDeps,
): ClaimIssuers {
  const others = new Map<string, IssuerKeys>();
  const open = (url: string): IssuerKeys => {
    const other = { ...config, issuer: { ...config.issuer, url, discoveryURL: '' }, jwksURL: '' };
    return openIssuer(other, algorithms, { ...deps, onRefresh: undefined });
  };
  const makeRoom = (): void => {
    if (others.size < MAX_CLAIM_ISSUERS) return;
    const [keyless] = [...others].find(([, { keys }]) => keys.current() === undefined) ?? [];
    const [oldest = ''] = others.keys();
    const gone = keyless ?? oldest;
    void others.get(gone)?.release();
    others.delete(gone);
  };
  return {
    issuerOf(url) {
      if (url === config.issuer.url) return own;
      const known = others.get(url);
      if (known !== undefined) return known;
      makeRoom();
      const opened = open(url);
      others.set(url, opened);
      return opened;
    },
    close: async () => void (await Promise.all([...others.values()].map((other) => other.release()))),
  };
}
