// Which container of a pod a log, command or attach is about, and whether it is there to be asked: in the words of the API server and the
// kubelet (registry/core/pod/strategy.go, kubelet_pods.go).

import { ApiFailure, badRequest } from '../objects/failure.ts';
import type { KubeObject } from '../objects/object.ts';

interface Named {
  readonly name: string;
}

interface PodSpec {
  readonly nodeName?: string;
  readonly containers?: readonly Named[];
  readonly initContainers?: readonly Named[];
  readonly ephemeralContainers?: readonly Named[];
}

interface ContainerStatus {
  readonly name: string;
  readonly containerID?: string;
  readonly state?: ContainerState;
  readonly lastState?: ContainerState;
}

interface ContainerState {
  readonly waiting?: { readonly reason?: string };
  readonly running?: object;
  readonly terminated?: { readonly containerID?: string };
}

/** The container that is meant; '' means the only one. @throws ApiFailure 400. */
export function chooseContainer(pod: KubeObject, asked: string): string {
  const spec = specOf(pod);
  const { name } = pod.metadata;
  const all = [spec.initContainers, spec.containers, spec.ephemeralContainers]
    .flatMap((list) => list ?? [])
    .map((one) => one.name);
  if (asked !== '') {
    if (all.includes(asked)) return asked;
    throw badRequest(`container ${asked} is not valid for pod ${name}`);
  }
  const [only, ...others] = spec.containers ?? [];
  if (only !== undefined && others.length === 0) return only.name;
  const choice = all.length === 0 ? '' : `, choose one of: [${all.join(' ')}]`;
  throw badRequest(`a container name must be specified for pod ${name}${choice}`);
}

/** @throws ApiFailure 400 for a pod that no node has taken yet. */
export function demandHost(pod: KubeObject): void {
  if ((specOf(pod).nodeName ?? '') !== '') return;
  throw badRequest(`pod ${pod.metadata.name} does not have a host assigned`);
}

/** Undefined before the node has said anything. */
function statusOf(pod: KubeObject, container: string): ContainerStatus | undefined {
  const status = (pod['status'] ?? {}) as {
    readonly containerStatuses?: readonly ContainerStatus[];
    readonly initContainerStatuses?: readonly ContainerStatus[];
    readonly ephemeralContainerStatuses?: readonly ContainerStatus[];
  };
  return [status.containerStatuses, status.initContainerStatuses, status.ephemeralContainerStatuses]
    .flatMap((list) => list ?? [])
    .find(({ name }) => name === container);
}

/** Which run of a container has the log that is asked for. @throws ApiFailure 400 when there is none. */
export function logSource(pod: KubeObject, container: string, previous: boolean): 'current' | 'previous' {
  const where = `container ${JSON.stringify(container)} in pod ${JSON.stringify(pod.metadata.name)}`;
  const status = statusOf(pod, container);
  if (status === undefined) throw badRequest(`${where} is not available`);
  const { state = {}, lastState = {} } = status;
  const ranBefore = (lastState.terminated?.containerID ?? '') !== '';
  if (previous) {
    if (ranBefore) return 'previous';
    throw badRequest(`previous terminated ${where} not found`);
  }
  if (state.running !== undefined) return 'current';
  if (state.terminated !== undefined) {
    if ((state.terminated.containerID ?? '') !== '') return 'current';
    if (ranBefore) return 'previous';
    throw badRequest(`${where} is terminated`);
  }
  if (ranBefore) return 'previous';
  const reason = state.waiting?.reason ?? '';
  if (reason === '') throw badRequest(`${where} is waiting to start - no logs yet`);
  throw badRequest(`${where} is waiting to start: ${WAITING.get(reason) ?? reason}`);
}

/** Whether a container runs now. */
export function isRunning(pod: KubeObject, container: string): boolean {
  return statusOf(pod, container)?.state?.running !== undefined;
}

/** What the kubelet says of a command for a container that does not run. */
export function notRunning(pod: KubeObject, container: string): ApiFailure {
  const why =
    statusOf(pod, container) === undefined
      ? `pod ${pod.metadata.name} does not exist`
      : `container not found (${JSON.stringify(container)})`;
  return new ApiFailure(500, 'InternalError', `unable to upgrade connection: ${why}`);
}

const WAITING: ReadonlyMap<string, string> = new Map([
  ['ErrImagePull', "image can't be pulled"],
  ['ImagePullBackOff', 'trying and failing to pull image'],
]);

function specOf(pod: KubeObject): PodSpec {
  return (pod['spec'] ?? {}) as PodSpec;
}
