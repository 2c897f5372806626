import t from 'tap';
import {
  countDescriptors,
  keepDescriptors,
  keptOf,
  LOOK_MS,
  readDescriptorLimit,
  watchDescriptors,
} from '../../src/descriptors.ts';

t.test('what is kept of a limit is the same of all but small ones, and less for who is in', async (t) => {
  // [limit, kept from callers, kept from connections to API servers]
  for (const [limit, fromCallers, fromUpstreams] of [
    [0, 0, 0],
    [8, 1, 0],
    [64, 8, 4],
    [128, 16, 8],
    [256, 32, 16],
    [512, 64, 16],
    [1024, 64, 16],
    [1_048_576, 64, 16],
  ] as const)
    t.same(keptOf(limit), { fromCallers, fromUpstreams }, `of ${limit}`);
});

t.test('callers are let in until 64 are left, connections to API servers begun until 16 are', async (t) => {
  // A caller's counts already, the other one does not. [open, caller, API server]
  for (const [now, caller, upstream] of [
    [20, true, true],
    [960, true, true],
    [961, false, true],
    [1007, false, true],
    [1008, false, false],
    [1024, false, false],
  ] as const) {
    const count = () => now;
    const deps = { limit: 1024, count };
    const answers = [keepDescriptors(deps).mayStay(), keepDescriptors(deps).mayConnect()];
    t.same(answers, [caller, upstream], `${now} of 1024 are open`);
  }
});

t.test('a count stands until a quarter of what was left to callers may have come', async (t) => {
  // [limit, open, answers without a further count]
  for (const [limit, open, answers] of [
    [16_384, 320, 4_000],
    [1024, 560, 100],
    [1024, 956, 1],
    [1024, 957, 0],
    [1024, 1020, 0],
  ] as const) {
    let counts = 0;
    const reserve = keepDescriptors({ limit, count: () => open + Number(++counts > 1) * limit });
    reserve.mayStay();
    for (let n = 0; n < answers; n++)
      if (!(n % 2 === 0 ? reserve.mayStay() : reserve.mayConnect())) t.fail(`answer ${n}`);
    t.equal(counts, 1, `${open} of ${limit} are open`);
    t.notOk(reserve.mayStay());
    t.equal(counts, 2);
  }
});

t.test('a connection that is begun counts before it has its descriptor, once', async (t) => {
  let open = 1000;
  const { mayStay, mayConnect, expect } = keepDescriptors({ limit: 1024, count: () => open });
  const had = Array.from({ length: 8 }, () => (mayConnect() ? expect() : () => t.fail('too few')));
  t.notOk(mayConnect(), '8 are begun');
  had[0]?.();
  had[0]?.();
  t.ok(mayConnect(), 'one never will have one');
  for (const now of had) now();
  open = 1008;
  t.notOk(mayConnect(), 'all have them');
  open = 960;
  t.ok(mayStay());
  const last = expect();
  t.notOk(mayStay(), 'callers get none of those either');
  last();
  t.ok(mayStay());
});

t.test('nothing is kept where it is not known how many there are, or how many are open', async (t) => {
  const unknown = { limit: 0, count: () => t.fail('nobody asks') as never };
  for (const deps of [unknown, { limit: 16, count: () => 0 }]) {
    const { mayStay, mayConnect } = keepDescriptors(deps);
    t.same([mayStay(), mayConnect()], [true, true], `limit ${deps.limit}`);
  }
});

t.test(
  'that no more callers are let in is said once, and once that there are descriptors again',
  async (t) => {
    const said: string[] = [];
    let open = 10;
    let next = () => {};
    const watch = watchDescriptors({
      log: {
        error: (_facts: object) => said.push('few'),
        info: (_facts: object) => said.push('enough'),
      } as never,
      limit: 100,
      count: () => open,
      setTimer: (act, delayMs) => {
        t.equal(delayMs, LOOK_MS);
        next = act;
        return () => {
          next = () => said.push('after its end');
        };
      },
    });
    // [open, what was said so far]
    for (const [now, so] of [
      [87, []],
      [88, ['few']],
      [100, ['few']],
      [88, ['few']],
      [80, ['few']],
      [79, ['few', 'enough']],
      [89, ['few', 'enough', 'few']],
    ] as const) {
      open = now;
      next();
      t.same(said, so, `${now} of 100`);
    }
    watch.close();
  },
);

t.test('the limit and the count are those of this process', async (t) => {
  t.ok(readDescriptorLimit() > 0);
  t.ok(countDescriptors() > 2 && countDescriptors() < readDescriptorLimit());
});
