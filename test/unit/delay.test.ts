import t from 'tap';
import { afterDelay, type SetTimer } from '../../src/delay.ts';

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
