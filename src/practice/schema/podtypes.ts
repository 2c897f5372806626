// The types of a pod's specification: what is not its containers or volumes (core/v1 PodSpec and what schedules it).

import {
  atomicMap,
  bool,
  int,
  keyed,
  kind,
  long,
  longs,
  many,
  map,
  need,
  one,
  retain,
  str,
  strings,
  struct,
} from './builders.ts';
import type { StructType } from './fieldtype.ts';

const PREFERRED = 'Wishes by weight; the pod starts even where none holds.';
const REQUIRED = 'What must hold when the pod is placed; later changes do not matter.';

const POD_SPEC = struct('core.v1.PodSpec', 'What a pod runs, and where it may run.', {
  activeDeadlineSeconds: long('Seconds after which the pod is ended as failed.'),
  affinity: one('core.v1.Affinity', 'Rules on the nodes and neighbours of the pod.'),
  automountServiceAccountToken: bool(
    "Whether a token of the service account is mounted into the pod's containers.",
  ),
  containers: need(keyed('core.v1.Container', 'name', 'The containers of the pod; at least one.')),
  dnsConfig: one('core.v1.PodDNSConfig', 'Additions to what dnsPolicy makes of the resolver.'),
  dnsPolicy: str('ClusterFirst, ClusterFirstWithHostNet, Default or None; ClusterFirst unless said.'),
  enableServiceLinks: bool('Whether services appear as environment variables; true unless said.'),
  ephemeralContainers: keyed('core.v1.EphemeralContainer', 'name', 'Containers put in later for debugging.'),
  hostAliases: keyed('core.v1.HostAlias', 'ip', 'Lines added to the hosts file of the pod.'),
  hostIPC: bool("Whether the pod shares the node's inter-process communication."),
  hostNetwork: bool("Whether the pod uses the node's network."),
  hostPID: bool("Whether the pod sees the node's processes."),
  hostUsers: bool("Whether the pod shares the node's user namespace; true unless said."),
  hostname: str("The pod's host name; its own name unless said."),
  hostnameOverride: str('A host name that replaces every other, dots included.'),
  imagePullSecrets: keyed('core.v1.LocalObjectReference', 'name', 'Secrets with which images are fetched.'),
  initContainers: keyed(
    'core.v1.Container',
    'name',
    'Containers that run to their end, in order, before the others.',
  ),
  nodeName: str('The node that the pod is on; the scheduler fills it.'),
  nodeSelector: atomicMap('Labels that the node has to have.'),
  os: one('core.v1.PodOS', "The operating system of the pod's containers."),
  overhead: map('quantity', 'What the runtime class costs beside the containers.'),
  preemptionPolicy: str('Never or PreemptLowerPriority: whether other pods may be driven out for it.'),
  priority: int('The weight behind priorityClassName; filled by the server.'),
  priorityClassName: str('How important the pod is, by name.'),
  readinessGates: many(
    'core.v1.PodReadinessGate',
    'Conditions beside the containers that make the pod ready.',
  ),
  resourceClaims: retain(
    keyed('core.v1.PodResourceClaim', 'name', 'Devices that containers of the pod may use.'),
  ),
  resources: one('core.v1.ResourceRequirements', 'Requests and limits of the pod as a whole.'),
  restartPolicy: str('Always, OnFailure or Never; Always unless said.'),
  runtimeClassName: str('The runtime class that runs the pod.'),
  schedulerName: str('Who places the pod; default-scheduler unless said.'),
  schedulingGates: keyed(
    'core.v1.PodSchedulingGate',
    'name',
    'While any of these is left, the pod is not placed.',
  ),
  schedulingGroup: one('core.v1.PodSchedulingGroup', 'Pods that are placed together with this one.'),
  securityContext: one('core.v1.PodSecurityContext', 'Security settings of all containers.'),
  serviceAccount: str('Older name of serviceAccountName.'),
  serviceAccountName: str('The service account that the pod acts as.'),
  setHostnameAsFQDN: bool('Whether the host name is the full domain name.'),
  shareProcessNamespace: bool('Whether the containers see the processes of each other.'),
  subdomain: str('Makes the host name part of this domain below the namespace.'),
  terminationGracePeriodSeconds: long(
    'Seconds between asking processes to end and killing them; 30 unless said.',
  ),
  tolerations: many('core.v1.Toleration', 'Taints of nodes that do not keep the pod away.'),
  topologySpreadConstraints: keyed(
    'core.v1.TopologySpreadConstraint',
    'topologyKey whenUnsatisfiable',
    'How pods are spread over parts of the cluster.',
  ),
  volumes: retain(keyed('core.v1.Volume', 'name', 'Directories that containers can mount.')),
});

const SCHEDULING: readonly StructType[] = [
  struct('core.v1.Affinity', 'Rules on nodes and neighbours.', {
    nodeAffinity: one('core.v1.NodeAffinity', 'Which nodes.'),
    podAffinity: one('core.v1.PodAffinity', 'Which pods to be near to.'),
    podAntiAffinity: one('core.v1.PodAntiAffinity', 'Which pods to keep away from.'),
  }),
  struct('core.v1.NodeAffinity', 'Rules on nodes.', {
    preferredDuringSchedulingIgnoredDuringExecution: many('core.v1.PreferredSchedulingTerm', PREFERRED),
    requiredDuringSchedulingIgnoredDuringExecution: one('core.v1.NodeSelector', REQUIRED),
  }),
  struct('core.v1.PreferredSchedulingTerm', 'A wish for certain nodes.', {
    preference: need(one('core.v1.NodeSelectorTerm', 'The nodes.')),
    weight: need(int('From 1 to 100.')),
  }),
  struct('core.v1.NodeSelector', 'Selects nodes; one term that holds is enough.', {
    nodeSelectorTerms: need(many('core.v1.NodeSelectorTerm', 'The terms.')),
  }),
  struct('core.v1.NodeSelectorTerm', 'Selects nodes; every requirement has to hold.', {
    matchExpressions: many('core.v1.NodeSelectorRequirement', 'Requirements on labels.'),
    matchFields: many('core.v1.NodeSelectorRequirement', 'Requirements on fields.'),
  }),
  struct('core.v1.NodeSelectorRequirement', 'A requirement on one label or field of a node.', {
    key: need(str('The label or field.')),
    operator: need(str('In, NotIn, Exists, DoesNotExist, Gt or Lt.')),
    values: strings('What the operator compares with.'),
  }),
  ...['core.v1.PodAffinity', 'core.v1.PodAntiAffinity'].map((name) =>
    struct(name, 'Rules on other pods.', {
      preferredDuringSchedulingIgnoredDuringExecution: many('core.v1.WeightedPodAffinityTerm', PREFERRED),
      requiredDuringSchedulingIgnoredDuringExecution: many('core.v1.PodAffinityTerm', REQUIRED),
    }),
  ),
  struct('core.v1.WeightedPodAffinityTerm', 'A wish about other pods.', {
    podAffinityTerm: need(one('core.v1.PodAffinityTerm', 'The pods.')),
    weight: need(int('From 1 to 100.')),
  }),
  struct('core.v1.PodAffinityTerm', 'Other pods, and what counts as the same place.', {
    labelSelector: one('meta.v1.LabelSelector', 'Which pods.'),
    matchLabelKeys: strings('Labels that must be equal to those of this pod.'),
    mismatchLabelKeys: strings('Labels that must differ from those of this pod.'),
    namespaceSelector: one('meta.v1.LabelSelector', 'Namespaces of the other pods, by label.'),
    namespaces: strings('Namespaces of the other pods, by name.'),
    topologyKey: need(str('Nodes with the same value of this label are one place.')),
  }),
  struct('core.v1.Toleration', 'A taint that does not keep the pod away.', {
    effect: str('NoSchedule, PreferNoSchedule or NoExecute; empty means each.'),
    key: str('Key of the taint; empty means each.'),
    operator: str('Exists or Equal; Equal unless said.'),
    tolerationSeconds: long('How long NoExecute is endured; for ever unless said.'),
    value: str('Value of the taint, for Equal.'),
  }),
  struct('core.v1.TopologySpreadConstraint', 'How evenly pods are spread.', {
    labelSelector: one('meta.v1.LabelSelector', 'The pods that are counted.'),
    matchLabelKeys: strings('Labels of this pod by which the counted pods are narrowed.'),
    maxSkew: need(int('How far two places may differ in their number of pods.')),
    minDomains: int('How many places there have to be.'),
    nodeAffinityPolicy: str('Honor or Ignore: whether the node rules of the pod narrow the places.'),
    nodeTaintsPolicy: str('Honor or Ignore: whether taints narrow the places.'),
    topologyKey: need(str('Nodes with the same value of this label are one place.')),
    whenUnsatisfiable: need(str('DoNotSchedule or ScheduleAnyway.')),
  }),
];

const SETTINGS: readonly StructType[] = [
  struct('core.v1.PodDNSConfig', 'What the resolver of the pod is told.', {
    nameservers: strings('Addresses of name servers.'),
    options: many('core.v1.PodDNSConfigOption', 'Options of the resolver.'),
    searches: strings('Domains in which short names are looked up.'),
  }),
  struct('core.v1.PodDNSConfigOption', 'An option of the resolver.', {
    name: str('Name of the option.'),
    value: str('Its value, if it has one.'),
  }),
  struct('core.v1.HostAlias', 'A line of the hosts file.', {
    hostnames: strings('The names of the address.'),
    ip: need(str('The address.')),
  }),
  struct('core.v1.LocalObjectReference', 'An object of the same namespace.', { name: str('Its name.') }),
  struct('core.v1.PodOS', 'An operating system.', { name: need(str('linux or windows.')) }),
  struct('core.v1.PodReadinessGate', 'A condition that makes the pod ready.', {
    conditionType: need(str('Type of a condition in the status of the pod.')),
  }),
  struct('core.v1.PodResourceClaim', 'A claim for devices.', {
    name: need(str('How containers name the claim.')),
    resourceClaimName: str('An existing ResourceClaim.'),
    resourceClaimTemplateName: str('A template from which a ResourceClaim is made for the pod.'),
  }),
  struct('core.v1.PodSchedulingGate', 'Something that keeps the pod from being placed.', {
    name: need(str('Its name.')),
  }),
  struct('core.v1.PodSchedulingGroup', 'Pods that are placed together.', {
    podGroupName: str('Name of the PodGroup.'),
  }),
  struct('core.v1.PodSecurityContext', 'Security settings of all containers of a pod.', {
    appArmorProfile: one('core.v1.AppArmorProfile', 'The AppArmor profile.'),
    fsGroup: long('Group that owns the volumes.'),
    fsGroupChangePolicy: str('OnRootMismatch or Always: when the owner of a volume is changed.'),
    runAsGroup: long('Group id of the processes.'),
    runAsNonRoot: bool('Whether a container that would run as root is refused.'),
    runAsUser: long('User id of the processes.'),
    seLinuxChangePolicy: str('MountOption or Recursive: how volumes get their SELinux label.'),
    seLinuxOptions: one('core.v1.SELinuxOptions', 'The SELinux label.'),
    seccompProfile: one('core.v1.SeccompProfile', 'The filter of system calls.'),
    supplementalGroups: longs('More groups of the first process.'),
    supplementalGroupsPolicy: str('Merge or Strict: whether groups of the image count too.'),
    sysctls: many('core.v1.Sysctl', 'Kernel parameters of the pod.'),
    windowsOptions: one('core.v1.WindowsSecurityContextOptions', 'Settings for Windows.'),
  }),
  struct('core.v1.Sysctl', 'A kernel parameter.', {
    name: need(str('Its name.')),
    value: need(str('Its value.')),
  }),
];

/** PodSpec, scheduling and pod-wide settings. */
export const POD_TYPES: readonly StructType[] = [
  kind('core.v1.Pod', 'Containers that run together on one node.', {
    spec: one('core.v1.PodSpec', 'The wished state.'),
    status: one('core.v1.PodStatus', 'The present state, as far as is known.'),
  }),
  struct('core.v1.PodTemplateSpec', 'From this, pods are made.', {
    metadata: one('meta.v1.ObjectMeta', 'Labels and annotations of the pods.'),
    spec: one('core.v1.PodSpec', 'The wished state of the pods.'),
  }),
  POD_SPEC,
  ...SCHEDULING,
  ...SETTINGS,
];
