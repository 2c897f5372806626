// Which node a pod goes to: the one that there is, unless the pod asks for what it has not (kube-scheduler, in small).

import type { Context } from './context.ts';
import { NODE } from './downward.ts';
import { PODS, type Pod } from './kinds.ts';
import { mergeConditions } from './podstatus.ts';

/** Binds a pod that has no node to the practice node, or says why it cannot be. */
export function schedule({ store, record, now }: Context, pod: Pod): void {
  if ((pod.spec?.schedulingGates ?? []).length > 0) return;
  const problem = findProblem(pod);
  const condition =
    problem === undefined
      ? { type: 'PodScheduled', status: 'True' }
      : { type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message: problem };
  const conditions = mergeConditions(pod.status?.conditions ?? [], [condition], now());
  const status = { ...pod.status, phase: 'Pending', conditions };
  const spec = problem === undefined ? { ...pod.spec, nodeName: NODE.name } : pod.spec;
  const before = pod.metadata.resourceVersion;
  const written = store.update(PODS, { ...pod, spec, status });
  if (written.metadata.resourceVersion === before) return;
  const { namespace = '', name } = pod.metadata;
  record({
    object: pod,
    type: problem === undefined ? 'Normal' : 'Warning',
    reason: problem === undefined ? 'Scheduled' : 'FailedScheduling',
    message: problem ?? `Successfully assigned ${namespace}/${name} to ${NODE.name}`,
    component: 'default-scheduler',
  });
}

function findProblem({ spec }: Pod): string | undefined {
  const claim = spec?.volumes?.find(({ persistentVolumeClaim }) => persistentVolumeClaim !== undefined);
  if (claim !== undefined) {
    return `0/1 nodes are available: persistentvolumeclaim "${claim.persistentVolumeClaim?.claimName ?? ''}" not found.`;
  }
  const labels: Readonly<Record<string, string>> = NODE.labels;
  const fits = Object.entries(spec?.nodeSelector ?? {}).every(([key, value]) => labels[key] === value);
  return fits ? undefined : "0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector.";
}
