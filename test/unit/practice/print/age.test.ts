import t from 'tap';
import { ageOf, humanDuration } from '../../../../src/practice/print/age.ts';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const YEAR = 365 * DAY;

t.test('durations read as apimachinery pkg/util/duration HumanDuration has them', async (t) => {
  const facts: readonly (readonly [ms: number, text: string])[] = [
    [-2 * SECOND, '<invalid>'],
    [-2 * SECOND + 1, '0s'],
    [-1 * SECOND, '0s'],
    [-1, '0s'],
    [0, '0s'],
    [SECOND - 1, '0s'],
    [SECOND, '1s'],
    [70 * SECOND, '70s'],
    [2 * MINUTE - 1, '119s'],
    [2 * MINUTE, '2m'],
    [2 * MINUTE + SECOND, '2m1s'],
    [3 * MINUTE - SECOND, '2m59s'],
    [10 * MINUTE - 1, '9m59s'],
    [10 * MINUTE, '10m'],
    [10 * MINUTE + SECOND, '10m'],
    [3 * HOUR - 1, '179m'],
    [3 * HOUR, '3h'],
    [3 * HOUR + 59 * SECOND, '3h'],
    [3 * HOUR + 5 * MINUTE, '3h5m'],
    [8 * HOUR - 1, '7h59m'],
    [8 * HOUR, '8h'],
    [8 * HOUR + 59 * MINUTE, '8h'],
    [2 * DAY - 1, '47h'],
    [2 * DAY, '2d'],
    [2 * DAY + 59 * MINUTE, '2d'],
    [2 * DAY + 3 * HOUR, '2d3h'],
    [8 * DAY - 1, '7d23h'],
    [8 * DAY, '8d'],
    [8 * DAY + 23 * HOUR, '8d'],
    [2 * YEAR - 1, '729d'],
    [2 * YEAR, '2y'],
    [2 * YEAR + 23 * HOUR, '2y'],
    [2 * YEAR + 20 * DAY, '2y20d'],
    [8 * YEAR - 1, '7y364d'],
    [8 * YEAR, '8y'],
    [8 * YEAR + 364 * DAY, '8y'],
  ];
  for (const [ms, text] of facts) t.equal(humanDuration(ms), text, `${ms} ms`);
});

t.test('an age is counted from a timestamp, and unknown without one', async (t) => {
  const now = Date.parse('2026-01-02T03:04:05Z');
  t.equal(ageOf('2026-01-02T03:04:00Z', now), '5s');
  t.equal(ageOf('2026-01-02T03:01:05.123456Z', now), '2m59s', 'metav1.MicroTime');
  t.equal(ageOf('2026-01-02T04:04:05+01:00', now), '0s', 'any offset');
  t.equal(ageOf('2026-01-02T03:04:35Z', now), '<invalid>', 'a clock that is ahead');
  for (const nothing of [undefined, '', 'yesterday']) t.equal(ageOf(nothing, now), '<unknown>');
});
