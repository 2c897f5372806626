// The roles and bindings that every cluster has from its first moment (k8s.io/kubernetes plugin/pkg/auth/authorizer/rbac/bootstrappolicy), as far
// as the practice server has their resources, and the one of its own. There is no controller that aggregates roles: admin contains what edit
// contains, and edit what view contains, written out.

import type { KubeObject } from '../objects/object.ts';
import { PRIVILEGED_GROUP } from './authorizer.ts';
import { type PolicyRule, RBAC_GROUP } from './policy.ts';

/** The objects to create in an empty store, without uid and resourceVersion: ClusterRoles, then their ClusterRoleBindings. */
export function bootstrapObjects(): readonly KubeObject[] {
  return [
    clusterRole('cluster-admin', [rule(['*'], ['*'], ['*']), urls(['*'], ['*'])]),
    clusterRole('admin', [...ADMIN, ...EDIT, ...VIEW]),
    clusterRole('edit', [...EDIT, ...VIEW]),
    clusterRole('view', VIEW),
    clusterRole('system:basic-user', BASIC_USER),
    clusterRole('system:discovery', [urls(['get'], [...DISCOVERY, ...PUBLIC].sort())]),
    clusterRole('system:public-info-viewer', [urls(['get'], PUBLIC)]),
    clusterRole('practice:guide', [urls(['get'], ['/practice', '/practice/*'])]),
    binding('cluster-admin', [PRIVILEGED_GROUP]),
    binding('system:basic-user', [AUTHENTICATED]),
    binding('system:discovery', [AUTHENTICATED]),
    binding('system:public-info-viewer', [AUTHENTICATED, UNAUTHENTICATED]),
    binding('practice:guide', [AUTHENTICATED]),
  ];
}

const AUTHENTICATED = 'system:authenticated';
const UNAUTHENTICATED = 'system:unauthenticated';

const READ = ['get', 'list', 'watch'] as const;
const WRITE = ['create', 'delete', 'deletecollection', 'patch', 'update'] as const;
const READ_WRITE = [
  'create',
  'delete',
  'deletecollection',
  'get',
  'list',
  'patch',
  'update',
  'watch',
] as const;

const PUBLIC = ['/healthz', '/livez', '/readyz', '/version', '/version/'] as const;
const DISCOVERY = ['/api', '/api/*', '/apis', '/apis/*', '/openapi', '/openapi/*'] as const;

// Whatever opens a pod's inside is writing, and so is a secret: view has neither.
const INSIDE_PODS = ['pods/attach', 'pods/exec', 'pods/portforward'] as const;

type Rule = Partial<PolicyRule>;

const VIEW: readonly Rule[] = [
  rule(READ, [''], ['configmaps', 'pods', 'serviceaccounts', 'services', 'services/status']),
  rule(READ, [''], ['namespaces/status', 'pods/log', 'pods/status']),
  rule(READ, [''], ['namespaces']),
  rule(READ, ['', 'events.k8s.io'], ['events']),
  rule(
    READ,
    ['apps'],
    [
      'deployments',
      'deployments/scale',
      'deployments/status',
      'replicasets',
      'replicasets/scale',
      'replicasets/status',
    ],
  ),
];

const EDIT: readonly Rule[] = [
  rule(READ, [''], [...INSIDE_PODS, 'secrets']),
  rule(['impersonate'], [''], ['serviceaccounts']),
  rule(WRITE, [''], ['pods', ...INSIDE_PODS]),
  rule(WRITE, [''], ['configmaps', 'secrets', 'serviceaccounts', 'services']),
  rule(WRITE, ['', 'events.k8s.io'], ['events']),
  rule(WRITE, ['apps'], ['deployments', 'deployments/scale', 'replicasets', 'replicasets/scale']),
  rule(READ_WRITE, ['coordination.k8s.io'], ['leases']),
];

const ADMIN: readonly Rule[] = [rule(READ_WRITE, [RBAC_GROUP], ['rolebindings', 'roles'])];

const BASIC_USER: readonly Rule[] = [
  rule(['create'], ['authorization.k8s.io'], ['selfsubjectaccessreviews', 'selfsubjectrulesreviews']),
  rule(['create'], ['authentication.k8s.io'], ['selfsubjectreviews']),
];

function rule(verbs: readonly string[], apiGroups: readonly string[], resources: readonly string[]): Rule {
  return { verbs, apiGroups, resources };
}

function urls(verbs: readonly string[], nonResourceURLs: readonly string[]): Rule {
  return { verbs, nonResourceURLs };
}

function object(kind: string, name: string, content: Readonly<Record<string, unknown>>): KubeObject {
  return {
    apiVersion: `${RBAC_GROUP}/v1`,
    kind,
    metadata: {
      name,
      labels: { 'kubernetes.io/bootstrapping': 'rbac-defaults' },
      annotations: { 'rbac.authorization.kubernetes.io/autoupdate': 'true' },
    },
    ...content,
  };
}

function clusterRole(name: string, rules: readonly Rule[]): KubeObject {
  return object('ClusterRole', name, { rules });
}

/** Gives the ClusterRole of the same name to some groups. */
function binding(name: string, groups: readonly string[]): KubeObject {
  return object('ClusterRoleBinding', name, {
    roleRef: { apiGroup: RBAC_GROUP, kind: 'ClusterRole', name },
    subjects: groups.map((group) => ({ apiGroup: RBAC_GROUP, kind: 'Group', name: group })),
  });
}
