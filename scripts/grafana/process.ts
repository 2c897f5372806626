// The rows of the health dashboard about the gate's own processes.

import type { Row } from './dashboard.ts';
import { series } from './panels.ts';
import { INSTANCES, quantile, rate } from './selectors.ts';

const perInstance = (metric: string) => `sum by (instance) (${metric}{${INSTANCES}})`;

/** How busy it is. */
export const eventLoop: Row = {
  title: 'Event loop and CPU',
  height: 8,
  panels: [
    series({
      title: 'Event loop busy',
      description:
        'Share of time that the event loop works; 100 % is one core full. Above 80 %: add replicas or workers.',
      unit: 'percentunit',
      queries: [
        {
          expr: `${rate('postern_event_loop_busy_seconds_total', INSTANCES, ['instance'])} / ${perInstance('postern_processes')}`,
          legend: '{{instance}}',
        },
      ],
      limits: { warn: 0.8, bad: 0.9 },
      max: 1,
      alerts: ['PosternEventLoopBusy'],
    }),
    series({
      title: 'Event loop delay, worst hundredth',
      description:
        'What each request waits on top. Busy low and delay high: something blocks for long, or the CPU is throttled (look at CPU limits).',
      unit: 's',
      queries: [
        {
          expr: quantile(0.99, { metric: 'postern_event_loop_delay_seconds', selector: INSTANCES }, [
            'instance',
          ]),
          legend: '{{instance}}',
        },
      ],
      limits: { warn: 0.1, bad: 0.25 },
      alerts: ['PosternEventLoopDelay'],
    }),
    series({
      title: 'CPU',
      description:
        'Cores used, all workers together. Far above the event loop: TLS and compression threads, or garbage collection.',
      unit: 'short',
      queries: [
        { expr: rate('process_cpu_seconds_total', `${INSTANCES}`, ['instance']), legend: '{{instance}}' },
      ],
    }),
  ],
};

/** How much room it has. */
export const memory: Row = {
  title: 'Memory and descriptors',
  height: 8,
  panels: [
    series({
      title: 'Memory',
      description:
        'Resident memory, and the limit of the container where there is one. At the limit the kernel ends the process with all sessions.',
      unit: 'bytes',
      queries: [
        { expr: perInstance('process_resident_memory_bytes'), legend: '{{instance}}' },
        {
          expr: `max by (instance) (postern_memory_limit_bytes{${INSTANCES}} > 0)`,
          legend: '{{instance}} limit',
        },
      ],
      alerts: ['PosternMemoryNearLimit'],
    }),
    series({
      title: 'JavaScript heap used',
      description:
        "Share of V8's heap limit. Near 100 % the process ends. Steady growth without more traffic is a leak: please report it.",
      unit: 'percentunit',
      queries: [
        {
          expr: `${perInstance('postern_heap_used_bytes')} / ${perInstance('postern_heap_limit_bytes')}`,
          legend: '{{instance}}',
        },
      ],
      limits: { warn: 0.7, bad: 0.85 },
      max: 1,
      alerts: ['PosternHeapNearLimit'],
    }),
    series({
      title: 'Descriptors used',
      description:
        'Share of open files that the process may have; each session needs two. Raise LimitNOFILE or the ulimit before it is full.',
      unit: 'percentunit',
      queries: [
        {
          expr: `${perInstance('process_open_fds')} / ${perInstance('process_max_fds')}`,
          legend: '{{instance}}',
        },
      ],
      limits: { warn: 0.7, bad: 0.85 },
      max: 1,
      alerts: ['PosternDescriptorsNearLimit'],
    }),
  ],
};
