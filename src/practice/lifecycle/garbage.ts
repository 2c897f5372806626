// The garbage collector: what belongs to something that is gone goes too, and what is deleted in the foreground or with `orphan` waits for
// its dependents to be gone or let go (pkg/controller/garbagecollector).

import type { KubeObject, OwnerReference } from '../objects/object.ts';
import { apiVersionOf, RESOURCES, type Resource } from '../objects/resources.ts';
import type { Store, StoreKey } from '../objects/store.ts';
import { type Context, deleteObject } from './context.ts';
import { PODS } from './kinds.ts';
import { setOwners, without } from './selector.ts';

const FOREGROUND = 'foregroundDeletion';
const ORPHAN = 'orphan';

/** Every resource that is stored, each once (both `events` are one store; reviews are not stored). */
export const STORED: readonly Resource[] = RESOURCES.filter(
  ({ group, verbs }) => verbs.includes('list') && group !== 'events.k8s.io',
);

/** The name by which the garbage collector's queue knows an object of a resource. */
export function garbageName({ group, resource }: StoreKey, name: string): string {
  return `${group}|${resource}|${name}`;
}

/** Looks at one object, by its garbageName. */
export function collect(context: Context, namespace: string, garbage: string): void {
  const [group, resource, name = ''] = garbage.split('|');
  const key = STORED.find((one) => one.group === group && one.resource === resource);
  const object = key && context.store.get(key, namespace, name);
  if (key === undefined || object === undefined) return;
  if (object.metadata.deletionTimestamp !== undefined) finish(context, key, object);
  else dropOwnerless(context, key, object);
}

/** Everything that names `owner` among its owners. */
export function dependentsOf(
  store: Store,
  owner: KubeObject,
): { readonly key: Resource; readonly object: KubeObject }[] {
  const { uid, namespace = '' } = owner.metadata;
  return STORED.flatMap((key) =>
    store
      .list(key, key.namespaced ? namespace : '')
      .filter(({ metadata }) => metadata.ownerReferences?.some((reference) => reference.uid === uid))
      .map((object) => ({ key, object })),
  );
}

/** The object that a reference names, if it is there; `unknown` when we have no such kind. */
export function ownerOf(
  store: Store,
  { metadata }: KubeObject,
  { apiVersion, kind, name, uid }: OwnerReference,
): { readonly key: Resource; readonly object: KubeObject } | 'gone' | 'unknown' {
  const key = STORED.find((one) => one.kind === kind && apiVersionOf(one) === apiVersion);
  if (key === undefined) return 'unknown';
  const object = store.get(key, key.namespaced ? (metadata.namespace ?? '') : '', name);
  return object === undefined || object.metadata.uid !== uid ? 'gone' : { key, object };
}

function dropOwnerless(context: Context, key: StoreKey, object: KubeObject): void {
  const references = object.metadata.ownerReferences ?? [];
  if (references.length === 0) return;
  const { store } = context;
  const left = references.filter((reference) => ownerOf(store, object, reference) !== 'gone');
  if (left.length === 0) deleteObject(context, key, object);
  else if (left.length < references.length) setOwners(store, key, object, left);
}

function finish(context: Context, key: StoreKey, object: KubeObject): void {
  const { store } = context;
  const finalizers = object.metadata.finalizers ?? [];
  if (finalizers.includes(ORPHAN)) {
    const uid = object.metadata.uid ?? '';
    for (const dependent of dependentsOf(store, object)) {
      setOwners(store, dependent.key, dependent.object, without(dependent.object, uid));
    }
    dropFinalizer(store, key, object, ORPHAN);
  } else if (finalizers.includes(FOREGROUND)) {
    const dependents = dependentsOf(store, object);
    for (const dependent of dependents) deleteInForeground(context, dependent);
    if (dependentsOf(store, object).length === 0) dropFinalizer(store, key, object, FOREGROUND);
  }
}

/** A dependent with dependents of its own is deleted in the foreground too, so that the owner goes last of all. */
function deleteInForeground(
  context: Context,
  { key, object }: { readonly key: Resource; readonly object: KubeObject },
): void {
  const { metadata } = object;
  const deep = metadata.deletionTimestamp === undefined && dependentsOf(context.store, object).length > 0;
  const marked = deep
    ? context.store.update(key, {
        ...object,
        metadata: { ...metadata, finalizers: [...(metadata.finalizers ?? []), FOREGROUND] },
      })
    : object;
  deleteObject(context, key, marked);
}

function dropFinalizer(store: Store, key: StoreKey, object: KubeObject, finalizer: string): void {
  const { finalizers = [], ...metadata } = object.metadata;
  const left = finalizers.filter((one) => one !== finalizer);
  const isPod = key.group === PODS.group && key.resource === PODS.resource;
  if (left.length > 0) store.update(key, { ...object, metadata: { ...metadata, finalizers: left } });
  // A pod is the node's to remove, when its containers are over.
  else if (isPod) store.update(key, { ...object, metadata });
  else store.remove(key, metadata.namespace ?? '', metadata.name);
}
