// The types of a pod's status (core/v1 PodStatus).

import {
  bool,
  int,
  keyed,
  long,
  longs,
  many,
  map,
  need,
  one,
  retain,
  set,
  str,
  struct,
  time,
} from './builders.ts';
import type { StructType } from './fieldtype.ts';

const CONTAINER_STATUS: readonly StructType[] = [
  struct('core.v1.ContainerStatus', 'How a container is.', {
    allocatedResources: map('quantity', 'What the node has set aside for it.'),
    allocatedResourcesStatus: keyed('core.v1.ResourceStatus', 'name', 'How its devices are.'),
    containerID: str('Id of the container, with its runtime before ://.'),
    image: need(str('The image that runs.')),
    imageID: need(str('The image by digest.')),
    lastState: one('core.v1.ContainerState', 'How it was before the last restart.'),
    name: need(str('Name of the container.')),
    ready: need(bool('Whether its readiness probe succeeds.')),
    resources: one('core.v1.ResourceRequirements', 'The requests and limits in force.'),
    restartCount: need(int('How often it was restarted.')),
    started: bool('Whether it runs and its startup probe succeeded.'),
    state: one('core.v1.ContainerState', 'How it is now.'),
    stopSignal: str('The signal that asks it to end.'),
    user: one('core.v1.ContainerUser', 'The user that its first process has.'),
    volumeMounts: keyed('core.v1.VolumeMountStatus', 'mountPath', 'How its volumes are mounted.'),
  }),
  struct('core.v1.ContainerState', 'One of waiting, running and terminated.', {
    running: one('core.v1.ContainerStateRunning', 'It runs.'),
    terminated: one('core.v1.ContainerStateTerminated', 'It ended.'),
    waiting: one('core.v1.ContainerStateWaiting', 'It does not run yet.'),
  }),
  struct('core.v1.ContainerStateRunning', 'A container that runs.', { startedAt: time('Since when.') }),
  struct('core.v1.ContainerStateTerminated', 'A container that ended.', {
    containerID: str('Id of the container.'),
    exitCode: need(int('What its process ended with.')),
    finishedAt: time('When it ended.'),
    message: str('Its last words.'),
    reason: str('One CamelCase word that says why.'),
    signal: int('The signal that ended it.'),
    startedAt: time('When it started.'),
  }),
  struct('core.v1.ContainerStateWaiting', 'A container that does not run yet.', {
    message: str('Why, for people.'),
    reason: str('One CamelCase word that says why.'),
  }),
  struct('core.v1.ContainerUser', 'The user of a process.', {
    linux: one('core.v1.LinuxContainerUser', 'On Linux.'),
  }),
  struct('core.v1.LinuxContainerUser', 'The user of a process on Linux.', {
    gid: need(long('Its group.')),
    supplementalGroups: longs('Its other groups.'),
    uid: need(long('Its user id.')),
  }),
  struct('core.v1.VolumeMountStatus', 'How a volume is mounted.', {
    mountPath: need(str('Path in the container.')),
    name: need(str('The volume.')),
    readOnly: bool('Whether it cannot be written to.'),
    recursiveReadOnly: str('Disabled, IfPossible or Enabled.'),
    volumeStatus: one('core.v1.VolumeStatus', 'More, by source.'),
  }),
  struct('core.v1.VolumeStatus', 'How a volume is, by source.', {
    image: one('core.v1.ImageVolumeStatus', 'Of an image.'),
  }),
  struct('core.v1.ImageVolumeStatus', 'How an image volume is.', {
    imageRef: need(str('The image by digest.')),
  }),
  struct('core.v1.ResourceStatus', 'How the devices of one kind are.', {
    name: need(str('Name of the resource.')),
    resources: keyed('core.v1.ResourceHealth', 'resourceID', 'Each device.'),
  }),
  struct('core.v1.ResourceHealth', 'How a device is.', {
    health: str('Healthy, Unhealthy or Unknown.'),
    message: str('More, for people.'),
    resourceID: need(str('Id of the device.')),
  }),
];

const CLAIM_STATUS: readonly StructType[] = [
  struct('core.v1.PodResourceClaimStatus', 'The claim that was made for the pod.', {
    name: need(str('Name of the claim in the pod.')),
    resourceClaimName: str('The ResourceClaim.'),
  }),
  struct('core.v1.PodExtendedResourceClaimStatus', 'The claim behind extended resources of the pod.', {
    requestMappings: need(
      many('core.v1.ContainerExtendedResourceRequest', 'Which request serves which container.'),
    ),
    resourceClaimName: need(str('The ResourceClaim.')),
  }),
  struct('core.v1.ContainerExtendedResourceRequest', 'A request that serves a container.', {
    containerName: need(str('The container.')),
    requestName: need(str('The request.')),
    resourceName: need(str('The resource.')),
  }),
  struct('core.v1.NodeAllocatableResourceClaimStatus', 'What a claim takes of the node.', {
    containers: set('string', 'The containers that use it.'),
    resourceClaimName: need(str('The ResourceClaim.')),
    resources: need(map('quantity', 'How much it takes.')),
  }),
];

/** PodStatus and what it holds. */
export const POD_STATUS_TYPES: readonly StructType[] = [
  struct('core.v1.PodStatus', 'How a pod is.', {
    allocatedResources: map('quantity', 'What the node has set aside for the pod.'),
    conditions: keyed('core.v1.PodCondition', 'type', 'Aspects such as Ready and PodScheduled.'),
    containerStatuses: many('core.v1.ContainerStatus', 'How each container is.'),
    ephemeralContainerStatuses: many('core.v1.ContainerStatus', 'How each debugging container is.'),
    extendedResourceClaimStatus: one(
      'core.v1.PodExtendedResourceClaimStatus',
      'Claim behind extended resources.',
    ),
    hostIP: str('Address of the node.'),
    hostIPs: many('core.v1.HostIP', 'All addresses of the node.'),
    initContainerStatuses: many('core.v1.ContainerStatus', 'How each init container is.'),
    message: str('Why the pod is so, for people.'),
    nodeAllocatableResourceClaimStatuses: many(
      'core.v1.NodeAllocatableResourceClaimStatus',
      'What claims take of the node.',
    ),
    nominatedNodeName: str('The node where room is being made for the pod.'),
    observedGeneration: long('The generation that this status speaks of.'),
    phase: str('Pending, Running, Succeeded, Failed or Unknown.'),
    podIP: str('Address of the pod.'),
    podIPs: keyed('core.v1.PodIP', 'ip', 'All addresses of the pod.'),
    qosClass: str('Guaranteed, Burstable or BestEffort.'),
    reason: str('Why the pod is so, in one CamelCase word.'),
    resize: str('How a change of resources goes on.'),
    resourceClaimStatuses: retain(keyed('core.v1.PodResourceClaimStatus', 'name', 'The claims of the pod.')),
    resources: one('core.v1.ResourceRequirements', 'The requests and limits of the pod in force.'),
    startTime: time('When the node took the pod.'),
  }),
  struct('core.v1.PodCondition', 'One aspect of a pod.', {
    lastProbeTime: time('When it was last looked at.'),
    lastTransitionTime: time('When the status last changed.'),
    message: str('Details for people.'),
    observedGeneration: long('The generation that this condition speaks of.'),
    reason: str('One CamelCase word that says why.'),
    status: need(str('True, False or Unknown.')),
    type: need(str('Name of the aspect.')),
  }),
  struct('core.v1.HostIP', 'An address of the node.', { ip: need(str('The address.')) }),
  struct('core.v1.PodIP', 'An address of the pod.', { ip: need(str('The address.')) }),
  ...CONTAINER_STATUS,
  ...CLAIM_STATUS,
];
