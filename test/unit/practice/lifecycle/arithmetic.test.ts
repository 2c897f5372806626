import t from 'tap';
import {
  newShare,
  oldShares,
  resolvePlan,
  scaledShares,
} from '../../../../src/practice/lifecycle/rollout.ts';
import { matchesSelector } from '../../../../src/practice/lifecycle/selector.ts';
import {
  canonicalText,
  hash32,
  randomSuffix,
  templateHash,
} from '../../../../src/practice/lifecycle/words.ts';

t.test('maxSurge is rounded up, maxUnavailable down, and one of them is at least one', async (t) => {
  // deployment_util.go ResolveFenceposts. [replicas, maxSurge, maxUnavailable, resolved]
  const facts: [number, number | string, number | string, number, number][] = [
    [4, '25%', '25%', 1, 1],
    [3, '25%', '25%', 1, 0],
    [1, '25%', '25%', 1, 0],
    [10, '30%', '30%', 3, 3],
    [3, 0, '10%', 0, 1],
    [2, 5, 9, 5, 2],
    [0, '25%', '25%', 0, 0],
    [4, 'nonsense', 1, 0, 1],
  ];
  for (const [replicas, surge, unavailable, maxSurge, maxUnavailable] of facts) {
    t.same(
      resolvePlan(replicas, surge, unavailable),
      { replicas, maxSurge, maxUnavailable },
      `${replicas} ${surge} ${unavailable}`,
    );
  }
});

t.test('how many the newest may have', async (t) => {
  const plan = { replicas: 10, maxSurge: 3, maxUnavailable: 2 };
  // [it is told, all are told, it may have]: rolling_test.go's figures in kind
  const facts: [number, number, number][] = [
    [0, 10, 3],
    [0, 13, 0],
    [3, 11, 5],
    [9, 9, 10],
    [12, 12, 10],
    [10, 20, 10],
  ];
  for (const [current, total, wanted] of facts) t.equal(newShare(plan, current, total), wanted);
});

t.test('how many the old ones may have', async (t) => {
  const plan = { replicas: 10, maxSurge: 3, maxUnavailable: 2 };
  const share = (wanted: number, available: number) => ({ wanted, actual: wanted, available });
  // The cases that rolling.go's comment works through, and plain ones: [newest, olds, shares].
  const facts: [[number, number], [number, number][], number[]][] = [
    [[0, 0], [[10, 10]], [8]],
    [[5, 0], [[8, 8]], [8]],
    [[5, 0], [[8, 7]], [8]],
    [[5, 5], [[8, 8]], [3]],
    [[10, 10], [[3, 3]], [0]],
    [[1, 0], [[12, 8]], [8]],
    [
      [3, 3],
      [
        [2, 0],
        [8, 8],
      ],
      [0, 5],
    ],
    [[10, 10], [], []],
  ];
  for (const [[wanted, available], olds, shares] of facts) {
    const got = oldShares(
      plan,
      share(wanted, available),
      olds.map(([w, a]) => share(w, a)),
    );
    t.same(got, shares, JSON.stringify({ wanted, available, olds }));
  }
});

t.test('a change of size is shared in proportion, and the sum is what is allowed', async (t) => {
  const plan = (replicas: number) => ({ replicas, maxSurge: 2, maxUnavailable: 0 });
  // [replicas, sizes, allowed before, shares]
  const facts: [number, number[], number, number[]][] = [
    [20, [6, 6], 12, [11, 11]],
    [5, [6, 6], 12, [3, 4]],
    [0, [6, 6], 12, [0, 0]],
    [10, [6, 6], 12, [6, 6]],
    [22, [9, 3], 12, [18, 6]],
  ];
  for (const [replicas, sizes, before, shares] of facts) {
    t.same(
      scaledShares(plan(replicas), sizes, before).sort((a, b) => a - b),
      shares.sort((a, b) => a - b),
      `${sizes} to ${replicas}`,
    );
  }
});

t.test('a template that says the same has the same hash', async (t) => {
  const template = { metadata: { labels: { a: '1' } }, spec: { containers: [{ name: 'c', image: 'i' }] } };
  const reordered = {
    spec: { containers: [{ image: 'i', name: 'c', resources: {}, env: [] }] },
    metadata: { creationTimestamp: null, labels: { a: '1' } },
  };
  t.equal(templateHash(template), templateHash(reordered));
  t.not(
    templateHash(template),
    templateHash({ ...template, spec: { containers: [{ name: 'c', image: 'j' }] } }),
  );
  t.not(templateHash(template), templateHash(template, 1), 'a collision makes another');
  t.equal(canonicalText({ a: [null, {}] }), '{"a":[{},{}]}', 'places in a list count');
  t.equal(canonicalText({ a: false, b: 0, c: '' }), '{"a":false,"b":0,"c":""}', 'and so do zeros');
});

t.test('FNV-1a, and a suffix of Kubernetes’ alphabet', async (t) => {
  // http://www.isthe.com/chongo/tech/comp/fnv: test vectors of FNV-1a 32.
  t.equal(hash32(''), 0x811c9dc5);
  t.equal(hash32('a'), 0xe40c292c);
  t.equal(hash32('foobar'), 0xbf9cf968);
  t.equal(
    randomSuffix(() => 0),
    'bbbbb',
  );
  t.equal(
    randomSuffix(() => 0.999999),
    '99999',
  );
});

t.test('label selectors', async (t) => {
  const expression = (operator: string, ...values: string[]) => ({
    matchExpressions: [{ key: 'a', operator, values }],
  });
  // [selector, labels, whether they match]
  const facts: [object | undefined, Record<string, string> | undefined, boolean][] = [
    [{ matchLabels: { a: '1' } }, { a: '1', b: '2' }, true],
    [{ matchLabels: { a: '1' } }, { a: '2' }, false],
    [{ matchLabels: { a: '1' } }, undefined, false],
    [expression('In', '1', '2'), { a: '2' }, true],
    [expression('In', '1'), {}, false],
    [expression('NotIn', '1'), {}, true],
    [expression('NotIn', '1'), { a: '1' }, false],
    [expression('Exists'), { a: '' }, true],
    [expression('DoesNotExist'), { a: '' }, false],
    [expression('Unheard'), { a: '1' }, false],
    [{}, { a: '1' }, false],
    [undefined, { a: '1' }, false],
  ];
  for (const [selector, labels, matches] of facts)
    t.equal(matchesSelector(selector, labels), matches, JSON.stringify([selector, labels]));
});
