// Ends a cluster when this process is told to end, so that Ctrl-C in a test run leaves nothing behind.

import type { Say } from './progress.ts';

/** Exit codes as a shell gives them: 128 + the signal's number. */
const EXIT_CODES = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const;
const NAMES = ['SIGHUP', 'SIGINT', 'SIGTERM'] as const;

/** From now on SIGHUP, SIGINT and SIGTERM call `stop` and then end this process; returns what takes that back. */
export function stopOnSignals(say: Say, stop: () => Promise<void>): () => void {
  const onSignal = (signal: keyof typeof EXIT_CODES): void => {
    say(`${signal}: stopping the test cluster`);
    stop()
      .catch((error: unknown) => say(String(error)))
      .finally(() => process.exit(EXIT_CODES[signal]));
  };
  for (const name of NAMES) process.on(name, onSignal);
  return () => {
    for (const name of NAMES) process.off(name, onSignal);
  };
}

/** Rejects with the signal's reason when it is aborted; never settles without one. */
export function rejectOnAbort(signal: AbortSignal | undefined): Promise<never> {
  const { promise, reject } = Promise.withResolvers<never>();
  promise.catch(() => undefined);
  signal?.addEventListener('abort', () => reject(signal.reason), { once: true });
  if (signal?.aborted === true) reject(signal.reason);
  return promise;
}

/** `work`, done at most once: later calls get the same promise. */
export function once(work: () => Promise<void>): () => Promise<void> {
  let done: Promise<void> | undefined;
  return () => {
    done ??= work();
    return done;
  };
}
