import t from 'tap';
import { rotated } from '../../../bench/schedule.ts';
import { median, ratios, spread } from '../../../bench/statistics.ts';

t.test(
  'a median is the middle value, or the mean of the middle two, in whatever order they come',
  async (t) => {
    t.equal(median([7]), 7);
    t.equal(median([9, 1, 5]), 5);
    t.equal(median([10, 2, 4, 1]), 3);
    t.equal(median([100, 20, 3]), 20, 'compared as numbers');
    t.throws(() => median([]), TypeError);
  },
);

t.test('a spread has the median and the range', async (t) => {
  t.same(spread([3, 1, 2]), { median: 2, min: 1, max: 3, count: 3 });
  t.equal(spread([]), undefined);
});

t.test('ratios are taken within a round, and a round that one lacks counts for nothing', async (t) => {
  const ours = new Map([
    [0, 10],
    [1, 30],
    [2, 8],
    [3, 5],
  ]);
  const theirs = new Map([
    [1, 10],
    [0, 20],
    [2, 0],
  ]);
  t.same(ratios(ours, theirs), [0.5, 3]);
  t.same(ratios(ours, new Map()), []);
});

t.test('the order begins with another one each round, and nobody is lost', async (t) => {
  const order = ['a', 'b', 'c'];
  t.same(
    [0, 1, 2, 3].map((round) => rotated(order, round).join('')),
    ['abc', 'bca', 'cab', 'abc'],
  );
  t.same(rotated([], 5), []);
});
