// What two workers give, reckoned from CPU time: bench/workers.ts says how.

import t from 'tap';
import { scaling, spentBetween, type Turn } from '../../../bench/workers.ts';

interface Case {
  readonly name: string;
  readonly one: readonly Turn[];
  readonly crew: readonly Turn[];
  readonly expected: ReturnType<typeof scaling>;
}

const turn = (work: number, first: number, ...workers: number[]): Turn => ({ work, first, workers });

const CASES: readonly Case[] = [
  {
    name: 'perfect: the same CPU a request, shared evenly',
    one: [turn(100, 8)],
    crew: [turn(100, 0, 4, 4)],
    expected: { scale: 2, extra: 1, share: 0.5, cpu: 0.08 },
  },
  {
    name: 'one worker does everything: no more than one process',
    one: [turn(100, 8)],
    crew: [turn(100, 0, 8, 0)],
    expected: { scale: 1, extra: 1, share: 1, cpu: 0.08 },
  },
  {
    name: 'what the first process uses counts',
    one: [turn(100, 8)],
    crew: [turn(100, 2, 4, 4)],
    expected: { scale: 1.6, extra: 1.25, share: 0.5, cpu: 0.08 },
  },
  {
    name: 'the busier worker is found in each turn anew',
    one: [turn(50, 4), turn(50, 4)],
    crew: [turn(50, 0, 3, 1), turn(50, 0, 1, 3)],
    expected: { scale: 8 / 6, extra: 1, share: 0.75, cpu: 0.08 },
  },
  { name: 'no CPU was seen: nothing can be told', one: [turn(1, 0)], crew: [turn(1, 0, 1, 1)], expected: {} },
  { name: 'no workers: nothing can be told', one: [turn(1, 1)], crew: [turn(1, 1)], expected: {} },
];

for (const { name, one, crew, expected } of CASES)
  t.test(name, async (t) => {
    const rounded = (values: object) =>
      Object.fromEntries(Object.entries(values).map(([key, value]) => [key, Number(value.toFixed(9))]));
    t.same(rounded(scaling(one, crew)), rounded(expected));
  });

t.test('CPU between two readings is told by process, the first one apart', async (t) => {
  const before = new Map([
    [1, 10],
    [2, 5],
    [3, 6],
  ]);
  const after = new Map([
    [1, 10.5],
    [2, 7],
    [3, 9],
  ]);
  t.same(spentBetween(1, before, after), { first: 0.5, workers: [2, 3] });
});

t.test('a process that began or ended in between spoils the measurement', async (t) => {
  const two = new Map([
    [1, 1],
    [2, 1],
  ]);
  const other = new Map([
    [1, 2],
    [3, 1],
  ]);
  const readings: readonly [Map<number, number>, Map<number, number>][] = [
    [two, new Map([[1, 2]])],
    [new Map([[1, 1]]), two],
    [two, other],
  ];
  for (const [before, after] of readings) t.throws(() => spentBetween(1, before, after), /began or ended/);
  t.throws(() => spentBetween(9, two, two), /began or ended/, 'nor can it be told without the first one');
});
