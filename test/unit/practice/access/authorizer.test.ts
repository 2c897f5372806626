import t from 'tap';
import { freezeUserInfo } from '../../../../src/kube/userinfo.ts';
import { createAuthorizer } from '../../../../src/practice/access/authorizer.ts';
import { ask } from './asking.ts';
import { account, binding, group, memoryStore, role, user } from './memory.ts';

const jane = freezeUserInfo({ username: 'jane', groups: ['humans', 'system:authenticated'] });

/** Of a user who has the one rule in the whole cluster. */
function allows(rule: object, question: string): boolean {
  const store = memoryStore([role('r', [rule]), binding('b', 'ClusterRole/r', [user('jane')])]);
  return createAuthorizer(store).authorize(jane, ask(question)).allowed;
}

t.test('a rule allows what pkg/apis/rbac/v1 evaluation_helpers says', async (t) => {
  const pods = { verbs: ['get', 'list'], apiGroups: [''], resources: ['pods'] };
  const named = { verbs: ['*'], apiGroups: [''], resources: ['pods', 'pods/exec'], resourceNames: ['a'] };
  const urls = (...nonResourceURLs: string[]) => ({ verbs: ['get'], nonResourceURLs });
  const facts: readonly (readonly [rule: object, question: string, allowed: boolean])[] = [
    [pods, 'get pods x -n web', true],
    [pods, 'list pods', true],
    [pods, 'watch pods', false],
    [pods, 'get pods/log x', false],
    [pods, 'get pods.apps x', false],
    [pods, 'get podss x', false],
    [{ ...pods, verbs: ['*'] }, 'deletecollection pods', true],
    [{ ...pods, verbs: ['*'] }, '* pods', true],
    [pods, '* pods', false],
    [{ ...pods, apiGroups: ['*'] }, 'get pods.apps x', true],
    [{ ...pods, apiGroups: ['apps'] }, 'get pods x', false],
    [{ ...pods, resources: ['*'] }, 'get pods/log x', true],
    [{ ...pods, resources: ['pods/log'] }, 'get pods/log x', true],
    [{ ...pods, resources: ['pods/log'] }, 'get pods x', false],
    [{ ...pods, resources: ['*/scale'] }, 'get deployments/scale x', true],
    [{ ...pods, resources: ['*/scale'] }, 'get deployments x', false],
    [{ ...pods, resources: ['*/scale'] }, 'get deployments/rescale x', false],
    [{ ...pods, resources: ['pods/*'] }, 'get pods/log x', false],
    [named, 'get pods a', true],
    [named, 'create pods/exec a', true],
    [named, 'get pods b', false],
    [named, 'list pods', false],
    [named, 'list pods a', true],
    [named, 'create pods', false],
    [named, 'deletecollection pods', false],
    [urls('/healthz'), 'get /healthz', true],
    [urls('/healthz'), 'get /healthz/etcd', false],
    [urls('/healthz/*'), 'get /healthz/etcd', true],
    [urls('/healthz/*'), 'get /healthz', false],
    [urls('/health*'), 'get /healthz', true],
    [urls('*'), 'get /', true],
    [urls('*'), 'post /', false],
    [urls('/a*b'), 'get /axb', false],
    [urls('*'), 'get pods x', false],
    [pods, 'get /pods', false],
    [{ verbs: ['get'] }, 'get pods x', false],
    [{ verbs: 'get', apiGroups: '', resources: 'pods' }, 'get pods x', false],
    [{ verbs: ['get'], apiGroups: [''], resources: [7, 'pods'] }, 'get pods x', true],
  ];
  for (const [rule, question, allowed] of facts) {
    t.equal(allows(rule, question), allowed, `${question} by ${JSON.stringify(rule)}`);
  }
});

t.test('a subject is a user, a group or a service account, and nothing else', async (t) => {
  const robot = freezeUserInfo({
    username: 'system:serviceaccount:ci:robot',
    groups: ['system:serviceaccounts'],
  });
  const facts = [
    [jane, user('jane'), true],
    [jane, user('humans'), false],
    [jane, group('humans'), true],
    [jane, group('system:authenticated'), true],
    [jane, group('jane'), false],
    [jane, { kind: 'Person', name: 'jane' }, false],
    [robot, account('robot', 'ci'), true],
    [robot, account('robot', 'web'), false],
    [robot, account('robot'), false],
    [robot, user('system:serviceaccount:ci:robot'), true],
    [robot, group('system:serviceaccounts'), true],
  ] as const;
  for (const [person, subject, allowed] of facts) {
    const all = { verbs: ['*'], apiGroups: ['*'], resources: ['*'] };
    const store = memoryStore([role('r', [all]), binding('b', 'ClusterRole/r', [subject])]);
    const decision = createAuthorizer(store).authorize(person, ask('get pods x -n web'));
    t.equal(decision.allowed, allowed, `${person.username} by ${JSON.stringify(subject)}`);
  }
});

t.test('a service account without a namespace is of the namespace of its rolebinding', async (t) => {
  const robot = freezeUserInfo({ username: 'system:serviceaccount:web:robot' });
  const read = role('read', [{ verbs: ['get'], apiGroups: [''], resources: ['pods'] }], 'web');
  const store = memoryStore([read, binding('b', 'Role/read', [account('robot')], 'web')]);
  t.same(createAuthorizer(store).authorize(robot, ask('get pods x -n web')), {
    allowed: true,
    reason: 'RBAC: allowed by RoleBinding "b/web" of Role "read" to ServiceAccount "robot/web"',
  });
});

t.test('a rolebinding counts in its namespace, a clusterrolebinding everywhere', async (t) => {
  const read = [{ verbs: ['get'], apiGroups: [''], resources: ['pods', 'namespaces'], nonResourceURLs: [] }];
  const urls = [{ verbs: ['get'], nonResourceURLs: ['/x'] }];
  const store = memoryStore([
    role('reader', read, 'web'),
    role('reader', read),
    role('urls', urls),
    binding('local', 'Role/reader', [user('jane')], 'web'),
    binding('given', 'ClusterRole/reader', [user('tim')], 'web'),
    binding('urls', 'ClusterRole/urls', [user('tim')], 'web'),
    binding('all', 'ClusterRole/reader', [group('ops')]),
    binding('confused', 'Role/reader', [user('kim')]),
  ]);
  const authorizer = createAuthorizer(store);
  const [tim, kim] = ['tim', 'kim'].map((username) => freezeUserInfo({ username }));
  const ops = freezeUserInfo({ username: 'pat', groups: ['ops'] });
  const allowed = (person: typeof ops | undefined, question: string) =>
    person !== undefined && authorizer.authorize(person, ask(question)).allowed;
  for (const person of [jane, tim, ops]) t.ok(allowed(person, 'get pods x -n web'), person?.username ?? '');
  for (const person of [jane, tim, kim]) {
    t.notOk(allowed(person, 'get pods x -n other'));
    t.notOk(allowed(person, 'get pods x'));
  }
  t.ok(allowed(jane, 'get namespaces web -n web'), 'a namespace itself is in itself');
  t.ok(allowed(ops, 'get pods x -n other'));
  t.ok(allowed(ops, 'get pods x'));
  t.notOk(allowed(tim, 'get /x'), 'a rolebinding gives no paths');
  t.notOk(allowed(kim, 'get pods x -n web'), 'a clusterrolebinding of a Role gives nothing');
});

t.test('the reason names the binding that allows', async (t) => {
  const read = [{ verbs: ['get'], apiGroups: [''], resources: ['pods'] }];
  const store = memoryStore([
    role('y', read, 'ns'),
    binding('x', 'Role/y', [user('tim'), group('humans')], 'ns'),
  ]);
  t.same(createAuthorizer(store).authorize(jane, ask('get pods p -n ns')), {
    allowed: true,
    reason: 'RBAC: allowed by RoleBinding "x/ns" of Role "y" to Group "humans"',
  });
  store.add(role('y', read));
  store.add(binding('c', 'ClusterRole/y', [user('jane')]));
  t.equal(
    createAuthorizer(store).authorize(jane, ask('get pods p -n ns')).reason,
    'RBAC: allowed by ClusterRoleBinding "c" of ClusterRole "y" to User "jane"',
    'those of the cluster are asked first',
  );
});

t.test('who may nothing is refused without a reason, system:masters may all without one', async (t) => {
  const authorizer = createAuthorizer(memoryStore());
  t.same(authorizer.authorize(jane, ask('get pods x -n web')), { allowed: false, reason: '' });
  const root = freezeUserInfo({ username: 'root', groups: ['system:masters'] });
  t.same(authorizer.authorize(root, ask('delete secrets x -n web')), { allowed: true, reason: '' });
  t.same(authorizer.authorize(root, ask('get /metrics')), { allowed: true, reason: '' });
});

t.test('a binding that leads nowhere is told when nothing else allows (kube-apiserver 1.36.3)', async (t) => {
  const store = memoryStore([binding('b', 'ClusterRole/nope', [user('jane')], 'web')]);
  const authorizer = createAuthorizer(store);
  const reason = () => authorizer.authorize(jane, ask('get pods x -n web')).reason;
  t.equal(reason(), 'RBAC: clusterrole.rbac.authorization.k8s.io "nope" not found');
  t.equal(authorizer.authorize(jane, ask('get pods x -n other')).reason, '', 'not elsewhere');
  store.add(binding('b2', 'ClusterRole/nope', [group('humans')], 'web'));
  t.equal(reason(), 'RBAC: clusterrole.rbac.authorization.k8s.io "nope" not found', 'once');
  store.add(binding('c', 'Role/nope', [user('jane')], 'web'));
  store.add(binding('d', 'Foo/x', [user('jane')], 'web'));
  t.equal(
    reason(),
    'RBAC: [clusterrole.rbac.authorization.k8s.io "nope" not found, ' +
      'role.rbac.authorization.k8s.io "nope" not found, unsupported role reference kind: "Foo"]',
  );
  store.add(role('nope', [{ verbs: ['get'], apiGroups: [''], resources: ['pods'] }]));
  t.ok(authorizer.authorize(jane, ask('get pods x -n web')).allowed, 'in force as soon as it is there');
});

t.test('the rules of a user in a namespace', async (t) => {
  const store = memoryStore([
    role('urls', [{ verbs: ['get'], nonResourceURLs: ['/version'] }]),
    role('r', [{ verbs: ['get'], apiGroups: [''], resources: ['pods'], resourceNames: ['a'] }], 'web'),
    binding('a', 'ClusterRole/urls', [user('jane')]),
    binding('b', 'Role/r', [user('jane')], 'web'),
    binding('c', 'ClusterRole/nope', [user('jane')], 'web'),
  ]);
  const authorizer = createAuthorizer(store);
  const nonResourceRules = [{ verbs: ['get'], nonResourceURLs: ['/version'] }];
  t.same(authorizer.rulesFor(jane, 'web'), {
    resourceRules: [{ verbs: ['get'], apiGroups: [''], resources: ['pods'], resourceNames: ['a'] }],
    nonResourceRules,
    error: 'clusterrole.rbac.authorization.k8s.io "nope" not found',
  });
  t.same(authorizer.rulesFor(jane, 'other'), { resourceRules: [], nonResourceRules, error: '' });
});
