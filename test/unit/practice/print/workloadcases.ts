// Deployments, replicasets and services, and the cells that kube-apiserver 1.36.3 printed for them (compared with a running one when written).

import type { KubeObject } from '../../../../src/practice/objects/object.ts';
import { AGE, object, type RowCase } from './rowparts.ts';

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
