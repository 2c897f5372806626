// Signals of the practice machine's processes. A signal aborts a process's AbortSignal with a Signalled, which every read, write and wait
// throws on: so a process ends wherever it is, and leaves nothing waiting.

/** Name without SIG → number, as Linux on x86-64 numbers them. */
export const SIGNALS: ReadonlyMap<string, number> = new Map([
  ['HUP', 1],
  ['INT', 2],
  ['QUIT', 3],
  ['KILL', 9],
  ['USR1', 10],
  ['USR2', 12],
  ['PIPE', 13],
  ['ALRM', 14],
  ['TERM', 15],
  ['CHLD', 17],
  ['CONT', 18],
  ['STOP', 19],
  ['TSTP', 20],
  ['WINCH', 28],
]);

/** The caller is gone (hangup). */
export const SIGHUP = 1;
/** Ctrl-C. */
export const SIGINT = 2;
/** Ctrl-\. */
export const SIGQUIT = 3;
/** Ends a process whatever it ignores. */
export const SIGKILL = 9;
/** Nobody reads any more. */
export const SIGPIPE = 13;
/** A polite end. */
export const SIGTERM = 15;

/** Signals that end nothing here: there is no job control. */
const HARMLESS: ReadonlySet<number> = new Set([17, 18, 19, 20, 28]);

/** Thrown inside a process that a signal ends. */
export class Signalled extends Error {
  readonly signal: number;

  constructor(signal: number) {
    super(`signal ${signal}`);
    this.name = 'Signalled';
    this.signal = signal;
  }

  /** What a shell shows as the exit code. */
  get exitCode(): number {
    return 128 + this.signal;
  }
}

/** Whether the signal ends a process by default. */
export function endsProcess(signal: number): boolean {
  return signal !== 0 && !HARMLESS.has(signal);
}

/** The number of `TERM`, `SIGTERM` or `15`; undefined when there is no such signal. */
export function signalNumber(text: string): number | undefined {
  if (/^\d{1,2}$/.test(text)) return Number(text) <= 64 ? Number(text) : undefined;
  return SIGNALS.get(text.toUpperCase().replace(/^SIG/, ''));
}

/** Resolves when `register`'s wake was called or the signal aborts. `register` returns what takes the registration back. */
export function suspend(signal: AbortSignal, register: (wake: () => void) => () => void): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      signal.removeEventListener('abort', done);
      forget();
      resolve();
    };
    const forget = register(done);
    signal.addEventListener('abort', done, { once: true });
    if (signal.aborted) done();
  });
}
