// How the demo learns that it is to end: Ctrl-C, SIGTERM, the terminal's end, or the end of the npm that started it (npm that is killed
// leaves its programs running).

const PARENT_LOOK_MS = 500;
/** Exit codes as a shell gives them: 128 + the signal's number. */
const EXIT_CODES: Readonly<Record<string, number>> = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 };

/** Watches for the end. */
export interface EndWatch {
  /** Resolves with what ended it, in words. */
  readonly ended: Promise<string>;
  /** From now on the end resolves `ended`; before, it ends the process at once, for nothing is up that needs an order. */
  readonly arm: () => void;
  readonly close: () => void;
}

/** Starts watching. A second signal always ends the process at once; `exit` handlers run in every case. */
export function watchForEnd(env: Readonly<Record<string, string | undefined>>): EndWatch {
  const { promise, resolve } = Promise.withResolvers<string>();
  let armed = false;
  let told = false;
  const end = (reason: string, code: number) => {
    if (!armed || told) process.exit(code);
    told = true;
    resolve(reason);
  };
  const onSignal = (signal: NodeJS.Signals) =>
    end(signal === 'SIGINT' ? 'Ctrl-C' : signal, EXIT_CODES[signal] ?? 1);
  const signals = Object.keys(EXIT_CODES) as NodeJS.Signals[];
  for (const signal of signals) process.on(signal, onSignal);
  const parent = process.ppid;
  const timer =
    env['npm_lifecycle_event'] === undefined
      ? undefined
      : setInterval(() => {
          if (process.ppid !== parent) end('npm is gone', 1);
        }, PARENT_LOOK_MS);
  timer?.unref();
  return {
    ended: promise,
    arm: () => {
      armed = true;
    },
    close: () => {
      clearInterval(timer);
      for (const signal of signals) process.off(signal, onSignal);
    },
  };
}
