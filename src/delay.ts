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

const nodeTimer: SetTimer = (callback, delayMs) => {
  const timer = setTimeout(callback, delayMs);
  timer.unref();
  return () => clearTimeout(timer);
};
