// A token bucket: what a stranger can cause happens a bounded number of times, without a fixed pause after each.

import type { Clock } from './clock.ts';

/** Takes one token, or says that there is none now. */
export interface Bucket {
  take(): boolean;
  /** Gives back one that was taken. */
  give(): void;
}

/** Creates a full bucket of `burst` tokens, to which one returns every `refillMs`. */
export function createBucket(clock: Clock, burst: number, refillMs: number): Bucket {
  let tokens = burst;
  let updatedAt = clock.now();
  return {
    take() {
      const now = clock.now();
      // A clock that was set back must not stop the refill.
      tokens = Math.min(burst, tokens + Math.max(0, now - updatedAt) / refillMs);
      updatedAt = now;
      if (tokens < 1) return false;
      tokens -= 1;
      return true;
    },
    give() {
      tokens = Math.min(burst, tokens + 1);
    },
  };
}
