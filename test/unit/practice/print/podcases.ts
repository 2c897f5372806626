// Pods in every state that has a word of its own, and the cells that kube-apiserver 1.36.3 printed for them (the facts are those of printPod in
// pkg/printers/internalversion/printers.go; compared with a running one when they were written).

import {
  EARLIER,
  ended,
  type PodCase,
  phase,
  pod,
  RAN,
  READY,
  RESTARTED,
  status,
  TWO,
  waiting,
} from './podparts.ts';

/** All of them, but for those with init containers. */
export const POD_CASES: readonly PodCase[] = [
  { title: 'just created', pod: pod({ status: { phase: 'Pending' } }), cells: ['0/1', 'Pending', '0'] },
  { title: 'without a status', pod: pod({}), cells: ['0/1', '', '0'] },
  {
    title: 'being made',
    pod: pod({ status: phase('Pending', status('a', waiting('ContainerCreating'))) }),
    cells: ['0/1', 'ContainerCreating', '0'],
  },
  {
    title: 'waiting for no reason',
    pod: pod({ status: phase('Pending', status('a', { waiting: {} })) }),
    cells: ['0/1', 'Pending', '0'],
  },
  {
    title: 'running',
    pod: pod({
      spec: { nodeName: 'n1' },
      status: {
        ...phase('Running', status('a', RAN, { ready: true })),
        podIPs: [{ ip: '10.1.2.3' }],
        podIP: '10.1.2.3',
      },
    }),
    cells: ['1/1', 'Running', '0'],
    wide: ['10.1.2.3', 'n1', '<none>', '<none>'],
  },
  {
    title: 'running, one of two not ready',
    pod: pod({
      spec: TWO,
      status: phase('Running', status('a', RAN, { ready: true }), status('b', RAN)),
    }),
    cells: ['1/2', 'Running', '0'],
  },
  {
    title: 'restarted, the last time counts',
    pod: pod({
      spec: TWO,
      status: phase(
        'Running',
        status('a', RAN, { ready: true, restartCount: 1, lastState: EARLIER }),
        status('b', RAN, { ready: true, restartCount: 2, lastState: RESTARTED }),
      ),
    }),
    cells: ['2/2', 'Running', '3 (5m ago)'],
  },
  {
    title: 'restarted, nobody knows when',
    pod: pod({ status: phase('Running', status('a', RAN, { ready: true, restartCount: 3 })) }),
    cells: ['1/1', 'Running', '3'],
  },
  {
    title: 'crashing: the first container that is not well is shown',
    pod: pod({
      spec: TWO,
      status: phase(
        'Running',
        status('a', waiting('CrashLoopBackOff')),
        status('b', waiting('ErrImagePull')),
      ),
    }),
    cells: ['0/2', 'CrashLoopBackOff', '0'],
  },
  {
    title: 'ended with a reason',
    pod: pod({ status: phase('Failed', status('a', ended(137, { reason: 'OOMKilled' }))) }),
    cells: ['0/1', 'OOMKilled', '0'],
  },
  {
    title: 'ended with a code',
    pod: pod({ status: phase('Failed', status('a', ended(3))) }),
    cells: ['0/1', 'ExitCode:3', '0'],
  },
  {
    title: 'ended by a signal',
    pod: pod({ status: phase('Failed', status('a', ended(143, { signal: 15 }))) }),
    cells: ['0/1', 'Signal:15', '0'],
  },
  {
    title: 'completed',
    pod: pod({ status: phase('Succeeded', status('a', ended(0, { reason: 'Completed' }))) }),
    cells: ['0/1', 'Completed', '0'],
  },
  {
    title: 'one completed, the other runs and the pod is ready',
    pod: pod({
      spec: TWO,
      status: {
        ...phase(
          'Running',
          status('a', ended(0, { reason: 'Completed' })),
          status('b', RAN, { ready: true }),
        ),
        conditions: READY,
      },
    }),
    cells: ['1/2', 'Running', '0'],
  },
  {
    title: 'one completed, the other runs but the pod is not ready',
    pod: pod({
      spec: TWO,
      status: phase(
        'Running',
        status('a', ended(0, { reason: 'Completed' })),
        status('b', RAN, { ready: true }),
      ),
    }),
    cells: ['1/2', 'NotReady', '0'],
  },
  {
    title: 'one completed, the other failed',
    pod: pod({
      spec: TWO,
      status: phase(
        'Failed',
        status('a', ended(0, { reason: 'Completed' })),
        status('b', ended(1, { reason: 'Error' })),
      ),
    }),
    cells: ['0/2', 'Error', '0'],
  },
  {
    title: 'evicted',
    pod: pod({ status: { phase: 'Failed', reason: 'Evicted' } }),
    cells: ['0/1', 'Evicted', '0'],
  },
  {
    title: 'held back from scheduling',
    pod: pod({
      status: {
        phase: 'Pending',
        conditions: [{ type: 'PodScheduled', status: 'False', reason: 'SchedulingGated' }],
      },
    }),
    cells: ['0/1', 'SchedulingGated', '0'],
  },
  {
    title: 'being deleted',
    pod: pod({ deleted: true, status: phase('Running', status('a', RAN, { ready: true })) }),
    cells: ['1/1', 'Terminating', '0'],
  },
  {
    title: 'being deleted, but done before',
    pod: pod({
      deleted: true,
      status: phase('Succeeded', status('a', ended(0, { reason: 'Completed' }))),
    }),
    cells: ['0/1', 'Completed', '0'],
  },
  {
    title: 'being deleted on a node that is lost',
    pod: pod({ deleted: true, status: { phase: 'Running', reason: 'NodeLost' } }),
    cells: ['0/1', 'Unknown', '0'],
  },
  {
    title: 'with readiness gates and a nominated node',
    pod: pod({
      spec: {
        readinessGates: [{ conditionType: 'x/a' }, { conditionType: 'x/b' }, { conditionType: 'x/c' }],
      },
      status: {
        phase: 'Pending',
        nominatedNodeName: 'n2',
        conditions: [
          { type: 'x/a', status: 'True' },
          { type: 'x/b', status: 'False' },
        ],
      },
    }),
    cells: ['0/1', 'Pending', '0'],
    wide: ['<none>', '<none>', 'n2', '1/3'],
  },
];
