// Metrics and log lines of look-ups (names.ts): a resolver that does not answer is seen although old addresses serve.

import { type Log, loggedError } from './log.ts';
import type { Metrics } from './metrics.ts';
import type { NamesDeps } from './names.ts';

/** Counts how names were found, and says when old addresses serve. */
export function observeLookups(metrics: Metrics, log: Log): NamesDeps {
  for (const outcome of ['ok', 'stale', 'failed']) metrics.nameLookups.inc({ outcome }, 0);
  return {
    onLookup: (outcome) => metrics.nameLookups.inc({ outcome }),
    onStale: (name, cause) =>
      log.warn({ name, cause: loggedError(cause) }, 'a name is not answered: its last known addresses serve'),
    onAnswered: (name) => log.info({ name }, 'a name is answered again'),
  };
}
