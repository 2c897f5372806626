// The rows of what runs pods and of what leads to them: deployments, replicasets, services (printDeployment, printReplicaSet and printService
// of pkg/printers/internalversion/printers.go).

import type { KubeObject } from '../objects/object.ts';
import { type Fields, fieldsOf, itemsOf, numberOf, textOf, textsOf } from './fields.ts';
import { AGE, type Cell, column, NAME, nameOf, objectAge, type Printer, wide } from './printer.ts';
import { labelsText, selectorText } from './selector.ts';

const TEMPLATE = [
  wide('Containers', 'The names of the containers of the template.'),
  wide('Images', 'The images of the containers of the template.'),
  wide('Selector', 'Which pods belong to it, by their labels.'),
] as const;

/** Deployments: NAME READY UP-TO-DATE AVAILABLE AGE, and the template. */
export const DEPLOYMENTS: Printer = {
  columns: [
    NAME,
    column('Ready', 'How many pods are ready, of how many are wanted.'),
    column('Up-to-date', 'How many pods are of the current template.'),
    column('Available', 'How many pods have been ready for long enough.'),
    AGE,
    ...TEMPLATE,
  ],
  cells: (object, nowMs) => {
    const { spec, status } = partsOf(object);
    return [
      nameOf(object),
      `${numberOf(status['readyReplicas'])}/${numberOf(spec['replicas'], 1)}`,
      numberOf(status['updatedReplicas']),
      numberOf(status['availableReplicas']),
      objectAge(object, nowMs),
      ...templateCells(spec),
      selectorText(spec['selector']) ?? '<invalid>',
    ];
  },
};

/** ReplicaSets: NAME DESIRED CURRENT READY AGE, and the template. */
export const REPLICASETS: Printer = {
  columns: [
    NAME,
    column('Desired', 'How many pods are wanted.', { type: 'integer' }),
    column('Current', 'How many pods there are.', { type: 'integer' }),
    column('Ready', 'How many pods are ready.', { type: 'integer' }),
    AGE,
    ...TEMPLATE,
  ],
  cells: (object, nowMs) => {
    const { spec, status } = partsOf(object);
    const selector = selectorText(spec['selector']) ?? '<error>';
    return [
      nameOf(object),
      numberOf(spec['replicas'], 1),
      numberOf(status['replicas']),
      numberOf(status['readyReplicas']),
      objectAge(object, nowMs),
      ...templateCells(spec),
      selector === '' ? '<none>' : selector,
    ];
  },
};

/** Services: NAME TYPE CLUSTER-IP EXTERNAL-IP PORT(S) AGE, and the selector. */
export const SERVICES: Printer = {
  columns: [
    NAME,
    column('Type', 'How the service can be reached.'),
    column('Cluster-IP', 'The address of the service in the cluster.'),
    column('External-IP', 'The addresses of the service outside the cluster.'),
    column('Port(s)', 'The ports of the service.'),
    AGE,
    wide('Selector', 'Which pods answer, by their labels.'),
  ],
  cells: (object, nowMs) => {
    const { spec } = partsOf(object);
    return [
      nameOf(object),
      serviceType(spec),
      textsOf(spec['clusterIPs'])[0] ?? (textOf(spec['clusterIP']) || '<none>'),
      externalText(object),
      itemsOf(spec['ports']).map(portText).join(',') || '<none>',
      objectAge(object, nowMs),
      labelsText(spec['selector']) || '<none>',
    ];
  },
};

function partsOf(object: KubeObject): { readonly spec: Fields; readonly status: Fields } {
  return { spec: fieldsOf(object['spec']), status: fieldsOf(object['status']) };
}

function templateCells(spec: Fields): readonly Cell[] {
  const containers = itemsOf(fieldsOf(fieldsOf(spec['template'])['spec'])['containers']);
  return [
    containers.map(({ name }) => textOf(name)).join(','),
    containers.map(({ image }) => textOf(image)).join(','),
  ];
}

function serviceType(spec: Fields): string {
  return textOf(spec['type']) || 'ClusterIP';
}

function externalText(service: KubeObject): string {
  const { spec, status } = partsOf(service);
  const given = textsOf(spec['externalIPs']);
  switch (serviceType(spec)) {
    case 'ClusterIP':
    case 'NodePort':
      return given.join(',') || '<none>';
    case 'LoadBalancer': {
      const ingress = itemsOf(fieldsOf(status['loadBalancer'])['ingress']);
      const names = ingress.map(({ ip, hostname }) => textOf(ip) || textOf(hostname));
      const balancers = [...new Set(names.filter((name) => name !== ''))].sort();
      return [...balancers, ...given].join(',') || '<pending>';
    }
    case 'ExternalName':
      return textOf(spec['externalName']);
    default:
      return '<unknown>';
  }
}

function portText(port: Fields): string {
  const node = numberOf(port['nodePort']);
  const protocol = textOf(port['protocol']) || 'TCP';
  return `${numberOf(port['port'])}${node > 0 ? `:${node}` : ''}/${protocol}`;
}
