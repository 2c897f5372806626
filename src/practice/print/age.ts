// How long ago something happened, in the two or three figures that kubectl shows: 5s, 2m3s, 3h5m, 2d3h, 400d. The steps are those of
// k8s.io/apimachinery pkg/util/duration HumanDuration.

const SECOND = 1000;
const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const YEAR = 365 * DAY;

/** A duration of `ms` milliseconds. Up to two seconds in the future count as now (clocks differ); more is `<invalid>`. */
export function humanDuration(ms: number): string {
  const seconds = Math.trunc(ms / SECOND);
  if (seconds < -1) return '<invalid>';
  if (seconds < 0) return '0s';
  if (seconds < 2 * MINUTE) return `${seconds}s`;
  if (seconds < 10 * MINUTE) return pair(seconds, [MINUTE, 'm'], [1, 's']);
  if (seconds < 3 * HOUR) return `${Math.floor(seconds / MINUTE)}m`;
  if (seconds < 8 * HOUR) return pair(seconds, [HOUR, 'h'], [MINUTE, 'm']);
  if (seconds < 2 * DAY) return `${Math.floor(seconds / HOUR)}h`;
  if (seconds < 8 * DAY) return pair(seconds, [DAY, 'd'], [HOUR, 'h']);
  if (seconds < 2 * YEAR) return `${Math.floor(seconds / DAY)}d`;
  if (seconds < 8 * YEAR) return pair(seconds, [YEAR, 'y'], [DAY, 'd']);
  return `${Math.floor(seconds / YEAR)}y`;
}

/** How long before `nowMs` the RFC 3339 `timestamp` is; `<unknown>` where there is none. */
export function ageOf(timestamp: string | undefined, nowMs: number): string {
  const thenMs = timestamp === undefined || timestamp === '' ? Number.NaN : Date.parse(timestamp);
  return Number.isNaN(thenMs) ? '<unknown>' : humanDuration(nowMs - thenMs);
}

type Unit = readonly [seconds: number, sign: string];

function pair(seconds: number, [large, largeSign]: Unit, [small, smallSign]: Unit): string {
  const rest = Math.floor((seconds % large) / small);
  const whole = `${Math.floor(seconds / large)}${largeSign}`;
  return rest === 0 ? whole : `${whole}${rest}${smallSign}`;
}
