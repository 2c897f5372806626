// Waiting for facts that only asking can tell (a line in a log file, a metric): asked again until it holds, with a bound.

import { setTimeout as delay } from 'node:timers/promises';

const AGAIN_MS = 50;

/**
 * Asks `probe` until it gives something else than undefined or false.
 * @throws Error that names `what` after `timeoutMs` (default 30 s).
 */
export async function until<T>(
  what: string,
  probe: () => T | undefined | false | Promise<T | undefined | false>,
  timeoutMs = 30_000,
): Promise<T> {
  for (const deadline = Date.now() + timeoutMs; ; ) {
    const found = await probe();
    if (found !== undefined && found !== false) return found;
    if (Date.now() > deadline) throw new Error(`waited ${timeoutMs / 1000} s in vain for ${what}`);
    await delay(AGAIN_MS);
  }
}
