// The practice server's memory: every object under one growing resourceVersion, with the recent changes remembered so that a watch can
// resume (etcd3 and the watch cache of k8s.io/apiserver, in small).

import type { KubeObject } from './object.ts';
import type { Resource } from './resources.ts';

/** One change, as a watch tells it. `object` of DELETED carries the resourceVersion of the deletion. */
export interface StoreEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly object: KubeObject;
  /** What it was before, absent with ADDED: a watch with selectors turns MODIFIED into ADDED or DELETED by it. */
  readonly previous?: KubeObject;
  readonly resourceVersion: number;
}

/** Which store an object is in; both `events` resources share one. */
export type StoreKey = Pick<Resource, 'group' | 'resource'>;

/** The memory. All of it is synchronous: a write is seen by the next read, and its watchers are told before the write returns. */
export interface Store {
  /** Of the latest write. */
  readonly resourceVersion: () => number;
  readonly get: (key: StoreKey, namespace: string, name: string) => KubeObject | undefined;
  /** Ordered by namespace and name; namespace '' means all. */
  readonly list: (key: StoreKey, namespace: string) => readonly KubeObject[];
  /** Fills uid, resourceVersion, creationTimestamp and a name from generateName. @throws ApiFailure AlreadyExists. */
  readonly create: (key: StoreKey, object: KubeObject) => KubeObject;
  /** A resourceVersion in `object` has to be the current one. The same content again is no write. @throws ApiFailure NotFound, Conflict. */
  readonly update: (key: StoreKey, object: KubeObject) => KubeObject;
  /** @throws ApiFailure NotFound. */
  readonly remove: (key: StoreKey, namespace: string, name: string) => KubeObject;
  /**
   * Tells every change after `since`, those that are remembered at once. Namespace '' means all.
   * @returns a function that ends it. @throws ApiFailure Expired when `since` is older than what is remembered.
   */
  readonly watch: (
    key: StoreKey,
    namespace: string,
    since: number,
    onEvent: (event: StoreEvent) => void,
  ) => () => void;
}
