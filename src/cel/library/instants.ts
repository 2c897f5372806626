// Text → timestamps and durations and back, in the forms and ranges of cel-go (common/types/timestamp.go, duration.go; Go's
// time.ParseDuration).

import { Fault } from '../declare.ts';
import { Duration, Timestamp } from '../value.ts';

const NANOS_PER_SECOND = 1_000_000_000n;
const NANOS_PER_MS = 1_000_000n;
const MAX_NANOS = 2n ** 63n - 1n;
/** 0001-01-01T00:00:00Z and 9999-12-31T23:59:59.999999999Z. */
const FIRST = -62_135_596_800n * NANOS_PER_SECOND;
const LAST = 253_402_300_800n * NANOS_PER_SECOND - 1n;

const RFC3339 = /^(\d{4}-\d{2}-\d{2})[Tt](\d{2}:\d{2}:\d{2})(?:[.,](\d{1,18}))?(Z|z|[+-]\d{2}:\d{2})$/;
const PART = /(\d{0,18})(?:\.(\d{0,18}))?(ns|us|µs|μs|ms|s|m|h)/y;
const UNITS: ReadonlyMap<string, bigint> = new Map([
  ['ns', 1n],
  ['us', 1_000n],
  ['µs', 1_000n],
  ['μs', 1_000n],
  ['ms', NANOS_PER_MS],
  ['s', NANOS_PER_SECOND],
  ['m', 60n * NANOS_PER_SECOND],
  ['h', 3600n * NANOS_PER_SECOND],
]);

/** RFC 3339 → timestamp; undefined when it isn't one, or not a day of the calendar. */
export function parseTimestamp(text: string): Timestamp | undefined {
  const found = RFC3339.exec(text);
  if (found === null) return undefined;
  const [, date = '', time = '', fraction = '', zone = ''] = found;
  const ms = Date.parse(`${date}T${time}${zone.toUpperCase()}`);
  if (Number.isNaN(ms) || !isDay(date) || time.startsWith('24')) return undefined;
  const nanos = BigInt(ms) * NANOS_PER_MS + BigInt(fraction.padEnd(9, '0').slice(0, 9));
  return nanos < FIRST || nanos > LAST ? undefined : new Timestamp(nanos);
}

/** Date.parse takes February 30 for March 1. */
function isDay(date: string): boolean {
  const day = new Date(`${date}T00:00:00Z`);
  return !Number.isNaN(day.getTime()) && day.toISOString().slice(0, 10) === date;
}

/** `1h30m`, `-1.5s`, `100ms` → duration; undefined when it isn't one, or longer than 292 years. */
export function parseDuration(text: string): Duration | undefined {
  const sign = /^[+-]/.exec(text)?.[0];
  const rest = sign === undefined ? text : text.slice(1);
  if (rest === '0') return new Duration(0n);
  let nanos = 0n;
  let at = 0;
  while (at < rest.length) {
    PART.lastIndex = at;
    const found = PART.exec(rest);
    if (found === null) return undefined;
    const [whole, integer = '', fraction = '', name = ''] = found;
    if (integer === '' && fraction === '') return undefined;
    const unit = UNITS.get(name) ?? 0n;
    nanos +=
      BigInt(integer || '0') * unit + (BigInt(fraction || '0') * unit) / 10n ** BigInt(fraction.length);
    if (nanos > MAX_NANOS) return undefined;
    at += whole.length;
  }
  if (rest === '') return undefined;
  return new Duration(sign === '-' ? -nanos : nanos);
}

/** A timestamp, or the error for one outside of years 1 to 9999. */
export function checkTimestamp(nanos: bigint): Timestamp {
  if (nanos < FIRST || nanos > LAST) throw new Fault('timestamp overflow');
  return new Timestamp(nanos);
}

/** A duration, or the error for one that 64 bits don't hold. */
export function checkDuration(nanos: bigint): Duration {
  if (nanos > MAX_NANOS || nanos < -MAX_NANOS - 1n) throw new Fault('duration overflow');
  return new Duration(nanos);
}

/** As Go prints it: RFC 3339 with as many digits of the fraction as there are. */
export function formatTimestamp({ nanos }: Timestamp): string {
  const rest = ((nanos % NANOS_PER_SECOND) + NANOS_PER_SECOND) % NANOS_PER_SECOND;
  const seconds = new Date(Number((nanos - rest) / NANOS_PER_MS)).toISOString().slice(0, 19);
  const fraction = rest === 0n ? '' : `.${rest.toString().padStart(9, '0').replace(/0+$/, '')}`;
  return `${seconds}${fraction}Z`;
}

/** Seconds with a fraction and an s: `3600s`, `1.5s`. */
export function formatDuration({ nanos }: Duration): string {
  const size = nanos < 0n ? -nanos : nanos;
  const rest = size % NANOS_PER_SECOND;
  const fraction = rest === 0n ? '' : `.${rest.toString().padStart(9, '0').replace(/0+$/, '')}`;
  return `${nanos < 0n ? '-' : ''}${size / NANOS_PER_SECOND}${fraction}s`;
}
