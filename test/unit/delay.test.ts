import { mock } from 'node:test';
import t from 'tap';
import { afterDelay } from '../../src/delay.ts';

const DAY_MS = 24 * 3600 * 1000;

// Node: "When delay is larger than 2147483647 … the delay will be set to 1."
const cases = [
  { given: 60 * DAY_MS, quietMs: 60 * DAY_MS - 1, fires: true },
  { given: 2 ** 31 - 1, quietMs: 2 ** 31 - 2, fires: true },
  { given: 1000, quietMs: 999, fires: true },
  { given: -5, quietMs: 0, fires: true },
  { given: Number.POSITIVE_INFINITY, quietMs: 100 * DAY_MS, fires: false },
];
for (const { given, quietMs, fires } of cases) {
  t.test(`after ${given} ms, not before, and never twice`, async (t) => {
    mock.timers.enable({ apis: ['setTimeout'] });
    t.teardown(() => mock.timers.reset());
    let fired = 0;
    afterDelay(given, () => fired++);
    mock.timers.tick(quietMs);
    if (given > 0) t.equal(fired, 0);
    mock.timers.tick(2);
    t.equal(fired, fires ? 1 : 0);
    mock.timers.tick(60 * DAY_MS);
    t.equal(fired, fires ? 1 : 0);
  });
}

t.test('a cancelled delay never fires, also in its second leg', async (t) => {
  mock.timers.enable({ apis: ['setTimeout'] });
  t.teardown(() => mock.timers.reset());
  let fired = 0;
  const cancel = afterDelay(40 * DAY_MS, () => fired++);
  mock.timers.tick(30 * DAY_MS);
  cancel();
  mock.timers.tick(30 * DAY_MS);
  t.equal(fired, 0);
});
