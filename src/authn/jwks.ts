// The signing keys of one issuer, kept fresh. Keys come from OpenID discovery or a fixed URL, never from anything a token says. They are
// fetched ahead of need, at once when a token names an unknown key, and kept while the issuer is down: an outage of the issuer stops new
// logins, not the people who are in. OpenID Connect Discovery 1.0, RFC 7517.

import type { JWK } from 'jose';
import { createBucket } from './bucket.ts';
import type { Clock, SetTimer } from './clock.ts';
import { type DocumentFetcher, isSecureURL } from './fetch.ts';
import { createKeySet, type KeySet, selectKeys } from './keyset.ts';

/** How a demanded refresh went. `limited`: none was made, too many were before. `shared`: another one was under way and succeeded. */
export type Renewal = 'fetched' | 'shared' | 'failed' | 'limited';

/** One refresh, for metrics. */
export interface RefreshEvent {
  readonly issuer: string;
  readonly outcome: 'ok' | 'failed';
  /** Why it failed; for the log. */
  readonly cause?: unknown;
}

/** The keys of one issuer. */
export interface KeySource {
  /** The keys in force; undefined when none were ever fetched or the last ones are older than MAX_STALE_MS. */
  current(): KeySet | undefined;
  /** Refreshes because a token could not be verified with the current keys. Never rejects. */
  renew(): Promise<Renewal>;
  /** When keys were last fetched, ms since the epoch; 0 for never. */
  fetchedAt(): number;
  /** Why the last refresh failed; undefined when it did not. */
  lastError(): unknown;
  /** Resolves after the first attempt to fetch, however it ended. */
  ready(): Promise<void>;
  close(): Promise<void>;
}

export interface KeySourceOptions {
  readonly issuer: string;
  /** '' means the well-known place under the issuer. */
  readonly discoveryURL: string;
  /** '' means discovery. */
  readonly jwksURL: string;
  readonly algorithms: ReadonlySet<string>;
}

export interface KeySourceDeps {
  readonly fetcher: Pick<DocumentFetcher, 'get' | 'close'>;
  readonly clock: Clock;
  readonly setTimer: SetTimer;
  /** In [0, 1): spreads the refreshes of several gates. */
  readonly random: () => number;
  readonly onRefresh?: ((event: RefreshEvent) => void) | undefined;
}

/** Age at which keys are fetched anew in the background, less up to a tenth. ms */
export const REFRESH_INTERVAL_MS = 10 * 60_000;
/** Keys that nobody could confirm for so long verify nothing any more. ms */
export const MAX_STALE_MS = 24 * 60 * 60_000;
/** Demanded refreshes: so many at once … */
export const RENEWAL_BURST = 5;
/** … and one more after each such time. ms */
export const RENEWAL_REFILL_MS = 10_000;
/** Age at which the discovery document is read again; at once after any failure. ms */
const DISCOVERY_MAX_AGE_MS = 60 * 60_000;
const BACKOFF_MIN_MS = 1000;
const BACKOFF_MAX_MS = 60_000;
/** Without any keys nobody can enter: ask more often. ms */
const BACKOFF_MAX_WITHOUT_KEYS_MS = 10_000;

/** Creates a key source, which starts its first fetch at once and refreshes until it is closed. @throws TypeError for a URL that is not https. */
export function createKeySource(options: KeySourceOptions, deps: KeySourceDeps): KeySource {
  const { clock } = deps;
  const locate = createLocator(options, deps);
  const bucket = createBucket(clock, RENEWAL_BURST, RENEWAL_REFILL_MS);
  const held = createHolder(clock);
  let closed = false;
  let underWay: Promise<boolean> | undefined;
  let cancelTimer = () => {};

  const schedule = () => {
    cancelTimer();
    if (!closed)
      cancelTimer = deps.setTimer(
        () => void refresh(),
        nextDelayMs(held.failures(), held.fetchedAt() > 0, deps.random),
      );
  };
  const load = async (): Promise<boolean> => {
    try {
      held.adopt(selectKeys(await deps.fetcher.get(await locate.find()), options.algorithms));
    } catch (cause) {
      locate.forget();
      held.fail(cause);
    }
    underWay = undefined;
    schedule();
    if (!closed) report(options.issuer, held, deps.onRefresh);
    return held.failures() === 0;
  };
  const refresh = () => (underWay ??= load());

  const first = refresh();
  return {
    current: held.current,
    async renew() {
      if (closed) return 'failed';
      if (underWay !== undefined) return (await underWay) ? 'shared' : 'failed';
      if (!bucket.take()) return 'limited';
      return (await refresh()) ? 'fetched' : 'failed';
    },
    fetchedAt: held.fetchedAt,
    lastError: held.lastError,
    ready: async () => void (await first),
    async close() {
      closed = true;
      cancelTimer();
      await deps.fetcher.close();
    },
  };
}

/** Holds the keys in force, since when, and what went wrong since. */
interface Holder extends Pick<KeySource, 'current' | 'fetchedAt' | 'lastError'> {
  adopt(selected: readonly JWK[]): void;
  fail(cause: unknown): void;
  /** Failed refreshes since the last good one. */
  failures(): number;
}

function createHolder(clock: Clock): Holder {
  let keys: KeySet | undefined;
  let fingerprint = '';
  let fetchedAt = 0;
  let lastError: unknown;
  let failures = 0;
  /** The keys' age is never negative: with a clock that was set back it counts from then, or they would be good for longer. */
  const since = () => {
    fetchedAt = Math.min(fetchedAt, clock.now());
    return fetchedAt;
  };
  return {
    adopt(selected) {
      const next = JSON.stringify(selected);
      if (keys === undefined || next !== fingerprint)
        keys = createKeySet(selected, (keys?.generation ?? 0) + 1);
      fingerprint = next;
      fetchedAt = clock.now();
      lastError = undefined;
      failures = 0;
    },
    fail(cause) {
      lastError = cause;
      failures += 1;
    },
    current: () => (clock.now() - since() > MAX_STALE_MS ? undefined : keys),
    fetchedAt: since,
    lastError: () => lastError,
    failures: () => failures,
  };
}

function report(issuer: string, held: Holder, onRefresh: ((event: RefreshEvent) => void) | undefined): void {
  onRefresh?.(
    held.failures() === 0
      ? { issuer, outcome: 'ok' }
      : { issuer, outcome: 'failed', cause: held.lastError() },
  );
}

function nextDelayMs(failures: number, hasKeys: boolean, random: () => number): number {
  if (failures === 0) return REFRESH_INTERVAL_MS * (1 - random() / 10);
  const longest = hasKeys ? BACKOFF_MAX_MS : BACKOFF_MAX_WITHOUT_KEYS_MS;
  return Math.min(longest, BACKOFF_MIN_MS * 2 ** Math.min(failures - 1, 16)) * (1 - random() / 2);
}

/** Finds where the keys are, and remembers it for a while. */
interface Locator {
  find(): Promise<string>;
  forget(): void;
}

function createLocator(options: KeySourceOptions, deps: Pick<KeySourceDeps, 'fetcher' | 'clock'>): Locator {
  const place =
    options.jwksURL ||
    options.discoveryURL ||
    `${options.issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
  if (!isSecureURL(place)) throw new TypeError(`not an https URL: ${place}`);
  if (options.jwksURL !== '') return { find: () => Promise.resolve(place), forget: () => {} };
  let found = '';
  let foundAt = 0;
  return {
    async find() {
      if (found !== '' && Math.abs(deps.clock.now() - foundAt) <= DISCOVERY_MAX_AGE_MS) return found;
      found = readJwksURI(await deps.fetcher.get(place), options.issuer);
      foundAt = deps.clock.now();
      return found;
    },
    forget() {
      found = '';
    },
  };
}

/** Discovery 1.0 §4.3: the document's issuer must be the configured one, character for character. */
function readJwksURI(document: unknown, issuer: string): string {
  if (typeof document !== 'object' || document === null)
    throw new Error('discovery document is not an object');
  const { issuer: named, jwks_uri: uri } = document as {
    readonly issuer?: unknown;
    readonly jwks_uri?: unknown;
  };
  if (named !== issuer) throw new Error('discovery document names another issuer');
  if (typeof uri !== 'string' || !isSecureURL(uri))
    throw new Error('discovery document has no https jwks_uri');
  return uri;
}
