import t from 'tap';
import { Pressure } from '../../../src/admission/pressure.ts';

// Samples come ten times a second. The limit is 500 ms here.

const quiet = { delayMs: 1, busy: 0.2 };
const nobody = { waiting: 0, sessions: 1 };

type Step = readonly [busy: number, waiting: number, sessions?: number];

function paced(...steps: readonly Step[]): boolean {
  const pressure = new Pressure(() => 500);
  for (const [busy, waiting, sessions = 1] of steps)
    pressure.sample({ delayMs: 1, busy }, { waiting, sessions });
  return pressure.isPaced;
}

function after(...delays: readonly number[]) {
  const pressure = new Pressure(() => 500);
  for (const delayMs of delays) pressure.sample({ delayMs, busy: 1 }, nobody);
  return pressure;
}

t.test('what waits is paced while the loop is busy, and until nobody waits', async (t) => {
  t.notOk(paced([0.95, 0]), 'busy, but nobody waits');
  t.notOk(paced([0.5, 100]), 'somebody waits, but the loop has room: the API server is slow');
  t.notOk(paced([0.95, 100, 0]), 'nobody types');
  t.ok(paced([0.95, 1]));
  t.ok(paced([0.95, 1], [0.1, 1]), 'the pace is what made room');
  t.notOk(paced([0.95, 1], [0.1, 1], [0.1, 0]));
  t.notOk(paced([0.95, 1], [0.1, 1, 0]), 'the last session has ended');
});

// 20, 40, 60 and 60 s, as long as it is too much each time.
t.test('it is tried without every while, rarely when that is too much again', async (t) => {
  const pressure = new Pressure(() => 500);
  const crowd = { waiting: 100, sessions: 1 };
  const heldFor = () => {
    pressure.sample({ delayMs: 1, busy: 0.95 }, crowd);
    for (let samples = 1; ; samples++) {
      pressure.sample({ delayMs: 1, busy: 0.1 }, crowd);
      if (!pressure.isPaced) return samples;
    }
  };
  t.same([heldFor(), heldFor(), heldFor(), heldFor()], [200, 400, 600, 600]);
  for (let i = 0; i < 20; i++) pressure.sample({ delayMs: 1, busy: 0.5 }, crowd);
  t.notOk(pressure.isPaced, 'a try that goes well goes on');
  t.equal(heldFor(), 200, 'and the next time is a first time');
});

t.test('one long pause sheds nothing, several in a row do, and it ends far below the limit', async (t) => {
  t.notOk(after(1200).isShedding, 'a full garbage collection');
  const pressure = after(700, 700, 700);
  t.ok(pressure.isShedding);
  pressure.sample({ delayMs: 400, busy: 1 }, nobody);
  t.ok(pressure.isShedding, 'below the limit, not far below');
  for (let i = 0; i < 3; i++) pressure.sample(quiet, nobody);
  t.notOk(pressure.isShedding);
});

t.test('0 is never', async (t) => {
  const pressure = new Pressure(() => 0);
  for (let i = 0; i < 50; i++) pressure.sample({ delayMs: 60_000, busy: 1 }, nobody);
  t.notOk(pressure.isShedding);
});
