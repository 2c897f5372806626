// Deployments: one replica set for each version of the template, and the pods moved from the old ones to the new one within what may be
// missing and too many (pkg/controller/deployment). Each look moves it one step.

import { type Context, deleteObject, isClosed, writeSpec } from './context.ts';
import { writeDeploymentStatus } from './deploymentstatus.ts';
import { DEPLOYMENTS, PODS, REPLICASETS } from './kinds.ts';
import { HASH_LABEL, noteRevision, readRevision, replicaNotes } from './revision.ts';
import { newShare, oldShares, type Plan, resolvePlan, scaledShares, sum } from './rollout.ts';
import { claim, controlledBy, controllerOf, matchesSelector } from './selector.ts';
import { canonicalText, templateHash, timeMs } from './words.ts';
import type { Deployment, PodTemplate, ReplicaSet } from './workloads.ts';

const COMPONENT = 'deployment-controller';
const DEFAULT_SHARE = '25%';
const DEFAULT_HISTORY = 10;

/** Looks at one deployment. */
export function syncDeployment(context: Context, namespace: string, name: string): void {
  const { store } = context;
  const deployment: Deployment | undefined = store.get(DEPLOYMENTS, namespace, name);
  if (deployment === undefined) return;
  const going = deployment.metadata.deletionTimestamp !== undefined || isClosed(store, namespace);
  // What a selector does not find again would be made for ever.
  const { selector, template } = deployment.spec ?? {};
  if (!going && matchesSelector(selector, template?.metadata?.labels)) move(context, deployment);
  const latest: Deployment | undefined = store.get(DEPLOYMENTS, namespace, name);
  if (latest === undefined) return;
  const sets = readSets(context, latest);
  writeDeploymentStatus(context, latest, { ...sets, plan: planOf(latest) });
}

interface Sets {
  readonly newest: ReplicaSet | undefined;
  /** The oldest first. */
  readonly olds: readonly ReplicaSet[];
}

/** A deployment's figures, with Kubernetes' defaults. */
function planOf({ spec }: Deployment): Plan {
  const rolling = spec?.strategy?.rollingUpdate;
  const replicas = spec?.replicas ?? 1;
  if (spec?.strategy?.type === 'Recreate') return { replicas, maxSurge: 0, maxUnavailable: 0 };
  return resolvePlan(replicas, rolling?.maxSurge ?? DEFAULT_SHARE, rolling?.maxUnavailable ?? DEFAULT_SHARE);
}

function readSets({ store }: Context, deployment: Deployment): Sets {
  const sets = (claim(store, REPLICASETS, deployment, deployment.spec?.selector) as ReplicaSet[])
    .filter(({ metadata }) => metadata.deletionTimestamp === undefined)
    .sort((a, b) => timeMs(a.metadata.creationTimestamp) - timeMs(b.metadata.creationTimestamp));
  const wanted = canonicalText(withoutHash(deployment.spec?.template));
  const newest = sets.find(({ spec }) => canonicalText(withoutHash(spec?.template)) === wanted);
  return { newest, olds: sets.filter((set) => set !== newest) };
}

function withoutHash(template: PodTemplate = {}): PodTemplate {
  const { [HASH_LABEL]: _, ...labels } = template.metadata?.labels ?? {};
  return { ...template, metadata: { ...template.metadata, labels } };
}

function move(context: Context, deployment: Deployment): void {
  const plan = planOf(deployment);
  const { newest, olds } = readSets(context, deployment);
  const active = [...olds, ...(newest === undefined ? [] : [newest])].filter((set) => wantedOf(set) > 0);
  const scaled = active.some((set) => {
    const desired = replicaNotes(set).desired;
    return desired !== undefined && desired !== plan.replicas;
  });
  const isRecreate = deployment.spec?.strategy?.type === 'Recreate';
  if (deployment.spec?.paused === true || (scaled && !isRecreate)) {
    if (newest !== undefined) noteRevision(context, deployment, newest, olds);
    scale(context, deployment, plan);
  } else if (isRecreate) recreate(context, deployment, plan);
  else roll(context, deployment, plan);
  cleanUp(context, deployment);
}

function wantedOf({ spec }: ReplicaSet): number {
  return spec?.replicas ?? 1;
}

function shareOf(set: ReplicaSet) {
  const { replicas = 0, availableReplicas = 0 } = set.status ?? {};
  return { wanted: wantedOf(set), actual: replicas, available: availableReplicas };
}

function roll(context: Context, deployment: Deployment, plan: Plan): void {
  const { newest: found, olds } = readSets(context, deployment);
  const oldTotal = sum(olds.map(wantedOf));
  const newest = found ?? createSet(context, deployment, olds, newShare(plan, 0, oldTotal));
  if (newest === undefined) return;
  if (found !== undefined) noteRevision(context, deployment, found, olds);
  const wanted = newShare(plan, wantedOf(newest), oldTotal + wantedOf(newest));
  if (resize(context, deployment, newest, wanted)) return;
  const shares = oldShares(plan, shareOf(newest), olds.map(shareOf));
  for (const [i, set] of olds.entries()) resize(context, deployment, set, shares[i] ?? 0);
}

function recreate(context: Context, deployment: Deployment, plan: Plan): void {
  const { newest: found, olds } = readSets(context, deployment);
  let shrunk = false;
  for (const set of olds) shrunk = resize(context, deployment, set, 0) || shrunk;
  // Every old pod has to be gone, not only asked to go.
  if (shrunk || olds.some((set) => hasPods(context, set))) return;
  const newest = found ?? createSet(context, deployment, olds, plan.replicas);
  if (newest === undefined) return;
  if (found !== undefined) noteRevision(context, deployment, found, olds);
  resize(context, deployment, newest, plan.replicas);
}

function hasPods({ store }: Context, set: ReplicaSet): boolean {
  return store.list(PODS, set.metadata.namespace ?? '').some((pod) => {
    const phase = (pod['status'] as { readonly phase?: string } | undefined)?.phase;
    return controllerOf(pod)?.uid === set.metadata.uid && phase !== 'Succeeded' && phase !== 'Failed';
  });
}

/** A change of replicas alone: the one active set takes it, or all in proportion; and nothing is rolled meanwhile. */
function scale(context: Context, deployment: Deployment, plan: Plan): void {
  const { newest, olds } = readSets(context, deployment);
  const all = [...(newest === undefined ? [] : [newest]), ...[...olds].reverse()];
  const active = all.filter((set) => wantedOf(set) > 0);
  const only = active.length > 1 ? undefined : (active[0] ?? all[0]);
  if (only !== undefined) {
    resize(context, deployment, only, plan.replicas);
    return;
  }
  if (
    newest !== undefined &&
    wantedOf(newest) === plan.replicas &&
    newest.status?.availableReplicas === plan.replicas
  ) {
    for (const set of olds) resize(context, deployment, set, 0);
    return;
  }
  if (deployment.spec?.strategy?.type === 'Recreate') return;
  const sizes = active.map(wantedOf);
  const before = Math.max(...active.map((set) => replicaNotes(set).max ?? sum(sizes)));
  const shares = scaledShares(plan, sizes, before);
  for (const [i, set] of active.entries()) resize(context, deployment, set, shares[i] ?? 0);
}

function createSet(
  context: Context,
  deployment: Deployment,
  olds: readonly ReplicaSet[],
  replicas: number,
): ReplicaSet | undefined {
  const { store } = context;
  const { metadata, spec } = deployment;
  const hash = templateHash(withoutHash(spec?.template), deployment.status?.collisionCount);
  const label = { [HASH_LABEL]: hash };
  const name = `${metadata.name}-${hash}`;
  const labels = { ...spec?.template?.metadata?.labels, ...label };
  if (store.get(REPLICASETS, metadata.namespace ?? '', name) !== undefined) {
    const collisionCount = (deployment.status?.collisionCount ?? 0) + 1;
    store.update(DEPLOYMENTS, { ...deployment, status: { ...deployment.status, collisionCount } });
    return undefined;
  }
  const plan = planOf(deployment);
  const draft: ReplicaSet = {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: {
      name,
      namespace: metadata.namespace ?? '',
      generation: 1,
      labels,
      annotations: { ...setAnnotations(plan) },
      ownerReferences: [controlledBy(deployment)],
    },
    spec: {
      replicas,
      ...(spec?.minReadySeconds === undefined ? {} : { minReadySeconds: spec.minReadySeconds }),
      selector: { ...spec?.selector, matchLabels: { ...spec?.selector?.matchLabels, ...label } },
      template: { ...spec?.template, metadata: { ...spec?.template?.metadata, labels } },
    },
    status: { replicas: 0 },
  };
  const created: ReplicaSet = store.create(REPLICASETS, draft);
  if (replicas > 0) tell(context, deployment, `Scaled up replica set ${name} from 0 to ${replicas}`);
  noteRevision(context, deployment, created, olds);
  return store.get(REPLICASETS, metadata.namespace ?? '', name);
}

function setAnnotations({ replicas, maxSurge }: Plan) {
  return {
    'deployment.kubernetes.io/desired-replicas': String(replicas),
    'deployment.kubernetes.io/max-replicas': String(replicas + maxSurge),
  };
}

/** @returns whether the size changed. What the set knows of the deployment's size is kept up with it. */
function resize(
  context: Context,
  deployment: Deployment,
  { metadata }: ReplicaSet,
  replicas: number,
): boolean {
  const { store } = context;
  const set: ReplicaSet | undefined = store.get(REPLICASETS, metadata.namespace ?? '', metadata.name);
  if (set === undefined) return false;
  const before = wantedOf(set);
  const annotations = { ...set.metadata.annotations, ...setAnnotations(planOf(deployment)) };
  if (before === replicas && before === 0) return false;
  const noted = store.update(REPLICASETS, { ...set, metadata: { ...set.metadata, annotations } });
  if (before === replicas) return false;
  writeSpec(store, REPLICASETS, noted, { ...set.spec, replicas });
  const direction = before < replicas ? 'up' : 'down';
  tell(context, deployment, `Scaled ${direction} replica set ${metadata.name} from ${before} to ${replicas}`);
  return true;
}

/** Drops the oldest of the replica sets that are kept to go back to. */
function cleanUp(context: Context, deployment: Deployment): void {
  const { newest, olds } = readSets(context, deployment);
  const complete = newest?.status?.availableReplicas ?? 0;
  if (deployment.spec?.paused !== true && complete < (deployment.spec?.replicas ?? 1)) return;
  const excess = olds.length - (deployment.spec?.revisionHistoryLimit ?? DEFAULT_HISTORY);
  const oldest = [...olds].sort((a, b) => readRevision(a) - readRevision(b)).slice(0, Math.max(0, excess));
  for (const set of oldest) {
    const { replicas = 0, observedGeneration = 0 } = set.status ?? {};
    const idle =
      replicas === 0 && wantedOf(set) === 0 && observedGeneration >= (set.metadata.generation ?? 1);
    if (idle) deleteObject(context, REPLICASETS, set);
  }
}

function tell({ record }: Context, object: Deployment, message: string): void {
  record({ object, type: 'Normal', reason: 'ScalingReplicaSet', message, component: COMPONENT });
}
