import t from 'tap';
import { renderDocument } from '../../../bench/document.ts';
import { chooseFigures, type Figure } from '../../../bench/figures.ts';
import type { MetricName } from '../../../bench/metrics.ts';
import { renderPicture } from '../../../bench/picture.ts';
import {
  busyOf,
  canTake,
  type Entrant,
  judgeAll,
  type Results,
  ratioOf,
  type Sample,
  spreadOf,
} from '../../../bench/results.ts';
import { showNumber, showSample, showSpread } from '../../../bench/show.ts';
import { figureTable, renderMarkdown, renderText, targetTable } from '../../../bench/table.ts';

const hello = { version: 'TLS 1.3', cipher: 'AES-128-GCM', group: 'X25519', resumed: false };

function entrant(name: string, more: Partial<Entrant> = {}): Entrant {
  const negotiated = { caller: hello, upstream: hello, resumesUpstream: true };
  return {
    name,
    what: `${name} of a test`,
    version: '1.2.3',
    isProxy: true,
    hasWorkers: false,
    negotiated,
    ...more,
  };
}

function sample(
  round: number,
  [figure, contestant]: readonly [string, string],
  values: Partial<Record<MetricName, number>>,
  failed?: string,
): Sample {
  return { round, figure, contestant, values, busy: { proxy: 0.5, load: 0.25 }, failed };
}

const SAMPLES: readonly Sample[] = [
  sample(0, ['stream-down', 'postern'], { cpu: 1, wall: 2 }),
  sample(0, ['stream-down', 'haproxy'], { cpu: 2, wall: 2 }),
  sample(0, ['stream-down', 'gogate'], { cpu: 4, wall: 2 }),
  sample(0, ['stream-down', 'direct'], { wall: 1 }),
  // A disturbed round: both cost five times as much, and the ratio says what it said before.
  sample(1, ['stream-down', 'postern'], { cpu: 5, wall: 9 }),
  sample(1, ['stream-down', 'haproxy'], { cpu: 10, wall: 9 }),
  sample(1, ['stream-down', 'gogate'], {}, 'cannot open /home/somebody/x/load: at https://127.0.0.1:1/a'),
  sample(2, ['stream-down', 'postern'], { cpu: 1.2, wall: 2 }),
  sample(2, ['stream-down', 'haproxy'], { cpu: 2, wall: 2 }),
  sample(0, ['idle', 'postern'], { rss: 90_000 }),
  sample(0, ['idle', 'haproxy'], { rss: 36_000 }),
];

function results(more: Partial<Results> = {}): Results {
  return {
    options: { size: 'short', rounds: 3 },
    machine: {
      processor: 'a processor',
      cores: 2,
      memory: '4 GiB',
      kernel: 'Linux 6 x64',
      distribution: 'Debian',
      commit: 'abc',
      go: '1.26',
      loadBefore: [0.5, 0.25, 0],
    },
    startedAt: new Date('2026-01-02T03:04:05Z'),
    endedAt: new Date('2026-01-02T03:14:05Z'),
    entrants: [
      entrant('postern'),
      entrant('haproxy'),
      entrant('gogate'),
      entrant('direct', { isProxy: false }),
    ],
    figures: chooseFigures(['stream-down', 'idle']),
    samples: SAMPLES,
    missing: ['nginx is left out: nginx is not here: apt-get install nginx-light'],
    ...more,
  };
}

t.test('a ratio is the median of the ratios of the rounds that both have', async (t) => {
  const at = { figure: 'stream-down', metric: 'cpu' } as const;
  t.same(ratioOf(SAMPLES, at, 'postern', 'haproxy'), { median: 0.5, min: 0.5, max: 0.6, count: 3 });
  t.same(ratioOf(SAMPLES, at, 'postern', 'gogate'), { median: 0.25, min: 0.25, max: 0.25, count: 1 });
  t.equal(ratioOf(SAMPLES, at, 'postern', 'direct'), undefined);
  t.same(spreadOf(SAMPLES, 'stream-down', 'postern', 'cpu'), { median: 1.2, min: 1, max: 5, count: 3 });
  t.equal(busyOf(SAMPLES, 'stream-down', 'postern', 'load')?.median, 0.25);
  t.equal(busyOf(SAMPLES, 'stream-down', 'postern', 'upstream'), undefined);
});

t.test('targets of figures that were measured are judged, others are not', async (t) => {
  t.same(
    judgeAll(results()).map(({ target, verdict }) => [target.figure, verdict]),
    [
      ['stream-down', 'aim reached'],
      ['idle', 'missed'],
    ],
  );
  const without = results({ samples: SAMPLES.filter(({ contestant }) => contestant !== 'gogate') });
  t.equal(judgeAll(without)[0]?.verdict, 'unknown');
});

t.test('who cannot do what a figure needs is not asked to', async (t) => {
  const modern = { caller: { ...hello, group: 'X25519MLKEM768' }, upstream: hello, resumesUpstream: false };
  t.equal(canTake({ needs: undefined }, entrant('direct', { isProxy: false })), true);
  t.equal(canTake({ needs: 'proxy' }, entrant('direct', { isProxy: false })), false);
  t.equal(canTake({ needs: 'http2' }, entrant('direct', { isProxy: false })), false);
  t.equal(canTake({ needs: 'http2' }, entrant('haproxy')), true);
  t.equal(canTake({ needs: 'mlkem' }, entrant('haproxy')), false);
  t.equal(canTake({ needs: 'mlkem' }, entrant('gogate', { negotiated: modern })), true);
});

t.test('the table has every figure, median and range, ratios to proxies only, and the verdict', async (t) => {
  const [head, ...rows] = figureTable(results());
  t.same(head, [
    ...['figure', 'metric', 'postern', 'haproxy', 'gogate', 'direct'],
    ...['÷ haproxy', '÷ gogate', 'target'],
  ]);
  t.same(rows[0], [
    ...['stream-down', 'CPU, s/GB', '1.20 (1.00–5.00)', '2.00 (2.00–10.0)', '4.00', '–'],
    ...['0.50', '0.25', 'aim reached'],
  ]);
  t.same(rows.at(-1), ['idle', 'memory, kB a session', '90.0', '36.0', '–', '–', '2.50', '–', 'missed']);
  t.same(targetTable(results())[1], [
    ...['stream-down', 'CPU, s/GB', '1.20 (1.00–5.00)', '0.50 × haproxy, 0.25 × gogate'],
    ...['≤ 0.75 × haproxy, ≤ 1 × gogate', '≤ 0.6 × haproxy', 'aim reached'],
  ]);
});

t.test('as text columns are aligned, as Markdown nothing breaks the table', async (t) => {
  const table = [
    ['a', 'long head'],
    ['longer', 'x'],
  ];
  t.equal(renderText(table), 'a       long head\nlonger  x\n');
  t.equal(renderMarkdown([['a'], ['x | < 3']]), '| a |\n|---|\n| x \\| &lt; 3 |\n');
});

t.test('the document says when, where, how, who was left out and what failed, and no path', async (t) => {
  const text = renderDocument(results());
  for (const words of [
    'Measured on 2026-01-02 by `npm run bench` (size short, 3 rounds, 10 min)',
    '1 of 2 targets reached, the aim in 1; 1 missed.',
    '![Postern and the others, as ratios to HAProxy](benchmarks.svg)',
    '| haproxy | haproxy of a test | 1.2.3 | TLS 1.3, X25519, AES-128-GCM | TLS 1.3, X25519, AES-128-GCM | yes |',
    '- nginx is left out: nginx is not here: apt-get install nginx-light',
    '- stream-down with gogate failed in round 2: cannot open …',
    '- a processor, 2 cores, 4 GiB',
    '- load average before: 0.50, 0.25, 0.00',
    'Postern at commit abc',
    '| stream-down | 0.5 / 0.3 / – |',
  ])
    t.ok(text.includes(words), words);
  t.notMatch(text, /\/home\/|undefined|NaN/);
});

t.test('the picture is well-formed, has a bar for each ratio, the line at 1 and the target', async (t) => {
  const svg = renderPicture(results());
  const count = (pattern: RegExp) => svg.match(pattern)?.length ?? 0;
  t.equal(count(/<rect class="(postern|gogate)"[^>]*rx="1"\/><text class="quiet/g), 2 + 3, 'legend and bars');
  t.equal(count(/class="one"/g), 1);
  t.equal(count(/<line class="target"/g), 1, 'idle has a target, but not one to HAProxy');
  t.match(svg, /prefers-color-scheme: dark/);
  t.notMatch(svg, /undefined|NaN|Infinity/);
  const tags = [...svg.matchAll(/<(\/?)([a-z]+)[^>]*?(\/?)>/g)];
  const open: string[] = [];
  for (const [, closes, name = '', empty] of tags) {
    if (closes === '/') t.equal(open.pop(), name);
    else if (empty === '') open.push(name);
  }
  t.same(open, []);
});

t.test('bars begin at the line of 1, to the left for less and to the right for more', async (t) => {
  const svg = renderPicture(results());
  const one = Number(/class="one" x1="([\d.]+)"/.exec(svg)?.[1]);
  const bars = [...svg.matchAll(/<rect class="postern"[^>]* x="([\d.]+)" y="(?!55)\d+" width="([\d.]+)"/g)];
  const [stream, idle] = bars.map(([, x, width]) => ({ from: Number(x), to: Number(x) + Number(width) }));
  t.ok(Math.abs((stream?.to ?? 0) - one) < 0.2 && (stream?.from ?? one) < one, 'half of HAProxy');
  t.ok(Math.abs((idle?.from ?? 0) - one) < 0.2 && (idle?.to ?? one) > one, '2.5 times HAProxy');
});

t.test('without HAProxy there is a picture that says so', async (t) => {
  const svg = renderPicture(
    results({ samples: SAMPLES.filter(({ contestant }) => contestant !== 'haproxy') }),
  );
  t.match(svg, /HAProxy was not measured in this run/);
  t.notMatch(svg, /undefined|NaN|Infinity/);
});

t.test('numbers have about three digits', async (t) => {
  const shown = [0, 0.0123, 0.5, 1.005, 12.34, 99.96, 123.4, 9999, 12_345.6, -3.5, -0.0001].map(showNumber);
  t.same(shown, ['0', '0.012', '0.50', '1.00', '12.3', '100.0', '123', '9999', '12,346', '−3.50', '0.000']);
  t.equal(showSpread(undefined), '–');
  t.equal(showSpread({ median: 0.002, min: 0.001, max: 0.003, count: 3 }, 1000), '2.00 (1.00–3.00)');
});

t.test('a sample is one line, and a failure says why', async (t) => {
  const [figure] = chooseFigures(['stream-down']) as [Figure];
  t.match(
    showSample(figure, SAMPLES[0] as Sample),
    /^stream-down +postern +CPU 1\.00 s\/GB, time 2\.00 s\/GB$/,
  );
  t.match(showSample(figure, SAMPLES[6] as Sample), /^stream-down +gogate +FAILED: cannot open/);
});
