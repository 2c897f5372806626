// What the process of a gate itself uses: CPU, memory, descriptors, and how busy its event loop is. Read when somebody asks for metrics; the
// one thing that goes on between is a timer, ten times a second, which tells how late the loop comes to what is due. No request pays for it.

import { readdirSync, readFileSync, statSync } from 'node:fs';
import { type EventLoopUtilization, performance } from 'node:perf_hooks';
import { getHeapStatistics } from 'node:v8';
import { afterDelay, type SetTimer } from './delay.ts';
import type { Metrics } from './metrics.ts';

/** How often the event loop's delay is sampled. ms. */
export const SAMPLE_MS = 100;
/** `process.constrainedMemory` says about so much, or more, where there is no limit (Node's documentation of it). Bytes. */
const NO_LIMIT_BYTES = 2 ** 50;
const DESCRIPTORS = '/proc/self/fd';

export interface ProcessWatch {
  /** Brings the gauges and counters up to date. */
  collect(): void;
  close(): void;
}

export interface ProcessWatchDeps {
  /** ms that only grow, with fractions. Default `performance.now`. */
  readonly elapsed?: () => number;
  readonly setTimer?: SetTimer;
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
  const sample = () => {
    const due = elapsed() + SAMPLE_MS;
    cancel = afterDelay(
      SAMPLE_MS,
      () => {
        metrics.eventLoopDelay.observe(Math.max(0, elapsed() - due) / 1000);
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
      metrics.residentMemory.set(process.memoryUsage.rss());
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

/** Open descriptors of this process; 0 where /proc does not tell. Linux 6.2 and later say it without listing them. */
function countDescriptors(): number {
  try {
    const { size } = statSync(DESCRIPTORS);
    return size > 0 ? size : readdirSync(DESCRIPTORS).length - 1;
  } catch {
    return 0;
  }
}

/** The soft limit of descriptors (proc(5), /proc/PID/limits); 0 where it is unknown or unlimited. */
function readDescriptorLimit(): number {
  try {
    return Number(/^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1] ?? 0);
  } catch {
    return 0;
  }
}
