// How sessions are written for people. What comes from the board may hold anything, names that callers chose among it: nothing of it may steer a
// terminal.

import type { Entry } from '../roster/page.ts';

const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
const SHORT_ID_CHARS = 8;
const SIZES = ['B', 'kB', 'MB', 'GB', 'TB'] as const;

/** `12s`, `5m`, `3h20m`, `2d4h`; negative times are `0s`. */
export function ageText(ms: number): string {
  const left = Math.max(0, ms);
  const two = (big: number, small: number, units: readonly [string, string]) => {
    const rest = Math.floor((left % big) / small);
    return `${Math.floor(left / big)}${units[0]}${rest === 0 ? '' : `${rest}${units[1]}`}`;
  };
  if (left < MINUTE_MS) return `${Math.floor(left / SECOND_MS)}s`;
  if (left < HOUR_MS) return `${Math.floor(left / MINUTE_MS)}m`;
  return left < DAY_MS ? two(HOUR_MS, MINUTE_MS, ['h', 'm']) : two(DAY_MS, HOUR_MS, ['d', 'h']);
}

/** `512B`, `1.2kB`, `34MB`; thousands. */
export function bytesText(bytes: number): string {
  let value = bytes;
  let unit = 0;
  for (; value >= 999.5 && unit < SIZES.length - 1; unit++) value /= 1000;
  return `${unit === 0 || value >= 9.95 ? value.toFixed(0) : value.toFixed(1)}${SIZES[unit]}`;
}

/** `shop/web-1/nginx`, `shop/services web`, `nodes`: where the session leads. */
export function targetText({ namespace, resource, name, container }: Entry): string {
  const what = resource === 'pods' && name !== '' ? name : [resource, name].filter(Boolean).join(' ');
  return [namespace, what, container].filter((part) => part !== '').join('/');
}

/** The beginning of each id, long enough to tell it from the others. */
export function shortIDs(ids: readonly string[]): ReadonlyMap<string, string> {
  const count = new Map<string, number>();
  const short = (id: string) => id.slice(0, SHORT_ID_CHARS);
  for (const id of ids) count.set(short(id), (count.get(short(id)) ?? 0) + 1);
  return new Map(ids.map((id) => [id, count.get(short(id)) === 1 ? short(id) : id]));
}

/** Lines of columns, two spaces apart. */
export function columns(rows: readonly (readonly string[])[]): readonly string[] {
  const cleaned = rows.map((row) => row.map(plain));
  const widths = (cleaned[0] ?? []).map((_, i) => Math.max(...cleaned.map((row) => row[i]?.length ?? 0)));
  return cleaned.map((row) =>
    row
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}

/** Without control, format and separator characters; empty becomes `-`. */
export function plain(text: string): string {
  const cleaned = text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '?');
  return cleaned === '' ? '-' : cleaned;
}
