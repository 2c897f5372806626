// What Postern has promised (issue 5's table of targets) as data, and whether a run shows it.

import type { MetricName } from './metrics.ts';

/** One condition: the metric's ratio to a peer, or, without a peer, its value in the metric's base unit. */
export type Condition = {
  /** The contestant to compare with; undefined: an absolute value. */
  readonly against?: string;
  /** How it reads in a table. */
  readonly words: string;
} & (Ceiling | Floor);

interface Ceiling {
  readonly atMost: number;
  /** Equal is not enough. */
  readonly below?: boolean;
  readonly atLeast?: never;
}

interface Floor {
  readonly atLeast: number;
  readonly atMost?: never;
}

export interface Target {
  readonly figure: string;
  readonly metric: MetricName;
  /** All of them. */
  readonly must: readonly Condition[];
  /** All of them. */
  readonly aim: readonly Condition[];
}

/** unknown: a value that a condition needs was not measured in this run. */
export type Verdict = 'aim reached' | 'reached' | 'missed' | 'unknown';

const times = (against: string, atMost: number): Condition => ({
  against,
  atMost,
  words: `≤ ${atMost} × ${against}`,
});
const value = (atMost: number, words: string): Condition => ({ atMost, words });

const stream = (name: string): Target => ({
  figure: name,
  metric: 'cpu',
  must: [times('haproxy', 0.75), times('gogate', 1)],
  aim: [times('haproxy', 0.6)],
});
const keystroke = (metric: MetricName): Target => ({
  figure: 'keystroke-50',
  metric,
  must: [times('haproxy', 1.3)],
  aim: [times('haproxy', 1)],
});
const get = (name: string): Target => ({
  figure: name,
  metric: 'cpu',
  must: [times('haproxy', 2.5), { against: 'gogate', atMost: 1, below: true, words: '< gogate' }],
  aim: [times('haproxy', 1.5)],
});

/** Every target. */
export const TARGETS: readonly Target[] = [
  ...['stream-down', 'stream-up', 'stream-down-8', 'stream-up-8'].map(stream),
  keystroke('cpu'),
  keystroke('p99'),
  {
    figure: 'open-x25519',
    metric: 'cpu',
    must: [times('haproxy', 1.3), times('gogate', 0.8)],
    aim: [times('haproxy', 1)],
  },
  // HAProxy 2.6 cannot do this key exchange: the comparison with it is that of open-x25519.
  { figure: 'open-mlkem', metric: 'cpu', must: [times('gogate', 0.8)], aim: [] },
  { figure: 'idle', metric: 'rss', must: [value(80_000, '≤ 80 kB')], aim: [times('haproxy', 1)] },
  ...['get-h1', 'get-h2'].map(get),
  { figure: 'list-500', metric: 'cpu', must: [times('haproxy', 1.1)], aim: [times('haproxy', 0.8)] },
  {
    figure: 'list-500',
    metric: 'growth',
    must: [{ atMost: 64_000_000, below: true, words: '< 64 MB' }],
    aim: [],
  },
  { figure: 'watch', metric: 'cpu', must: [times('haproxy', 1.5)], aim: [times('haproxy', 1)] },
  ...['mixed', 'mixed-100'].map(
    (figure): Target => ({
      figure,
      metric: 'slowdown',
      must: [value(3, '≤ 3')],
      aim: [value(1.5, '≤ 1.5')],
    }),
  ),
  ...['workers', 'workers-stream'].map(
    (figure): Target => ({
      figure,
      metric: 'scale',
      must: [{ atLeast: 1.8, words: '≥ 1.8' }],
      aim: [],
    }),
  ),
];

/** What was measured of Postern: its value, and its ratio to a contestant. */
export interface Measured {
  readonly value: number | undefined;
  readonly ratioTo: (contestant: string) => number | undefined;
}

/** Judges one target. A missed condition is missed even where another could not be measured. */
export function judge(target: Target, measured: Measured): Verdict {
  const must = target.must.map((condition) => meets(condition, measured));
  if (must.includes(false)) return 'missed';
  if (must.includes(undefined)) return 'unknown';
  const aim = target.aim.map((condition) => meets(condition, measured));
  return aim.length > 0 && aim.every((met) => met === true) ? 'aim reached' : 'reached';
}

function meets(condition: Condition, { value, ratioTo }: Measured): boolean | undefined {
  const number = condition.against === undefined ? value : ratioTo(condition.against);
  if (number === undefined) return undefined;
  if (condition.atLeast !== undefined) return number >= condition.atLeast;
  return condition.below === true ? number < condition.atMost : number <= condition.atMost;
}

/** The conditions as one reads them. */
export function showConditions(conditions: readonly Condition[]): string {
  return conditions.map(({ words }) => words).join(', ');
}
