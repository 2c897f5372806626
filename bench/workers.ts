// The figure `workers`: what two workers give when each has a core of its own. No clock can show that here, where load generator and upstream
// take the cores too, so it is reckoned from CPU time: one core that serves alone does 1 / c1 requests a second, with c1 the CPU of a request;
// two workers together go on until the busier of them is out of core, at 1 / (s · c2), with c2 the CPU of a request in all their processes,
// the first one included, and s the busier worker's part of the workers' CPU. It trusts that workers on two cores do not slow each other
// down by what cores share (caches, memory).

import type { Contestant, Started } from './contestants/contestant.ts';
import type { Figure, Size } from './figures.ts';
import type { LaidGround } from './ground.ts';
import { type Found, LIMIT_MS, openLoad } from './measure.ts';
import type { MetricName } from './metrics.ts';
import { readCpuOfEach, readCpuSeconds } from './proc.ts';

const WORKERS = 2;
type Side = 'one' | 'crew';
/** Before anything is measured every process has done as much work: two workers share what one does alone. */
const WARM_UP: readonly Side[] = ['one', 'crew', 'crew'];
/** Whatever changes steadily meanwhile meets both sides equally. */
const ORDER: readonly Side[] = ['one', 'crew', 'crew', 'one'];

/** One piece of work and the CPU seconds that it took. */
export interface Turn {
  readonly work: number;
  /** The process that was started; with workers it is the one that serves nobody itself. */
  readonly first: number;
  /** Each of its children. */
  readonly workers: readonly number[];
}

/** CPU seconds of processes by id. */
export type CpuOfEach = ReadonlyMap<number, number>;

interface WholeTurn extends Turn {
  readonly seconds: number;
  readonly load: number;
  readonly upstream: number;
}

/** Measures a contestant that has workers. @throws Error when the load could not be done, or a process ended meanwhile. */
export async function measureWorkers(
  ground: LaidGround,
  measurement: { readonly figure: Figure; readonly size: Size; readonly contestant: Contestant },
): Promise<Found> {
  const { figure, size, contestant } = measurement;
  const { startWorkers, name } = contestant;
  if (startWorkers === undefined) throw new TypeError(`${name} has no workers`);
  const one = await contestant.start(ground, ground.upstream.port);
  try {
    const crew = await startWorkers(ground, ground.upstream.port, WORKERS);
    try {
      const sides = { one, crew };
      const work = (side: Side) => takeTurn(ground, sides[side], { args: figure.load(size), size });
      for (const side of WARM_UP) await work(side);
      const turns: Record<Side, WholeTurn[]> = { one: [], crew: [] };
      for (const side of ORDER) turns[side].push(await work(side));
      return { values: scaling(turns.one, turns.crew), busy: busyCores(turns.crew) };
    } finally {
      await crew.stop();
    }
  } finally {
    await one.stop();
  }
}

/** What turns of one process and turns of its workers come to; only what can be told. The busier worker is found in each turn anew. */
export function scaling(
  one: readonly Turn[],
  crew: readonly Turn[],
): Partial<Record<Extract<MetricName, 'scale' | 'extra' | 'share' | 'cpu'>, number>> {
  const alone = perRequest(one);
  const together = perRequest(crew);
  const ofWorkers = sum(crew.flatMap(({ workers }) => workers));
  if (!(alone > 0) || !(together > 0) || !(ofWorkers > 0)) return {};
  const share = sum(crew.map(({ workers }) => Math.max(...workers))) / ofWorkers;
  return { scale: alone / (share * together), extra: together / alone, share, cpu: alone };
}

/** CPU seconds of each process between two readings, its first one apart. @throws Error when they are not of the same processes. */
export function spentBetween(
  pid: number,
  before: CpuOfEach,
  after: CpuOfEach,
): Pick<Turn, 'first' | 'workers'> {
  const spent = new Map([...before].map(([one, from]) => [one, (after.get(one) ?? Number.NaN) - from]));
  const first = spent.get(pid) ?? Number.NaN;
  spent.delete(pid);
  const workers = [...spent.values()];
  if (before.size !== after.size || [first, ...workers].some(Number.isNaN))
    throw new Error('processes began or ended while they were measured');
  return { first, workers };
}

async function takeTurn(
  ground: LaidGround,
  started: Started,
  { args, size }: { readonly args: readonly string[]; readonly size: Size },
): Promise<WholeTurn> {
  const { pid } = started;
  if (pid === undefined) throw new TypeError('without a process there is no CPU time');
  const load = await openLoad(ground, started, args, LIMIT_MS[size]);
  try {
    await load.ready;
    const others = () => [readCpuSeconds(load.pid), readCpuSeconds(ground.upstream.pid)] as const;
    const [loadBefore, upstreamBefore] = others();
    const before = readCpuOfEach(pid);
    const { work, seconds } = await load.go();
    const spent = spentBetween(pid, before, readCpuOfEach(pid));
    const [loadAfter, upstreamAfter] = others();
    return {
      ...spent,
      work,
      seconds,
      load: loadAfter - loadBefore,
      upstream: upstreamAfter - upstreamBefore,
    };
  } finally {
    await load.stop();
  }
}

function busyCores(turns: readonly WholeTurn[]): Found['busy'] {
  const seconds = sum(turns.map((turn) => turn.seconds));
  const cores = (of: (turn: WholeTurn) => number) => sum(turns.map(of)) / seconds;
  return {
    proxy: cores(allCpu),
    load: cores(({ load }) => load),
    upstream: cores(({ upstream }) => upstream),
  };
}

function perRequest(turns: readonly Turn[]): number {
  return sum(turns.map(allCpu)) / sum(turns.map(({ work }) => work));
}

function allCpu({ first, workers }: Turn): number {
  return first + sum(workers);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
