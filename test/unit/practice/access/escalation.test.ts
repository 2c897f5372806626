import t from 'tap';
import { freezeUserInfo, type UserInfo } from '../../../../src/kube/userinfo.ts';
import { createAuthorizer } from '../../../../src/practice/access/authorizer.ts';
import { confirmNoEscalation } from '../../../../src/practice/access/escalation.ts';
import type { ApiFailure } from '../../../../src/practice/objects/failure.ts';
import type { KubeObject } from '../../../../src/practice/objects/object.ts';
import { ask } from './asking.ts';
import { binding, group, memoryStore, role, user } from './memory.ts';

const RBAC = 'rbac.authorization.k8s.io';
const jane = freezeUserInfo({ username: 'jane', groups: ['humans', 'system:authenticated'] });

/** What jane has in the namespace web. */
const HELD = [
  { verbs: ['get', 'list'], apiGroups: [''], resources: ['pods', '*/log'] },
  { verbs: ['get'], apiGroups: ['*'], resources: ['configmaps'] },
  { verbs: ['get'], apiGroups: [''], resources: ['secrets'], resourceNames: ['a', 'b'] },
];

interface Attempt {
  readonly object: KubeObject;
  readonly previous?: KubeObject;
  readonly person?: UserInfo;
  readonly others?: readonly KubeObject[];
}

/** Writes as jane; what is refused, or undefined. */
function write({ object, previous, person = jane, others = [] }: Attempt): ApiFailure | undefined {
  const store = memoryStore([
    role('held', HELD, 'web'),
    role('urls', [{ verbs: ['get'], nonResourceURLs: ['/healthz/*'] }]),
    binding('held', 'Role/held', [user('jane')], 'web'),
    binding('urls', 'ClusterRole/urls', [user('jane')]),
    ...others,
  ]);
  const namespace = object.metadata.namespace;
  const where = namespace === undefined ? '' : ` -n ${namespace}`;
  const attributes = ask(`create ${object.kind.toLowerCase()}s.${RBAC}${where}`);
  const authorizer = createAuthorizer(store);
  const change = { store, authorizer, user: person, attributes, object };
  try {
    confirmNoEscalation(previous === undefined ? change : { ...change, previous });
    return undefined;
  } catch (error) {
    return error as ApiFailure;
  }
}

t.test('a role may have what its writer has (component-helpers auth/rbac/validation)', async (t) => {
  const core = { verbs: ['get'], apiGroups: [''], resources: ['pods'] };
  const facts: readonly (readonly [rule: object, allowed: boolean])[] = [
    [core, true],
    [{ ...core, resourceNames: ['x'] }, true],
    [{ ...core, verbs: ['get', 'list'] }, true],
    [{ ...core, verbs: ['*'] }, false],
    [{ ...core, resources: ['pods', 'configmaps'] }, true],
    [{ ...core, resources: ['pods/log', 'services/log'] }, true],
    [{ ...core, resources: ['pods/exec'] }, false],
    [{ ...core, resources: ['*'] }, false],
    [{ ...core, apiGroups: ['apps'], resources: ['configmaps'] }, true],
    [{ ...core, apiGroups: ['*'], resources: ['configmaps'] }, true],
    [{ ...core, apiGroups: ['', 'apps'] }, false],
    [{ ...core, resources: ['secrets'] }, false],
    [{ ...core, resources: ['secrets'], resourceNames: ['a'] }, true],
    [{ ...core, resources: ['secrets'], resourceNames: ['a', 'c'] }, false],
    [{ verbs: ['get'], nonResourceURLs: ['/healthz/etcd', '/healthz/*'] }, true],
    [{ verbs: ['get'], nonResourceURLs: ['/healthz'] }, false],
    [{ verbs: [] }, true],
  ];
  for (const [rule, allowed] of facts) {
    t.equal(write({ object: role('new', [rule], 'web') }) === undefined, allowed, JSON.stringify(rule));
  }
  t.ok(write({ object: role('new', [core], 'other') }), 'not in another namespace');
  t.ok(write({ object: role('new', [core]) }), 'not in the cluster');
});

t.test('what is missing is said in the words of kube-apiserver 1.36.3', async (t) => {
  const rules = [
    { verbs: ['get', 'create'], apiGroups: [''], resources: ['services', 'nodes'], resourceNames: ['z'] },
    { verbs: ['get'], nonResourceURLs: ['/metrics'] },
  ];
  const failure = write({
    object: role('esc', rules, 'web'),
    others: [binding('dangling', 'ClusterRole/nope', [group('humans')], 'web')],
  });
  t.match(failure, { code: 403, reason: 'Forbidden' });
  t.same(failure?.details, { name: 'esc', group: RBAC, kind: 'roles' });
  t.equal(
    failure?.message,
    `roles.${RBAC} "esc" is forbidden: user "jane" (groups=["humans" "system:authenticated"]) ` +
      'is attempting to grant RBAC permissions not currently held:\n' +
      '{APIGroups:[""], Resources:["nodes"], ResourceNames:["z"], Verbs:["get" "create"]}\n' +
      '{APIGroups:[""], Resources:["services"], ResourceNames:["z"], Verbs:["get" "create"]}\n' +
      '{NonResourceURLs:["/metrics"], Verbs:["get"]}' +
      `; resolution errors: [roles.${RBAC} "nope" not found]`,
  );
});

t.test('a binding may give what its writer has, or what they may bind', async (t) => {
  const big = role('big', [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'] }]);
  const small = role('small', [{ verbs: ['get'], apiGroups: [''], resources: ['pods'] }]);
  const mayBind = role(
    'mayBind',
    [{ verbs: ['bind'], apiGroups: [RBAC], resources: ['clusterroles'], resourceNames: ['big'] }],
    'web',
  );
  const others = [big, small];
  const bindBig = binding('b', 'ClusterRole/big', [user('tim')], 'web');
  t.notOk(write({ object: binding('b', 'ClusterRole/small', [user('tim')], 'web'), others }));
  t.match(write({ object: binding('b', 'ClusterRole/small', [user('tim')]), others }), { code: 403 });
  t.match(write({ object: bindBig, others }), {
    code: 403,
    message: /^rolebindings\.rbac\.authorization\.k8s\.io "b" is forbidden: .*\n\{APIGroups:\["\*"\]/,
  });
  const more = [...others, mayBind, binding('mayBind', 'Role/mayBind', [user('jane')], 'web')];
  t.notOk(write({ object: bindBig, others: more }), 'with the verb bind');
  t.ok(write({ object: binding('b', 'ClusterRole/big', [user('tim')]), others: more }), 'only there');
});

t.test('the verb escalate allows every role of its kind', async (t) => {
  const may = role('may', [{ verbs: ['escalate'], apiGroups: [RBAC], resources: ['roles'] }], 'web');
  const others = [may, binding('may', 'Role/may', [group('humans')], 'web')];
  const all = [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'] }];
  t.notOk(write({ object: role('new', all, 'web'), others }));
  t.ok(write({ object: role('new', all), others }), 'but not clusterroles');
});

t.test('a binding to a role that is missing cannot be judged', async (t) => {
  for (const to of ['ClusterRole/missing', 'Role/missing']) {
    const failure = write({ object: binding('b', to, [user('tim')], 'web') });
    t.match(failure, { code: 404, reason: 'NotFound' });
    t.equal(failure?.message, `rolebindings.${RBAC} "missing" not found`);
  }
  const failure = write({ object: binding('b', 'Foo/x', [user('tim')], 'web') });
  t.match(failure, { code: 500, message: 'unsupported role reference kind: "Foo"' });
});

t.test('system:masters, other resources, and a change of bookkeeping alone are not checked', async (t) => {
  const all = role('big', [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'] }], 'web');
  const root = freezeUserInfo({ username: 'root', groups: ['system:masters'] });
  t.ok(write({ object: all }));
  t.notOk(write({ object: all, person: root }));
  t.notOk(write({ object: { ...all, kind: 'Pod' } }));
  const released = { ...all, metadata: { ...all.metadata, finalizers: ['x/y'] } };
  t.notOk(write({ object: all, previous: released }));
  const labelled = { ...all, metadata: { ...all.metadata, labels: { a: 'b' } } };
  t.ok(write({ object: all, previous: labelled }), 'a label is more than bookkeeping');
});
