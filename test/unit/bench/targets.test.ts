import t from 'tap';
import { FIGURES } from '../../../bench/figures.ts';
import { judge, TARGETS, type Target } from '../../../bench/targets.ts';

const target: Target = {
  figure: 'get-h1',
  metric: 'cpu',
  must: [
    { against: 'haproxy', atMost: 2.5, words: '' },
    { against: 'gogate', atMost: 1, below: true, words: '' },
  ],
  aim: [{ against: 'haproxy', atMost: 1.5, words: '' }],
};

const cases: readonly [haproxy: number | undefined, gogate: number | undefined, verdict: string][] = [
  [1.5, 0.5, 'aim reached'],
  [1.51, 0.5, 'reached'],
  [2.5, 0.99, 'reached'],
  [2.51, 0.5, 'missed'],
  [1, 1, 'missed'],
  [1, undefined, 'unknown'],
  [undefined, 0.5, 'unknown'],
  [undefined, 1.5, 'missed'],
  [3, undefined, 'missed'],
];
for (const [haproxy, gogate, verdict] of cases) {
  t.test(`${haproxy} × haproxy and ${gogate} × gogate: ${verdict}`, async (t) => {
    const measured = new Map([
      ['haproxy', haproxy],
      ['gogate', gogate],
    ]);
    t.equal(judge(target, { value: 1, ratioTo: (peer) => measured.get(peer) }), verdict);
  });
}

t.test('an absolute target is about the value, and without an aim there is none to reach', async (t) => {
  const idle: Target = { figure: 'idle', metric: 'rss', must: [{ atMost: 80_000, words: '' }], aim: [] };
  const at = (value: number | undefined) => judge(idle, { value, ratioTo: () => 99 });
  t.same([80_000, 80_001, undefined].map(at), ['reached', 'missed', 'unknown']);
});

t.test('a target may be a least value', async (t) => {
  const scale: Target = { figure: 'workers', metric: 'scale', must: [{ atLeast: 1.8, words: '' }], aim: [] };
  const at = (value: number | undefined) => judge(scale, { value, ratioTo: () => 0 });
  t.same([2, 1.8, 1.79, undefined].map(at), ['reached', 'reached', 'missed', 'unknown']);
});

t.test('every target is about a metric that its figure has', async (t) => {
  for (const { figure, metric } of TARGETS) {
    const metrics = FIGURES.find(({ name }) => name === figure)?.metrics.map(({ name }) => name) ?? [];
    t.ok(metrics.includes(metric), `${figure} ${metric}`);
  }
});

// The table "Targets" of issue 5.
t.test('the promises', async (t) => {
  const of = (figure: string, metric: string) => {
    const found = TARGETS.find((one) => one.figure === figure && one.metric === metric);
    const say = (conditions: Target['must'] = []) =>
      conditions.map((one) => {
        const { against = '' } = one;
        if (one.atLeast !== undefined) return `≥ ${one.atLeast} ${against}`.trim();
        return `${one.below === true ? '<' : '≤'} ${one.atMost} ${against}`.trim();
      });
    return [say(found?.must).join(', '), say(found?.aim).join(', ')];
  };
  for (const figure of ['stream-down', 'stream-up', 'stream-down-8', 'stream-up-8'])
    t.same(of(figure, 'cpu'), ['≤ 0.75 haproxy, ≤ 1 gogate', '≤ 0.6 haproxy']);
  t.same(of('keystroke-50', 'p99'), ['≤ 1.3 haproxy', '≤ 1 haproxy']);
  t.same(of('keystroke-50', 'cpu'), ['≤ 1.3 haproxy', '≤ 1 haproxy']);
  for (const figure of ['mixed', 'mixed-100']) t.same(of(figure, 'slowdown'), ['≤ 3', '≤ 1.5']);
  t.same(of('open-x25519', 'cpu'), ['≤ 1.3 haproxy, ≤ 0.8 gogate', '≤ 1 haproxy']);
  t.same(of('idle', 'rss'), ['≤ 80000', '≤ 1 haproxy']);
  for (const figure of ['get-h1', 'get-h2'])
    t.same(of(figure, 'cpu'), ['≤ 2.5 haproxy, < 1 gogate', '≤ 1.5 haproxy']);
  t.same(of('list-500', 'cpu'), ['≤ 1.1 haproxy', '≤ 0.8 haproxy']);
  t.same(of('list-500', 'growth'), ['< 64000000', '']);
  t.same(of('watch', 'cpu'), ['≤ 1.5 haproxy', '≤ 1 haproxy']);
  t.same(of('workers', 'scale'), ['≥ 1.8', '']);
});
