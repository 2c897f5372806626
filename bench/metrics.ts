// What can be measured, and how it is shown: the words that the figures are made of.

/**
 * What is measured. cpu: CPU seconds of the contestant's processes per unit of work; wall: seconds per unit of work; p50, p99: latencies in
 * seconds; slowdown: p99 under load divided by the same session's p99 before; kept: the work done as a share of what was due; rss: bytes of memory per session; growth: bytes of memory
 * at the peak above what it was before; scale: the throughput of several workers with a core each, as a multiple of one process with one
 * core, reckoned from CPU time; extra: CPU per unit of work of all their processes, divided by the single one's; share: the busiest
 * worker's part of the workers' CPU.
 */
export type MetricName =
  | 'cpu'
  | 'wall'
  | 'p50'
  | 'p99'
  | 'slowdown'
  | 'kept'
  | 'rss'
  | 'growth'
  | 'scale'
  | 'extra'
  | 'share';

/** A metric of one figure, and how it is shown: value × scale in `unit`. */
export interface Metric {
  readonly name: MetricName;
  readonly label: string;
  readonly unit: string;
  readonly scale: number;
}

const MILLI = 1e3;
const MICRO = 1e6;
const PERCENT = 100;

const cpu = (unit: string, scale: number): Metric => ({ name: 'cpu', label: 'CPU', unit, scale });
const wall = (unit: string, scale: number): Metric => ({ name: 'wall', label: 'time', unit, scale });

/** CPU time of small things. */
export const MICRO_CPU = cpu('µs', MICRO);
/** CPU time of larger ones. */
export const MILLI_CPU = cpu('ms', MILLI);
/** CPU time of bulk. */
export const GIGABYTE_CPU = cpu('s/GB', 1);
/** What bulk costs. */
export const PER_GB: readonly Metric[] = [GIGABYTE_CPU, wall('s/GB', 1)];

/** The median latency. */
export const p50 = (unit: 'µs' | 'ms'): Metric => ({
  name: 'p50',
  label: 'p50',
  unit,
  scale: unit === 'ms' ? MILLI : MICRO,
});
/** The latency that one in a hundred exceeds. */
export const P99: Metric = { name: 'p99', label: 'p99', unit: 'ms', scale: MILLI };

/** What several workers give, and the two numbers beside a single process's CPU that it is made of. */
export const scalingOf = (cpuOfOne: Metric): readonly Metric[] => [
  { name: 'scale', label: 'two workers ÷ one process, by CPU', unit: '×', scale: 1 },
  { name: 'extra', label: "all its processes' CPU ÷ one process's", unit: '×', scale: 1 },
  { name: 'share', label: "busiest worker's part", unit: '%', scale: PERCENT },
  { ...cpuOfOne, label: 'CPU of one process' },
];
