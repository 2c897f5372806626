// Dates in UTC, the only time zone that the machine has: strftime(3)'s conversions, and what `date -d` understands.

const DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];
const MONTHS = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
];
const DAY_MS = 24 * 3600 * 1000;

/** `ms` since the epoch in `format`; unknown conversions stay as they are. */
export function formatDate(ms: number, format: string): string {
  return format.replace(/%([-_0^]?)(:?[a-zA-Z%])/g, (all, flag: string, letter: string) => {
    const text = conversion(ms, letter);
    if (text === undefined) return all;
    if (flag === '-') return text.replace(/^[0 ]+(?=.)/, '');
    if (flag === '_') return text.replace(/^0+(?=.)/, (zeros) => ' '.repeat(zeros.length));
    return flag === '^' ? text.toUpperCase() : text;
  });
}

function two(value: number, fill = '0'): string {
  return String(value).padStart(2, fill);
}

function conversion(ms: number, letter: string): string | undefined {
  const nested = NESTED[letter];
  return nested === undefined ? CONVERSIONS[letter]?.(new Date(ms)) : formatDate(ms, nested);
}

const CONVERSIONS: Readonly<Record<string, (date: Date) => string>> = {
  a: (date) => (DAYS[date.getUTCDay()] ?? '').slice(0, 3),
  A: (date) => DAYS[date.getUTCDay()] ?? '',
  b: (date) => (MONTHS[date.getUTCMonth()] ?? '').slice(0, 3),
  h: (date) => (MONTHS[date.getUTCMonth()] ?? '').slice(0, 3),
  B: (date) => MONTHS[date.getUTCMonth()] ?? '',
  C: (date) => two(Math.floor(date.getUTCFullYear() / 100)),
  d: (date) => two(date.getUTCDate()),
  e: (date) => two(date.getUTCDate(), ' '),
  H: (date) => two(date.getUTCHours()),
  I: (date) => two(date.getUTCHours() % 12 === 0 ? 12 : date.getUTCHours() % 12),
  j: (date) => {
    const days = Math.floor((date.getTime() - Date.UTC(date.getUTCFullYear(), 0, 1)) / DAY_MS);
    return String(days + 1).padStart(3, '0');
  },
  m: (date) => two(date.getUTCMonth() + 1),
  M: (date) => two(date.getUTCMinutes()),
  n: () => '\n',
  N: (date) => String(date.getUTCMilliseconds() * 1_000_000).padStart(9, '0'),
  p: (date) => (date.getUTCHours() < 12 ? 'AM' : 'PM'),
  s: (date) => String(Math.floor(date.getTime() / 1000)),
  S: (date) => two(date.getUTCSeconds()),
  t: () => '\t',
  u: (date) => String(date.getUTCDay() === 0 ? 7 : date.getUTCDay()),
  w: (date) => String(date.getUTCDay()),
  y: (date) => two(date.getUTCFullYear() % 100),
  Y: (date) => String(date.getUTCFullYear()),
  z: () => '+0000',
  ':z': () => '+00:00',
  Z: () => 'UTC',
  '%': () => '%',
};

const NESTED: Readonly<Record<string, string>> = {
  c: '%a %b %e %H:%M:%S %Y',
  D: '%m/%d/%y',
  F: '%Y-%m-%d',
  R: '%H:%M',
  r: '%I:%M:%S %p',
  T: '%H:%M:%S',
  x: '%m/%d/%y',
  X: '%H:%M:%S',
};

/** What `date -d` is told: `@seconds`, `now`, or ISO 8601 (UTC unless it says otherwise). ms; undefined when it is none. */
export function readDate(text: string, nowMs: number): number | undefined {
  if (text === 'now' || text === '') return nowMs;
  const seconds = /^@(-?\d{1,12})$/.exec(text);
  if (seconds !== null) return Number(seconds[1]) * 1000;
  const iso = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:\.\d+)?)?)\s*(Z|UTC|[-+]\d\d:?\d\d)?)?$/.exec(
    text,
  );
  if (iso === null) return undefined;
  const zone = iso[3] === undefined || iso[3] === 'UTC' ? 'Z' : iso[3].replace(/(\d\d):?(\d\d)$/, '$1:$2');
  const ms = Date.parse(`${iso[1]}T${iso[2] ?? '00:00'}${zone}`);
  return Number.isNaN(ms) ? undefined : ms;
}
