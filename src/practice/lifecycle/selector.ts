// Label selectors, and which objects a controller may call its own by them (apimachinery LabelSelectorAsSelector and
// controller_ref_manager.go): it adopts what matches and has no controller, and lets go of what matches no more.

import type { KubeObject, OwnerReference } from '../objects/object.ts';
import type { Store, StoreKey } from '../objects/store.ts';
import type { Strings } from './kinds.ts';
import type { LabelSelector } from './workloads.ts';

/** Whether labels meet every requirement. A selector without any matches nothing here: no controller may own everything. */
export function matchesSelector(selector: LabelSelector | undefined, labels: Strings = {}): boolean {
  const wanted = Object.entries(selector?.matchLabels ?? {});
  const expressions = selector?.matchExpressions ?? [];
  if (wanted.length + expressions.length === 0) return false;
  return (
    wanted.every(([key, value]) => labels[key] === value) &&
    expressions.every(({ key, operator, values = [] }) => {
      const value = labels[key];
      if (operator === 'Exists') return value !== undefined;
      if (operator === 'DoesNotExist') return value === undefined;
      if (operator === 'In') return value !== undefined && values.includes(value);
      return operator === 'NotIn' && (value === undefined || !values.includes(value));
    })
  );
}

/** The reference to an object's controller. */
export function controllerOf(object: KubeObject): OwnerReference | undefined {
  return object.metadata.ownerReferences?.find(({ controller }) => controller === true);
}

/** The reference that an object is owned and controlled by `owner`. */
export function controlledBy({ apiVersion, kind, metadata }: KubeObject): OwnerReference {
  const { name, uid = '' } = metadata;
  return { apiVersion, kind, name, uid, controller: true, blockOwnerDeletion: true };
}

/** The objects of `key` in the owner's namespace that are the owner's, after adopting and letting go. */
export function claim(
  store: Store,
  key: StoreKey,
  owner: KubeObject,
  selector: LabelSelector | undefined,
): KubeObject[] {
  const owned: KubeObject[] = [];
  for (const object of store.list(key, owner.metadata.namespace ?? '')) {
    const controller = controllerOf(object);
    const matches = matchesSelector(selector, object.metadata.labels);
    const going = object.metadata.deletionTimestamp !== undefined;
    if (controller === undefined) {
      if (!matches || going || owner.metadata.deletionTimestamp !== undefined) continue;
      owned.push(
        setOwners(store, key, object, [...(object.metadata.ownerReferences ?? []), controlledBy(owner)]),
      );
    } else if (controller.uid === owner.metadata.uid) {
      if (matches || going) owned.push(object);
      else setOwners(store, key, object, without(object, controller.uid));
    }
  }
  return owned;
}

/** The references of an object other than to `uid`. */
export function without(object: KubeObject, uid: string): OwnerReference[] {
  return (object.metadata.ownerReferences ?? []).filter((reference) => reference.uid !== uid);
}

/** Writes the references of an object. */
export function setOwners(
  store: Store,
  key: StoreKey,
  object: KubeObject,
  ownerReferences: readonly OwnerReference[],
): KubeObject {
  const { ownerReferences: _, ...metadata } = object.metadata;
  return store.update(key, {
    ...object,
    metadata: ownerReferences.length === 0 ? metadata : { ...metadata, ownerReferences },
  });
}
