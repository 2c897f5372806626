// Ends a computation that takes too long, whatever it does: an expression with loops over claims that the caller chose is somebody else's work
// in our event loop. V8 itself stops it (node:vm's timeout), between any two steps, within regular expressions too.

import { createContext, Script } from 'node:vm';

/** Runs a computation within the limit. @throws TimeLimitExceeded, or what the computation throws */
export type Guard = <T>(compute: () => T) => T;

/** The computation was ended. */
export class TimeLimitExceeded extends Error {
  readonly code = 'TIME_LIMIT_EXCEEDED';
  /** Processor time that it had. ms */
  readonly usedMs: number;
  constructor(message: string, usedMs: number) {
    super(message);
    this.usedMs = usedMs;
  }
}

/** So often a computation that was ended without having had the processor is begun again. */
const MAX_ATTEMPTS = 5;

/**
 * Makes a guard of `limitMs`. V8 counts time on the wall; on a machine that is busy with others a computation may be ended that hardly ran, so the time
 * that this thread was really given decides, and what did not have half of its limit is begun again: give it only what has no effects. A guarded
 * call costs some 0.2 to 0.4 ms (a watchdog thread), so it is for those that need it.
 */
export function createGuard(limitMs: number): Guard {
  const place: { compute: (() => unknown) | undefined } = { compute: undefined };
  createContext(place);
  const script = new Script('compute()');
  const attempt = <T>(): T | TimeLimitExceeded => {
    const before = process.threadCpuUsage();
    try {
      return script.runInContext(place, { timeout: limitMs }) as T;
    } catch (error) {
      if ((error as { code?: unknown }).code !== 'ERR_SCRIPT_EXECUTION_TIMEOUT') throw error;
      const { user, system } = process.threadCpuUsage(before);
      return new TimeLimitExceeded(`took more than ${limitMs} ms`, (user + system) / 1000);
    }
  };
  return <T>(compute: () => T): T => {
    place.compute = compute;
    try {
      for (let attempts = 1; ; attempts++) {
        const result = attempt<T>();
        if (!(result instanceof TimeLimitExceeded)) return result;
        if (result.usedMs >= limitMs / 2 || attempts === MAX_ATTEMPTS) throw result;
      }
    } finally {
      place.compute = undefined;
    }
  };
}
