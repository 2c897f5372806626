// A clock and timers that stand still until a test moves them.

import type { Clock, SetTimer } from '../../src/authn/clock.ts';

/** Time that a test moves. */
export interface FakeTime {
  readonly clock: Clock;
  readonly setTimer: SetTimer;
  /** Moves on, running due timers in order. */
  advance(ms: number): void;
  /** Delays of the timers that wait, in order. */
  waiting(): readonly number[];
}

/** Starts at `now`, by default the machine's time, so that certificates made at run time are valid. */
export function makeTime(now: number = Date.now()): FakeTime {
  let current = now;
  let timers: { readonly at: number; readonly callback: () => void }[] = [];
  return {
    clock: { now: () => current },
    setTimer: (callback, delayMs) => {
      const timer = { at: current + delayMs, callback };
      timers.push(timer);
      return () => {
        timers = timers.filter((other) => other !== timer);
      };
    },
    advance(ms) {
      const end = current + ms;
      for (;;) {
        const next = timers.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
        if (next === undefined) break;
        timers = timers.filter((other) => other !== next);
        current = Math.max(current, next.at);
        next.callback();
      }
      current = end;
    },
    waiting: () => timers.map(({ at }) => at - current).sort((a, b) => a - b),
  };
}

/** A wall clock that stands still 2 s before `end` (ms since the epoch) until it is told to be there; what waits for that time looks when 2 s have passed. */
export function clockBefore(end: number) {
  let isThere = false;
  return {
    now: () => (isThere ? end : end - 2000),
    reach: () => {
      isThere = true;
    },
  };
}

/** A wall clock that stands still 2 s before `end` (ms since the epoch), and goes from when it is first asked while `isGoing()`. */
export function clockWaitingFor(isGoing: () => boolean, end: number): () => number {
  let since: number | undefined;
  return () => {
    if (since === undefined && isGoing()) since = performance.now();
    return end - 2000 + (since === undefined ? 0 : performance.now() - since);
  };
}
