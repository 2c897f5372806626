// Objects of every other resource and the cells that kube-apiserver 1.36.3 printed for them (compared with a running one when written, but for
// the event of events.k8s.io with deprecated fields, which is the conversion of pkg/apis/events/v1).

import type { KubeObject } from '../../../../src/practice/objects/object.ts';

/** An object and its cells; `AGE` stands for 5s. */
export interface RowCase {
  readonly title: string;
  readonly group: string;
  readonly resource: string;
  readonly object: KubeObject;
  readonly cells: readonly (string | number)[];
}

const AGE = '5s';
const CREATED = '2026-01-02T03:04:00Z';

function object(apiVersion: string, kind: string, content: object): KubeObject {
  return { apiVersion, kind, metadata: { name: 'x', creationTimestamp: CREATED }, ...content };
}

const TEMPLATE = {
  metadata: { labels: { app: 'x', tier: 'b' } },
  spec: {
    containers: [
      { name: 'a', image: 'i:1' },
      { name: 'b', image: 'j:2' },
    ],
  },
};
const PLAIN = { matchLabels: { tier: 'b', app: 'x' } };
const MANIFOLD = {
  matchLabels: { app: 'x' },
  matchExpressions: [
    { key: 'tier', operator: 'In', values: ['c', 'b'] },
    { key: 'old', operator: 'DoesNotExist' },
    { key: 'zone', operator: 'NotIn', values: ['z'] },
    { key: 'app', operator: 'Exists' },
  ],
};

function deployment(spec: object, status: object): KubeObject {
  return object('apps/v1', 'Deployment', { spec: { selector: PLAIN, template: TEMPLATE, ...spec }, status });
}

function service(spec: object, status: object = {}): KubeObject {
  return object('v1', 'Service', { spec: { ports: [{ port: 80 }], ...spec }, status });
}

const APPS = { group: 'apps', resource: 'deployments' };
const SETS = { group: 'apps', resource: 'replicasets' };
const SERVICES = { group: '', resource: 'services' };

/** Deployments, replicasets and services. */
export const WORKLOAD_CASES: readonly RowCase[] = [
  {
    ...APPS,
    title: 'a deployment on its way',
    object: deployment(
      { replicas: 3 },
      { replicas: 3, readyReplicas: 2, updatedReplicas: 3, availableReplicas: 1 },
    ),
    cells: ['x', '2/3', 3, 1, AGE, 'a,b', 'i:1,j:2', 'app=x,tier=b'],
  },
  {
    ...APPS,
    title: 'a deployment without pods',
    object: deployment({ replicas: 0, selector: { matchLabels: { app: 'x' } } }, {}),
    cells: ['x', '0/0', 0, 0, AGE, 'a,b', 'i:1,j:2', 'app=x'],
  },
  {
    ...SETS,
    title: 'a replicaset, its selector with expressions',
    object: object('apps/v1', 'ReplicaSet', {
      spec: { replicas: 3, selector: MANIFOLD, template: TEMPLATE },
      status: { replicas: 2, readyReplicas: 1 },
    }),
    cells: ['x', 3, 2, 1, AGE, 'a,b', 'i:1,j:2', 'app=x,app,!old,tier in (b,c),zone notin (z)'],
  },
  {
    ...SERVICES,
    title: 'a service in the cluster',
    object: service({
      type: 'ClusterIP',
      clusterIP: '10.0.0.9',
      clusterIPs: ['10.0.0.9'],
      selector: { tier: 'b', app: 'x' },
    }),
    cells: ['x', 'ClusterIP', '10.0.0.9', '<none>', '80/TCP', AGE, 'app=x,tier=b'],
  },
  {
    ...SERVICES,
    title: 'a headless service with two ports and external addresses',
    object: service({
      clusterIP: 'None',
      clusterIPs: ['None'],
      externalIPs: ['1.2.3.4', '1.2.3.5'],
      ports: [
        { name: 'a', port: 80, protocol: 'TCP' },
        { name: 'b', port: 53, protocol: 'UDP' },
      ],
    }),
    cells: ['x', 'ClusterIP', 'None', '1.2.3.4,1.2.3.5', '80/TCP,53/UDP', AGE, '<none>'],
  },
  {
    ...SERVICES,
    title: 'a service on a port of the node',
    object: service({
      type: 'NodePort',
      clusterIP: '10.0.0.10',
      clusterIPs: ['10.0.0.10'],
      ports: [{ port: 80, nodePort: 30080 }],
    }),
    cells: ['x', 'NodePort', '10.0.0.10', '<none>', '80:30080/TCP', AGE, '<none>'],
  },
  {
    ...SERVICES,
    title: 'a service that waits for a balancer',
    object: service({
      type: 'LoadBalancer',
      clusterIP: '10.0.0.11',
      clusterIPs: ['10.0.0.11'],
      ports: [{ port: 80, nodePort: 30081 }],
    }),
    cells: ['x', 'LoadBalancer', '10.0.0.11', '<pending>', '80:30081/TCP', AGE, '<none>'],
  },
  {
    ...SERVICES,
    title: 'a service with balancers and an external address',
    object: service(
      {
        type: 'LoadBalancer',
        clusterIP: '10.0.0.12',
        clusterIPs: ['10.0.0.12'],
        externalIPs: ['1.2.3.4'],
        ports: [{ port: 80, nodePort: 30082 }],
      },
      { loadBalancer: { ingress: [{ hostname: 'long.name.example.com' }, { ip: '5.6.7.8' }] } },
    ),
    cells: [
      'x',
      'LoadBalancer',
      '10.0.0.12',
      '5.6.7.8,long.name.example.com,1.2.3.4',
      '80:30082/TCP',
      AGE,
      '<none>',
    ],
  },
  {
    ...SERVICES,
    title: 'a service that is another name, without ports',
    object: service({ type: 'ExternalName', externalName: 'other.example.com', ports: [] }),
    cells: ['x', 'ExternalName', '<none>', 'other.example.com', '<none>', AGE, '<none>'],
  },
];

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
