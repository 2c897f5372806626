import { queryObjects } from 'node:v8';
import t from 'tap';
import { afterDelay, atTime, CLOCK_LOOK_MS, type SetTimer } from '../../src/delay.ts';

const DAY_MS = 24 * 3600 * 1000;
const LONGEST_MS = 2 ** 31 - 1;

/** A timer that fires when it is told to, and keeps the delays that it was asked for. */
function handTimer() {
  const asked: number[] = [];
  let pending: (() => void) | undefined;
  const setTimer: SetTimer = (callback, delayMs) => {
    asked.push(delayMs);
    pending = callback;
    return () => {
      pending = undefined;
    };
  };
  const fire = () => {
    const callback = pending;
    pending = undefined;
    callback?.();
  };
  return { asked, setTimer, fire };
}

// Node's documentation of setTimeout: "When delay is larger than 2147483647 … the delay will be set to 1".
const cases = [
  { given: 60 * DAY_MS, legs: [LONGEST_MS, LONGEST_MS, 60 * DAY_MS - 2 * LONGEST_MS] },
  { given: LONGEST_MS + 1, legs: [LONGEST_MS, 1] },
  { given: LONGEST_MS, legs: [LONGEST_MS] },
  { given: 1000, legs: [1000] },
  { given: -5, legs: [0] },
  { given: Number.POSITIVE_INFINITY, legs: [] },
];
for (const { given, legs } of cases) {
  t.test(`${given} ms is waited for in ${legs.length} timers, then acted once`, async (t) => {
    const timer = handTimer();
    let acted = 0;
    afterDelay(given, () => acted++, timer.setTimer);
    for (const _ of legs) {
      t.equal(acted, 0, 'not yet');
      timer.fire();
    }
    t.equal(acted, legs.length > 0 ? 1 : 0);
    timer.fire();
    t.equal(acted, legs.length > 0 ? 1 : 0, 'once');
    t.same(timer.asked, legs);
  });
}

t.test('a cancelled delay never acts, also in a later leg', async (t) => {
  const timer = handTimer();
  let acted = 0;
  const cancel = afterDelay(40 * DAY_MS, () => acted++, timer.setTimer);
  timer.fire();
  cancel();
  timer.fire();
  t.equal(acted, 0);
});

// lib/internal/timers.js: timers of one duration are in one list; clearTimeout drops an empty one only when the timer is ref'd.
t.test('cancelled delays leave nothing behind, whatever their length', async (t) => {
  const timer = setTimeout(() => {}, 1) as unknown as { readonly _idlePrev: object };
  const { constructor: list } = timer._idlePrev as { constructor: new () => unknown };
  const lists = () => Number(queryObjects(list));
  const before = lists();
  const cancels = Array.from({ length: 500 }, (_, i) => afterDelay(DAY_MS + i, () => {}));
  t.ok(lists() >= before + 500, 'each has a list of its own while it waits');
  for (const cancel of cancels) cancel();
  t.ok(lists() <= before + 1);
});

t.test('a time is that of the wall clock, whatever it is set to meanwhile', async (t) => {
  // [what the clock is set to after so long, when it acts by the monotonic clock]
  for (const [setTo, actsAt] of [
    [undefined, 60_000],
    // An hour on: at the next look.
    [3_600_000, CLOCK_LOOK_MS],
    // An hour back: when the clock says so.
    [-3_600_000, 60_000 + 3_600_000],
  ] as const) {
    let elapsed = 0;
    let shift = 0;
    let timer: { at: number; act: () => void } | undefined;
    let acted: number | undefined;
    const now = () => 1_000_000 + elapsed + shift;
    atTime(
      now() + 60_000,
      now,
      () => {
        acted = elapsed;
      },
      (act, delayMs) => {
        timer = { at: elapsed + delayMs, act };
        return () => {};
      },
    );
    while (timer !== undefined && acted === undefined) {
      const { at, act }: { at: number; act: () => void } = timer;
      timer = undefined;
      if (setTo !== undefined && shift === 0 && at >= CLOCK_LOOK_MS) shift = setTo;
      elapsed = at;
      act();
    }
    t.equal(acted, actsAt, String(setTo));
  }
});
