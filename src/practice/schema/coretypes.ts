// The types of the core group beside the pod: config maps, secrets, namespaces, service accounts, services, events, and the options of the
// pod's connections (core/v1 and events.k8s.io/v1).

import {
  atomicMap,
  bool,
  int,
  intOrString,
  keyed,
  kind,
  many,
  map,
  microTime,
  need,
  one,
  orElse,
  str,
  strings,
  struct,
  TYPE_META,
  time,
} from './builders.ts';
import type { StructType } from './fieldtype.ts';

const IMMUTABLE = 'Whether the data can never change again.';

const SERVICES: readonly StructType[] = [
  kind('core.v1.Service', 'A steady name and address for pods.', {
    spec: one('core.v1.ServiceSpec', 'The wished state.'),
    status: one('core.v1.ServiceStatus', 'The present state.'),
  }),
  struct('core.v1.ServiceSpec', 'How a service is reached, and which pods it leads to.', {
    allocateLoadBalancerNodePorts: bool('Whether a load balancer gets node ports too; true unless said.'),
    clusterIP: str('Address in the cluster; None makes a service without one.'),
    clusterIPs: strings('Its addresses, one for each IP family.'),
    externalIPs: strings('Addresses beside those of the cluster that lead here.'),
    externalName: str('The DNS name that an ExternalName service stands for.'),
    externalTrafficPolicy: str('Cluster or Local: which pods get what comes from outside.'),
    healthCheckNodePort: int('Node port by which load balancers check a Local service.'),
    internalTrafficPolicy: str('Cluster or Local: which pods get what comes from inside.'),
    ipFamilies: strings('IPv4, IPv6 or both.'),
    ipFamilyPolicy: str('SingleStack, PreferDualStack or RequireDualStack.'),
    loadBalancerClass: str('Which load balancer.'),
    loadBalancerIP: str('Wished address of the load balancer.'),
    loadBalancerSourceRanges: strings('Who may reach the load balancer, as CIDR.'),
    ports: keyed('core.v1.ServicePort', 'port protocol', 'The ports.'),
    publishNotReadyAddresses: bool('Whether pods are listed before they are ready.'),
    selector: atomicMap('Labels of the pods that it leads to.'),
    sessionAffinity: str('ClientIP or None: whether one client stays with one pod.'),
    sessionAffinityConfig: one('core.v1.SessionAffinityConfig', 'Details of the affinity.'),
    trafficDistribution: str('A wish how traffic is spread, such as PreferClose.'),
    type: str('ClusterIP, NodePort, LoadBalancer or ExternalName; ClusterIP unless said.'),
  }),
  struct('core.v1.ServicePort', 'A port of a service.', {
    appProtocol: str('What is spoken there, such as kubernetes.io/h2c.'),
    name: str('Its name; needed when there are several.'),
    nodePort: int('The port on every node.'),
    port: need(int('The port of the service.')),
    protocol: orElse(str('TCP, UDP or SCTP; TCP unless said.'), 'TCP'),
    targetPort: intOrString('The port of the pods by number or name; the same unless said.'),
  }),
  struct('core.v1.SessionAffinityConfig', 'Details of the affinity.', {
    clientIP: one('core.v1.ClientIPConfig', 'For ClientIP.'),
  }),
  struct('core.v1.ClientIPConfig', 'Affinity by address.', {
    timeoutSeconds: int('How long a client stays with a pod; 10800 unless said.'),
  }),
  struct('core.v1.ServiceStatus', 'How a service is.', {
    conditions: keyed('meta.v1.Condition', 'type', 'Aspects of its state.'),
    loadBalancer: one('core.v1.LoadBalancerStatus', 'How its load balancer is.'),
  }),
  struct('core.v1.LoadBalancerStatus', 'How a load balancer is.', {
    ingress: many('core.v1.LoadBalancerIngress', 'Where it is reached.'),
  }),
  struct('core.v1.LoadBalancerIngress', 'Where a load balancer is reached.', {
    hostname: str('By name.'),
    ip: str('By address.'),
    ipMode: str('VIP or Proxy.'),
    ports: many('core.v1.PortStatus', 'How its ports are.'),
  }),
  struct('core.v1.PortStatus', 'How a port is.', {
    error: str('What is wrong with it.'),
    port: need(int('The port.')),
    protocol: need(str('Its protocol.')),
  }),
];

const EVENTS: readonly StructType[] = [
  kind('core.v1.Event', 'Something that happened to an object.', {
    action: str('What was done.'),
    count: int('How often it happened.'),
    eventTime: microTime('When it was first seen.'),
    firstTimestamp: time('When it first happened.'),
    involvedObject: need(one('core.v1.ObjectReference', 'The object that it happened to.')),
    lastTimestamp: time('When it last happened.'),
    message: str('What happened, for people.'),
    metadata: need(one('meta.v1.ObjectMeta', 'Name, labels and what else every object has.')),
    reason: str('One CamelCase word that says why.'),
    related: one('core.v1.ObjectReference', 'A second object that takes part.'),
    reportingComponent: str('Who tells it.'),
    reportingInstance: str('Which instance of who tells it.'),
    series: one('core.v1.EventSeries', 'Present when it happens again and again.'),
    source: one('core.v1.EventSource', 'Who noticed it.'),
    type: str('Normal or Warning.'),
  }),
  struct('core.v1.EventSeries', 'Something that happens again and again.', {
    count: int('How often so far.'),
    lastObservedTime: microTime('When it was last seen.'),
  }),
  struct('core.v1.EventSource', 'Who noticed an event.', {
    component: str('The component.'),
    host: str('The node.'),
  }),
  kind('events.v1.Event', 'Something that happened to an object.', {
    action: str('What was done.'),
    deprecatedCount: int('For events of the core group: how often.'),
    deprecatedFirstTimestamp: time('For events of the core group: when first.'),
    deprecatedLastTimestamp: time('For events of the core group: when last.'),
    deprecatedSource: one('core.v1.EventSource', 'For events of the core group: who noticed.'),
    eventTime: need(microTime('When it was first seen.')),
    note: str('What happened, for people.'),
    reason: str('One CamelCase word that says why.'),
    regarding: one('core.v1.ObjectReference', 'The object that it happened to.'),
    related: one('core.v1.ObjectReference', 'A second object that takes part.'),
    reportingController: str('Who tells it.'),
    reportingInstance: str('Which instance of who tells it.'),
    series: one('events.v1.EventSeries', 'Present when it happens again and again.'),
    type: str('Normal or Warning.'),
  }),
  struct('events.v1.EventSeries', 'Something that happens again and again.', {
    count: need(int('How often so far.')),
    lastObservedTime: need(microTime('When it was last seen.')),
  }),
];

const STREAMS = {
  ...TYPE_META,
  container: str('The container; the only one unless said.'),
  stderr: bool('Whether its errors are sent.'),
  stdin: bool('Whether its input is taken.'),
  stdout: bool('Whether its output is sent.'),
  tty: bool('Whether it is a terminal.'),
};

const CONNECTIONS: readonly StructType[] = [
  struct('core.v1.PodAttachOptions', 'What to attach to.', STREAMS),
  struct('core.v1.PodExecOptions', 'What to run in a container.', {
    ...STREAMS,
    command: need(strings('The program and its arguments.')),
  }),
  struct('core.v1.PodPortForwardOptions', 'Ports to forward.', {
    ...TYPE_META,
    ports: { type: { is: 'list', of: { is: 'scalar', scalar: 'integer' } }, does: 'The ports of the pod.' },
  }),
];

/** The core group beside the pod, and events.k8s.io. */
export const CORE_TYPES: readonly StructType[] = [
  kind('core.v1.ConfigMap', 'Settings for pods to read.', {
    binaryData: map('bytes', 'Bytes by key, in base64.'),
    data: map('string', 'Text by key.'),
    immutable: bool(IMMUTABLE),
  }),
  kind('core.v1.Secret', 'Secret settings for pods to read.', {
    data: map('bytes', 'Values by key, in base64.'),
    immutable: bool(IMMUTABLE),
    stringData: map('string', 'Values by key in plain text; put into data when written, never read.'),
    type: str('What it holds; Opaque unless said.'),
  }),
  kind('core.v1.Namespace', 'A part of the cluster with names of its own.', {
    spec: one('core.v1.NamespaceSpec', 'The wished state.'),
    status: one('core.v1.NamespaceStatus', 'The present state.'),
  }),
  struct('core.v1.NamespaceSpec', 'The wished state of a namespace.', {
    finalizers: strings('Who must finish before it is removed.'),
  }),
  struct('core.v1.NamespaceStatus', 'How a namespace is.', {
    conditions: keyed('core.v1.NamespaceCondition', 'type', 'Aspects of its state.'),
    phase: str('Active or Terminating.'),
  }),
  struct('core.v1.NamespaceCondition', 'One aspect of a namespace.', {
    lastTransitionTime: time('When the status last changed.'),
    message: str('Details for people.'),
    reason: str('One CamelCase word that says why.'),
    status: need(str('True, False or Unknown.')),
    type: need(str('Name of the aspect.')),
  }),
  kind('core.v1.ServiceAccount', 'Who a pod acts as.', {
    automountServiceAccountToken: bool('Whether pods get its token mounted, unless they say otherwise.'),
    imagePullSecrets: many('core.v1.LocalObjectReference', 'Secrets with which its pods fetch images.'),
    secrets: keyed('core.v1.ObjectReference', 'name', 'Secrets that its pods may use.'),
  }),
  struct('core.v1.ObjectReference', 'An object.', {
    apiVersion: str('Its group and version.'),
    fieldPath: str('A part of it.'),
    kind: str('Its kind.'),
    name: str('Its name.'),
    namespace: str('Its namespace.'),
    resourceVersion: str('A version of it.'),
    uid: str('Its uid.'),
  }),
  ...SERVICES,
  ...EVENTS,
  ...CONNECTIONS,
];
