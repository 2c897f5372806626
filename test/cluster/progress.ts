// Progress for a person who waits: one line a part, with the seconds it took, on stderr so that stdout stays for results.

const REMINDER_MS = 20_000;

/** Where progress lines go. */
export type Say = (line: string) => void;

/** Writes a line on stderr. */
export function sayOnStderr(line: string): void {
  process.stderr.write(`${line}\n`);
}

/** Does `work` and says `name` with the seconds it took, or that it failed. */
export async function timed<T>(say: Say, name: string, work: () => Promise<T>): Promise<T> {
  const startedAt = performance.now();
  try {
    const result = await work();
    say(`  ${name} ${seconds(startedAt)}`);
    return result;
  } catch (error) {
    say(`  ${name} FAILED after ${seconds(startedAt)}`);
    throw error;
  }
}

/** Does long `work`: says `name` at once, a sign of life every 20 s, and the time at the end. */
export async function announced<T>(say: Say, name: string, work: () => Promise<T>): Promise<T> {
  const startedAt = performance.now();
  say(name);
  const timer = setInterval(
    () => say(`  … still ${name.split(',')[0]} (${seconds(startedAt)})`),
    REMINDER_MS,
  );
  try {
    const result = await work();
    say(`  done in ${seconds(startedAt)}`);
    return result;
  } finally {
    clearInterval(timer);
  }
}

function seconds(startedAt: number): string {
  return `${((performance.now() - startedAt) / 1000).toFixed(1)} s`;
}
