// Time as authentication sees it, passed in so that tests decide what o'clock it is. Timers never keep the process alive.

/** The wall clock; ms since the epoch. */
export interface Clock {
  now(): number;
}

/** Calls back once after `delayMs`; the answer cancels it. */
export type SetTimer = (callback: () => void, delayMs: number) => () => void;

/** The system's clock. */
export const systemClock: Clock = { now: () => Date.now() };

/** The system's timers, unreferenced. */
export const systemTimer: SetTimer = (callback, delayMs) => {
  const timer = setTimeout(callback, delayMs);
  timer.unref();
  return () => clearTimeout(timer);
};
