// Ends a computation that takes too long, whatever it does: an expression with loops over claims that the caller chose is somebody else's work
// in our event loop. V8 itself stops it (node:vm's timeout), between any two steps, within regular expressions too.

import { createContext, Script } from 'node:vm';

/** Runs a computation within the limit. @throws TimeLimitExceeded, or what the computation throws */
export type Guard = <T>(compute: () => T) => T;

/** The computation was ended. */
export class TimeLimitExceeded extends Error {
  readonly code = 'TIME_LIMIT_EXCEEDED';
}

/** Makes a guard of `limitMs`. A guarded call costs some 0.2 to 0.4 ms (a watchdog thread), so it is for those that need it. */
export function createGuard(limitMs: number): Guard {
  const place: { compute: (() => unknown) | undefined } = { compute: undefined };
  createContext(place);
  const script = new Script('compute()');
  return <T>(compute: () => T): T => {
    place.compute = compute;
    try {
      return script.runInContext(place, { timeout: limitMs }) as T;
    } catch (error) {
      if ((error as { code?: unknown }).code === 'ERR_SCRIPT_EXECUTION_TIMEOUT')
        throw new TimeLimitExceeded(`took more than ${limitMs} ms`);
      throw error;
    } finally {
      place.compute = undefined;
    }
  };
}
