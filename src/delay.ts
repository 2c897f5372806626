// Delays of any length. A Node timer takes at most 24.8 days and fires at once when it is given more, which would end a session that
// was to live for a month.

/** The longest delay that a Node timer takes. ms. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** Calls `act` once after `delayMs` (at once when it is past, never when it is Infinity). The timer keeps no process alive. @returns what cancels it. */
export function afterDelay(delayMs: number, act: () => void): () => void {
  if (delayMs === Number.POSITIVE_INFINITY) return () => {};
  let timer: NodeJS.Timeout | undefined;
  const wait = (left: number) => {
    const rest = left - MAX_TIMER_MS;
    timer = setTimeout(rest > 0 ? () => wait(rest) : act, Math.min(MAX_TIMER_MS, Math.max(0, left)));
    timer.unref();
  };
  wait(delayMs);
  return () => clearTimeout(timer);
}
