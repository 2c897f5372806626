// Event objects: what happened to an object, in words. The same thing again counts up instead of making another (client-go tools/record).
// They are kept for an hour, and a thousand of them.

import { formatTime } from '../objects/memory.ts';
import type { KubeObject } from '../objects/object.ts';
import type { Store } from '../objects/store.ts';
import { EVENTS, NAMESPACES } from './kinds.ts';

/** What happened. */
export interface Happening {
  readonly object: KubeObject;
  /** Of the object, e.g. `spec.containers{web}`. */
  readonly fieldPath?: string;
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  readonly message: string;
  /** Who says it, e.g. `kubelet`. */
  readonly component: string;
  /** The node, when a node says it. */
  readonly host?: string;
}

/** Keeps events. */
export interface Recorder {
  readonly record: (happening: Happening) => void;
  /** Removes what is too old; @returns in how many ms the next one will be, if there is one. */
  readonly prune: () => number | undefined;
}

/** How long an event is kept after it last happened (kube-apiserver --event-ttl). */
export const EVENT_TTL_MS = 3_600_000;
/** How many are kept. */
export const MAX_EVENTS = 1_000;

interface Kept {
  readonly namespace: string;
  readonly name: string;
  readonly lastMs: number;
}

/** Makes the recorder of a store. */
export function createRecorder(store: Store, now: () => number): Recorder {
  const state: State = { store, now, kept: new Map(), sequence: 0 };
  return { record: (happening) => record(state, happening), prune: () => prune(state) };
}

interface State {
  readonly store: Store;
  readonly now: () => number;
  /** By what happened; what happened last is at the end. */
  readonly kept: Map<string, Kept>;
  sequence: number;
}

function record(state: State, happening: Happening): void {
  const { store, now, kept } = state;
  const namespace = happening.object.metadata.namespace ?? 'default';
  const home = store.get(NAMESPACES, '', namespace);
  // Nothing can be made in a namespace that is going, or it would never be empty.
  if (home === undefined || home.metadata.deletionTimestamp !== undefined) return;
  const key = keyOf(happening);
  const before = kept.get(key);
  const old = before === undefined ? undefined : store.get(EVENTS, namespace, before.name);
  const stored = old === undefined ? create(state, happening, namespace) : again(state, old);
  kept.delete(key);
  kept.set(key, { namespace, name: stored.metadata.name, lastMs: now() });
  prune(state);
}

function prune({ store, now, kept }: State): number | undefined {
  for (const [key, { namespace, name, lastMs }] of kept) {
    const leftMs = lastMs + EVENT_TTL_MS - now();
    if (leftMs > 0 && kept.size <= MAX_EVENTS) return leftMs;
    kept.delete(key);
    if (store.get(EVENTS, namespace, name) !== undefined) store.remove(EVENTS, namespace, name);
  }
  return undefined;
}

function create(state: State, happening: Happening, namespace: string): KubeObject {
  const { object, type, reason, message, component, host } = happening;
  const nowMs = state.now();
  const at = formatTime(nowMs);
  state.sequence++;
  const unique = (BigInt(Math.trunc(nowMs)) * 1_000_000n + BigInt(state.sequence % 1_000_000)).toString(16);
  return state.store.create(EVENTS, {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { name: `${object.metadata.name}.${unique}`, namespace },
    involvedObject: referenceOf(happening),
    reason,
    message,
    source: { component, ...(host === undefined ? {} : { host }) },
    firstTimestamp: at,
    lastTimestamp: at,
    count: 1,
    type,
    eventTime: null,
    reportingComponent: component,
    reportingInstance: host ?? '',
  });
}

function again({ store, now }: State, old: KubeObject): KubeObject {
  const count = typeof old['count'] === 'number' ? old['count'] + 1 : 1;
  return store.update(EVENTS, { ...old, count, lastTimestamp: formatTime(now()) });
}

function keyOf({ object, fieldPath, type, reason, message, component }: Happening): string {
  return JSON.stringify([object.metadata.uid, fieldPath, type, reason, message, component]);
}

function referenceOf({ object, fieldPath }: Happening) {
  const { apiVersion, kind, metadata } = object;
  return {
    kind,
    ...(metadata.namespace === undefined ? {} : { namespace: metadata.namespace }),
    name: metadata.name,
    ...(metadata.uid === undefined ? {} : { uid: metadata.uid }),
    apiVersion,
    ...(fieldPath === undefined ? {} : { fieldPath }),
  };
}
