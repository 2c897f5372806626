// What the process of a gate itself uses: CPU, memory, descriptors, and how busy its event loop is. Read when somebody asks for metrics; the
// one thing that goes on between is a timer, ten times a second, which tells how late the loop comes to what is due. No request pays for it.

import { type EventLoopUtilization, performance } from 'node:perf_hooks';
import { getHeapStatistics } from 'node:v8';
import { afterDelay, type SetTimer } from './delay.ts';
import { countDescriptors, readDescriptorLimit } from './descriptors.ts';
import type { Metrics } from './metrics.ts';

/** How often the event loop's delay is sampled. ms. */
export const SAMPLE_MS = 100;
/** `process.constrainedMemory` says about so much, or more, where there is no limit (Node's documentation of it). Bytes. */
const NO_LIMIT_BYTES = 2 ** 50;

export interface ProcessWatch {
  /** Brings the gauges and counters up to date. */
  collect(): void;
  close(): void;
}

export interface ProcessWatchDeps {
  /** ms that only grow, with fractions. Default `performance.now`. */
  readonly elapsed?: () => number;
  readonly setTimer?: SetTimer;
  /** Told of each sample: how late the loop was, and which part of the time it was at work. */
  readonly onSample?: (sample: { readonly delayMs: number; readonly busy: number }) => void;
}

/** Watches this process from now on. */
export function watchProcess(metrics: Metrics, deps: ProcessWatchDeps = {}): ProcessWatch {
  const { elapsed = () => performance.now(), setTimer } = deps;
  const maxDescriptors = readDescriptorLimit();
  metrics.processes.set(1);
  metrics.processStart.set(performance.timeOrigin / 1000);
  metrics.memoryLimit.set(limitOf(process.constrainedMemory()));
  if (maxDescriptors > 0) metrics.maxDescriptors.set(maxDescriptors);
  let cancel = () => {};
  let last = performance.eventLoopUtilization();
  const sample = () => {
    const due = elapsed() + SAMPLE_MS;
    cancel = afterDelay(
      SAMPLE_MS,
      () => {
        const delayMs = Math.max(0, elapsed() - due);
        metrics.eventLoopDelay.observe(delayMs / 1000);
        const since = performance.eventLoopUtilization(last);
        last = performance.eventLoopUtilization();
        deps.onSample?.({ delayMs, busy: since.utilization });
        sample();
      },
      setTimer,
    );
  };
  sample();
  const counters = createCounters(metrics);
  return {
    collect() {
      counters();
      collectMemory(metrics);
      const heap = getHeapStatistics();
      metrics.heapUsed.set(heap.used_heap_size);
      metrics.heapLimit.set(heap.heap_size_limit);
      const open = countDescriptors();
      if (open > 0) metrics.openDescriptors.set(open);
    },
    close: () => cancel(),
  };
}

/** What the system has counted since the process began, handed on as increases. */
function createCounters(metrics: Metrics): () => void {
  let busy: EventLoopUtilization = { idle: 0, active: 0, utilization: 0 };
  let cpuSeconds = 0;
  return () => {
    const now = performance.eventLoopUtilization();
    metrics.eventLoopBusy.inc(Math.max(0, now.active - busy.active) / 1000);
    busy = now;
    const { user, system } = process.cpuUsage();
    const total = (user + system) / 1e6;
    metrics.cpu.inc(Math.max(0, total - cpuSeconds));
    cpuSeconds = total;
  };
}

/** The memory that the process may use; 0 without a limit, and where it is unknown. Bytes. */
export function limitOf(constrained: number): number {
  return constrained >= NO_LIMIT_BYTES ? 0 : constrained;
}

/** Reading it takes a descriptor, of which there may be none: the last value stays then. */
function collectMemory({ residentMemory }: Metrics): void {
  try {
    residentMemory.set(process.memoryUsage.rss());
  } catch {}
}
