// When a replica writes its page: changes are joined, a renewal is slow, failures are tried again less and less often.
import t from 'tap';
import {
  createKeeper,
  MAX_RETRY_MS,
  MIN_APART_MS,
  RENEW_MS,
  retryIn,
  TIDY_MS,
} from '../../../src/roster/keeper.ts';
import { makeTime } from '../../fakes/time.ts';

function setUp() {
  const time = makeTime(0);
  const written: number[] = [];
  const tidied: number[] = [];
  const outcomes: (string | undefined)[] = [];
  let failing: Error | undefined;
  const keeper = createKeeper({
    board: {
      publish: async () => {
        written.push(time.clock.now());
        if (failing !== undefined) throw failing;
      },
      tidy: async () => void tidied.push(time.clock.now()),
    },
    compose: async () => Buffer.alloc(0),
    onAttempt: (error) => outcomes.push(error?.message),
    random: () => 1,
    now: time.clock.now,
    setTimer: time.setTimer,
  });
  const settle = () => new Promise((resolve) => setImmediate(resolve));
  return {
    ...{ time, written, tidied, outcomes, keeper },
    fail: (error: Error | undefined) => {
      failing = error;
    },
    async advance(ms: number) {
      time.advance(ms);
      await settle();
    },
  };
}

t.test('the first write is at once, the next a renewal later', async (t) => {
  const { advance, written } = setUp();
  await advance(0);
  t.same(written, [0]);
  await advance(RENEW_MS - 1);
  t.same(written, [0]);
  await advance(1);
  t.same(written, [0, RENEW_MS]);
});

t.test('changes are joined', async (t) => {
  const { advance, written, keeper } = setUp();
  await advance(0);
  for (let i = 0; i < 10; i++) keeper.changed();
  await advance(MIN_APART_MS - 1);
  t.same(written, [0]);
  keeper.changed();
  await advance(1);
  t.same(written, [0, MIN_APART_MS]);
  await advance(RENEW_MS);
  t.same(written, [0, MIN_APART_MS, MIN_APART_MS + RENEW_MS], 'and that was all');
});

t.test('a change after a long silence is written at once, and so is what somebody waits for', async (t) => {
  const { advance, written, keeper } = setUp();
  await advance(0);
  await advance(5_000);
  keeper.changed();
  await advance(0);
  t.same(written, [0, 5_000]);
  keeper.urgent();
  await advance(0);
  t.same(written, [0, 5_000, 5_000]);
});

t.test('a change during a write is in the next one', async (t) => {
  const { time, advance, written, keeper } = setUp();
  time.advance(0);
  keeper.urgent();
  await advance(0);
  await advance(0);
  t.same(written, [0, 0]);
});

t.test('failures are tried again less and less often, and changes wait for that', async (t) => {
  const { advance, written, keeper, fail, outcomes } = setUp();
  fail(new Error('away'));
  await advance(0);
  keeper.changed();
  await advance(MIN_APART_MS);
  await advance(2 * MIN_APART_MS);
  await advance(4 * MIN_APART_MS);
  t.same(written, [0, 2_000, 6_000, 14_000]);
  fail(undefined);
  await advance(8 * MIN_APART_MS);
  t.same(outcomes, ['away', 'away', 'away', 'away', undefined]);
  await advance(RENEW_MS);
  t.equal(written.length, 6, 'then it renews as before');
});

t.test('attempts are never further apart than a minute, and spread', async (t) => {
  t.equal(
    retryIn(1, () => 0),
    MIN_APART_MS / 2,
  );
  t.equal(
    retryIn(1000, () => 1),
    MAX_RETRY_MS,
  );
});

t.test('what others left is looked for once a minute', async (t) => {
  const { advance, tidied } = setUp();
  await advance(0);
  while (tidied.length < 2) await advance(RENEW_MS);
  t.same(tidied, [TIDY_MS, 2 * TIDY_MS]);
});

t.test('after stop nothing is written', async (t) => {
  const { advance, written, keeper } = setUp();
  await advance(0);
  keeper.changed();
  await keeper.stop();
  keeper.urgent();
  await advance(RENEW_MS);
  t.same(written, [0]);
});
