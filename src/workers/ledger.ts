// The metrics of all workers as one gate's. prom-client's own `clusterMetrics` asks the workers that live: when one has ended, its requests
// are missing from the sums, which Prometheus takes for a restart and counts everything again. Here what an ended worker had counted stays.

import { AggregatorRegistry } from 'prom-client';
import type { MetricData, MetricValue } from './messages.ts';

export interface Ledger {
  /** What a worker has now; `worker` is never used again for another. */
  report(worker: number, metrics: readonly MetricData[]): void;
  /** It has ended: what it counted stays, what it had open is gone. */
  ended(worker: number): void;
  /** All of it, as Prometheus' text. */
  text(): Promise<string>;
}

/** How the values of workers become one. Counters and histograms are sums, as everything that has no place here. */
const TOGETHER: Readonly<Record<string, 'first' | 'min' | 'max'>> = {
  postern_build_info: 'first',
  // The oldest keys, the worker that refused, the one that lags behind: what an alert looks for.
  postern_jwks_age_seconds: 'max',
  postern_session_registry_up: 'min',
  postern_config_last_reload_success: 'min',
  postern_config_last_reload_timestamp_seconds: 'min',
  postern_ready: 'min',
  postern_log_writable: 'min',
  postern_admission_shedding: 'max',
  postern_certificate_expiry_timestamp_seconds: 'min',
  postern_drain_deadline_timestamp_seconds: 'max',
  process_start_time_seconds: 'max',
  // One control group holds all of them.
  postern_memory_limit_bytes: 'max',
};

/** Begins with nothing. */
export function createLedger(): Ledger {
  const latest = new Map<number, readonly MetricData[]>();
  const gone = new Set<number>();
  let past: readonly MetricData[] = [];
  return {
    report(worker, metrics) {
      // An answer may be read after its worker's end, whose counts would be there twice.
      if (!gone.has(worker)) latest.set(worker, metrics);
    },
    ended(worker) {
      gone.add(worker);
      const counted = (latest.get(worker) ?? []).filter(({ type }) => type !== 'gauge');
      latest.delete(worker);
      past = sum(past, counted);
    },
    async text() {
      // The workers first: 'first' takes the first one's value.
      const all = [...latest.values(), past].map((metrics) =>
        metrics.map((metric) => ({ ...metric, aggregator: TOGETHER[metric.name] ?? 'sum' })),
      );
      return AggregatorRegistry.aggregate(all).metrics();
    },
  };
}

function sum(one: readonly MetricData[], other: readonly MetricData[]): readonly MetricData[] {
  const result = new Map(one.map((metric) => [metric.name, metric]));
  for (const metric of other) {
    const values = new Map(result.get(metric.name)?.values.map((value) => [seriesOf(value), value]));
    for (const value of metric.values) {
      const before = values.get(seriesOf(value))?.value ?? 0;
      values.set(seriesOf(value), { ...value, value: before + value.value });
    }
    result.set(metric.name, { ...metric, values: [...values.values()] });
  }
  return [...result.values()];
}

function seriesOf({ metricName = '', labels }: MetricValue): string {
  return JSON.stringify([metricName, ...Object.entries(labels).sort()]);
}
