// docs/how-to/impersonation.md: `kubectl --as` through the gate, judged by a real cluster's RBAC: who may gets the target and is named beside
// it in the audit log, who may not reads the API server's own words, and nobody's --as is ever left out.

import t from 'tap';
import { kubectl, readContext } from './context.ts';
import { auditEvent, auditEvents } from './evidence.ts';
import { startOwnGate } from './gates.ts';
import { gateKubeconfig, nodeApiServer } from './modes.ts';
import { asAdmin, createPods, newest, removeObjects } from './objects.ts';
import { aliceToken, writeKubeconfig } from './people.ts';
import { grantRights } from './rights.ts';

const POD = 'acted-on';
const context = readContext();
const { path } = newest(context);
const { alice, victor } = context.kubeconfigs;
const withoutAudit =
  context.auditLog === '' ? { skip: 'the audit log of an existing cluster is not ours' } : {};

await createPods(context, { [POD]: ['serve'] });
t.teardown(() => removeObjects(context, [`pod/${POD}`]));

const whoami = async (kubeconfig: string, args: readonly string[]) => {
  const result = await kubectl(path, kubeconfig, ['auth', 'whoami', '-o', 'json', ...args]);
  return result.code === 0 ? JSON.parse(result.stdout).status.userInfo : result;
};

// [arguments, who the API server says it is]; alice is in a group that is cluster-admin.
const allowed: readonly (readonly [args: readonly string[], user: object])[] = [
  [['--as', 'bob'], { username: 'bob', groups: ['system:authenticated'] }],
  [
    ['--as', 'bob', '--as-group', 'g1', '--as-group', 'g,2', '--as-uid', '7'],
    { username: 'bob', uid: '7', groups: ['g1', 'g,2', 'system:authenticated'] },
  ],
  [
    ['--as', 'system:serviceaccount:e2e:default'],
    { groups: ['system:serviceaccounts', 'system:serviceaccounts:e2e', 'system:authenticated'] },
  ],
  [['--as', 'root', '--as-group', 'system:masters'], { groups: ['system:masters', 'system:authenticated'] }],
];
for (const [args, user] of allowed) {
  t.test(`who may, is: ${args.join(' ')}`, async (t) => {
    const found = await whoami(alice, args);
    t.match(found, user);
    const [original = ''] = found.extra?.['postern.dev/original-user'] ?? [];
    t.same(JSON.parse(original), { username: 'alice@example.com', uid: 'alice-id', groups: ['engineers'] });
    t.same(Object.keys(found.extra), ['postern.dev/original-user'], 'nothing else of alice');
  });
}

t.test('the target has its own rights, not those of the original', async (t) => {
  const denied = await kubectl(path, alice, ['get', 'pod', POD, '--as', 'bob']);
  t.match(denied, { code: 1, stderr: /Forbidden.*User "bob" cannot get resource "pods"/ });
  const groups = ['--as', 'bob', '--as-group', 'viewers'];
  t.match(await kubectl(path, alice, ['get', 'pod', POD, '-o', 'name', ...groups]), {
    code: 0,
    stdout: `pod/${POD}\n`,
  });
});

for (const protocol of ['websocket', 'spdy'] as const)
  t.test(
    `an exec over ${protocol} is the target's, and the audit log names both`,
    withoutAudit,
    async (t) => {
      const mark = `as-${protocol}`;
      const env = { KUBECTL_REMOTE_COMMAND_WEBSOCKETS: String(protocol === 'websocket') };
      const args = ['exec', POD, '--as', 'bob', '--as-group', 'engineers', '--', 'echo', mark];
      t.match(await kubectl(path, alice, args, { env }), { code: 0, stdout: `${mark}\n` });
      const { user, impersonatedUser } = await auditEvent(context, `command=${mark}`);
      t.equal(user.username, 'postern-gate');
      t.match(impersonatedUser, { username: 'bob', groups: ['engineers', 'system:authenticated'] });
      t.match(impersonatedUser?.extra?.['postern.dev/original-user'], [/"username":"alice@example\.com"/]);
    },
  );

t.test('who may not reads the API server’s own words, and nothing runs', async (t) => {
  const mark = `as-refused-${process.hrtime.bigint()}`;
  const denied = await kubectl(path, victor, ['get', 'configmap', mark, '--as', 'alice@example.com']);
  t.equal(denied.code, 1);
  t.equal(
    denied.stderr,
    'Error from server (Forbidden): users "alice@example.com" is forbidden: User "victor@example.com" cannot impersonate resource "users" in API group "" at the cluster scope\n',
  );
  const exec = ['exec', POD, '--as', 'alice@example.com', '--', 'echo', mark];
  t.match(await kubectl(path, victor, exec), { code: 1, stderr: /cannot impersonate resource "users"/ });
  await kubectl(path, alice, ['get', 'configmap', `after-${mark}`]);
  if (context.auditLog === '') return;
  await auditEvent(context, `after-${mark}`);
  t.same(auditEvents(context, `/${mark}`), []);
});

t.test('rights for one group are rights for that group', async (t) => {
  const roles = [role('as-dan', ['users'], ['dan']), role('as-team', ['groups'], ['team'])];
  await grantRights(context, {
    objects: [...roles, binding('as-dan'), binding('as-team')],
    subjects: [{ user: 'erin@example.com' }],
    rules: roles.flatMap(({ rules }) => rules),
  });
  t.teardown(() =>
    removeObjects(
      context,
      ['as-dan', 'as-team'].flatMap((name) => [`clusterrole/${name}`, `clusterrolebinding/${name}`]),
    ),
  );
  const token = await aliceToken(context, { email: 'erin@example.com', groups: [] });
  const erin = writeKubeconfig(context, 'erin', { user: { token } });
  t.match(await whoami(erin, ['--as', 'dan', '--as-group', 'team']), { username: 'dan' });
  // kubectl has words of its own for a whoami that is forbidden.
  const get = (args: readonly string[]) => kubectl(path, erin, ['get', 'pods', ...args]);
  t.match(await get(['--as', 'dan', '--as-group', 'other']), {
    code: 1,
    stderr: /groups "other" is forbidden: User "erin@example\.com" cannot impersonate resource "groups"/,
  });
  t.match(await get(['--as', 'eve']), { code: 1, stderr: /users "eve" is forbidden/ });
});

// KEP-5284: on since Kubernetes 1.36; kubectl straight at the API server would be let through by the same two rules.
t.test('constrained impersonation: a verb of the request, and a name', async (t) => {
  const rules = [
    {
      apiGroups: ['authentication.k8s.io'],
      resources: ['users'],
      resourceNames: ['dora'],
      verbs: ['impersonate:user-info'],
    },
    { apiGroups: [''], resources: ['pods'], verbs: ['impersonate-on:user-info:list'] },
    { apiGroups: [''], resources: ['pods'], verbs: ['list'] },
  ];
  const metadata = { name: 'constrained' };
  const apiVersion = 'rbac.authorization.k8s.io/v1';
  const ofDora = { ...binding('constrained-dora', 'constrained'), subjects: [userSubject('dora')] };
  await grantRights(context, {
    objects: [{ apiVersion, kind: 'ClusterRole', metadata, rules }, binding('constrained'), ofDora],
    subjects: [{ user: 'erin@example.com' }, { user: 'dora' }],
    rules,
  });
  t.teardown(() =>
    removeObjects(context, [
      'clusterrole/constrained',
      'clusterrolebinding/constrained',
      'clusterrolebinding/constrained-dora',
    ]),
  );
  const token = await aliceToken(context, { email: 'erin@example.com', groups: [] });
  const erin = writeKubeconfig(context, 'erin-constrained', { user: { token } });
  t.match(await kubectl(path, erin, ['get', 'pods', '-o', 'name', '--as', 'dora']), {
    code: 0,
    stdout: /pod\/acted-on/,
  });
  t.match(await kubectl(path, erin, ['get', 'secrets', '--as', 'dora']), {
    code: 1,
    stderr: /users "dora" is forbidden/,
  });
});

t.test('a gate that is told so refuses it', async (t) => {
  const clusters = [{ name: 'lab', kubeconfig: context.gateKubeconfig, impersonation: 'Refuse' }];
  const gate = await startOwnGate(context, 'refusing', { clusters });
  t.teardown(() => gate.process.kill('SIGTERM'));
  const refused = await kubectl(path, gate.trust.kubeconfig, ['get', 'pods', '--as', 'bob']);
  t.match(refused, { code: 1, stderr: /lets nobody impersonate at this cluster.*impersonate-user/i });
  t.match(await kubectl(path, gate.trust.kubeconfig, ['get', 'pod', POD, '-o', 'name']), { code: 0 });
});

// docs/how-to/gate-account.md says so of the narrower role.
t.test('a gate that has constrained rights only does what these rights name, for whomever', async (t) => {
  const name = 'narrow-gate';
  const fields = ['users', 'groups', 'uids', 'userextras/postern.dev/original-user'];
  const rules = [
    { apiGroups: ['authentication.k8s.io'], resources: fields, verbs: ['impersonate:user-info'] },
    {
      apiGroups: [''],
      resources: ['pods'],
      verbs: ['impersonate-on:user-info:get', 'impersonate-on:user-info:list'],
    },
    { nonResourceURLs: ['*'], verbs: ['impersonate-on:user-info:get'] },
    { apiGroups: ['authorization.k8s.io'], resources: ['subjectaccessreviews'], verbs: ['create'] },
  ];
  const account = { kind: 'ServiceAccount', name, namespace: context.namespace };
  await grantRights(context, {
    objects: [
      { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name, namespace: context.namespace } },
      { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRole', metadata: { name }, rules },
      { ...binding(name), subjects: [account] },
    ],
    subjects: [{ user: `system:serviceaccount:${context.namespace}:${name}` }],
    rules,
  });
  t.teardown(() =>
    removeObjects(context, [`serviceaccount/${name}`, `clusterrole/${name}`, `clusterrolebinding/${name}`]),
  );
  const token = (await asAdmin(context, ['create', 'token', name])).trim();
  const kubeconfig = gateKubeconfig(context, nodeApiServer(context), { token });
  const gate = await startOwnGate(context, name, { clusters: [{ name: 'lab', kubeconfig }] });
  t.teardown(() => gate.process.kill('SIGTERM'));
  const get = (args: readonly string[]) => kubectl(path, gate.trust.kubeconfig, ['get', ...args]);
  t.match(await get(['pod', POD, '-o', 'name']), { code: 0, stdout: `pod/${POD}\n` });
  t.match(await get(['pod', POD, '-o', 'name', '--as', 'bob', '--as-group', 'viewers']), { code: 0 });
  t.match(await get(['secrets']), {
    code: 1,
    stderr: /cannot impersonate-on:user-info:list resource "secrets"/,
  });
  const masters = ['pods', '--as', 'bob', '--as-group', 'system:masters'];
  t.match(await get(masters), { code: 1, stderr: /system:masters group is not allowed|cannot impersonate/ });
});

function userSubject(name: string): object {
  return { apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name };
}

function role(name: string, resources: readonly string[], resourceNames: readonly string[]) {
  return {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRole',
    metadata: { name },
    rules: [{ apiGroups: [''], resources, resourceNames, verbs: ['impersonate'] }],
  };
}

function binding(name: string, ofRole = name): object {
  return {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRoleBinding',
    metadata: { name },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: ofRole },
    subjects: [userSubject('erin@example.com')],
  };
}
