// The node: it makes what the pods bound to it say come true, and says so in their status. Each look at a pod moves it one step, from what
// the API has of it and what runs of it; nothing waits inside.

import { formatTime } from '../objects/memory.ts';
import { changeImage, forceEnd, syncContainer } from './container.ts';
import { type Context, DEFAULT_GRACE_SECONDS, writeStatus } from './context.ts';
import { NODE } from './downward.ts';
import { type Container, PODS, type Pod } from './kinds.ts';
import { type Nodeside, type Place, recordPodEvent } from './nodeside.ts';
import { podStatus } from './podstatus.ts';
import { type ContainerRun, isPassed, newContainerRun, type PodRun } from './running.ts';
import { schedule } from './scheduler.ts';
import { MountProblem, readVolumes } from './volumes.ts';

/** How long a sandbox takes, so that Pending can be seen. ms. */
const SANDBOX_MIN_MS = 300;
const SANDBOX_SPREAD_MS = 300;
const POD_NETWORK = '10.244.0.';
const FIRST_HOST = 2;
const LAST_HOST = 254;
const HOSTS = LAST_HOST - FIRST_HOST + 1;
const NO_ADDRESS_RETRY_MS = 5_000;

/** Looks at one pod. */
export function syncPod(node: Nodeside, namespace: string, name: string): void {
  const { store } = node.context;
  const key = `${namespace}/${name}`;
  const pod: Pod | undefined = store.get(PODS, namespace, name);
  const before = node.runs.get(key);
  if (before !== undefined && before.uid !== pod?.metadata.uid) {
    node.runs.delete(key);
    void kill(before);
  }
  if (pod === undefined) return;
  if (pod.spec?.nodeName === NODE.name) syncOwn(node, pod);
  else if (pod.metadata.deletionTimestamp !== undefined) removePod(node.context, pod);
  else if (!pod.spec?.nodeName) schedule(node.context, pod);
}

function syncOwn(node: Nodeside, pod: Pod): void {
  const { namespace = '', name, deletionTimestamp } = pod.metadata;
  const known = node.runs.get(`${namespace}/${name}`);
  if (deletionTimestamp !== undefined) {
    if (known === undefined) removePod(node.context, pod);
    else terminate(node, pod, known);
    return;
  }
  const run = known ?? admit(node, pod);
  if (run !== undefined) progress(node, pod, run);
}

/** Ends every machine of a pod at once. Resolves when they are over. */
export function kill(run: PodRun): Promise<void> {
  run.graceMs = 0;
  for (const { probes } of run.containers) probes.abort();
  const machines = run.containers.filter(({ alive }) => alive).map(({ machine }) => machine?.stop(0));
  return Promise.allSettled(machines).then(() => {});
}

/** Takes a new pod on; undefined when there is no address left for it. */
function admit(node: Nodeside, pod: Pod): PodRun | undefined {
  const { phase } = pod.status ?? {};
  if (phase === 'Succeeded' || phase === 'Failed') return undefined;
  const { namespace = '', name, uid = '' } = pod.metadata;
  const ip = pod.spec?.hostNetwork === true ? NODE.ip : freeAddress(node);
  if (ip === undefined) {
    recordPodEvent(
      node,
      { pod },
      'FailedCreatePodSandBox',
      'Failed to create pod sandbox: no IP addresses available',
    );
    node.context.enqueue('pods', namespace, name, NO_ADDRESS_RETRY_MS);
    return undefined;
  }
  const run: PodRun = {
    ...{ uid, namespace, name, ip, containers: [] },
    startTime: formatTime(node.context.now()),
    sandboxMs: undefined,
    sandboxReady: false,
    mountProblem: undefined,
    graceMs: undefined,
  };
  node.runs.set(`${namespace}/${name}`, run);
  return run;
}

function freeAddress(node: Nodeside): string | undefined {
  const used = new Set<string>();
  for (const { ip, containers } of node.runs.values()) {
    const over = containers.length > 0 && containers.every(({ alive, step }) => !alive && step === 'nothing');
    if (!over) used.add(ip);
  }
  for (let i = 0; i < HOSTS; i++) {
    // On from the last one given, so that an address does not come back at once.
    node.lastHost = node.lastHost >= LAST_HOST ? FIRST_HOST : Math.max(node.lastHost + 1, FIRST_HOST);
    const ip = POD_NETWORK + node.lastHost;
    if (!used.has(ip)) return ip;
  }
  return undefined;
}

function progress(node: Nodeside, pod: Pod, run: PodRun): void {
  takeContainers(node, pod, run);
  if (prepareSandbox(node, pod, run)) {
    const places = run.containers.map((container): Place => ({ pod, podRun: run, run: container }));
    const init = places.filter((place) => place.run.role === 'init');
    for (const place of init) {
      syncContainer(node, place);
      if (!isPassed(place.run)) break;
    }
    const initialized = init.every((place) => isPassed(place.run));
    for (const place of places) {
      if (place.run.role === 'ephemeral' || (place.run.role === 'main' && initialized))
        syncContainer(node, place);
    }
  }
  endSidecars(pod, run);
  writePodStatus(node, pod, run);
}

/** Sidecars end when nothing is left for them to stand beside. */
function endSidecars(pod: Pod, run: PodRun): void {
  const main = run.containers.filter(({ role }) => role === 'main');
  if (!main.every(({ alive, step, state }) => !alive && step === 'nothing' && 'terminated' in state)) return;
  for (const container of run.containers) {
    if (container.role !== 'init') continue;
    container.step = 'nothing';
    if (container.alive && run.graceMs === undefined) void container.machine?.stop(graceOf(pod));
  }
}

/** Brings the records in step with the spec: images can be changed, and ephemeral containers added. */
function takeContainers(node: Nodeside, pod: Pod, run: PodRun): void {
  const { initContainers = [], containers = [], ephemeralContainers = [] } = pod.spec ?? {};
  const waiting = initContainers.length > 0 ? 'PodInitializing' : 'ContainerCreating';
  const take = (role: ContainerRun['role'], list: readonly Container[]) => {
    for (const container of list) {
      const known = run.containers.find((one) => one.container.name === container.name);
      if (known === undefined) {
        run.containers.push(
          newContainerRun(role, container, role === 'ephemeral' ? 'ContainerCreating' : waiting),
        );
        continue;
      }
      const changed = known.container.image !== container.image;
      known.container = container;
      if (changed) changeImage(node, { pod, podRun: run, run: known }, graceOf(pod));
    }
  };
  take('init', initContainers);
  take('main', containers);
  take('ephemeral', ephemeralContainers);
}

/** @returns whether containers may start: the volumes are there, and the sandbox has had its time. */
function prepareSandbox(node: Nodeside, pod: Pod, run: PodRun): boolean {
  if (run.sandboxReady) return true;
  const { context } = node;
  try {
    readVolumes({ store: context.store, pod, podIp: run.ip });
  } catch (error) {
    if (!(error instanceof MountProblem)) throw error;
    if (run.mountProblem !== error.message) recordPodEvent(node, { pod }, 'FailedMount', error.message);
    run.mountProblem = error.message;
    return false;
  }
  run.sandboxMs ??= context.now() + SANDBOX_MIN_MS + Math.floor(context.random() * SANDBOX_SPREAD_MS);
  const leftMs = run.sandboxMs - context.now();
  if (leftMs > 0) context.enqueue('pods', run.namespace, run.name, leftMs);
  run.sandboxReady = leftMs <= 0;
  return run.sandboxReady;
}

function terminate(node: Nodeside, pod: Pod, run: PodRun): void {
  const graceMs = graceOf(pod);
  const first = run.graceMs === undefined;
  if (run.graceMs === undefined || graceMs < run.graceMs) {
    run.graceMs = graceMs;
    for (const container of run.containers)
      endContainer(node, { pod, podRun: run, run: container }, graceMs, first);
  }
  const over = run.containers.every(({ alive }) => !alive);
  const written = writePodStatus(node, pod, run, over);
  if (!over || (written.metadata.finalizers ?? []).length > 0) return;
  node.runs.delete(`${run.namespace}/${run.name}`);
  removePod(node.context, written);
}

function endContainer(node: Nodeside, place: Place, graceMs: number, first: boolean): void {
  const { run } = place;
  run.step = 'nothing';
  run.probes.abort();
  const { machine } = run;
  if (!run.alive || machine === undefined) return;
  if (first) recordPodEvent(node, place, 'Killing', `Stopping container ${run.container.name}`);
  // Its own outcome is known first, if it has one.
  const over = () => void setImmediate(() => forceEnd(node, place, machine));
  machine.stop(graceMs).then(over, over);
}

function graceOf({ metadata, spec }: Pod): number {
  const seconds = metadata.deletionGracePeriodSeconds ?? spec?.terminationGracePeriodSeconds;
  return (seconds ?? DEFAULT_GRACE_SECONDS) * 1000;
}

function writePodStatus({ context }: Nodeside, pod: Pod, run: PodRun, ending = false): Pod {
  return writeStatus(context.store, PODS, pod, podStatus(pod, run, context.now(), ending));
}

function removePod({ store }: Context, { metadata }: Pod): void {
  if ((metadata.finalizers ?? []).length > 0) return;
  store.remove(PODS, metadata.namespace ?? '', metadata.name);
}
