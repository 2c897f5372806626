// One container of a pod, from its image's name to its machine's end, and again (kubelet's SyncPod for a container). Every change of state
// has the pod looked at again; what it waits for in time is its `step` and `dueMs`.

import type { CommandOutcome, Machine, MachineSpec } from '../machine/machine.ts';
import { formatTime } from '../objects/memory.ts';
import type { Context } from './context.ts';
import { ConfigProblem, expand, makeEnvironment } from './environment.ts';
import { findImage } from './image.ts';
import { type Nodeside, type Place, recordPodEvent } from './nodeside.ts';
import { startProbes } from './probes.ts';
import { backOffMs, type ContainerRun, isRestarted, nextBackOff, terminatedState } from './running.ts';
import { MountProblem, mountFiles } from './volumes.ts';
import { randomHex } from './words.ts';

/** How long a container's end is shown before it is acted on, as the kubelet looks once a second. ms. */
const LOOK_MS = 1_000;
const CONTAINER_ID_LENGTH = 64;

/** Moves a container that does not run one step on, if one is due. */
export function syncContainer(node: Nodeside, place: Place): void {
  const { podRun, run } = place;
  if (run.alive || run.step === 'nothing') return;
  const leftMs = run.dueMs - node.context.now();
  if (leftMs > 0) {
    node.context.enqueue('pods', podRun.namespace, podRun.name, leftMs);
    return;
  }
  if (run.step === 'imageBackOff') backOffPull(node, place);
  else if (run.step === 'start' || !backOffCrash(node, place)) start(node, place);
}

/** An image that was changed (`kubectl set image pod/…`) is another container: the one that runs ends, one that waits tries again. */
export function changeImage(node: Nodeside, place: Place, graceMs: number): void {
  const { run } = place;
  if (run.alive) {
    const message = `Container ${run.container.name} definition changed, will be restarted`;
    recordPodEvent(node, place, 'Killing', message);
    void run.machine?.stop(graceMs);
  } else if ('waiting' in run.state) {
    run.step = 'start';
    run.dueMs = 0;
    run.pull.delayMs = 0;
  }
}

function start(node: Nodeside, place: Place): void {
  const { run } = place;
  const finding = findImage(run.container.image ?? '');
  if (finding.found) prepare(node, place);
  else refuseImage(node, place, finding);
}

function prepare(node: Nodeside, place: Place): void {
  const { run } = place;
  let spec: MachineSpec;
  try {
    spec = machineSpec(node.context, place);
  } catch (error) {
    if (!(error instanceof ConfigProblem || error instanceof MountProblem)) throw error;
    if (wait(run, 'CreateContainerConfigError', error.message)) {
      recordPodEvent(node, place, 'Failed', `Error: ${error.message}`);
    }
    return;
  }
  recordPodEvent(
    node,
    place,
    'Pulled',
    `Container image ${JSON.stringify(run.container.image)} already present on machine`,
  );
  launch(node, place, node.createMachine(spec));
}

function launch(node: Nodeside, place: Place, machine: Machine): void {
  const { run } = place;
  const { context } = node;
  if (run.machine !== undefined) {
    run.previousLines = run.machine.logLines();
    run.restarts++;
  }
  if ('terminated' in run.state) run.last = run.state.terminated;
  run.machine = machine;
  run.alive = true;
  run.id = `practice://${randomHex(context.random, CONTAINER_ID_LENGTH)}`;
  run.startedMs = context.now();
  recordPodEvent(node, place, 'Created', `Created container: ${run.container.name}`);
  const over = (outcome: CommandOutcome) => end(node, place, machine, outcome);
  machine.exited.then(over, (error: unknown) => over({ failure: String(error) }));
  // A command that cannot be started has failed by the next turn, and its container is never shown as running.
  setImmediate(() => {
    if (run.machine !== machine || !run.alive) return;
    run.state = { running: { startedAt: formatTime(run.startedMs) } };
    recordPodEvent(node, place, 'Started', `Started container ${run.container.name}`);
    startProbes(node, place, machine);
    lookAgain(context, place);
  });
}

function end(node: Nodeside, place: Place, machine: Machine, outcome: CommandOutcome): void {
  const { pod, podRun, run } = place;
  if (run.machine !== machine || !run.alive) return;
  const { context } = node;
  run.alive = false;
  run.ready = false;
  run.started = false;
  run.probes.abort();
  const terminated = terminatedState(run, outcome, context.now());
  run.state = { terminated };
  if ('failure' in outcome) recordPodEvent(node, place, 'Failed', `Error: ${outcome.failure}`);
  const again =
    podRun.graceMs === undefined &&
    isRestarted(run, pod.spec?.restartPolicy ?? 'Always', terminated.exitCode);
  run.step = again ? 'restart' : 'nothing';
  run.dueMs = context.now() + LOOK_MS;
  lookAgain(context, place);
}

/** The machine was told to end and says it has: whatever becomes of its outcome, the container is over. */
export function forceEnd(node: Nodeside, place: Place, machine: Machine): void {
  end(node, place, machine, { exitCode: 137 });
}

function refuseImage(
  node: Nodeside,
  place: Place,
  { reason, message }: { readonly reason: string; readonly message: string },
): void {
  const { run } = place;
  const image = run.container.image ?? '';
  if (reason === 'InvalidImageName') {
    // No name becomes right by waiting; another image is another start.
    run.step = 'nothing';
    wait(run, reason, message);
    recordPodEvent(node, place, 'InspectFailed', message);
    recordPodEvent(node, place, 'Failed', `Error: ${reason}`);
    return;
  }
  recordPodEvent(node, place, 'Pulling', `Pulling image ${JSON.stringify(image)}`);
  recordPodEvent(node, place, 'Failed', `Failed to pull image ${JSON.stringify(image)}: ${message}`);
  recordPodEvent(node, place, 'Failed', `Error: ${reason}`);
  wait(run, reason, message);
  nextBackOff(run.pull, node.context.now());
  run.step = 'imageBackOff';
  run.dueMs = node.context.now() + LOOK_MS;
  lookAgain(node.context, place);
}

function backOffPull(node: Nodeside, place: Place): void {
  const { run } = place;
  const before = 'waiting' in run.state ? `: ErrImagePull: ${run.state.waiting.message ?? ''}` : '';
  const words = `Back-off pulling image ${JSON.stringify(run.container.image ?? '')}`;
  wait(run, 'ImagePullBackOff', words + before);
  recordPodEvent(node, place, 'BackOff', words);
  recordPodEvent(node, place, 'Failed', 'Error: ImagePullBackOff');
  run.step = 'start';
  run.dueMs = run.pull.updatedMs + run.pull.delayMs;
  lookAgain(node.context, place);
}

/** @returns true when the container has to wait; the first restart is at once, the next ones later and later. */
function backOffCrash(node: Nodeside, place: Place): boolean {
  const { podRun, run } = place;
  const nowMs = node.context.now();
  const endedMs = run.dueMs - LOOK_MS;
  const delayMs = backOffMs(run.crash, endedMs);
  const untilMs = endedMs + delayMs;
  nextBackOff(run.crash, nowMs);
  run.step = 'start';
  if (untilMs <= nowMs) return false;
  const where = `${podRun.name}_${podRun.namespace}(${podRun.uid})`;
  const { name } = run.container;
  recordPodEvent(node, place, 'BackOff', `Back-off restarting failed container ${name} in pod ${where}`);
  if ('terminated' in run.state) run.last = run.state.terminated;
  wait(
    run,
    'CrashLoopBackOff',
    `back-off ${backOffText(delayMs)} restarting failed container=${name} pod=${where}`,
  );
  run.dueMs = untilMs;
  lookAgain(node.context, place);
  return true;
}

/** Go's way with durations: 10s, 1m20s, 5m0s. */
function backOffText(ms: number): string {
  const seconds = ms / 1000;
  return seconds < 60 ? `${seconds}s` : `${Math.floor(seconds / 60)}m${seconds % 60}s`;
}

/** @returns false when it was waiting for just that. */
function wait(run: ContainerRun, reason: string, message: string): boolean {
  const before = 'waiting' in run.state ? run.state.waiting : undefined;
  run.state = { waiting: { reason, message } };
  return before?.reason !== reason || before.message !== message;
}

function lookAgain(context: Context, { podRun }: Place): void {
  context.enqueue('pods', podRun.namespace, podRun.name);
}

function machineSpec({ store }: Context, { pod, podRun, run }: Place): MachineSpec {
  const { container } = run;
  const variables = makeEnvironment({ store, pod, container, podIp: podRun.ip });
  const fill = (texts: readonly string[] = []) => texts.map((text) => expand(text, variables));
  return {
    hostname: pod.spec?.hostname ?? podRun.name,
    image: container.image ?? '',
    command: fill(container.command),
    args: fill(container.args),
    env: [...variables].map(([name, value]) => ({ name, value })),
    workingDir: container.workingDir ?? '',
    stdin: container.stdin === true,
    stdinOnce: container.stdinOnce === true,
    tty: container.tty === true,
    ip: podRun.ip,
    files: mountFiles({ store, pod, podIp: podRun.ip }, container, variables),
  };
}
