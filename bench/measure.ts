// One measurement: the load generator gets ready, the counters are read, it works, the counters are read again.

import { setTimeout as delay } from 'node:timers/promises';
import type { Started } from './contestants/contestant.ts';
import type { Figure, Size } from './figures.ts';
import type { LaidGround } from './ground.ts';
import { type Load, type LoadResult, startLoad } from './load.ts';
import type { MetricName } from './metrics.ts';
import { readCpuSeconds, readMemory, resetPeak } from './proc.ts';
import type { Sample } from './results.ts';

/** Longest time for the set-up, and for the work, of one measurement. ms */
export const LIMIT_MS: Readonly<Record<Size, number>> = { smoke: 60_000, short: 120_000, full: 240_000 };
/** Open sessions are left alone for so long before their memory is read: what their handshakes left behind is cleared away. */
const SETTLE_MS = 2_000;
/** Connections before memory is read for the first time, so that what a program loads for its first ones is not put down to sessions. */
const FIRST_CONNECTIONS = 50;

/** What is measured. */
export interface Measurement {
  readonly figure: Figure;
  readonly size: Size;
  readonly started: Started;
}

/** What a measurement comes to. */
export type Found = Pick<Sample, 'values' | 'busy'>;

/** Measures. @throws Error when the load could not be done. */
export async function measure(ground: LaidGround, measurement: Measurement): Promise<Found> {
  const { figure, size, started } = measurement;
  if (figure.fresh && started.pid !== undefined) await warmUp(ground, started);
  const memory = markMemory(started.pid);
  const load = await openLoad(ground, started, figure.load(size), LIMIT_MS[size]);
  try {
    await load.ready;
    if (figure.holds) return await measureHeld(measurement, memory);
    return await measureWork(ground, measurement, { load, memory });
  } finally {
    await load.stop();
  }
}

/** A contestant's memory before anything was asked of it, from where its peak counts; undefined when there is none or the peak can't be told. */
function markMemory(pid: number | undefined): MemoryMark | undefined {
  return pid === undefined || !resetPeak(pid) ? undefined : { pid, before: readMemory(pid).now };
}

interface MemoryMark {
  readonly pid: number;
  /** Bytes. */
  readonly before: number;
}

/** How much memory the open sessions take. */
async function measureHeld({ figure, size }: Measurement, memory: MemoryMark | undefined): Promise<Found> {
  if (memory === undefined) return { values: {}, busy: {} };
  await delay(SETTLE_MS);
  const sessions = Number(figure.load(size)[figure.load(size).indexOf('--sessions') + 1]);
  return { values: { rss: (readMemory(memory.pid).now - memory.before) / sessions }, busy: {} };
}

async function measureWork(
  ground: LaidGround,
  { figure, started }: Measurement,
  { load, memory }: { readonly load: Load; readonly memory: MemoryMark | undefined },
): Promise<Found> {
  const pids = { proxy: started.pid, load: load.pid, upstream: ground.upstream.pid };
  const cpuOf = (pid: number | undefined) => (pid === undefined ? undefined : readCpuSeconds(pid));
  const before = { load: cpuOf(pids.load), upstream: cpuOf(pids.upstream), proxy: cpuOf(pids.proxy) };
  const result = await load.go();
  const after = { proxy: cpuOf(pids.proxy), load: cpuOf(pids.load), upstream: cpuOf(pids.upstream) };
  const spent = (who: keyof typeof pids) => {
    const [from, to] = [before[who], after[who]];
    return from === undefined || to === undefined ? undefined : to - from;
  };
  const all = workValues(result, {
    cpuSeconds: spent('proxy'),
    growth: memory === undefined ? undefined : readMemory(memory.pid).peak - memory.before,
  });
  const busy = (who: keyof typeof pids) => {
    const cpu = spent(who);
    return cpu === undefined ? undefined : cpu / result.seconds;
  };
  return {
    values: present(
      all,
      figure.metrics.map(({ name }) => name),
    ),
    busy: present({ proxy: busy('proxy'), load: busy('load'), upstream: busy('upstream') }, [
      'proxy',
      'load',
      'upstream',
    ]),
  };
}

/** Metrics of a piece of work, as far as they can be told. */
export function workValues(
  { work, seconds, p50, p99, idleP99, scheduled }: LoadResult,
  spent: { readonly cpuSeconds: number | undefined; readonly growth: number | undefined },
): Readonly<Partial<Record<MetricName, number | undefined>>> {
  return {
    cpu: spent.cpuSeconds === undefined ? undefined : spent.cpuSeconds / work,
    wall: seconds / work,
    p50,
    p99,
    slowdown: p99 === undefined || idleP99 === undefined || idleP99 <= 0 ? undefined : p99 / idleP99,
    kept: scheduled === undefined || scheduled <= 0 ? undefined : work / scheduled,
    rss: undefined,
    growth: spent.growth,
  };
}

async function warmUp(ground: LaidGround, started: Started): Promise<void> {
  const load = await openLoad(
    ground,
    started,
    ['open', '--count', String(FIRST_CONNECTIONS)],
    LIMIT_MS.smoke,
  );
  try {
    await load.ready;
    await load.go();
  } finally {
    await load.stop();
  }
}

/** Starts the load generator against a contestant. @throws Error when it does not start. */
export function openLoad(
  ground: LaidGround,
  started: Started,
  args: readonly string[],
  limitMs: number,
): Promise<Load> {
  return startLoad(ground.processes, {
    program: ground.programs.load,
    args,
    url: started.url,
    caFile: ground.caFile,
    token: ground.token,
    folder: ground.folder,
    limitMs,
  });
}

/** Those of `keys` that have a value. */
function present<K extends string>(
  record: Readonly<Partial<Record<K, number | undefined>>>,
  keys: readonly K[],
): Partial<Record<K, number>> {
  const found: Partial<Record<K, number>> = {};
  for (const key of keys) {
    const value = record[key];
    if (value !== undefined) found[key] = value;
  }
  return found;
}
