// The practice server's memory made real: maps of objects under one growing resourceVersion, and the last changes in a row, so that a watch
// can resume and a list can be continued. Trusts its callers for names and contents (the API checks them); follows etcd3 and the watch
// cache of k8s.io/apiserver in what is a conflict, what is too old and what a deletion carries.

import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { alreadyExists, conflict, expired, type FailureSubject, notFound } from './failure.ts';
import type { KubeObject, ObjectMeta } from './object.ts';
import type { Store, StoreEvent, StoreKey } from './store.ts';

/** Changes that are remembered when the caller does not say. */
const REMEMBERED_CHANGES = 5000;
/** rest.DefaultNameGenerator: five of these behind at most 58 characters. */
const SUFFIX_LETTERS = 'bcdfghjklmnpqrstvwxz2456789';
const SUFFIX_LENGTH = 5;
const MAX_GENERATED_BASE = 58;

/** Why an update that names an old resourceVersion is refused (registry/generic, OptimisticLockErrorMsg). */
const MODIFIED_MEANWHILE =
  'the object has been modified; please apply your changes to the latest version and try again';

/** What the memory takes from outside. */
export interface StoreOptions {
  /** ms since the epoch. */
  readonly now: () => number;
  /** A UUID; names made from generateName come from it too. */
  readonly newUid: () => string;
  /** How many changes a watch can go back. Default 5000. */
  readonly remembered?: number;
}

/** Makes an empty memory at resourceVersion 1. */
export function createStore(options: StoreOptions): Store {
  const state: State = {
    options,
    remembered: options.remembered ?? REMEMBERED_CHANGES,
    tables: new Map(),
    changes: [],
    undelivered: [],
    watchers: new Set(),
    delivering: false,
    version: 1,
    forgotten: 0,
  };
  return {
    resourceVersion: () => state.version,
    get: (key, namespace, name) => tableOf(state, key).get(rowOf(namespace, name)),
    list: (key, namespace) => listRows(tableOf(state, key), namespace),
    create: (key, object) => create(state, key, object),
    update: (key, object) => update(state, key, object),
    remove: (key, namespace, name) => remove(state, key, namespace, name),
    watch: (key, namespace, since, onEvent) =>
      watch(state, { table: tableName(key), namespace, seen: since, onEvent }),
  };
}

/** RFC 3339 with whole seconds, as metav1.Time is written. */
export function formatTime(timeMs: number): string {
  return `${new Date(timeMs).toISOString().slice(0, 19)}Z`;
}

type Table = Map<string, KubeObject>;

interface Watcher {
  readonly table: string;
  readonly namespace: string;
  /** The last change that it was told, or had no need to be told. */
  seen: number;
  readonly onEvent: (event: StoreEvent) => void;
}

interface Change {
  readonly event: StoreEvent;
  readonly table: string;
}

interface State {
  readonly options: StoreOptions;
  readonly remembered: number;
  readonly tables: Map<string, Table>;
  readonly changes: Change[];
  readonly undelivered: Change[];
  readonly watchers: Set<Watcher>;
  delivering: boolean;
  version: number;
  /** The newest change that is no longer remembered. */
  forgotten: number;
}

/** Both `events` are one table. */
function tableName({ group, resource }: StoreKey): string {
  return resource === 'events' ? 'events' : `${group}/${resource}`;
}

function tableOf(state: State, key: StoreKey): Table {
  const name = tableName(key);
  const table = state.tables.get(name) ?? new Map<string, KubeObject>();
  state.tables.set(name, table);
  return table;
}

/** NUL sorts below every character of a name. */
function rowOf(namespace: string, name: string): string {
  return `${namespace}\0${name}`;
}

function rowOfObject({ metadata }: KubeObject): string {
  return rowOf(metadata.namespace ?? '', metadata.name);
}

function listRows(table: Table, namespace: string): readonly KubeObject[] {
  return [...table]
    .filter(([, object]) => namespace === '' || object.metadata.namespace === namespace)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, object]) => object);
}

function subjectOf({ group, resource }: StoreKey): FailureSubject {
  return { group, resource };
}

function create(state: State, key: StoreKey, object: KubeObject): KubeObject {
  const uid = object.metadata.uid ?? state.options.newUid();
  const name = object.metadata.name || generateName(object.metadata.generateName ?? '', uid);
  const table = tableOf(state, key);
  if (table.has(rowOf(object.metadata.namespace ?? '', name))) throw alreadyExists(subjectOf(key), name);
  const creationTimestamp = object.metadata.creationTimestamp ?? formatTime(state.options.now());
  return write(state, key, { type: 'ADDED', content: withMeta(object, { name, uid, creationTimestamp }) });
}

function generateName(base: string, uid: string): string {
  const bytes = createHash('sha256').update(uid).digest();
  const letters = [...bytes.subarray(0, SUFFIX_LENGTH)].map(
    (byte) => SUFFIX_LETTERS[byte % SUFFIX_LETTERS.length],
  );
  return base.slice(0, MAX_GENERATED_BASE) + letters.join('');
}

function update(state: State, key: StoreKey, object: KubeObject): KubeObject {
  const { name, resourceVersion, uid } = object.metadata;
  const before = tableOf(state, key).get(rowOfObject(object));
  if (before === undefined) throw notFound(subjectOf(key), name);
  if (uid !== undefined && uid !== '' && uid !== before.metadata.uid) {
    const why = `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${before.metadata.uid}`;
    throw conflict(subjectOf(key), name, why);
  }
  if (
    resourceVersion !== undefined &&
    resourceVersion !== '' &&
    resourceVersion !== before.metadata.resourceVersion
  ) {
    throw conflict(subjectOf(key), name, MODIFIED_MEANWHILE);
  }
  const kept = { uid: before.metadata.uid, creationTimestamp: before.metadata.creationTimestamp };
  const after = withMeta(object, { ...kept, resourceVersion: before.metadata.resourceVersion });
  return isDeepStrictEqual(after, before)
    ? before
    : write(state, key, { type: 'MODIFIED', content: after, before });
}

function remove(state: State, key: StoreKey, namespace: string, name: string): KubeObject {
  const before = tableOf(state, key).get(rowOf(namespace, name));
  if (before === undefined) throw notFound(subjectOf(key), name);
  return write(state, key, { type: 'DELETED', content: before, before });
}

type Meta = { readonly [K in keyof ObjectMeta]?: ObjectMeta[K] | undefined };

/** Metadata in the order in which it is read best; what is undefined goes. */
function withMeta(object: KubeObject, changed: Meta): KubeObject {
  const metadata = Object.fromEntries(
    Object.entries({ ...object.metadata, ...changed }).filter(([, value]) => value !== undefined),
  );
  return { ...object, metadata: metadata as unknown as ObjectMeta };
}

/** @param before what was there; undefined with ADDED. */
function write(
  state: State,
  key: StoreKey,
  { type, content, before }: { type: StoreEvent['type']; content: KubeObject; before?: KubeObject },
): KubeObject {
  const resourceVersion = state.version + 1;
  state.version = resourceVersion;
  const object = withMeta(content, { resourceVersion: String(resourceVersion) });
  const table = tableOf(state, key);
  if (type === 'DELETED') table.delete(rowOfObject(object));
  else table.set(rowOfObject(object), object);
  const event = { type, object, ...(before === undefined ? {} : { previous: before }), resourceVersion };
  remember(state, { event, table: tableName(key) });
  deliver(state);
  return object;
}

function remember(state: State, change: Change): void {
  state.changes.push(change);
  state.undelivered.push(change);
  // Dropped in batches: taking one off the front of an array costs as much as taking many.
  if (state.changes.length < 2 * state.remembered) return;
  const dropped = state.changes.splice(0, state.changes.length - state.remembered);
  state.forgotten = dropped.at(-1)?.event.resourceVersion ?? state.forgotten;
}

/**
 * A watcher may write in its turn: that change waits until all have been told of this one, so that everyone sees one order. One that throws
 * keeps nothing from the others; its error is the writer's.
 */
function deliver(state: State): void {
  if (state.delivering) return;
  state.delivering = true;
  const errors: unknown[] = [];
  for (let next = state.undelivered.shift(); next !== undefined; next = state.undelivered.shift()) {
    for (const watcher of [...state.watchers]) {
      try {
        tell(state, watcher, next);
      } catch (error) {
        errors.push(error);
      }
    }
  }
  state.delivering = false;
  if (errors.length > 0) throw errors[0];
}

function tell(state: State, watcher: Watcher, { table, event }: Change): void {
  if (!state.watchers.has(watcher) || event.resourceVersion <= watcher.seen || table !== watcher.table)
    return;
  watcher.seen = event.resourceVersion;
  if (watcher.namespace !== '' && event.object.metadata.namespace !== watcher.namespace) return;
  watcher.onEvent(event);
}

function watch(state: State, watcher: Watcher): () => void {
  if (watcher.seen < state.forgotten) {
    throw expired(`too old resource version: ${watcher.seen} (${state.forgotten + 1})`);
  }
  state.watchers.add(watcher);
  const past = state.changes.filter(({ event }) => event.resourceVersion > watcher.seen);
  const outer = state.delivering;
  state.delivering = true;
  try {
    for (const change of past) tell(state, watcher, change);
  } finally {
    state.delivering = outer;
  }
  deliver(state);
  return () => void state.watchers.delete(watcher);
}
