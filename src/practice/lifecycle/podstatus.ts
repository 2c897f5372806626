// A pod's status from what the node knows of its containers (kubelet's status generation: phase, conditions, container statuses).

import { formatTime } from '../objects/memory.ts';
import { NODE, readQuantity } from './downward.ts';
import type { Condition, Container, Pod, Quantities } from './kinds.ts';
import { type ContainerRun, isPassed, isSidecar, type PodRun } from './running.ts';

/** The status of a pod that the node has. `ending` is true when every container has ended for good, because the pod is being deleted. */
export function podStatus(pod: Pod, run: PodRun, nowMs: number, ending = false): object {
  const phase = podPhase(run, pod.spec?.restartPolicy ?? 'Always', ending);
  const of = (role: ContainerRun['role']) => run.containers.filter((container) => container.role === role);
  const list = (field: string, role: ContainerRun['role']) => {
    const statuses = of(role).map(containerStatus);
    return statuses.length === 0 ? {} : { [field]: statuses };
  };
  return {
    ...pod.status,
    phase,
    conditions: mergeConditions(pod.status?.conditions ?? [], conditionsOf(run, phase), nowMs),
    hostIP: NODE.ip,
    hostIPs: [{ ip: NODE.ip }],
    ...(run.sandboxReady ? { podIP: run.ip, podIPs: [{ ip: run.ip }] } : {}),
    startTime: run.startTime,
    ...list('initContainerStatuses', 'init'),
    ...list('containerStatuses', 'main'),
    ...list('ephemeralContainerStatuses', 'ephemeral'),
    qosClass: pod.status?.qosClass ?? qosClass(pod),
  };
}

/** v1.PodPhase. */
export function podPhase(run: PodRun, policy: string, ending: boolean): string {
  const init = run.containers.filter(({ role }) => role === 'init');
  const main = run.containers.filter(({ role }) => role === 'main');
  const initFailed = init.some(
    (one) =>
      !isSidecar(one) &&
      one.step === 'nothing' &&
      'terminated' in one.state &&
      one.state.terminated.exitCode !== 0,
  );
  if (initFailed && (policy === 'Never' || ending)) return 'Failed';
  // A sidecar that has ended after the others does not take the pod back.
  const waits = init.some((one) => !isPassed(one) && !(isSidecar(one) && one.step === 'nothing'));
  if (!ending && waits) return 'Pending';
  const ended = main.filter(({ state }) => 'terminated' in state);
  if (ended.length === main.length && (ending || ended.every(({ step }) => step === 'nothing'))) {
    return ended.every(({ state }) => 'terminated' in state && state.terminated.exitCode === 0)
      ? 'Succeeded'
      : 'Failed';
  }
  // One that waits to be restarted has been running; one that never ran holds the pod back.
  if (ending) return 'Failed';
  return main.some(({ state, last }) => 'waiting' in state && last === undefined) ? 'Pending' : 'Running';
}

/** The conditions with their times: the time changes with the status and not with the words. Those of others stay. */
export function mergeConditions(
  before: readonly Condition[],
  now: readonly Condition[],
  nowMs: number,
): readonly Condition[] {
  const merged = now.map((condition) => {
    const old = before.find(({ type }) => type === condition.type);
    const same = old?.status === condition.status && old.lastTransitionTime !== undefined;
    const lastTransitionTime = same ? old.lastTransitionTime : formatTime(nowMs);
    return { ...condition, lastProbeTime: null, lastTransitionTime } as Condition;
  });
  return [...merged, ...before.filter(({ type }) => !now.some((condition) => condition.type === type))];
}

function conditionsOf(run: PodRun, phase: string): Condition[] {
  const done = phase === 'Succeeded' ? 'PodCompleted' : phase === 'Failed' ? 'PodFailed' : undefined;
  const required = run.containers.filter((one) => one.role === 'main' || isSidecar(one));
  const unready = required.filter(({ ready }) => !ready).map(({ container }) => container.name);
  const uninitialized = run.containers
    .filter((one) => one.role === 'init' && !isPassed(one))
    .map(({ container }) => container.name);
  const ready = readiness(unready, done);
  const initialized: Condition =
    uninitialized.length === 0 || phase === 'Succeeded'
      ? { type: 'Initialized', status: 'True', ...(phase === 'Succeeded' ? { reason: 'PodCompleted' } : {}) }
      : {
          type: 'Initialized',
          status: 'False',
          reason: 'ContainersNotInitialized',
          message: `containers with incomplete status: [${uninitialized.join(' ')}]`,
        };
  return [
    { type: 'PodReadyToStartContainers', status: run.sandboxReady && done === undefined ? 'True' : 'False' },
    initialized,
    { type: 'Ready', ...ready },
    { type: 'ContainersReady', ...ready },
    { type: 'PodScheduled', status: 'True' },
  ];
}

function readiness(unready: readonly string[], done: string | undefined): Omit<Condition, 'type'> {
  if (done !== undefined) return { status: 'False', reason: done };
  if (unready.length === 0) return { status: 'True' };
  const message = `containers with unready status: [${unready.join(' ')}]`;
  return { status: 'False', reason: 'ContainersNotReady', message };
}

function containerStatus(run: ContainerRun): object {
  const { container, state, last, restarts, id, started } = run;
  // An init container is ready when it is done; a sidecar as any other.
  const ready = run.role === 'init' && !isSidecar(run) ? isPassed(run) : run.ready;
  return {
    name: container.name,
    state,
    lastState: last === undefined ? {} : { terminated: last },
    ready,
    restartCount: restarts,
    image: container.image ?? '',
    imageID: id === '' ? '' : `practice://${container.image ?? ''}`,
    ...(id === '' ? {} : { containerID: id }),
    started,
  };
}

/** v1.PodQOSClass, by cpu and memory of all containers. */
export function qosClass({ spec }: Pod): string {
  const containers = [...(spec?.containers ?? []), ...(spec?.initContainers ?? [])];
  if (!containers.some(({ resources }) => hasAmount(resources?.limits) || hasAmount(resources?.requests))) {
    return 'BestEffort';
  }
  return containers.every(isGuaranteed) ? 'Guaranteed' : 'Burstable';
}

function hasAmount(quantities: Quantities = {}): boolean {
  return ['cpu', 'memory'].some((name) => readQuantity(quantities[name] ?? 0) > 0);
}

function isGuaranteed({ resources }: Container): boolean {
  return ['cpu', 'memory'].every((name) => {
    const limit = resources?.limits?.[name];
    return limit !== undefined && readQuantity(resources?.requests?.[name] ?? limit) === readQuantity(limit);
  });
}
