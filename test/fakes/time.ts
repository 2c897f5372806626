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
