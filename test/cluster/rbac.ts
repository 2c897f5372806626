// The objects that the tests need in any cluster: their namespace, what users' groups may do, and what the gate's account may do, which is
// to impersonate, to ask who may, and nothing else: the rules of docs/how-to/gate-account.md, so that the end-to-end tests show that they are enough.

import { EDITORS, ENGINEERS, GATE_USER, TEST_NAMESPACE, VIEWERS } from './cluster.ts';

const RBAC = 'rbac.authorization.k8s.io';
/** What is told of an identity of AWS: docs/how-to/aws-iam.md. */
const AWS_EXTRAS = ['accesskeyid', 'arn', 'canonicalarn', 'principalid', 'sessionname'].map(
  (key) => `userextras/${key}`,
);
const CLUSTER_PATH = `/apis/${RBAC}/v1`;

/** An object, and the path of the collection it is created in. */
export interface TestObject {
  readonly collection: string;
  readonly object: object;
}

/** Who the gate is to the API server: the user of its certificate, or a service account. */
export type GateSubject = 'User' | 'ServiceAccount';

/** All objects, in the order of their making. */
export function makeTestObjects(gate: GateSubject): readonly TestObject[] {
  const subject =
    gate === 'User'
      ? { kind: 'User', name: GATE_USER, apiGroup: RBAC }
      : { kind: 'ServiceAccount', name: GATE_USER, namespace: TEST_NAMESPACE };
  const account = {
    collection: `/api/v1/namespaces/${TEST_NAMESPACE}/serviceaccounts`,
    object: {
      apiVersion: 'v1',
      kind: 'ServiceAccount',
      metadata: { name: GATE_USER, namespace: TEST_NAMESPACE },
    },
  };
  return [
    {
      collection: '/api/v1/namespaces',
      object: { apiVersion: 'v1', kind: 'Namespace', metadata: { name: TEST_NAMESPACE } },
    },
    ...(gate === 'ServiceAccount' ? [account] : []),
    impersonator(),
    binding({ name: GATE_USER, role: GATE_USER, subject }),
    binding({ name: 'postern-e2e-engineers', role: 'cluster-admin', subject: group(ENGINEERS) }),
    binding({ name: 'editors', role: 'edit', subject: group(EDITORS), namespace: TEST_NAMESPACE }),
    binding({ name: 'viewers', role: 'view', subject: group(VIEWERS), namespace: TEST_NAMESPACE }),
  ];
}

/** What a service account's token says beside its name, when it is bound to a pod or node. */
const ACCOUNT_EXTRAS = ['credential-id', 'pod-name', 'pod-uid', 'node-name', 'node-uid'].map(
  (key) => `userextras/authentication.kubernetes.io/${key}`,
);

function impersonator(): TestObject {
  return {
    collection: `${CLUSTER_PATH}/clusterroles`,
    object: {
      apiVersion: `${RBAC}/v1`,
      kind: 'ClusterRole',
      metadata: { name: GATE_USER },
      rules: [
        { apiGroups: [''], resources: ['users', 'groups', 'serviceaccounts'], verbs: ['impersonate'] },
        {
          apiGroups: ['authentication.k8s.io'],
          resources: ['uids', 'userextras/postern.dev/original-user', ...ACCOUNT_EXTRAS, ...AWS_EXTRAS],
          verbs: ['impersonate'],
        },
        { apiGroups: ['authorization.k8s.io'], resources: ['subjectaccessreviews'], verbs: ['create'] },
        { apiGroups: ['authentication.k8s.io'], resources: ['tokenreviews'], verbs: ['create'] },
      ],
    },
  };
}

function group(name: string): object {
  return { kind: 'Group', name, apiGroup: RBAC };
}

function binding(given: {
  readonly name: string;
  readonly role: string;
  readonly subject: object;
  readonly namespace?: string;
}): TestObject {
  const { namespace } = given;
  const kind = namespace === undefined ? 'ClusterRoleBinding' : 'RoleBinding';
  const metadata = { name: given.name, ...(namespace === undefined ? {} : { namespace }) };
  return {
    collection:
      namespace === undefined
        ? `${CLUSTER_PATH}/clusterrolebindings`
        : `${CLUSTER_PATH}/namespaces/${namespace}/rolebindings`,
    object: {
      apiVersion: `${RBAC}/v1`,
      kind,
      metadata,
      roleRef: { apiGroup: RBAC, kind: 'ClusterRole', name: given.role },
      subjects: [given.subject],
    },
  };
}
