// Requests that nobody can be recognised for, by the address they come from: a token bucket each. It is charged when one is refused, and asked
// before a credential is judged that is not known yet; who is known passes, whatever others behind the same address send.

import { LRUCache } from 'lru-cache';
import { type Bucket, createBucket } from '../authn/bucket.ts';
import { sourceOf } from '../authn/sourcebuckets.ts';
import type { Newcomers } from './newcomers.ts';

/** So many seconds' worth may come at once. */
const BURST_SECONDS = 10;
/** Addresses that are known at once; the one that was quiet for longest is forgotten, and begins anew. */
const MAX_SOURCES = 10_000;

/** Addresses as they are, IPv6 by its /64. */
export interface Strangers {
  /** Whether the address has used up what it may send. */
  isSpent(address: string): boolean;
  /** Resolves when a credential from there may be judged that is not known yet; undefined when too many wait for that already. */
  turnOf(address: string): Promise<void> | undefined;
  /** Charges the address for one refusal. @returns false when nothing was left */
  charge(address: string): boolean;
  /** Addresses that are known now. */
  readonly size: number;
}

/** `rate`: refusals a second that an address may cause, 0 for no limit. `now`: ms. */
export function createStrangers(
  rate: () => number,
  now: () => number,
  newcomers: Pick<Newcomers, 'turnOf'>,
): Strangers {
  const sources = new LRUCache<string, Bucket>({ max: MAX_SOURCES });
  let builtFor = 0;
  const refresh = (): number => {
    const wanted = rate();
    if (wanted !== builtFor) sources.clear();
    builtFor = wanted;
    return wanted;
  };
  return {
    isSpent(address) {
      if (refresh() === 0) return false;
      const bucket = sources.get(sourceOf(address));
      if (bucket === undefined) return false;
      if (!bucket.take()) return true;
      bucket.give();
      return false;
    },
    turnOf: (address) => newcomers.turnOf(address),
    charge(address) {
      const perSecond = refresh();
      if (perSecond === 0) return true;
      const source = sourceOf(address);
      const bucket =
        sources.get(source) ?? createBucket({ now }, perSecond * BURST_SECONDS, 1000 / perSecond);
      sources.set(source, bucket);
      return bucket.take();
    },
    get size() {
      return sources.size;
    },
  };
}
