import t from 'tap';
import { freezeUserInfo } from '../../../../src/kube/userinfo.ts';
import { createAuthorizer } from '../../../../src/practice/access/authorizer.ts';
import { bootstrapObjects } from '../../../../src/practice/access/bootstrap.ts';
import { readRules } from '../../../../src/practice/access/policy.ts';
import { RESOURCES } from '../../../../src/practice/objects/resources.ts';
import { ask } from './asking.ts';
import { binding, memoryStore, user } from './memory.ts';

const ROLES = ['view', 'edit', 'admin', 'cluster-admin'] as const;
const store = memoryStore([
  ...bootstrapObjects(),
  ...ROLES.map((name) => binding(name, `ClusterRole/${name}`, [user(name)], 'web')),
  binding('root', 'ClusterRole/cluster-admin', [user('root')]),
]);
const authorizer = createAuthorizer(store);

function allowed(person: string, groups: readonly string[], question: string): boolean {
  return authorizer.authorize(freezeUserInfo({ username: person, groups }), ask(question)).allowed;
}

t.test('what view, edit, admin and cluster-admin may do in a namespace (bootstrappolicy)', async (t) => {
  const facts: readonly (readonly [question: string, view: number, edit: number, admin: number])[] = [
    ['get pods x', 1, 1, 1],
    ['watch pods', 1, 1, 1],
    ['get pods/log x', 1, 1, 1],
    ['list configmaps', 1, 1, 1],
    ['list events', 1, 1, 1],
    ['list events.events.k8s.io', 1, 1, 1],
    ['get namespaces web', 1, 1, 1],
    ['list deployments.apps', 1, 1, 1],
    ['list secrets', 0, 1, 1],
    ['create pods/exec x', 0, 1, 1],
    ['get pods/exec x', 0, 1, 1],
    ['create pods/portforward x', 0, 1, 1],
    ['get pods/attach x', 0, 1, 1],
    ['create pods', 0, 1, 1],
    ['delete deployments.apps x', 0, 1, 1],
    ['patch deployments.apps/scale x', 0, 1, 1],
    ['impersonate serviceaccounts x', 0, 1, 1],
    ['update pods/status x', 0, 0, 0],
    ['delete namespaces web', 0, 0, 0],
    ['list roles.rbac.authorization.k8s.io', 0, 0, 1],
    ['create rolebindings.rbac.authorization.k8s.io', 0, 0, 1],
    ['create clusterroles.rbac.authorization.k8s.io', 0, 0, 0],
    ['escalate roles.rbac.authorization.k8s.io', 0, 0, 0],
  ];
  for (const [question, ...expected] of facts) {
    const seen = ROLES.map((name) => Number(allowed(name, [], `${question} -n web`)));
    t.same(seen, [...expected, 1], question);
    t.same(
      ROLES.map((name) => allowed(name, [], `${question} -n other`)),
      [false, false, false, false],
      `${question} elsewhere`,
    );
    t.ok(allowed('root', [], `${question} -n other`), `${question} of the whole cluster`);
  }
});

t.test('what everybody may ask', async (t) => {
  const known = ['system:authenticated'];
  const unknown = ['system:unauthenticated'];
  const facts: readonly (readonly [question: string, known: boolean, unknown: boolean])[] = [
    ['get /version', true, true],
    ['get /healthz', true, true],
    ['get /readyz', true, true],
    ['get /healthz/etcd', false, false],
    ['get /api', true, false],
    ['get /api/v1', true, false],
    ['get /apis', true, false],
    ['get /apis/apps/v1', true, false],
    ['get /openapi/v2', true, false],
    ['get /openapi/v3', true, false],
    ['get /practice', true, false],
    ['get /practice/pods', true, false],
    ['post /practice/pods', false, false],
    ['get /metrics', false, false],
    ['create selfsubjectreviews.authentication.k8s.io', true, false],
    ['create selfsubjectaccessreviews.authorization.k8s.io', true, false],
    ['create selfsubjectrulesreviews.authorization.k8s.io', true, false],
    ['list pods', false, false],
    ['list namespaces', false, false],
  ];
  for (const [question, ifKnown, ifUnknown] of facts) {
    t.equal(allowed('jane', known, question), ifKnown, question);
    t.equal(allowed('system:anonymous', unknown, question), ifUnknown, `${question}, unauthenticated`);
  }
});

t.test('the rules name only resources that the practice server has', async (t) => {
  const known = new Set(
    RESOURCES.flatMap(({ group, resource, subresources }) => [
      `${group}/${resource}`,
      ...subresources.map(({ name }) => `${group}/${resource}/${name}`),
    ]),
  );
  for (const { kind, metadata, ...object } of bootstrapObjects()) {
    if (kind !== 'ClusterRole') continue;
    const named = readRules(object['rules']).flatMap(({ apiGroups, resources }) =>
      apiGroups.flatMap((group) => resources.map((resource) => `${group}/${resource}`)),
    );
    const strange = named.filter((one) => !known.has(one));
    t.same(strange, metadata.name === 'cluster-admin' ? ['*/*'] : [], metadata.name);
  }
});

t.test('each object can be created as it is, and each binding leads somewhere', async (t) => {
  const objects = bootstrapObjects();
  const names = objects.map(({ kind, metadata }) => `${kind}/${metadata.name}`);
  t.equal(new Set(names).size, names.length, 'no two of the same name');
  for (const object of objects) {
    t.equal(object.apiVersion, 'rbac.authorization.k8s.io/v1');
    t.notOk(object.metadata.uid ?? object.metadata.resourceVersion ?? object.metadata.namespace);
    t.match(object.metadata.labels, { 'kubernetes.io/bootstrapping': 'rbac-defaults' });
    if (object.kind === 'ClusterRoleBinding') t.ok(names.includes(`ClusterRole/${object.metadata.name}`));
  }
});
