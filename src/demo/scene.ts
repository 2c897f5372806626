// What there is in the practice cluster when the curtain rises: two namespaces, three deployments, and who may do what. All of it is
// ordinary objects, so that a learner can look at it with kubectl.

import type { KubeObject } from '../practice/objects/object.ts';

const RBAC = 'rbac.authorization.k8s.io';
const RBAC_V1 = `${RBAC}/v1`;

/** The name under which the gate's own account is known to the practice cluster. */
export const GATE_ACCOUNT = 'postern';

/** Namespaces, access, then what runs, in the order in which they are made. */
export function makeScene(): readonly KubeObject[] {
  return [
    namespace('production'),
    clusterRole('postern', [
      { apiGroups: [''], resources: ['users', 'groups', 'serviceaccounts'], verbs: ['impersonate'] },
      { apiGroups: ['authentication.k8s.io'], resources: ['uids'], verbs: ['impersonate'] },
    ]),
    clusterBinding('postern', 'postern', { kind: 'User', name: GATE_ACCOUNT }),
    clusterRole('namespace-reader', [
      { apiGroups: [''], resources: ['namespaces'], verbs: ['get', 'list', 'watch'] },
    ]),
    clusterBinding('engineers-see-namespaces', 'namespace-reader', group('engineers')),
    binding('default', 'engineers-edit', 'edit', group('engineers')),
    binding('production', 'engineers-view', 'view', group('engineers')),
    binding('production', 'oncall-edit', 'edit', group('oncall')),
    clusterBinding('auditors-view', 'view', group('auditors')),
    configMap('default', 'greeting', { text: 'Hello from a ConfigMap of the practice cluster.' }),
    deployment('default', 'web', { image: 'postern.dev/practice/web:1', replicas: 2, port: 8080 }),
    service('default', 'web', 8080),
    deployment('default', 'clock', { image: 'postern.dev/practice/talk:1', replicas: 1 }),
    secret('production', 'payments-key'),
    deployment('production', 'payments', { image: 'postern.dev/practice/web:1', replicas: 1, port: 8080 }),
  ];
}

function namespace(name: string): KubeObject {
  return { apiVersion: 'v1', kind: 'Namespace', metadata: { name } };
}

function clusterRole(name: string, rules: readonly object[]): KubeObject {
  return { apiVersion: RBAC_V1, kind: 'ClusterRole', metadata: { name }, rules };
}

function group(name: string) {
  return { kind: 'Group', name };
}

function clusterBinding(name: string, role: string, subject: { kind: string; name: string }): KubeObject {
  return {
    apiVersion: RBAC_V1,
    kind: 'ClusterRoleBinding',
    metadata: { name },
    roleRef: { apiGroup: RBAC, kind: 'ClusterRole', name: role },
    subjects: [{ apiGroup: RBAC, ...subject }],
  };
}

function binding(
  namespace: string,
  name: string,
  role: string,
  subject: { kind: string; name: string },
): KubeObject {
  return {
    apiVersion: RBAC_V1,
    kind: 'RoleBinding',
    metadata: { name, namespace },
    roleRef: { apiGroup: RBAC, kind: 'ClusterRole', name: role },
    subjects: [{ apiGroup: RBAC, ...subject }],
  };
}

function configMap(namespace: string, name: string, data: Readonly<Record<string, string>>): KubeObject {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace }, data };
}

/** Its value is made up and says so. */
function secret(namespace: string, name: string): KubeObject {
  const key = Buffer.from('practice only: this opens nothing').toString('base64');
  return { apiVersion: 'v1', kind: 'Secret', metadata: { name, namespace }, type: 'Opaque', data: { key } };
}

function service(namespace: string, name: string, port: number): KubeObject {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace },
    spec: { selector: { app: name }, ports: [{ name: 'http', port: 80, targetPort: port }] },
  };
}

function deployment(
  namespace: string,
  name: string,
  { image, replicas, port }: { readonly image: string; readonly replicas: number; readonly port?: number },
): KubeObject {
  const labels = { app: name };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, namespace, labels },
    spec: {
      replicas,
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: {
          containers: [
            {
              name,
              image,
              ...(port === undefined ? {} : { ports: [{ name: 'http', containerPort: port }] }),
            },
          ],
        },
      },
    },
  };
}
