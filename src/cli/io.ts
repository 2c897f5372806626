// What a command sees of the outside world; tests give their own.

/** Where a command writes, and the environment it reads. Human text goes to stderr, results to stdout. */
export interface CommandIO {
  readonly stdout: { write(text: string): unknown };
  readonly stderr: { write(text: string): unknown };
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly version: string;
}

/** Time, for commands that wait for something. */
export interface CommandWorld {
  /** ms since the epoch. */
  readonly now: () => number;
  readonly pause: (delayMs: number) => Promise<void>;
}
