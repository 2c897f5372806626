// A deployment's status, by which `kubectl rollout status` tells whether it is done (pkg/controller/deployment progress.go, sync.go).

import { formatTime } from '../objects/memory.ts';
import { type Context, writeStatus } from './context.ts';
import { type Condition, DEPLOYMENTS } from './kinds.ts';
import { isReturned } from './revision.ts';
import { type Plan, sum } from './rollout.ts';
import { timeMs } from './words.ts';
import type { Deployment, ReplicaCounts, ReplicaSet } from './workloads.ts';

/** What a status is made from. */
export interface StatusOf {
  readonly newest: ReplicaSet | undefined;
  readonly olds: readonly ReplicaSet[];
  readonly plan: Plan;
}

/** Go's MaxInt32: no deadline. */
const NO_DEADLINE_SECONDS = 2_147_483_647;
const DEFAULT_DEADLINE_SECONDS = 600;

/** Writes the status when it changed, and has the deployment looked at again when its deadline passes. */
export function writeDeploymentStatus(context: Context, deployment: Deployment, of: StatusOf): void {
  const counts = countReplicas(of);
  const before = deployment.status?.conditions ?? [];
  const available = availableCondition(of.plan, counts);
  const progressing = progressCondition(context, deployment, counts, of.newest);
  const conditions = [available, ...(progressing === undefined ? [] : [progressing])].map((condition) =>
    withTimes(context, before, condition),
  );
  const collisionCount = deployment.status?.collisionCount;
  writeStatus(context.store, DEPLOYMENTS, deployment, {
    observedGeneration: deployment.metadata.generation ?? 1,
    ...Object.fromEntries(Object.entries(counts).filter(([, value]) => value !== 0)),
    ...(collisionCount === undefined ? {} : { collisionCount }),
    conditions,
  });
}

type Counts = Required<
  Pick<ReplicaCounts, 'replicas' | 'updatedReplicas' | 'readyReplicas' | 'availableReplicas'>
> & {
  readonly unavailableReplicas: number;
};

function countReplicas({ newest, olds }: StatusOf): Counts {
  const all = newest === undefined ? olds : [...olds, newest];
  const availableReplicas = sum(all.map(({ status }) => status?.availableReplicas ?? 0));
  return {
    replicas: sum(all.map(({ status }) => status?.replicas ?? 0)),
    updatedReplicas: newest?.status?.replicas ?? 0,
    readyReplicas: sum(all.map(({ status }) => status?.readyReplicas ?? 0)),
    availableReplicas,
    unavailableReplicas: Math.max(0, sum(all.map(({ spec }) => spec?.replicas ?? 1)) - availableReplicas),
  };
}

function availableCondition({ replicas, maxUnavailable }: Plan, { availableReplicas }: Counts): Condition {
  const enough = availableReplicas >= replicas - maxUnavailable;
  return {
    type: 'Available',
    status: enough ? 'True' : 'False',
    reason: enough ? 'MinimumReplicasAvailable' : 'MinimumReplicasUnavailable',
    message: enough
      ? 'Deployment has minimum availability.'
      : 'Deployment does not have minimum availability.',
  };
}

/** @returns the condition, whose `lastUpdateTime` is set where progress was seen just now; undefined when there is no deadline. */
function progressCondition(
  context: Context,
  deployment: Deployment,
  counts: Counts,
  newest: ReplicaSet | undefined,
): Condition | undefined {
  const { spec, status, metadata } = deployment;
  const seconds = spec?.progressDeadlineSeconds ?? DEFAULT_DEADLINE_SECONDS;
  if (seconds === NO_DEADLINE_SECONDS) return undefined;
  const current = status?.conditions?.find(({ type }) => type === 'Progressing');
  const say = (status: string, reason: string, message: string): Condition => ({
    type: 'Progressing',
    status,
    reason,
    message,
  });
  if (spec?.paused === true) {
    return current?.reason === 'ProgressDeadlineExceeded'
      ? current
      : say('Unknown', 'DeploymentPaused', 'Deployment is paused');
  }
  if (current?.reason === 'DeploymentPaused')
    return say('Unknown', 'DeploymentResumed', 'Deployment is resumed');
  if (newest === undefined) return current;
  const { name } = newest.metadata;
  const created = isReturned(newest)
    ? say('True', 'FoundNewReplicaSet', `Found new replica set "${name}"`)
    : say('True', 'NewReplicaSetCreated', `Created new replica set "${name}"`);
  if (isComplete(deployment, counts)) {
    return say('True', 'NewReplicaSetAvailable', `ReplicaSet "${name}" has successfully progressed.`);
  }
  // Complete once is complete until the template changes: a pod that dies later, or a change of size, is no rollout.
  const rolled =
    current?.reason === 'NewReplicaSetAvailable' && current.message?.includes(`"${name}"`) === true;
  if (current === undefined) return created;
  if (rolled) return current;
  if (current.reason === 'NewReplicaSetAvailable') return created;
  if (isProgressing(status ?? {}, counts)) {
    const progress = say('True', 'ReplicaSetUpdated', `ReplicaSet "${name}" is progressing.`);
    return { ...progress, lastUpdateTime: formatTime(context.now()) };
  }
  const leftMs = timeMs(current.lastUpdateTime) + seconds * 1000 - context.now();
  if (leftMs <= 0) {
    return say('False', 'ProgressDeadlineExceeded', `ReplicaSet "${name}" has timed out progressing.`);
  }
  context.enqueue('deployments', metadata.namespace ?? '', metadata.name, leftMs + 1000);
  return current;
}

function isComplete({ spec }: Deployment, { updatedReplicas, replicas, availableReplicas }: Counts): boolean {
  const wanted = spec?.replicas ?? 1;
  return updatedReplicas === wanted && replicas === wanted && availableReplicas === wanted;
}

function isProgressing(before: ReplicaCounts, now: Counts): boolean {
  const oldBefore = (before.replicas ?? 0) - (before.updatedReplicas ?? 0);
  return (
    now.updatedReplicas > (before.updatedReplicas ?? 0) ||
    now.replicas - now.updatedReplicas < oldBefore ||
    now.readyReplicas > (before.readyReplicas ?? 0) ||
    now.availableReplicas > (before.availableReplicas ?? 0)
  );
}

function withTimes({ now }: Context, before: readonly Condition[], condition: Condition): Condition {
  const old = before.find(({ type }) => type === condition.type);
  const at = formatTime(now());
  const sameStatus = old?.status === condition.status;
  const same = sameStatus && old?.reason === condition.reason;
  const { lastUpdateTime } = condition;
  return {
    type: condition.type,
    status: condition.status,
    lastUpdateTime: lastUpdateTime ?? (same ? old?.lastUpdateTime : undefined) ?? at,
    lastTransitionTime: (sameStatus ? old?.lastTransitionTime : undefined) ?? at,
    ...(condition.reason === undefined ? {} : { reason: condition.reason }),
    ...(condition.message === undefined ? {} : { message: condition.message }),
  };
}
