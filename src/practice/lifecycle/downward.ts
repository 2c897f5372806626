// The downward API: what a pod may be told about itself (kubelet's fieldpath and resource packages).

import type { Container, Pod, ResourceFieldRef } from './kinds.ts';

/** The one node. Its address is of TEST-NET-1 (RFC 5737), which is nobody's. */
export const NODE = {
  name: 'practice',
  ip: '192.0.2.10',
  cpu: '2',
  memory: '4Gi',
  labels: {
    'kubernetes.io/arch': 'amd64',
    'kubernetes.io/hostname': 'practice',
    'kubernetes.io/os': 'linux',
  },
} as const;

const SUFFIXES: Readonly<Record<string, number>> = {
  n: 1e-9,
  u: 1e-6,
  m: 1e-3,
  '': 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
};

/** The number of a quantity, e.g. 0.1 of `100m`; NaN when it is none. */
export function readQuantity(quantity: string | number): number {
  const [, digits = '', suffix = ''] =
    /^([-+]?[0-9.]+(?:[eE][-+]?[0-9]+)?)([a-zA-Z]*)$/.exec(String(quantity)) ?? [];
  return digits === '' ? Number.NaN : Number(digits) * (SUFFIXES[suffix] ?? Number.NaN);
}

/** A field's value; undefined when the path is none that Kubernetes knows. `podIp` is the address that the pod has or will have. */
export function fieldValue(pod: Pod, path: string, podIp: string): string | undefined {
  const subscript = /^metadata\.(labels|annotations)\['(.+)'\]$/.exec(path);
  if (subscript !== null) {
    const [, which, key = ''] = subscript;
    return (which === 'labels' ? pod.metadata.labels : pod.metadata.annotations)?.[key] ?? '';
  }
  switch (path) {
    case 'metadata.name':
      return pod.metadata.name;
    case 'metadata.namespace':
      return pod.metadata.namespace ?? '';
    case 'metadata.uid':
      return pod.metadata.uid ?? '';
    case 'metadata.labels':
      return formatMap(pod.metadata.labels);
    case 'metadata.annotations':
      return formatMap(pod.metadata.annotations);
    case 'spec.nodeName':
      return pod.spec?.nodeName ?? '';
    case 'spec.serviceAccountName':
      return pod.spec?.serviceAccountName ?? 'default';
    case 'status.hostIP':
    case 'status.hostIPs':
      return NODE.ip;
    case 'status.podIP':
    case 'status.podIPs':
      return podIp;
    default:
      return undefined;
  }
}

/** As a downward API volume has it: `key="value"` a line, sorted. */
function formatMap(map: Readonly<Record<string, string>> = {}): string {
  return Object.entries(map)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${key}=${JSON.stringify(value)}`)
    .join('\n');
}

/** A container's limit or request in units of the divisor, rounded up. Without a limit it is what the node has. */
export function resourceValue(
  pod: Pod,
  own: Container | undefined,
  { containerName, resource, divisor = 1 }: ResourceFieldRef,
): string | undefined {
  const containers = [...(pod.spec?.containers ?? []), ...(pod.spec?.initContainers ?? [])];
  const container = containerName === undefined ? own : containers.find(({ name }) => name === containerName);
  const [kind, name = ''] = resource.split(/\.(.*)/s);
  if (container === undefined || (kind !== 'limits' && kind !== 'requests')) return undefined;
  const node = name === 'cpu' ? NODE.cpu : name === 'memory' ? NODE.memory : '0';
  const amount = container.resources?.[kind]?.[name] ?? (kind === 'limits' ? node : '0');
  const unit = readQuantity(divisor) || 1;
  return String(Math.ceil(readQuantity(amount) / unit));
}
