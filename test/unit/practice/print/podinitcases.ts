// Pods with init containers and sidecars in every state that has a word of its own, and the cells that kube-apiserver 1.36.3 printed for them (the facts are those of printPod in
// pkg/printers/internalversion/printers.go; compared with a running one when they were written).

import {
  EARLIER,
  ended,
  INIT,
  type PodCase,
  phase,
  pod,
  RAN,
  RESTARTED,
  SIDECAR,
  status,
  waiting,
} from './podparts.ts';

/** All of them. */
export const POD_INIT_CASES: readonly PodCase[] = [
  {
    title: 'initializing: none of two done',
    pod: pod({ spec: INIT, status: { phase: 'Pending', initContainerStatuses: [status('i', RAN)] } }),
    cells: ['0/1', 'Init:0/2', '0'],
  },
  {
    title: 'initializing: one of two done, its restarts counted',
    pod: pod({
      spec: INIT,
      status: {
        phase: 'Pending',
        initContainerStatuses: [
          status('i', ended(0), { restartCount: 2, lastState: RESTARTED }),
          status('j', waiting('PodInitializing')),
        ],
        containerStatuses: [status('a', waiting('PodInitializing'))],
      },
    }),
    cells: ['0/1', 'Init:1/2', '2 (5m ago)'],
  },
  {
    title: 'initializing: crashing',
    pod: pod({
      spec: INIT,
      status: { phase: 'Pending', initContainerStatuses: [status('i', waiting('CrashLoopBackOff'))] },
    }),
    cells: ['0/1', 'Init:CrashLoopBackOff', '0'],
  },
  {
    title: 'initializing: failed with a code',
    pod: pod({
      spec: INIT,
      status: { phase: 'Pending', initContainerStatuses: [status('i', ended(7)), status('j', ended(0))] },
    }),
    cells: ['0/1', 'Init:ExitCode:7', '0'],
  },
  {
    title: 'initializing: killed',
    pod: pod({
      spec: INIT,
      status: { phase: 'Pending', initContainerStatuses: [status('i', ended(137, { signal: 9 }))] },
    }),
    cells: ['0/1', 'Init:Signal:9', '0'],
  },
  {
    title: 'initializing: failed for a reason',
    pod: pod({
      spec: INIT,
      status: { phase: 'Pending', initContainerStatuses: [status('i', ended(1, { reason: 'Error' }))] },
    }),
    cells: ['0/1', 'Init:Error', '0'],
  },
  {
    title: 'initialized: restarts of init containers no longer count',
    pod: pod({
      spec: INIT,
      status: {
        ...phase('Running', status('a', RAN, { ready: true })),
        initContainerStatuses: [
          status('i', ended(0), { restartCount: 4, lastState: RESTARTED }),
          status('j', ended(0)),
        ],
      },
    }),
    cells: ['1/1', 'Running', '0'],
  },
  {
    title: 'with a sidecar, whose restarts count',
    pod: pod({
      spec: SIDECAR,
      status: {
        ...phase('Running', status('a', RAN, { ready: true, restartCount: 1, lastState: EARLIER })),
        initContainerStatuses: [
          status('i', RAN, { ready: true, started: true, restartCount: 2, lastState: RESTARTED }),
        ],
      },
    }),
    cells: ['2/2', 'Running', '3 (5m ago)'],
  },
  {
    title: 'with a sidecar that has not started',
    pod: pod({
      spec: SIDECAR,
      status: { phase: 'Pending', initContainerStatuses: [status('i', RAN, { started: false })] },
    }),
    cells: ['0/2', 'Init:0/1', '0'],
  },
  {
    title: 'an init container failed again after initialization',
    pod: pod({
      spec: INIT,
      status: {
        ...phase('Running', status('a', RAN, { ready: true })),
        conditions: [{ type: 'Initialized', status: 'True' }],
        initContainerStatuses: [status('i', ended(1, { reason: 'Error' }))],
      },
    }),
    cells: ['1/1', 'Init:Error', '0'],
  },
];
