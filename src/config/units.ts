// Durations and sizes as people write them, and the numbers the program counts with. Durations follow Go's time.ParseDuration, whole
// numbers and units of h, m, s and ms only; sizes follow Kubernetes' binary quantities.

const DURATION = /^(?=.)(?:(\d{1,9})h)?(?:(\d{1,9})m)?(?:(\d{1,9})s)?(?:(\d{1,9})ms)?$/;
const SIZE = /^(\d{1,16})(Ki|Mi|Gi|Ti)?$/;
const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const SIZE_FACTORS = { Ti: 2 ** 40, Gi: 2 ** 30, Mi: 2 ** 20, Ki: 2 ** 10 } as const;

/** The longest duration in ms: what a timer of Node can count (2³¹−1 ms), in whole hours. */
export const MAX_DURATION_MS: number = 596 * HOUR_MS;

/** The pattern of a duration, for the JSON Schema. */
export const DURATION_PATTERN: string = DURATION.source;

/** `30s`, `5m`, `1h30m`, `0s` in milliseconds, or undefined when it is none. */
export function parseDuration(text: string): number | undefined {
  const match = DURATION.exec(text);
  if (!match) return undefined;
  const [hours, minutes, seconds, ms] = match.slice(1).map((digits) => Number(digits ?? 0));
  return (hours ?? 0) * HOUR_MS + (minutes ?? 0) * MINUTE_MS + (seconds ?? 0) * SECOND_MS + (ms ?? 0);
}

/** Milliseconds (a whole number, 0 or more) as the shortest duration: 5400000 is `1h30m`, 0 is `0s`. */
export function formatDuration(durationMs: number): string {
  if (!Number.isSafeInteger(durationMs) || durationMs < 0)
    throw new TypeError(`not a duration: ${durationMs}`);
  const parts: readonly (readonly [number, string])[] = [
    [Math.floor(durationMs / HOUR_MS), 'h'],
    [Math.floor(durationMs / MINUTE_MS) % 60, 'm'],
    [Math.floor(durationMs / SECOND_MS) % 60, 's'],
    [durationMs % SECOND_MS, 'ms'],
  ];
  return parts.map(([count, unit]) => (count === 0 ? '' : `${count}${unit}`)).join('') || '0s';
}

/** `8Mi`, `512Ki`, `1024` in bytes, or undefined when it is none or beyond what a number holds exactly. */
export function parseSize(text: string): number | undefined {
  const match = SIZE.exec(text);
  if (!match) return undefined;
  const unit = match[2] as keyof typeof SIZE_FACTORS | undefined;
  const bytes = Number(match[1]) * (unit === undefined ? 1 : SIZE_FACTORS[unit]);
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}

/** Bytes (a whole number, 0 or more) in the largest unit that divides them: 8388608 is `8Mi`, 1000 is `1000`. */
export function formatSize(bytes: number): string {
  if (!Number.isSafeInteger(bytes) || bytes < 0) throw new TypeError(`not a size: ${bytes}`);
  for (const [unit, factor] of Object.entries(SIZE_FACTORS)) {
    if (bytes > 0 && bytes % factor === 0) return `${bytes / factor}${unit}`;
  }
  return String(bytes);
}
