// The resources that the practice API server has, as data: discovery, routing, tables and access all read this table and no other.

/** A resource of the API. */
export interface Resource {
  /** '' is the core group. */
  readonly group: string;
  readonly version: string;
  /** Plural, as in the path. */
  readonly resource: string;
  readonly singular: string;
  readonly kind: string;
  readonly namespaced: boolean;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  readonly verbs: readonly string[];
  readonly subresources: readonly Subresource[];
}

/** A subresource: `kind` is what it takes and gives. */
export interface Subresource {
  readonly name: string;
  readonly kind: string;
  /** Where `kind` is not of the resource's own group and version: e.g. autoscaling/v1 Scale, policy/v1 Eviction. */
  readonly group?: string;
  readonly version?: string;
  readonly verbs: readonly string[];
}

const ALL = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'] as const;
const STATUS_VERBS = ['get', 'patch', 'update'] as const;
const CONNECT = ['create', 'get'] as const;

type Row = Pick<Resource, 'resource' | 'kind'> & Partial<Resource>;

function define(group: string, version: string, row: Row): Resource {
  return {
    group,
    version,
    singular: row.kind.toLowerCase(),
    namespaced: true,
    shortNames: [],
    categories: [],
    verbs: ALL,
    subresources: [],
    ...row,
  };
}

function status(kind: string): Subresource {
  return { name: 'status', kind, verbs: STATUS_VERBS };
}

const SCALE: Subresource = {
  name: 'scale',
  kind: 'Scale',
  group: 'autoscaling',
  version: 'v1',
  verbs: STATUS_VERBS,
};

/** Every resource, in the order of discovery. */
export const RESOURCES: readonly Resource[] = [
  define('', 'v1', { resource: 'configmaps', kind: 'ConfigMap', shortNames: ['cm'] }),
  define('', 'v1', { resource: 'events', kind: 'Event', shortNames: ['ev'] }),
  define('', 'v1', {
    resource: 'namespaces',
    kind: 'Namespace',
    namespaced: false,
    shortNames: ['ns'],
    verbs: ['create', 'delete', 'get', 'list', 'patch', 'update', 'watch'],
    subresources: [status('Namespace')],
  }),
  define('', 'v1', {
    resource: 'pods',
    kind: 'Pod',
    shortNames: ['po'],
    categories: ['all'],
    subresources: [
      { name: 'attach', kind: 'PodAttachOptions', verbs: CONNECT },
      { name: 'exec', kind: 'PodExecOptions', verbs: CONNECT },
      { name: 'log', kind: 'Pod', verbs: ['get'] },
      { name: 'portforward', kind: 'PodPortForwardOptions', verbs: CONNECT },
      status('Pod'),
    ],
  }),
  define('', 'v1', { resource: 'secrets', kind: 'Secret' }),
  define('', 'v1', { resource: 'serviceaccounts', kind: 'ServiceAccount', shortNames: ['sa'] }),
  define('', 'v1', {
    resource: 'services',
    kind: 'Service',
    shortNames: ['svc'],
    categories: ['all'],
    subresources: [status('Service')],
  }),
  define('apps', 'v1', {
    resource: 'deployments',
    kind: 'Deployment',
    shortNames: ['deploy'],
    categories: ['all'],
    subresources: [SCALE, status('Deployment')],
  }),
  define('apps', 'v1', {
    resource: 'replicasets',
    kind: 'ReplicaSet',
    shortNames: ['rs'],
    categories: ['all'],
    subresources: [SCALE, status('ReplicaSet')],
  }),
  define('authentication.k8s.io', 'v1', {
    resource: 'selfsubjectreviews',
    kind: 'SelfSubjectReview',
    namespaced: false,
    verbs: ['create'],
  }),
  define('authorization.k8s.io', 'v1', {
    resource: 'selfsubjectaccessreviews',
    kind: 'SelfSubjectAccessReview',
    namespaced: false,
    verbs: ['create'],
  }),
  define('authorization.k8s.io', 'v1', {
    resource: 'selfsubjectrulesreviews',
    kind: 'SelfSubjectRulesReview',
    namespaced: false,
    verbs: ['create'],
  }),
  define('coordination.k8s.io', 'v1', { resource: 'leases', kind: 'Lease' }),
  define('events.k8s.io', 'v1', { resource: 'events', kind: 'Event', shortNames: ['ev'] }),
  define('rbac.authorization.k8s.io', 'v1', {
    resource: 'clusterrolebindings',
    kind: 'ClusterRoleBinding',
    namespaced: false,
  }),
  define('rbac.authorization.k8s.io', 'v1', {
    resource: 'clusterroles',
    kind: 'ClusterRole',
    namespaced: false,
  }),
  define('rbac.authorization.k8s.io', 'v1', { resource: 'rolebindings', kind: 'RoleBinding' }),
  define('rbac.authorization.k8s.io', 'v1', { resource: 'roles', kind: 'Role' }),
];

/** The resource of a path, if there is one. */
export function findResource(group: string, version: string, resource: string): Resource | undefined {
  return RESOURCES.find((one) => one.group === group && one.version === version && one.resource === resource);
}

/** `v1` or `apps/v1`. */
export function apiVersionOf({
  group,
  version,
}: {
  readonly group: string;
  readonly version: string;
}): string {
  return group === '' ? version : `${group}/${version}`;
}
