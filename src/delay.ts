// Delays of any length. A Node timer takes at most 24.8 days and fires at once when it is given more, which would end a session that
// was to live for a month.

/** The longest delay that a Node timer takes. ms. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** Calls back once after `delayMs`; the answer cancels it. */
export type SetTimer = (callback: () => void, delayMs: number) => () => void;

/**
 * Calls `act` once after `delayMs` (at once when that is past, never when it is Infinity). With the default timer it keeps no process alive.
 * @returns what cancels it.
 */
export function afterDelay(delayMs: number, act: () => void, setTimer: SetTimer = nodeTimer): () => void {
  if (delayMs === Number.POSITIVE_INFINITY) return () => {};
  let cancel = () => {};
  const wait = (left: number) => {
    const rest = left - MAX_TIMER_MS;
    cancel = setTimer(rest > 0 ? () => wait(rest) : act, Math.min(MAX_TIMER_MS, Math.max(0, left)));
  };
  wait(delayMs);
  return () => cancel();
}

/** A change of the wall clock is seen so late at most. ms */
export const CLOCK_LOOK_MS = 5_000;

/**
 * Calls `act` once when the wall clock says `at` (ms since the epoch; never when it is Infinity), also when the clock was set meanwhile: timers go by the
 * monotonic clock, so it is looked at again now and then. @returns what cancels it
 */
export function atTime(at: number, now: () => number, act: () => void, setTimer?: SetTimer): () => void {
  let cancel = () => {};
  const wait = () => {
    const left = at - now();
    cancel = afterDelay(Math.min(left, CLOCK_LOOK_MS), () => (now() >= at ? act() : wait()), setTimer);
  };
  if (at < Number.POSITIVE_INFINITY) wait();
  return () => cancel();
}

/** Node's timers; they keep no process alive, and one that is cancelled leaves nothing behind. */
export const nodeTimer: SetTimer = (callback, delayMs) => {
  const timer = setTimeout(callback, delayMs);
  timer.unref();
  return () => {
    // Node forgets the list of a duration when its last timer is cleared, but not while that is unref'd: each session whose token has so many
    // milliseconds left would leave one until they have passed.
    timer.ref();
    clearTimeout(timer);
  };
};
