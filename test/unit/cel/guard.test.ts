// The time that an expression may take.
import t from 'tap';
import { createGuard } from '../../../src/cel/guard.ts';

/** Waits without using the processor, as a thread does that is not scheduled. */
function stall(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

t.test('a computation inside the limit gives its result, or throws its own error', async (t) => {
  const guard = createGuard(100);
  t.equal(
    guard(() => 7),
    7,
  );
  t.throws(
    () =>
      guard(() => {
        throw new RangeError('mine');
      }),
    { message: 'mine' },
  );
});

t.test('one that does not end is ended', async (t) => {
  const guard = createGuard(50);
  const forever = () => {
    for (;;);
  };
  t.throws(() => guard(forever), { code: 'TIME_LIMIT_EXCEEDED' });
});

t.test('one that was only kept waiting is begun again', async (t) => {
  const guard = createGuard(50);
  let begun = 0;
  const result = guard(() => {
    begun++;
    if (begun === 1) stall(120);
    return 'done';
  });
  t.same([result, begun], ['done', 2]);
});

t.test('one that is always kept waiting is given up', async (t) => {
  const guard = createGuard(20);
  let begun = 0;
  t.throws(
    () =>
      guard(() => {
        begun++;
        stall(60);
      }),
    { code: 'TIME_LIMIT_EXCEEDED' },
  );
  t.equal(begun, 5);
});
