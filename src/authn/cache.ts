// Verdicts on tokens, remembered, so that a token is verified once and not with every request. It holds no token: the key is a SHA-256 over
// a secret of this process and the token (after apiserver's cached_token_authenticator.go, which takes an HMAC: in one call, without the three
// objects of Node's Hmac, the look-up costs 2 µs instead of 8; nobody is shown a key whose message could be made longer). An entry ends with its token, with the issuer's key set, or
// after MAX_AGE_MS, whichever is first. Some refusals are remembered too, briefly, so that a client in a loop costs little.

import { hash, randomBytes } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { Clock } from './clock.ts';
import type { Outcome } from './outcome.ts';

/** An outcome and how long it holds: while `isCurrent`; never remembered when that is undefined. */
export interface Verdict {
  readonly outcome: Outcome;
  readonly isCurrent: (() => boolean) | undefined;
}

/** Remembers verdicts. */
export interface VerdictCache {
  /** The key of a token from a source: a keyed hash, no part of it can be told from it. */
  keyOf(source: string, token: string): string;
  /** A remembered outcome, if it still holds. A user whose token ended meanwhile is rejected with TOKEN_EXPIRED. */
  get(key: string): Outcome | undefined;
  /** Whether it was a user's when it was judged last, however long ago: no stranger's, though the verdict may hold no more. */
  wasGood(key: string): boolean;
  /** Verifies, once for all that ask meanwhile, and remembers. @throws what `verify` throws, to all of them. */
  verifyOnce(key: string, verify: () => Promise<Verdict>): Promise<Outcome>;
  /** Remembered users, for metrics and tests. */
  readonly size: number;
}

export interface CacheOptions {
  readonly clock: Clock;
  /** Most remembered users. Default 10,000. */
  readonly maxEntries?: number;
}

/** A user is verified anew after so long, whatever the token says. ms */
export const MAX_AGE_MS = 5 * 60_000;
/** A refusal is remembered for so long. ms */
export const REFUSAL_AGE_MS = 10_000;
const MAX_ENTRIES = 10_000;
const MAX_REFUSALS = 1000;
/** All remembered identities together, about. bytes */
const MAX_BYTES = 128 * 1024 * 1024;
const ENTRY_OVERHEAD_BYTES = 600;

interface Entry {
  readonly outcome: Outcome;
  readonly isCurrent: () => boolean;
  /** ms since the epoch; a clock that was set back to before `since` ends it, too. */
  readonly since: number;
  readonly until: number;
}

/** Creates an empty cache with a new random key. */
export function createVerdictCache(options: CacheOptions): VerdictCache {
  const { clock } = options;
  const secret = randomBytes(32).toString('base64url');
  const users = new LRUCache<string, Entry>({
    max: options.maxEntries ?? MAX_ENTRIES,
    maxSize: MAX_BYTES,
    sizeCalculation: (entry) => sizeOf(entry.outcome),
  });
  const refusals = new LRUCache<string, Entry>({ max: MAX_REFUSALS });
  const good = new LRUCache<string, true>({ max: options.maxEntries ?? MAX_ENTRIES });
  const once = createSingleFlight();
  const remember = (key: string, { outcome, isCurrent }: Verdict): Outcome => {
    const now = clock.now();
    forgetOver(users, now);
    forgetOver(refusals, now);
    const hasEnded = outcome.kind === 'user' && outcome.expiresAt <= now;
    if (hasEnded || (outcome.kind !== 'user' && outcome.kind !== 'unavailable')) good.delete(key);
    if (hasEnded) return expired(outcome);
    if (outcome.kind === 'user') good.set(key, true);
    if (isCurrent === undefined) return outcome;
    if (outcome.kind === 'user') users.set(key, { outcome, isCurrent, since: now, until: now + MAX_AGE_MS });
    if (outcome.kind === 'rejected')
      refusals.set(key, { outcome, isCurrent, since: now, until: now + REFUSAL_AGE_MS });
    return outcome;
  };
  return {
    keyOf: (source, token) =>
      hash('sha256', `${secret}${source.length}:${source}${token.length}:${token}`, 'base64url'),
    get(key) {
      const store = users.has(key) ? users : refusals;
      const entry = store.get(key);
      if (entry === undefined) return undefined;
      const now = clock.now();
      if (entry.outcome.kind === 'user' && entry.outcome.expiresAt <= now) {
        store.delete(key);
        good.delete(key);
        return expired(entry.outcome);
      }
      if (holds(entry, now)) return entry.outcome;
      store.delete(key);
      return undefined;
    },
    wasGood: (key) => good.has(key),
    verifyOnce: (key, verify) => once(key, async () => remember(key, await verify())),
    get size() {
      return users.size;
    },
  };
}

function holds({ since, until, isCurrent }: Entry, now: number): boolean {
  return now >= since && now < until && isCurrent();
}

/**
 * Lets go of those that were not asked for longest, while they do not hold: a renewed token's predecessor never comes again. What stands behind one
 * that holds was asked for within MAX_AGE_MS, and goes when it was not for as long.
 */
function forgetOver(store: LRUCache<string, Entry>, now: number): void {
  for (;;) {
    const [oldest] = store.rkeys();
    const entry = oldest === undefined ? undefined : store.peek(oldest);
    if (oldest === undefined || entry === undefined || holds(entry, now)) return;
    store.delete(oldest);
  }
}

/** Runs what is asked for under a key once, for all who ask before it has ended. */
function createSingleFlight(): (key: string, run: () => Promise<Outcome>) => Promise<Outcome> {
  const underWay = new Map<string, Promise<Outcome>>();
  return (key, run) => {
    const shared = underWay.get(key);
    if (shared !== undefined) return shared;
    const promise = run().finally(() => underWay.delete(key));
    underWay.set(key, promise);
    return promise;
  };
}

function expired(outcome: Extract<Outcome, { kind: 'user' }>): Outcome {
  return {
    kind: 'rejected',
    code: 'TOKEN_EXPIRED',
    detail: 'expired since it was verified',
    source: outcome.source,
  };
}

function sizeOf(outcome: Outcome): number {
  if (outcome.kind !== 'user') return ENTRY_OVERHEAD_BYTES;
  const { username, uid, groups } = outcome.user;
  let characters = username.length + uid.length;
  for (const group of groups) characters += group.length;
  // What the claims hold, roughly: they are kept for rules at the gate.
  characters += JSON.stringify(outcome.evidence.claims).length;
  return ENTRY_OVERHEAD_BYTES + 2 * characters + 24 * groups.length;
}
