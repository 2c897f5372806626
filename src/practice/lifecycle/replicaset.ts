// Replica sets: as many pods as asked for, made from the template, the least useful deleted first (pkg/controller/replicaset).

import { formatTime } from '../objects/memory.ts';
import type { KubeObject } from '../objects/object.ts';
import { type Context, deleteObject, isClosed, writeStatus } from './context.ts';
import { type Condition, PODS, type Pod, REPLICASETS } from './kinds.ts';
import { qosClass } from './podstatus.ts';
import { claim, controlledBy, matchesSelector } from './selector.ts';
import { randomSuffix, timeMs } from './words.ts';
import type { ReplicaSet } from './workloads.ts';

/** What the API server does to every pod that is made: defaults, admission. */
export type Admit = (pod: KubeObject) => KubeObject;

/** At most so many pods are made in one go, so that the event loop is not held. */
const MAX_BURST = 100;
const MAX_NAME_BASE = 58;
const COMPONENT = 'replicaset-controller';

/** Looks at one replica set. */
export function syncReplicaSet(context: Context, admit: Admit, namespace: string, name: string): void {
  const { store } = context;
  const set: ReplicaSet | undefined = store.get(REPLICASETS, namespace, name);
  if (set === undefined) return;
  const active = (claim(store, PODS, set, set.spec?.selector) as Pod[]).filter(isActive);
  let problem: unknown;
  // What a selector does not find again would be made for ever.
  const findable = matchesSelector(set.spec?.selector, set.spec?.template?.metadata?.labels);
  if (findable && set.metadata.deletionTimestamp === undefined && !isClosed(store, namespace)) {
    try {
      scalePods(context, admit, set, active);
    } catch (error) {
      problem = error;
    }
  }
  const remaining = (claim(store, PODS, set, set.spec?.selector) as Pod[]).filter(isActive);
  writeCounts(context, set, remaining, problem);
  if (problem !== undefined) throw problem;
}

/** Whether a pod is one of those that count. */
export function isActive({ metadata, status }: Pod): boolean {
  return (
    metadata.deletionTimestamp === undefined && status?.phase !== 'Succeeded' && status?.phase !== 'Failed'
  );
}

/** Whether a pod has been ready for so long; otherwise in how many ms it will have been, Infinity when it is not ready. */
export function availableIn(pod: Pod, minReadySeconds: number, nowMs: number): number {
  const ready = readyCondition(pod);
  if (ready?.status !== 'True') return Number.POSITIVE_INFINITY;
  if (minReadySeconds === 0) return 0;
  return Math.max(0, timeMs(ready.lastTransitionTime) + minReadySeconds * 1000 - nowMs);
}

function readyCondition({ status }: Pod): Condition | undefined {
  return status?.conditions?.find(({ type }) => type === 'Ready');
}

function scalePods(context: Context, admit: Admit, set: ReplicaSet, active: readonly Pod[]): void {
  const difference = (set.spec?.replicas ?? 1) - active.length;
  if (difference > MAX_BURST) context.enqueue('replicasets', set.metadata.namespace ?? '', set.metadata.name);
  for (let i = 0; i < Math.min(difference, MAX_BURST); i++) createPod(context, admit, set);
  if (difference >= 0) return;
  for (const pod of [...active].sort(byUsefulness).slice(0, -difference)) {
    deleteObject(context, PODS, pod);
    tell(context, set, 'SuccessfulDelete', `Deleted pod: ${pod.metadata.name}`);
  }
}

function createPod(context: Context, admit: Admit, set: ReplicaSet): void {
  const { template } = set.spec ?? {};
  const generateName = `${set.metadata.name}-`;
  const draft: Pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: generateName.slice(0, MAX_NAME_BASE) + randomSuffix(context.random),
      generateName,
      namespace: set.metadata.namespace ?? '',
      generation: 1,
      ...(template?.metadata?.labels === undefined ? {} : { labels: template.metadata.labels }),
      ...(template?.metadata?.annotations === undefined
        ? {}
        : { annotations: template.metadata.annotations }),
      ownerReferences: [controlledBy(set)],
    },
    spec: template?.spec ?? {},
    status: { phase: 'Pending' },
  };
  try {
    const pod = admit({ ...draft, status: { phase: 'Pending', qosClass: qosClass(draft) } });
    const { metadata } = context.store.create(PODS, pod);
    tell(context, set, 'SuccessfulCreate', `Created pod: ${metadata.name}`);
  } catch (error) {
    tell(
      context,
      set,
      'FailedCreate',
      `Error creating: ${error instanceof Error ? error.message : String(error)}`,
    );
    throw error;
  }
}

/** The least useful first: not bound, not running, not ready, ready for the shortest time, restarted most, newest. */
function byUsefulness(a: Pod, b: Pod): number {
  for (const rank of RANKS) {
    const difference = rank(a) - rank(b);
    if (difference !== 0 && !Number.isNaN(difference)) return difference;
  }
  return 0;
}

const RANKS: readonly ((pod: Pod) => number)[] = [
  ({ spec }) => (spec?.nodeName ? 1 : 0),
  ({ status }) => ['Pending', 'Unknown', 'Running'].indexOf(status?.phase ?? 'Pending'),
  (pod) => (readyCondition(pod)?.status === 'True' ? 1 : 0),
  ({ metadata }) => Number(metadata.annotations?.['controller.kubernetes.io/pod-deletion-cost'] ?? 0),
  (pod) => -timeMs(readyCondition(pod)?.lastTransitionTime),
  (pod) => -restartsOf(pod),
  ({ metadata }) => -timeMs(metadata.creationTimestamp),
];

function restartsOf({ status }: Pod): number {
  const statuses = status?.['containerStatuses'];
  if (!Array.isArray(statuses)) return 0;
  return Math.max(
    0,
    ...statuses.map(({ restartCount }: { readonly restartCount?: number }) => restartCount ?? 0),
  );
}

function writeCounts(context: Context, set: ReplicaSet, pods: readonly Pod[], problem: unknown): void {
  const { store, now, enqueue } = context;
  const wanted = Object.entries(set.spec?.template?.metadata?.labels ?? {});
  const labelled = pods.filter(({ metadata }) =>
    wanted.every(([key, value]) => metadata.labels?.[key] === value),
  );
  const waits = pods.map((pod) => availableIn(pod, set.spec?.minReadySeconds ?? 0, now()));
  const ready = waits.filter((wait) => wait !== Number.POSITIVE_INFINITY).length;
  const next = Math.min(...waits.filter((wait) => wait > 0));
  if (next !== Number.POSITIVE_INFINITY) {
    enqueue('replicasets', set.metadata.namespace ?? '', set.metadata.name, next);
  }
  const others = (set.status?.conditions ?? []).filter(({ type }) => type !== 'ReplicaFailure');
  const conditions = problem === undefined ? others : [...others, failureOf(context, set, problem)];
  writeStatus(store, REPLICASETS, set, {
    replicas: pods.length,
    ...count('fullyLabeledReplicas', labelled.length),
    ...count('readyReplicas', ready),
    ...count('availableReplicas', waits.filter((wait) => wait === 0).length),
    observedGeneration: set.metadata.generation ?? 1,
    ...(conditions.length === 0 ? {} : { conditions }),
  });
}

/** Zero is left out, as Go's omitempty does. */
function count(field: string, value: number): Record<string, number> {
  return value === 0 ? {} : { [field]: value };
}

function failureOf({ now }: Context, set: ReplicaSet, problem: unknown): Condition {
  const before = set.status?.conditions?.find(({ type }) => type === 'ReplicaFailure');
  return {
    type: 'ReplicaFailure',
    status: 'True',
    lastTransitionTime: before?.lastTransitionTime ?? formatTime(now()),
    reason: 'FailedCreate',
    message: problem instanceof Error ? problem.message : String(problem),
  };
}

function tell({ record }: Context, object: ReplicaSet, reason: string, message: string): void {
  const type = reason.startsWith('Failed') ? 'Warning' : 'Normal';
  record({ object, type, reason, message, component: COMPONENT });
}
