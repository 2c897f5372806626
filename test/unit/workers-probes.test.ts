import t from 'tap';
import type { CheckResult } from '../../src/ops.ts';
import { MAX_WORKERS, parseWorkers } from '../../src/workers/count.ts';
import { liveness, readiness } from '../../src/workers/probes.ts';

const OWN: readonly CheckResult[] = [{ name: 'started', problem: '' }];
const says = (number: number, problem: string | undefined) => ({
  member: { number },
  answer: problem === undefined ? undefined : [{ name: 'issuer-keys', problem }],
});

t.test('readiness is everybody’s', async (t) => {
  // [answers, problem of the keys, problem of the workers]; there should be two
  const cases: [ReturnType<typeof says>[], string, string][] = [
    [[says(1, ''), says(2, '')], '', ''],
    [[says(1, 'none of x'), says(2, '')], 'none of x', ''],
    [[says(1, 'none of x'), says(2, 'none of x')], 'none of x', ''],
    [[says(1, 'none of x'), says(2, 'none of y')], 'none of x; none of y', ''],
    [[says(1, '')], '', '1 of 2 workers serve'],
    [[says(1, ''), says(2, undefined)], '', 'worker 2 does not answer'],
    [[says(1, undefined), says(2, undefined)], '', 'worker 1, worker 2 do not answer'],
  ];
  for (const [answers, keys, workers] of cases) {
    const results = new Map(readiness(OWN, answers, 2).map(({ name, problem }) => [name, problem]));
    t.same(
      [results.get('started'), results.get('issuer-keys') ?? '', results.get('workers')],
      ['', keys, workers],
    );
  }
  t.same(readiness(OWN, [], 2).at(-1), { name: 'workers', problem: '0 of 2 workers serve' });
});

t.test('only one that hangs is a reason to restart; one that is away is being replaced', async (t) => {
  t.same(liveness([]), [{ name: 'workers', problem: '' }]);
  t.same(liveness([says(1, 'no keys')]), [{ name: 'workers', problem: '' }]);
  t.same(liveness([says(1, ''), says(2, undefined)]), [
    { name: 'workers', problem: 'worker 2 does not answer' },
  ]);
});

t.test('--workers', async (t) => {
  // [what is given, cores, workers]
  const cases: [string, number, number | undefined][] = [
    ['1', 8, 1],
    ['2', 1, 2],
    ['64', 1, MAX_WORKERS],
    ['auto', 6, 6],
    ['auto', 1, 1],
    ['auto', 256, MAX_WORKERS],
    ['0', 8, undefined],
    ['65', 8, undefined],
    ['100', 8, undefined],
    ['-1', 8, undefined],
    ['+2', 8, undefined],
    ['02', 8, undefined],
    ['2.0', 8, undefined],
    ['1e1', 8, undefined],
    [' 2', 8, undefined],
    ['2\n', 8, undefined],
    ['', 8, undefined],
    ['AUTO', 8, undefined],
    ['two', 8, undefined],
  ];
  for (const [text, cores, count] of cases)
    t.equal(
      parseWorkers(text, () => cores),
      count,
      JSON.stringify(text),
    );
});
