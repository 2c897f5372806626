// What was done in this demo, counted from the gate's facts, and the table that is shown at its end.

import type { Fact, RequestFact, SessionFact } from './facts.ts';
import { bytesText, durationText } from './units.ts';

/** Answers that go on for as long as somebody listens: their duration says nothing about the gate. */
const LONG = new Set(['log', 'exec', 'attach', 'portforward', 'proxy']);
/** Of more requests than this the latest count for the quantiles. */
const MAX_SAMPLES = 100_000;

/** The figures of a demo. Times in ms, sizes in bytes. */
export interface Summary {
  readonly durationMs: number;
  readonly requests: number;
  readonly people: number;
  readonly sessions: number;
  readonly sessionsByKind: Readonly<Record<string, number>>;
  readonly bytesUp: number;
  readonly bytesDown: number;
  readonly deniedByGate: number;
  readonly deniedByCluster: number;
  /** What the gate added to short requests that the API server answered; null when there were none. */
  readonly added: { readonly of: number; readonly p50Ms: number; readonly p99Ms: number } | null;
}

/** Counts facts. */
export interface Tally {
  readonly add: (fact: Fact) => void;
  readonly summary: (nowMs: number) => Summary;
}

/** Starts counting at `startedAt`, ms since the epoch. */
export function createTally(startedAt: number): Tally {
  const people = new Set<string>();
  const byKind = new Map<string, number>();
  const added: number[] = [];
  const counts = { requests: 0, sessions: 0, bytesUp: 0, bytesDown: 0, deniedByGate: 0, deniedByCluster: 0 };
  const addRequest = (fact: RequestFact) => {
    if (fact.user !== '') people.add(fact.user);
    if (added.length === MAX_SAMPLES) added.shift();
    counts.requests++;
    if (fact.error !== '' && fact.status < 500) counts.deniedByGate++;
    else if (fact.error === '' && (fact.status === 401 || fact.status === 403)) counts.deniedByCluster++;
    if (fact.upstreamMs !== undefined && !isLong(fact))
      added.push(Math.max(0, fact.durationMs - fact.upstreamMs));
  };
  const addSession = ({ kind, bytesUp, bytesDown }: SessionFact) => {
    counts.sessions++;
    counts.bytesUp += bytesUp;
    counts.bytesDown += bytesDown;
    byKind.set(kind, (byKind.get(kind) ?? 0) + 1);
  };
  return {
    add: (fact) => {
      if (fact.event === 'request') addRequest(fact);
      else if (fact.event === 'session') addSession(fact);
    },
    summary: (nowMs) => ({
      durationMs: nowMs - startedAt,
      ...counts,
      people: people.size,
      sessionsByKind: Object.fromEntries([...byKind].sort(([a], [b]) => (a < b ? -1 : 1))),
      added:
        added.length === 0
          ? null
          : { of: added.length, p50Ms: quantile(added, 0.5), p99Ms: quantile(added, 0.99) },
    }),
  };
}

function isLong({ verb, subresource, upgrade }: RequestFact): boolean {
  return upgrade !== '' || verb === 'watch' || LONG.has(subresource);
}

/** The nearest-rank quantile: a value that was measured. */
export function quantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)] ?? Number.NaN;
}

/** The table at the end. */
export function renderSummary(summary: Summary): string {
  const { requests, people, sessions, bytesUp, bytesDown, deniedByGate, deniedByCluster, added } = summary;
  const kinds = Object.entries(summary.sessionsByKind).map(([kind, count]) => `${kind} ${count}`);
  const rows: readonly (readonly [string, string])[] = [
    ['requests', `${requests}, of ${people} ${people === 1 ? 'person' : 'people'}`],
    ['sessions', kinds.length === 0 ? '0' : `${sessions} (${kinds.join(', ')})`],
    ['bytes in sessions', `${bytesText(bytesUp)} up, ${bytesText(bytesDown)} down`],
    ['denials', `${deniedByGate} by the gate, ${deniedByCluster} by the cluster`],
    [
      'added by the gate',
      added === null
        ? 'nothing measured: no short request was answered'
        : `p50 ${durationText(added.p50Ms)}, p99 ${durationText(added.p99Ms)} over ${added.of} short requests`,
    ],
  ];
  const lines = rows.map(([name, value]) => `  ${name.padEnd(18)}  ${value}`);
  return `In this demo, ${durationText(summary.durationMs)}:\n${lines.join('\n')}\n`;
}
