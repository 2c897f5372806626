// The runners of suites end what they started when they are interrupted, so that nothing stays behind.

/** Aborts, with the signal's name, when this process is told to end: SIGINT, SIGTERM or SIGHUP. Until then the process no longer ends by itself at one. */
export function interruptedBySignals(): AbortSignal {
  const interrupted = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.on(signal, () => interrupted.abort(new Error(`stopped by ${signal}`)));
  return interrupted.signal;
}
