// What a run found: samples (one figure of one contestant in one round) and what they come to.

import type { Figure } from './figures.ts';
import type { Handshake } from './handshake.ts';
import type { MachineFacts } from './machine.ts';
import type { MetricName } from './metrics.ts';
import type { BenchOptions } from './options.ts';
import { ratios, type Spread, spread } from './statistics.ts';
import { judge, TARGETS, type Target, type Verdict } from './targets.ts';

/** One measurement. `failed` says why there are no values. */
export interface Sample {
  /** From 0. */
  readonly round: number;
  readonly figure: string;
  readonly contestant: string;
  /** In base units: seconds, bytes, each per unit of work where that applies. */
  readonly values: Readonly<Partial<Record<MetricName, number>>>;
  /** CPU seconds per second of the work: 1 is a whole core. */
  readonly busy: Readonly<Partial<Record<'proxy' | 'load' | 'upstream', number>>>;
  readonly failed: string | undefined;
}

/** What both sides of a contestant negotiate with the callers and the upstream of the bench. */
export interface Negotiated {
  readonly caller: Handshake | undefined;
  readonly upstream: Handshake | undefined;
  /** Later connections to the upstream resume the session of an earlier one. */
  readonly resumesUpstream: boolean;
}

/** One that took part. */
export interface Entrant {
  readonly name: string;
  readonly what: string;
  readonly version: string;
  /** false: nothing between the load and the upstream; its times are everybody's floor, and it is nobody's peer. */
  readonly isProxy: boolean;
  /** It can serve with several processes, and that is measured. */
  readonly hasWorkers: boolean;
  readonly negotiated: Negotiated | undefined;
}

/** Everything of a run. */
export interface Results {
  readonly options: Pick<BenchOptions, 'size' | 'rounds'>;
  readonly machine: MachineFacts;
  readonly startedAt: Date;
  readonly endedAt: Date;
  /** Postern first. */
  readonly entrants: readonly Entrant[];
  readonly figures: readonly Figure[];
  readonly samples: readonly Sample[];
  /** Who was left out, and how to get them. */
  readonly missing: readonly string[];
}

/** The contestant that is judged, and the one that the picture compares with. */
export const OURS = 'postern';
export const REFERENCE = 'haproxy';
const MLKEM = 'X25519MLKEM768';

/** A judged target. */
export interface Judged {
  readonly target: Target;
  readonly verdict: Verdict;
}

/** Whether somebody can do what a figure needs. HTTP/2 is what every proxy here offers its callers. */
export function canTake({ needs }: Pick<Figure, 'needs'>, entrant: Entrant): boolean {
  if (needs === undefined) return true;
  if (needs === 'workers') return entrant.hasWorkers;
  return needs === 'mlkem' ? entrant.negotiated?.caller?.group === MLKEM : entrant.isProxy;
}

/** Values of one metric by round. */
export function valuesOf(
  samples: readonly Sample[],
  figure: string,
  contestant: string,
  metric: MetricName,
): ReadonlyMap<number, number> {
  return new Map(
    samples.flatMap((sample): [number, number][] => {
      const value = sample.values[metric];
      const fits = sample.figure === figure && sample.contestant === contestant && value !== undefined;
      return fits ? [[sample.round, value]] : [];
    }),
  );
}

/** Median and range of a contestant's metric; undefined when it was not measured. */
export function spreadOf(
  samples: readonly Sample[],
  figure: string,
  contestant: string,
  metric: MetricName,
): Spread | undefined {
  return spread([...valuesOf(samples, figure, contestant, metric).values()]);
}

/** Median and range of one contestant's ratio to another's, taken round by round. */
export function ratioOf(
  samples: readonly Sample[],
  at: { readonly figure: string; readonly metric: MetricName },
  contestant: string,
  peer: string,
): Spread | undefined {
  const values = (name: string) => valuesOf(samples, at.figure, name, at.metric);
  return spread(ratios(values(contestant), values(peer)));
}

/** Judges every target of the figures that were measured. */
export function judgeAll(results: Pick<Results, 'figures' | 'samples'>): readonly Judged[] {
  return TARGETS.filter(({ figure }) => results.figures.some(({ name }) => name === figure)).map(
    (target) => ({
      target,
      verdict: judge(target, {
        value: spreadOf(results.samples, target.figure, OURS, target.metric)?.median,
        ratioTo: (peer) => ratioOf(results.samples, target, OURS, peer)?.median,
      }),
    }),
  );
}

/** Median share of a core that somebody used while a contestant was measured. */
export function busyOf(
  samples: readonly Sample[],
  figure: string,
  contestant: string,
  who: 'proxy' | 'load' | 'upstream',
): Spread | undefined {
  return spread(
    samples.flatMap((sample) => {
      const share = sample.busy[who];
      return sample.figure === figure && sample.contestant === contestant && share !== undefined
        ? [share]
        : [];
    }),
  );
}
