import t from 'tap';
import { valuesOf } from '../fakes/caller.ts';
import { startTestPractice } from '../fakes/practice.ts';

// Who a request is from and what that one may: protocol.md §4.1. Impersonation is in practice-impersonation.test.ts.

const practice = await startTestPractice();
t.teardown(() => practice.stop());

const GROUP = 'rbac.authorization.k8s.io';

for (const [what, headers] of [
  ['nothing', []],
  ['another scheme', ['Authorization', 'Basic YTpi']],
  ['an empty token', ['Authorization', 'Bearer ']],
  ['an unknown token', ['Authorization', 'Bearer nobody']],
  ['two spaces', ['Authorization', 'Bearer  gate-token']],
] as const) {
  t.test(`a caller that shows ${what} is 401, also for discovery and health`, async (t) => {
    const one = practice.as('gate').caller;
    for (const path of ['/api/v1/pods', '/api', '/livez', '/practice/request']) {
      const reply = await one.call({ path, headers });
      t.equal(reply.status, 401);
      t.match(JSON.parse(reply.body.toString()), {
        kind: 'Status',
        reason: 'Unauthorized',
        message: 'Unauthorized',
        code: 401,
      });
      t.equal(valuesOf(reply.rawHeaders, 'audit-id').length, 1);
    }
  });
}

t.test('a person without rights is refused in Kubernetes’ words', async (t) => {
  const dev = practice.as('dev');
  for (const [method, path, message, details] of [
    [
      'GET',
      '/api/v1/namespaces/default/pods',
      'pods is forbidden: User "dev" cannot list resource "pods" in API group "" in the namespace "default"',
      { kind: 'pods' },
    ],
    [
      'GET',
      '/api/v1/namespaces/default/pods/x',
      'pods "x" is forbidden: User "dev" cannot get resource "pods" in API group "" in the namespace "default"',
      { name: 'x', kind: 'pods' },
    ],
    [
      'GET',
      '/apis/apps/v1/deployments?watch=1',
      'deployments.apps is forbidden: User "dev" cannot watch resource "deployments" in API group "apps" at the cluster scope',
      { group: 'apps', kind: 'deployments' },
    ],
    [
      'POST',
      '/api/v1/namespaces/default/pods/x/exec',
      'pods "x" is forbidden: User "dev" cannot create resource "pods/exec" in API group "" in the namespace "default"',
      { name: 'x', kind: 'pods' },
    ],
    [
      'DELETE',
      '/api/v1/namespaces/default/configmaps',
      'configmaps is forbidden: User "dev" cannot deletecollection resource "configmaps" in API group "" in the namespace "default"',
      { kind: 'configmaps' },
    ],
    ['GET', '/metrics', 'forbidden: User "dev" cannot get path "/metrics"', {}],
    [
      'GET',
      '/api/v1/namespaces/none/nodes/x',
      'nodes "x" is forbidden: User "dev" cannot get resource "nodes" in API group "" in the namespace "none"',
      { name: 'x' },
    ],
  ] as const) {
    const { status, json } = await dev.send(method, path);
    t.equal(status, 403, path);
    t.match(json, { kind: 'Status', reason: 'Forbidden', message, details });
  }
});

t.test('nobody gives away rights that he has not', async (t) => {
  const admin = practice.as('admin');
  const roles = `/apis/${GROUP}/v1/namespaces/default/roles`;
  const role = (verbs: string[]) => ({
    metadata: { name: 'r' },
    rules: [{ apiGroups: [GROUP], resources: ['roles'], verbs }],
  });
  const bind = {
    metadata: { name: 'b' },
    roleRef: { apiGroup: GROUP, kind: 'Role', name: 'r' },
    subjects: [{ kind: 'User', name: 'dev', apiGroup: GROUP }],
  };
  t.equal((await admin.send('POST', roles, role(['create', 'update']))).status, 201);
  t.equal((await admin.send('POST', roles.replace('/roles', '/rolebindings'), bind)).status, 201);
  const dev = practice.as('dev');
  const more = { metadata: { name: 'mine' }, rules: [{ apiGroups: ['*'], resources: ['*'], verbs: ['*'] }] };
  const { status, json } = await dev.send('POST', roles, more);
  t.equal(status, 403);
  t.match(json.message, 'is attempting to grant RBAC permissions not currently held');
});
