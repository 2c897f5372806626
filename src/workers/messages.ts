// What primary and workers say to each other over Node's channel between them, which nobody else can reach. Messages of others (the cluster
// module uses the same channel) have no `postern`.

import type { CheckResult } from '../ops.ts';

/** Set in a worker's environment: the same command line runs as a worker then. */
export const WORKER_VARIABLE = 'POSTERN_WORKER';

/** One metric as prom-client's `getMetricsAsJSON` gives it. */
export interface MetricData {
  readonly name: string;
  readonly help: string;
  readonly type: string;
  readonly values: readonly MetricValue[];
}

export interface MetricValue {
  readonly value: number;
  readonly labels: Readonly<Record<string, string | number>>;
  /** Of a histogram's series. */
  readonly metricName?: string;
}

/** What a worker can be asked. */
export interface Answers {
  readonly checks: readonly CheckResult[];
  readonly metrics: readonly MetricData[];
}

export type Question = keyof Answers;

export type ToWorker =
  /** The first message; keys of session tickets in base64. */
  | { readonly postern: 'begin'; readonly number: number; readonly ticketKeys: string }
  /** The keys from now on. */
  | { readonly postern: 'tickets'; readonly ticketKeys: string }
  | { readonly postern: 'reload' }
  | { readonly postern: 'stop' }
  | { readonly postern: 'ask'; readonly id: number; readonly question: Question };

export type FromWorker =
  | { readonly postern: 'serving'; readonly url: string }
  /** It could not start; the lines are for people. */
  | { readonly postern: 'failed'; readonly lines: readonly string[] }
  | { readonly postern: 'answer'; readonly id: number; readonly answer: Answers[Question] }
  /** Its last metrics, right before it ends. */
  | { readonly postern: 'last'; readonly metrics: readonly MetricData[] };

/** Whether it is one of ours. */
export function isOurs(message: unknown): message is { readonly postern: string } {
  return typeof message === 'object' && message !== null && 'postern' in message;
}
