// What the API server fills into an object that leaves it out (k8s.io/kubernetes pkg/apis/*/v1/defaults.go): people see it, and apply and diff
// compare with it. Applied twice, it changes nothing more.

import type { KubeObject } from '../objects/object.ts';
import { eachOf, fill, isJsonObject, isUnset, type JsonObject, objectOf, within } from './json.ts';
import { defaultPod, defaultTemplate } from './poddefaults.ts';

const PROGRESS_DEADLINE_SECONDS = 600;
const REVISION_HISTORY = 10;
const ROLLING_UPDATE = { maxSurge: '25%', maxUnavailable: '25%' };
const CLIENT_IP_SECONDS = 10_800;
const RBAC = 'rbac.authorization.k8s.io';
const NAMESPACE_LABEL = 'kubernetes.io/metadata.name';

const BY_KIND: ReadonlyMap<string, (object: JsonObject) => JsonObject> = new Map([
  ['v1/Pod', defaultPod],
  ['v1/Service', defaultService],
  ['v1/Secret', defaultSecret],
  ['v1/Namespace', defaultNamespace],
  ['apps/v1/Deployment', defaultDeployment],
  ['apps/v1/ReplicaSet', defaultReplicaSet],
  [`${RBAC}/v1/RoleBinding`, defaultBinding],
  [`${RBAC}/v1/ClusterRoleBinding`, defaultBinding],
]);

/** The object with its defaults; the same object when its kind has none. What is malformed is left as it is. */
export function withDefaults(object: KubeObject): KubeObject {
  const { apiVersion, kind, metadata } = object;
  const change = BY_KIND.get(`${apiVersion}/${kind}`);
  return change === undefined ? object : { metadata, ...change(object), apiVersion, kind };
}

function defaultDeployment(deployment: JsonObject): JsonObject {
  return within(deployment, 'spec', (spec) => {
    const filled = fill(spec, {
      progressDeadlineSeconds: PROGRESS_DEADLINE_SECONDS,
      replicas: 1,
      revisionHistoryLimit: REVISION_HISTORY,
    });
    const strategy = within(filled, 'strategy', defaultStrategy, {});
    return within(strategy, 'template', defaultTemplate);
  });
}

function defaultStrategy(strategy: JsonObject): JsonObject {
  const typed = fill(strategy, { type: 'RollingUpdate' });
  if (typed['type'] !== 'RollingUpdate') return typed;
  return within(typed, 'rollingUpdate', (update) => fill(update, ROLLING_UPDATE), {});
}

function defaultReplicaSet(set: JsonObject): JsonObject {
  return within(set, 'spec', (spec) => within(fill(spec, { replicas: 1 }), 'template', defaultTemplate));
}

function defaultService(service: JsonObject): JsonObject {
  const specified = within(service, 'spec', (given) => {
    const spec = defaultAffinity(fill(given, { sessionAffinity: 'None', type: 'ClusterIP' }));
    const ports = eachOf(spec, 'ports', defaultServicePort);
    return fill(ports, trafficDefaults(ports));
  });
  return within(specified, 'status', (status) => fill(status, { loadBalancer: {} }), {});
}

function defaultAffinity(spec: JsonObject): JsonObject {
  if (spec['sessionAffinity'] !== 'ClientIP') return spec;
  const timeout = (one: JsonObject): JsonObject => fill(one, { timeoutSeconds: CLIENT_IP_SECONDS });
  return within(spec, 'sessionAffinityConfig', (config) => within(config, 'clientIP', timeout, {}), {});
}

function defaultServicePort(port: JsonObject): JsonObject {
  const filled = fill(port, { protocol: 'TCP', targetPort: port['port'] });
  return filled['targetPort'] === 0 ? { ...filled, targetPort: port['port'] } : filled;
}

function trafficDefaults(spec: JsonObject): JsonObject {
  const type = String(spec['type']);
  const outside = type === 'NodePort' || type === 'LoadBalancer';
  const { externalIPs } = spec;
  const reachable = outside || (type === 'ClusterIP' && Array.isArray(externalIPs) && externalIPs.length > 0);
  return {
    ...(type === 'LoadBalancer' ? { allocateLoadBalancerNodePorts: true } : {}),
    ...(reachable ? { externalTrafficPolicy: 'Cluster' } : {}),
    ...(outside || type === 'ClusterIP' ? { internalTrafficPolicy: 'Cluster' } : {}),
  };
}

/** `stringData` is written into `data`, over what is there, and never kept. */
function defaultSecret(secret: JsonObject): JsonObject {
  const { stringData, ...rest } = fill(secret, { type: 'Opaque' });
  if (isUnset(stringData)) return rest;
  if (!isJsonObject(stringData)) return { ...rest, stringData };
  const encoded = Object.entries(stringData).map(([key, value]) => [
    key,
    Buffer.from(String(value ?? '')).toString('base64'),
  ]);
  return { ...rest, data: { ...objectOf(secret['data']), ...Object.fromEntries(encoded) } };
}

function defaultNamespace(namespace: JsonObject): JsonObject {
  const { name } = objectOf(namespace['metadata']);
  const labelled = isUnset(name)
    ? namespace
    : within(namespace, 'metadata', (metadata) =>
        within(metadata, 'labels', (labels) => ({ ...labels, [NAMESPACE_LABEL]: name }), {}),
      );
  return within(labelled, 'status', (status) => fill(status, { phase: 'Active' }), {});
}

function defaultBinding(binding: JsonObject): JsonObject {
  const ref = within(binding, 'roleRef', (role) => fill(role, { apiGroup: RBAC }));
  return eachOf(ref, 'subjects', (subject) => {
    const { kind } = subject;
    return kind === 'User' || kind === 'Group' ? fill(subject, { apiGroup: RBAC }) : subject;
  });
}
