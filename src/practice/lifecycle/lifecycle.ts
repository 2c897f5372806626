// What makes the practice cluster live: the controllers, the scheduler and the one node, behind a queue that the store's changes fill.
// Each of them reads the store and moves one object one step; what goes wrong with one object is told and tried again, and stops no other.

import type { LogLine, Machine, MachineSpec } from '../machine/machine.ts';
import type { KubeObject } from '../objects/object.ts';
import type { Resource } from '../objects/resources.ts';
import type { Store, StoreEvent } from '../objects/store.ts';
import type { Context, ControllerName } from './context.ts';
import { syncDeployment } from './deployment.ts';
import { createRecorder, EVENT_TTL_MS } from './events.ts';
import { collect, dependentsOf, garbageName, ownerOf, STORED } from './garbage.ts';
import { CONFIGMAPS, NAMESPACES, PODS, SECRETS } from './kinds.ts';
import { kill, syncPod } from './kubelet.ts';
import { syncNamespace } from './namespaces.ts';
import type { Nodeside } from './nodeside.ts';
import { createQueue } from './queue.ts';
import { syncReplicaSet } from './replicaset.ts';
import { type ContainerRun, previousLines } from './running.ts';
import { controllerOf } from './selector.ts';
import { syncService } from './services.ts';

/** What the cluster's life takes from outside. */
export interface LifecycleOptions {
  readonly store: Store;
  readonly createMachine: (spec: MachineSpec) => Machine;
  /** ms since the epoch. */
  readonly now: () => number;
  /** Resolves after `ms`, or at once when aborted. */
  readonly delay: (ms: number, signal: AbortSignal) => Promise<void>;
  /** 0 ≤ x < 1: names of pods, container IDs, how long a pod is Pending. */
  readonly random: () => number;
  /** PEM: what stands in every namespace's kube-root-ca.crt. */
  readonly rootCertificate: string;
  /** What the API server does to a pod that is made, e.g. defaults; by default nothing. May throw: the pod is then not made. */
  readonly admitPod?: (pod: KubeObject) => KubeObject;
  /** Told of what could not be done; it is tried again. `what` names the controller and the object. */
  readonly onError?: (error: unknown, what: string) => void;
}

/** The cluster's life. */
export interface Lifecycle {
  /** The machine that a container is, or last was: of one that has ended only the log is of use. */
  readonly machineOf: (podUid: string, container: string) => Machine | undefined;
  /** The log of the container's run before that; undefined when there was none. */
  readonly previousLogLines: (podUid: string, container: string) => readonly LogLine[] | undefined;
  /** Ends every machine at once; nothing is written and no timer waits afterwards. */
  readonly stop: () => Promise<void>;
}

/** Begins with what the store has, and follows its changes. */
export function startLifecycle(options: LifecycleOptions): Lifecycle {
  const { store, now, delay, random, onError = () => {} } = options;
  const stop = new AbortController();
  const stopping = stop.signal;
  const recorder = createRecorder(store, now);
  const queue = createQueue({
    now,
    delay,
    handle: ({ controller, namespace, name }) => handlers[controller as ControllerName](namespace, name),
    onError: (error, { controller, namespace, name }) => onError(error, `${controller} ${namespace}/${name}`),
  });
  const context: Context = {
    ...{ store, now, random, delay },
    record: (happening) => {
      if (stopping.aborted) return;
      recorder.record(happening);
      queue.add({ controller: 'events', namespace: '', name: '' }, EVENT_TTL_MS);
    },
    enqueue: (controller, namespace, name, afterMs) => queue.add({ controller, namespace, name }, afterMs),
  };
  const node: Nodeside = { context, createMachine: options.createMachine, runs: new Map(), lastHost: 0 };
  const handlers = handlersOf(options, context, node, recorder.prune);
  const unwatch = STORED.map((key) => {
    const since = store.resourceVersion();
    for (const object of store.list(key, '')) follow(context, node, key, { type: 'ADDED', object });
    return store.watch(key, '', since, (event) => follow(context, node, key, event));
  });
  return {
    machineOf: (uid, container) => findRun(node, uid, container)?.machine,
    previousLogLines: (uid, container) => {
      const run = findRun(node, uid, container);
      return run && previousLines(run);
    },
    stop: async () => {
      stop.abort();
      for (const end of unwatch) end();
      queue.stop();
      const runs = [...node.runs.values()];
      node.runs.clear();
      await Promise.all(runs.map(kill));
    },
  };
}

type Handlers = Readonly<Record<ControllerName, (namespace: string, name: string) => void>>;

function handlersOf(
  { admitPod = (pod) => pod, rootCertificate }: LifecycleOptions,
  context: Context,
  node: Nodeside,
  prune: () => number | undefined,
): Handlers {
  return {
    pods: (namespace, name) => syncPod(node, namespace, name),
    replicasets: (namespace, name) => syncReplicaSet(context, admitPod, namespace, name),
    deployments: (namespace, name) => syncDeployment(context, namespace, name),
    namespaces: (_, name) => syncNamespace(context, rootCertificate, name),
    services: (namespace, name) => syncService(context.store, namespace, name),
    garbage: (namespace, name) => collect(context, namespace, name),
    events: () => {
      const leftMs = prune();
      if (leftMs !== undefined) context.enqueue('events', '', '', leftMs);
    },
  };
}

/** Names everything that has to be looked at because of a change. */
function follow(
  context: Context,
  node: Nodeside,
  key: Resource,
  { type, object }: Pick<StoreEvent, 'type' | 'object'>,
): void {
  const { store, enqueue } = context;
  const { name, namespace = '', ownerReferences = [], deletionTimestamp } = object.metadata;
  if (key.resource === 'events') return;
  if (isControlled(key)) enqueue(key.resource, namespace, name);
  for (const reference of ownerReferences) {
    const owner = ownerOf(store, object, reference);
    if (typeof owner === 'string') continue;
    if (isControlled(owner.key)) enqueue(owner.key.resource, namespace, reference.name);
    // Recreate waits until the pods of its old replica sets, which count them no more, are gone.
    const above = type === 'DELETED' ? controllerOf(owner.object) : undefined;
    if (above?.kind === 'Deployment') enqueue('deployments', namespace, above.name);
    if (type === 'DELETED' && owner.object.metadata.deletionTimestamp !== undefined) {
      enqueue('garbage', owner.object.metadata.namespace ?? '', garbageName(owner.key, reference.name));
    }
  }
  if (ownerReferences.length > 0 || deletionTimestamp !== undefined)
    enqueue('garbage', namespace, garbageName(key, name));
  if (type === 'DELETED') {
    for (const dependent of dependentsOf(store, object)) {
      const { metadata } = dependent.object;
      enqueue('garbage', metadata.namespace ?? '', garbageName(dependent.key, metadata.name));
    }
    if (namespace !== '' && store.get(NAMESPACES, '', namespace) !== undefined)
      enqueue('namespaces', '', namespace);
  } else if (
    key.group === '' &&
    (key.resource === CONFIGMAPS.resource || key.resource === SECRETS.resource)
  ) {
    // What pods wait for.
    for (const run of node.runs.values())
      if (run.namespace === namespace) enqueue('pods', namespace, run.name);
  }
  if (key.resource === PODS.resource || key.resource === 'replicasets') adopters(context, namespace, object);
}

/** A pod or replica set without a controller may be somebody's to adopt. */
function adopters({ store, enqueue }: Context, namespace: string, object: KubeObject): void {
  if (object.metadata.ownerReferences?.some(({ controller }) => controller === true)) return;
  const controller = object.kind === 'Pod' ? 'replicasets' : 'deployments';
  for (const { metadata } of store.list({ group: 'apps', resource: controller }, namespace)) {
    enqueue(controller, namespace, metadata.name);
  }
}

type ControlledResource = Resource & {
  readonly resource: 'pods' | 'replicasets' | 'deployments' | 'namespaces' | 'services';
};

const CONTROLLED: ReadonlySet<string> = new Set([
  'pods',
  'replicasets',
  'deployments',
  'namespaces',
  'services',
]);

function isControlled(key: Resource): key is ControlledResource {
  return CONTROLLED.has(key.resource);
}

function findRun({ runs }: Nodeside, uid: string, container: string): ContainerRun | undefined {
  const run = [...runs.values()].find((one) => one.uid === uid);
  return run?.containers.find((one) => one.container.name === container);
}
