// getFullYear() and its like, of timestamps in UTC or in a time zone, and of durations (cel-go common/types/timestamp.go, duration.go).

import type { Budget } from '../budget.ts';
import { Fault, type Library, method } from '../declare.ts';
import type { Duration, Timestamp } from '../value.ts';

const NANOS_PER_MS = 1_000_000n;
const MS_PER_MINUTE = 60_000;
const MS_PER_DAY = 86_400_000;
/** Looking a zone up takes some 20 µs. */
const ZONE_STEPS = 200;
const NUMERIC_ZONE = /^([+-]?)([0-9]{1,2}):([0-9]{1,2})$/;

/** What is read off a date whose UTC fields are those of the wanted zone. Months, days of a month and weekdays begin at 0. */
const FIELDS: readonly (readonly [name: string, read: (local: Date) => number])[] = [
  ['getFullYear', (local) => local.getUTCFullYear()],
  ['getMonth', (local) => local.getUTCMonth()],
  ['getDayOfYear', (local) => Math.floor((local.getTime() - yearStart(local)) / MS_PER_DAY)],
  ['getDayOfMonth', (local) => local.getUTCDate() - 1],
  ['getDate', (local) => local.getUTCDate()],
  ['getDayOfWeek', (local) => local.getUTCDay()],
  ['getHours', (local) => local.getUTCHours()],
  ['getMinutes', (local) => local.getUTCMinutes()],
  ['getSeconds', (local) => local.getUTCSeconds()],
  ['getMilliseconds', (local) => local.getUTCMilliseconds()],
];

const DURATION_FIELDS: readonly (readonly [name: string, nanos: bigint])[] = [
  ['getHours', 3_600_000_000_000n],
  ['getMinutes', 60_000_000_000n],
  ['getSeconds', 1_000_000_000n],
  ['getMilliseconds', NANOS_PER_MS],
];

export const calendar: Library = [
  ...FIELDS.flatMap(([name, read]) => [
    method(name, ['timestamp'], 'int', (_: Budget, time: Timestamp) => BigInt(read(new Date(msOf(time))))),
    method(name, ['timestamp', 'string'], 'int', (budget: Budget, time: Timestamp, zone: string) => {
      budget.spend(ZONE_STEPS);
      return BigInt(read(inZone(msOf(time), zone)));
    }),
  ]),
  ...DURATION_FIELDS.map(([name, unit]) =>
    method(name, ['duration'], 'int', (_: Budget, { nanos }: Duration) => nanos / unit),
  ),
];

function msOf({ nanos }: Timestamp): number {
  const ms = nanos / NANOS_PER_MS;
  return Number(nanos < 0n && nanos % NANOS_PER_MS !== 0n ? ms - 1n : ms);
}

function yearStart(local: Date): number {
  const start = new Date(0);
  start.setUTCFullYear(local.getUTCFullYear());
  return start.getTime();
}

/** `+02:00` or the name of a zone in the tz database. */
function inZone(ms: number, zone: string): Date {
  const [, sign, hours, minutes] = NUMERIC_ZONE.exec(zone) ?? [];
  if (hours !== undefined && minutes !== undefined) {
    const offset = Number(hours) * 60 + Number(minutes);
    return new Date(ms + (sign === '-' ? -offset : offset) * MS_PER_MINUTE);
  }
  if (zone === '' || zone === 'UTC') return new Date(ms);
  return new Date(ms + namedOffset(ms, zone));
}

/** How far a named zone is ahead of UTC at a time. */
function namedOffset(ms: number, zone: string): number {
  let parts: Intl.DateTimeFormatPart[];
  try {
    const format = new Intl.DateTimeFormat('en-US', {
      timeZone: zone,
      era: 'short',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
      hourCycle: 'h23',
    });
    parts = format.formatToParts(ms);
  } catch {
    throw new Fault(`unknown time zone ${zone}`);
  }
  const read = (type: Intl.DateTimeFormatPartTypes): number =>
    Number(parts.find((part) => part.type === type)?.value ?? 0);
  const local = new Date(0);
  local.setUTCFullYear(read('year'), read('month') - 1, read('day'));
  local.setUTCHours(read('hour'), read('minute'), read('second'));
  return local.getTime() - Math.floor(ms / 1000) * 1000;
}
