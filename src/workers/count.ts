// How many processes share the work of one gate: what `--workers` says.

/** More would be a machine that wants several gates. */
export const MAX_WORKERS = 64;

/** `1` to `64`, or `auto`: as many as this process may use cores. @returns undefined for anything else. */
export function parseWorkers(text: string, cores: () => number): number | undefined {
  if (text === 'auto') return Math.min(MAX_WORKERS, Math.max(1, cores()));
  const count = /^[1-9]\d?$/.test(text) ? Number(text) : 0;
  return count >= 1 && count <= MAX_WORKERS ? count : undefined;
}
