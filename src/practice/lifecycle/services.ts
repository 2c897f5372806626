// Services' addresses: a cluster IP of 10.96.0.0/16 and node ports of 30000 to 32767 (pkg/registry/core/service). Nothing listens on them;
// they are there to be seen, and told to containers in their environment.

import type { KubeObject } from '../objects/object.ts';
import type { Store } from '../objects/store.ts';
import { SERVICES, type Service } from './kinds.ts';
import { hash32 } from './words.ts';

const NETWORK = '10.96.';
/** The first ten are left for those who ask for them, as the API's own service does with 10.96.0.1. */
const FIRST_HOST = 10;
const HOSTS = 65_534 - FIRST_HOST;
const FIRST_NODE_PORT = 30_000;
const NODE_PORTS = 2_768;

/**
 * Gives a service the addresses that it does not have yet: the same service, when it has them all. Changes nothing in the store; the API
 * server may call it before it stores.
 */
export function assignClusterIP(store: Pick<Store, 'list'>, service: KubeObject): KubeObject {
  const own: Service = service;
  const spec = own.spec ?? {};
  if (spec.type === 'ExternalName') return service;
  const others = (store.list(SERVICES, '') as readonly Service[]).filter(
    ({ metadata }) => metadata.name !== own.metadata.name || metadata.namespace !== own.metadata.namespace,
  );
  const seed = `${own.metadata.namespace ?? ''}/${own.metadata.name}`;
  const clusterIP = spec.clusterIP || freeAddress(others, seed);
  const ports =
    spec.type === 'NodePort' || spec.type === 'LoadBalancer' ? withNodePorts(own, others, seed) : spec.ports;
  const complete =
    spec.clusterIP === clusterIP &&
    spec.clusterIPs !== undefined &&
    spec.clusterIPs.length > 0 &&
    ports === spec.ports;
  if (complete || clusterIP === undefined) return service;
  return {
    ...service,
    spec: {
      ipFamilies: ['IPv4'],
      ipFamilyPolicy: 'SingleStack',
      ...spec,
      clusterIP,
      clusterIPs: [clusterIP],
      ...(ports === undefined ? {} : { ports }),
    },
  };
}

/** Looks at one service. */
export function syncService(store: Store, namespace: string, name: string): void {
  const service = store.get(SERVICES, namespace, name);
  if (service === undefined || service.metadata.deletionTimestamp !== undefined) return;
  const assigned = assignClusterIP(store, service);
  if (assigned !== service) store.update(SERVICES, assigned);
}

function freeAddress(others: readonly Service[], seed: string): string | undefined {
  const used = new Set(others.map(({ spec }) => spec?.clusterIP));
  const start = hash32(seed);
  for (let i = 0; i < HOSTS; i++) {
    const host = FIRST_HOST + ((start + i) % HOSTS);
    const ip = `${NETWORK}${host >> 8}.${host & 255}`;
    if (!used.has(ip)) return ip;
  }
  return undefined;
}

/** The very list when every port has its own. */
function withNodePorts(
  { spec }: Service,
  others: readonly Service[],
  seed: string,
): NonNullable<Service['spec']>['ports'] {
  const ports = spec?.ports ?? [];
  if (ports.every(({ nodePort }) => nodePort !== undefined && nodePort !== 0)) return spec?.ports;
  const all = [...others.flatMap((service) => service.spec?.ports ?? []), ...ports];
  const used = new Set(all.map(({ nodePort }) => nodePort));
  const start = hash32(seed);
  return ports.map((port) => {
    if (port.nodePort !== undefined && port.nodePort !== 0) return port;
    for (let i = 0; i < NODE_PORTS; i++) {
      const nodePort = FIRST_NODE_PORT + ((start + i) % NODE_PORTS);
      if (used.has(nodePort)) continue;
      used.add(nodePort);
      return { ...port, nodePort };
    }
    return port;
  });
}
