// What every controller and the node have of their surroundings, and the writes that they share.

import { isDeepStrictEqual } from 'node:util';
import { formatTime } from '../objects/memory.ts';
import type { KubeObject } from '../objects/object.ts';
import type { Store, StoreKey } from '../objects/store.ts';
import type { Recorder } from './events.ts';
import { NAMESPACES, PODS, type Pod } from './kinds.ts';

/** The controllers, each with a queue of its own names. */
export type ControllerName =
  | 'pods'
  | 'replicasets'
  | 'deployments'
  | 'namespaces'
  | 'services'
  | 'garbage'
  | 'events';

/** What a controller works with. */
export interface Context {
  readonly store: Store;
  /** ms since the epoch. */
  readonly now: () => number;
  /** 0 ≤ x < 1. */
  readonly random: () => number;
  /** Resolves after `ms`, or at once when aborted. */
  readonly delay: (ms: number, signal: AbortSignal) => Promise<void>;
  readonly record: Recorder['record'];
  /** Has an object looked at, at once or after `afterMs`. */
  readonly enqueue: (controller: ControllerName, namespace: string, name: string, afterMs?: number) => void;
}

/** Kubernetes' default for terminationGracePeriodSeconds. */
export const DEFAULT_GRACE_SECONDS = 30;

/** Writes a status when it differs from the one that is stored. */
export function writeStatus(store: Store, key: StoreKey, object: KubeObject, status: object): KubeObject {
  return isDeepStrictEqual(object['status'], status) ? object : store.update(key, { ...object, status });
}

/** Writes a new spec; the generation grows, as the API server has it. */
export function writeSpec(store: Store, key: StoreKey, object: KubeObject, spec: object): KubeObject {
  if (isDeepStrictEqual(object['spec'], spec)) return object;
  const generation = (object.metadata.generation ?? 0) + 1;
  return store.update(key, { ...object, metadata: { ...object.metadata, generation }, spec });
}

/** Whether nothing may be made in a namespace, because it is going or gone. */
export function isClosed(store: Store, namespace: string): boolean {
  const home = store.get(NAMESPACES, '', namespace);
  return home === undefined || home.metadata.deletionTimestamp !== undefined;
}

/**
 * Deletes as the API server does: a pod that a node has is given its grace period, what has finalizers is marked, anything else goes at
 * once. What is marked already is left as it is.
 */
export function deleteObject(
  { store, now }: Pick<Context, 'store' | 'now'>,
  key: StoreKey,
  object: KubeObject,
): void {
  const { metadata } = object;
  if (metadata.deletionTimestamp !== undefined) return;
  const graceSeconds = key.resource === PODS.resource && key.group === PODS.group ? graceOf(object) : 0;
  if (graceSeconds === 0 && (metadata.finalizers ?? []).length === 0) {
    store.remove(key, metadata.namespace ?? '', metadata.name);
    return;
  }
  store.update(key, {
    ...object,
    metadata: {
      ...metadata,
      deletionTimestamp: formatTime(now() + graceSeconds * 1000),
      deletionGracePeriodSeconds: graceSeconds,
    },
  });
}

function graceOf({ spec, status }: Pod): number {
  const idle = !spec?.nodeName || status?.phase === 'Succeeded' || status?.phase === 'Failed';
  return idle ? 0 : (spec.terminationGracePeriodSeconds ?? DEFAULT_GRACE_SECONDS);
}
