// Objects of every other resource and the cells that kube-apiserver 1.36.3 printed for them (compared with a running one when written, but for
// the event of events.k8s.io with deprecated fields, which is the conversion of pkg/apis/events/v1).

import { AGE, CREATED, object, type RowCase } from './rowparts.ts';

const EVENT = { group: '', resource: 'events' };
const INVOLVED = { kind: 'Pod', namespace: 'web', name: 'p', fieldPath: 'spec.containers{a}' };

/** The rest. */
export const PLAIN_CASES: readonly RowCase[] = [
  {
    group: '',
    resource: 'configmaps',
    title: 'a configmap with text and bytes',
    object: object('v1', 'ConfigMap', { data: { a: '1', b: '2' }, binaryData: { c: 'AA==' } }),
    cells: ['x', 3, AGE],
  },
  {
    group: '',
    resource: 'configmaps',
    title: 'an empty configmap',
    object: object('v1', 'ConfigMap', {}),
    cells: ['x', 0, AGE],
  },
  {
    group: '',
    resource: 'secrets',
    title: 'a secret',
    object: object('v1', 'Secret', { type: 'Opaque', data: { a: 'AA==' } }),
    cells: ['x', 'Opaque', 1, AGE],
  },
  {
    group: '',
    resource: 'serviceaccounts',
    title: 'a serviceaccount',
    object: object('v1', 'ServiceAccount', {}),
    cells: ['x', AGE],
  },
  {
    ...EVENT,
    title: 'an event that was seen often',
    object: object('v1', 'Event', {
      involvedObject: INVOLVED,
      type: 'Warning',
      reason: 'BackOff',
      message: '  Back-off.\n',
      source: { component: 'kubelet', host: 'n1' },
      firstTimestamp: '2026-01-02T02:04:05Z',
      lastTimestamp: '2026-01-02T03:03:05Z',
      count: 12,
    }),
    cells: [
      '60s',
      'Warning',
      'BackOff',
      'pod/p',
      'spec.containers{a}',
      'kubelet, n1',
      'Back-off.',
      '60m',
      12,
      'x',
    ],
  },
  {
    ...EVENT,
    title: 'an event that was seen once, by a new reporter',
    object: object('v1', 'Event', {
      involvedObject: { kind: 'Pod', namespace: 'web', name: 'p' },
      type: 'Normal',
      reason: 'Scheduled',
      action: 'Binding',
      message: 'Found a place.',
      firstTimestamp: null,
      lastTimestamp: null,
      eventTime: '2026-01-02T03:03:55.000000Z',
      reportingComponent: 'scheduler',
      reportingInstance: 'scheduler-1',
    }),
    cells: [
      '10s',
      'Normal',
      'Scheduled',
      'pod/p',
      '',
      'scheduler, scheduler-1',
      'Found a place.',
      '10s',
      1,
      'x',
    ],
  },
  {
    ...EVENT,
    title: 'an event of a series',
    object: object('v1', 'Event', {
      involvedObject: INVOLVED,
      type: 'Normal',
      reason: 'Pulled',
      action: 'Pull',
      eventTime: '2026-01-02T03:03:05.000000Z',
      reportingComponent: 'kubelet',
      reportingInstance: 'n1',
      series: { count: 5, lastObservedTime: '2026-01-02T03:04:02.000000Z' },
    }),
    cells: ['3s', 'Normal', 'Pulled', 'pod/p', 'spec.containers{a}', 'kubelet, n1', '', '60s', 5, 'x'],
  },
  {
    group: 'events.k8s.io',
    resource: 'events',
    title: 'an event in the words of events.k8s.io',
    object: object('events.k8s.io/v1', 'Event', {
      regarding: INVOLVED,
      type: 'Normal',
      reason: 'Started',
      note: 'It runs.',
      deprecatedSource: { component: 'kubelet' },
      deprecatedFirstTimestamp: '2026-01-02T03:02:05Z',
      deprecatedLastTimestamp: '2026-01-02T03:04:00Z',
      deprecatedCount: 2,
    }),
    cells: ['5s', 'Normal', 'Started', 'pod/p', 'spec.containers{a}', 'kubelet', 'It runs.', '2m', 2, 'x'],
  },
  {
    group: 'rbac.authorization.k8s.io',
    resource: 'roles',
    title: 'a role',
    object: object('rbac.authorization.k8s.io/v1', 'Role', { rules: [] }),
    cells: ['x', CREATED],
  },
  {
    group: 'rbac.authorization.k8s.io',
    resource: 'rolebindings',
    title: 'a rolebinding',
    object: object('rbac.authorization.k8s.io/v1', 'RoleBinding', {
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' },
      subjects: [
        { kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: 'jane' },
        { kind: 'Group', apiGroup: 'rbac.authorization.k8s.io', name: 'humans' },
        { kind: 'ServiceAccount', name: 'sa', namespace: 'web' },
        { kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: 'tim' },
      ],
    }),
    cells: ['x', 'ClusterRole/view', AGE, 'jane, tim', 'humans', 'web/sa'],
  },
  {
    group: 'rbac.authorization.k8s.io',
    resource: 'clusterrolebindings',
    title: 'a clusterrolebinding of nobody',
    object: object('rbac.authorization.k8s.io/v1', 'ClusterRoleBinding', {
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' },
    }),
    cells: ['x', 'ClusterRole/view', AGE, '', '', ''],
  },
];
