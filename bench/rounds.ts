// The rounds of a run: every figure with every contestant in turn, again and again. A contestant is started once a round and serves all
// its figures, warm, as a gate does; for those about memory it is started anew.

import type { Say } from '../test/cluster/progress.ts';
import type { Contestant, Started } from './contestants/contestant.ts';
import type { Figure } from './figures.ts';
import type { LaidGround } from './ground.ts';
import { type Found, measure } from './measure.ts';
import type { BenchOptions } from './options.ts';
import type { Sample } from './results.ts';
import { rotated } from './schedule.ts';
import { showSample } from './show.ts';
import { measureWorkers } from './workers.ts';

/** What is measured, and who is told. */
export interface Course {
  readonly options: Pick<BenchOptions, 'size' | 'rounds' | 'figures'>;
  readonly contestants: readonly Contestant[];
  /** Whether a contestant takes part in a figure. */
  readonly takesPart: (figure: Figure, contestant: Contestant) => boolean;
  readonly say: Say;
}

/** Runs all rounds. A measurement that fails is a sample that says so. @throws Error when a contestant does not start. */
export async function runRounds(ground: LaidGround, course: Course): Promise<readonly Sample[]> {
  const { options, contestants, takesPart, say } = course;
  const samples: Sample[] = [];
  const pairs = options.figures.flatMap((figure) => contestants.filter((one) => takesPart(figure, one)));
  const total = options.rounds * pairs.length;
  for (let round = 0; round < options.rounds; round++) {
    const order = rotated(contestants, round);
    const started = await startAll(ground, order, options.figures);
    for (const figure of options.figures) {
      for (const contestant of order.filter((one) => takesPart(figure, one))) {
        const sample = await take(ground, course, { round, figure, contestant, started });
        samples.push(sample);
        say(`[${samples.length}/${total}] round ${round + 1}  ${showSample(figure, sample)}`);
      }
    }
    for (const one of started.values()) await one.stop();
  }
  return samples;
}

async function startAll(
  ground: LaidGround,
  contestants: readonly Contestant[],
  figures: readonly Figure[],
): Promise<ReadonlyMap<string, Started>> {
  const started = new Map<string, Started>();
  if (figures.every(({ fresh }) => fresh)) return started;
  for (const contestant of contestants)
    started.set(contestant.name, await contestant.start(ground, ground.upstream.port));
  return started;
}

async function take(
  ground: LaidGround,
  { options }: Course,
  at: {
    readonly round: number;
    readonly figure: Figure;
    readonly contestant: Contestant;
    readonly started: ReadonlyMap<string, Started>;
  },
): Promise<Sample> {
  const { round, figure, contestant } = at;
  const sample = { round, figure: figure.name, contestant: contestant.name };
  const { size } = options;
  if (figure.needs === 'workers')
    return settle(ground, sample, () => measureWorkers(ground, { figure, size, contestant }));
  const running = figure.fresh ? undefined : at.started.get(contestant.name);
  const started = running ?? (await contestant.start(ground, ground.upstream.port));
  try {
    return await settle(ground, sample, () => measure(ground, { figure, size, started }));
  } finally {
    if (running === undefined) await started.stop();
  }
}

/** A measurement that fails is a sample too, unless everything is being ended. */
async function settle(
  ground: LaidGround,
  sample: Pick<Sample, 'round' | 'figure' | 'contestant'>,
  find: () => Promise<Found>,
): Promise<Sample> {
  try {
    return { ...sample, ...(await find()), failed: undefined };
  } catch (error) {
    if (ground.isClearing()) throw error;
    return { ...sample, values: {}, busy: {}, failed: (error as Error).message };
  }
}
