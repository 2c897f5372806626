// Time as authentication sees it, passed in so that tests decide what o'clock it is. Timers never keep the process alive.

import { nodeTimer, type SetTimer } from '../delay.ts';

export type { SetTimer };

/** The wall clock; ms since the epoch. */
export interface Clock {
  now(): number;
}

/** The system's clock. */
export const systemClock: Clock = { now: () => Date.now() };

/** The system's timers, unreferenced. */
export const systemTimer: SetTimer = nodeTimer;
