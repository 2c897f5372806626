// Which version of a deployment a replica set is: annotations that `kubectl rollout history` and `undo` read
// (pkg/controller/deployment/util).

import type { Context } from './context.ts';
import { DEPLOYMENTS, REPLICASETS, type Strings } from './kinds.ts';
import type { Deployment, ReplicaSet } from './workloads.ts';

/** The label that tells the pods of one replica set from those of another. */
export const HASH_LABEL = 'pod-template-hash';
/** The version's number. */
const REVISION = 'deployment.kubernetes.io/revision';

const HISTORY = 'deployment.kubernetes.io/revision-history';
const DESIRED = 'deployment.kubernetes.io/desired-replicas';
const MAX = 'deployment.kubernetes.io/max-replicas';
/** A deployment's annotations that are its own and not its replica sets'. */
const NOT_COPIED: ReadonlySet<string> = new Set([
  'kubectl.kubernetes.io/last-applied-configuration',
  'deprecated.deployment.rollback.to',
  REVISION,
  HISTORY,
  DESIRED,
  MAX,
]);

/** The number of a replica set's version; 0 when it has none. */
export function readRevision({ metadata }: ReplicaSet): number {
  return readCount(metadata.annotations, REVISION) ?? 0;
}

/** Whether a replica set had another number before: it was gone back to. */
export function isReturned({ metadata }: ReplicaSet): boolean {
  return metadata.annotations?.[HISTORY] !== undefined;
}

/** What a replica set was told of its deployment's size. */
export function replicaNotes({ metadata }: ReplicaSet): { readonly desired?: number; readonly max?: number } {
  const desired = readCount(metadata.annotations, DESIRED);
  const max = readCount(metadata.annotations, MAX);
  return { ...(desired === undefined ? {} : { desired }), ...(max === undefined ? {} : { max }) };
}

/** Makes the newest replica set's version the highest, and the deployment's own; keeps the number that it had as its history. */
export function noteRevision(
  { store }: Context,
  deployment: Deployment,
  newest: ReplicaSet,
  olds: readonly ReplicaSet[],
): void {
  const before = readRevision(newest);
  const revision = Math.max(before, 1 + Math.max(0, ...olds.map(readRevision)));
  const copied = Object.entries(deployment.metadata.annotations ?? {}).filter(
    ([key]) => !NOT_COPIED.has(key),
  );
  const annotations = {
    ...newest.metadata.annotations,
    ...Object.fromEntries(copied),
    [REVISION]: String(revision),
    ...(before > 0 && before < revision ? { [HISTORY]: history(newest, before) } : {}),
  };
  const { minReadySeconds } = deployment.spec ?? {};
  const spec = minReadySeconds === undefined ? newest.spec : { ...newest.spec, minReadySeconds };
  store.update(REPLICASETS, { ...newest, metadata: { ...newest.metadata, annotations }, spec });
  const { namespace = '', name } = deployment.metadata;
  const latest = store.get(DEPLOYMENTS, namespace, name);
  if (latest === undefined || latest.metadata.annotations?.[REVISION] === String(revision)) return;
  const noted = { ...latest.metadata.annotations, [REVISION]: String(revision) };
  store.update(DEPLOYMENTS, { ...latest, metadata: { ...latest.metadata, annotations: noted } });
}

function history({ metadata }: ReplicaSet, before: number): string {
  const earlier = metadata.annotations?.[HISTORY];
  return earlier === undefined || earlier === '' ? String(before) : `${earlier},${before}`;
}

function readCount(annotations: Strings | undefined, key: string): number | undefined {
  const text = annotations?.[key];
  return text !== undefined && /^[0-9]+$/.test(text) ? Number(text) : undefined;
}
