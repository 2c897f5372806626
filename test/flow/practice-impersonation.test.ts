import t from 'tap';
import { SPEECHES } from '../fakes/caller.ts';
import { startTestPractice } from '../fakes/practice.ts';

// Impersonation at the practice API server: protocol.md §4.5, with the rows of k8s.io/apiserver filters/impersonation_test.go.

const GROUP = 'rbac.authorization.k8s.io';
const rules = [
  {
    apiGroups: [''],
    resources: ['users'],
    verbs: ['impersonate'],
    resourceNames: ['jane', 'jürgen', 'system:anonymous'],
  },
  {
    apiGroups: [''],
    resources: ['groups'],
    verbs: ['impersonate'],
    resourceNames: ['some-group', 'a,b', 'system:unauthenticated', 'system:authenticated'],
  },
  { apiGroups: [''], resources: ['serviceaccounts'], verbs: ['impersonate'], resourceNames: ['bot'] },
  {
    apiGroups: ['authentication.k8s.io'],
    resources: ['uids'],
    verbs: ['impersonate'],
    resourceNames: ['u-1'],
  },
  {
    apiGroups: ['authentication.k8s.io'],
    resources: [
      'userextras/scopes',
      'userextras/example.com/escapedᛄscopes',
      'userextras/almost%zzpercent%xxencoded',
    ],
    verbs: ['impersonate'],
    resourceNames: ['view', 'edit'],
  },
];
const practice = await startTestPractice([
  { apiVersion: `${GROUP}/v1`, kind: 'ClusterRole', metadata: { name: 'gate' }, rules },
  {
    apiVersion: `${GROUP}/v1`,
    kind: 'ClusterRoleBinding',
    metadata: { name: 'gate' },
    roleRef: { apiGroup: GROUP, kind: 'ClusterRole', name: 'gate' },
    subjects: [{ kind: 'User', name: 'gate', apiGroup: GROUP }],
  },
  {
    apiVersion: `${GROUP}/v1`,
    kind: 'ClusterRoleBinding',
    metadata: { name: 'everybody-may-ask' },
    roleRef: { apiGroup: GROUP, kind: 'ClusterRole', name: 'system:basic-user' },
    subjects: [{ kind: 'Group', name: 'system:unauthenticated', apiGroup: GROUP }],
  },
]);
t.teardown(() => practice.stop());
const gate = practice.as('gate');
const WHO = '/apis/authentication.k8s.io/v1/selfsubjectreviews';
const BODY = { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' };

/** UTF-8 as header bytes. */
function raw(text: string): string {
  return Buffer.from(text).toString('latin1');
}

const ROWS = [
  ['not impersonating', [], 'gate', ['gates', 'system:authenticated']],
  ['a user', ['Impersonate-User', 'jane'], 'jane', ['system:authenticated']],
  ['a user whose name is not ASCII', ['Impersonate-User', raw('jürgen')], 'jürgen', ['system:authenticated']],
  ['a blank user is none', ['Impersonate-User', ''], 'gate', ['gates', 'system:authenticated']],
  [
    'a group',
    ['Impersonate-User', 'jane', 'Impersonate-Group', 'some-group'],
    'jane',
    ['some-group', 'system:authenticated'],
  ],
  [
    'two groups, one with a comma',
    ['Impersonate-User', 'jane', 'Impersonate-Group', 'a,b', 'Impersonate-Group', 'some-group'],
    'jane',
    ['a,b', 'some-group', 'system:authenticated'],
  ],
  [
    'system:authenticated is not doubled',
    ['Impersonate-User', 'jane', 'Impersonate-Group', 'system:authenticated'],
    'jane',
    ['system:authenticated'],
  ],
  [
    'system:unauthenticated keeps the other away',
    ['Impersonate-User', 'jane', 'Impersonate-Group', 'system:unauthenticated'],
    'jane',
    ['system:unauthenticated'],
  ],
  [
    'a service account',
    ['Impersonate-User', 'system:serviceaccount:ns:bot'],
    'system:serviceaccount:ns:bot',
    ['system:serviceaccounts', 'system:serviceaccounts:ns', 'system:authenticated'],
  ],
  [
    'a service account with groups',
    ['Impersonate-User', 'system:serviceaccount:ns:bot', 'Impersonate-Group', 'some-group'],
    'system:serviceaccount:ns:bot',
    ['some-group', 'system:authenticated'],
  ],
] as const;

for (const speech of SPEECHES) {
  for (const [what, headers, username, groups] of ROWS) {
    t.test(`${what} (${speech})`, async (t) => {
      const { status, json } = await practice.as('gate', speech).send('POST', WHO, BODY, headers);
      t.equal(status, 201);
      t.same(json.status.userInfo, { username, groups });
    });
  }
}

t.test('a uid and extra, whose keys come escaped', async (t) => {
  const headers = [
    ...['Impersonate-User', 'jane', 'Impersonate-Uid', 'u-1'],
    ...['Impersonate-Extra-Scopes', 'view', 'Impersonate-Extra-Scopes', 'edit'],
    ...['Impersonate-Extra-Example.com%2fescaped%E1%9B%84scopes', 'view'],
    ...['Impersonate-Extra-Almost%zzpercent%xxencoded', 'edit'],
  ];
  const { json } = await gate.send('POST', WHO, BODY, headers);
  t.match(json.status.userInfo, {
    username: 'jane',
    uid: 'u-1',
    extra: {
      scopes: ['view', 'edit'],
      'example.com/escapedᛄscopes': ['view'],
      'almost%zzpercent%xxencoded': ['edit'],
    },
  });
});

for (const [what, headers, status, message] of [
  [
    'a group without a user',
    ['Impersonate-Group', 'some-group'],
    400,
    'requested [group "some-group"] without impersonating a user',
  ],
  [
    'a uid without a user',
    ['Impersonate-Uid', 'u-1'],
    400,
    'requested [uid "u-1"] without impersonating a user',
  ],
  [
    'extra without a user',
    ['Impersonate-Extra-Scopes', 'view'],
    400,
    'requested [extra "scopes"] without impersonating a user',
  ],
  [
    'another user',
    ['Impersonate-User', 'admin'],
    403,
    'users "admin" is forbidden: User "gate" cannot impersonate resource "users" in API group "" at the cluster scope',
  ],
  [
    'another group',
    ['Impersonate-User', 'jane', 'Impersonate-Group', 'system:masters'],
    403,
    'groups "system:masters" is forbidden: User "gate" cannot impersonate resource "groups" in API group "" at the cluster scope',
  ],
  [
    'another service account',
    ['Impersonate-User', 'system:serviceaccount:ns:root'],
    403,
    'serviceaccounts "root" is forbidden: User "gate" cannot impersonate resource "serviceaccounts" in API group "" in the namespace "ns"',
  ],
  [
    'another uid',
    ['Impersonate-User', 'jane', 'Impersonate-Uid', 'u-2'],
    403,
    'uids.authentication.k8s.io "u-2" is forbidden: User "gate" cannot impersonate resource "uids" in API group "authentication.k8s.io" at the cluster scope',
  ],
  [
    'one of two extra values',
    ['Impersonate-User', 'jane', 'Impersonate-Extra-Scopes', 'view', 'Impersonate-Extra-Scopes', 'root'],
    403,
    'userextras.authentication.k8s.io "root" is forbidden: User "gate" cannot impersonate resource "userextras/scopes" in API group "authentication.k8s.io" at the cluster scope',
  ],
] as const) {
  t.test(`${what} may not be impersonated, and nothing is done`, async (t) => {
    const version = practice.server.store.resourceVersion();
    const reply = await gate.send('POST', '/api/v1/namespaces', { metadata: { name: 'made' } }, headers);
    t.equal(reply.status, status);
    t.match(reply.json, { code: status, message });
    t.equal(practice.server.store.resourceVersion(), version);
  });
}

t.test('several thousand groups, each a line of its own', async (t) => {
  const admin = practice.as('admin', 'h1');
  const groups = Array.from({ length: 3000 }, (_, i) => `group-${i},x`);
  const headers = ['Impersonate-User', 'jane', ...groups.flatMap((group) => ['Impersonate-Group', group])];
  const { status, json } = await admin.send('POST', WHO, BODY, headers);
  t.equal(status, 201);
  t.same(json.status.userInfo.groups, [...groups, 'system:authenticated']);
});

for (const speech of SPEECHES) {
  t.test(`/practice/request shows what arrived, and whom it is held to be from (${speech})`, async (t) => {
    const one = practice.as('gate', speech);
    const headers = [
      'Impersonate-User',
      'jane',
      'Impersonate-Group',
      'a,b',
      'Impersonate-Group',
      'some-group',
      'X-Mine',
      'seen',
    ];
    const text = (await one.get('/practice/request?a=b', headers)).body.toString();
    t.match(text, /^GET \/practice\/request\?a=b HTTP\/[12]\.[01]\n/);
    for (const line of [
      'impersonate-group: a,b',
      'impersonate-group: some-group',
      'x-mine: seen',
      'authorization: bearer (masked)',
    ])
      t.match(text.toLowerCase(), line);
    t.notMatch(text, 'gate-token');
    t.match(
      text,
      /user {4}jane\n {2}group {3}a,b\n {2}group {3}some-group\n {2}group {3}system:authenticated\n$/,
    );
  });
}

t.test('who is not authenticated after impersonation does not see it', async (t) => {
  const { status } = await gate.get('/practice/request', ['Impersonate-User', 'system:anonymous']);
  t.equal(status, 403);
});

t.test(
  'can-i is answered for the impersonated person, also when asked by protobuf-less clients in YAML',
  async (t) => {
    const yaml =
      'apiVersion: authorization.k8s.io/v1\nkind: SelfSubjectAccessReview\nspec:\n  resourceAttributes: {verb: get, resource: pods, namespace: default}\n';
    const path = '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews';
    const type = ['Content-Type', 'application/yaml'];
    t.equal((await practice.as('admin').send('POST', path, yaml, type)).json.status.allowed, true);
    t.equal(
      (await gate.send('POST', path, yaml, [...type, 'Impersonate-User', 'jane'])).json.status.allowed,
      false,
    );
  },
);

t.test('whoever watches the requests learns who it was, and never sees what was not sent', async (t) => {
  await gate.get('/version', ['Impersonate-User', 'jane', 'Audit-ID', 'joined']);
  const facts = practice.requests.find(({ auditID }) => auditID === 'joined');
  t.match(facts, { method: 'GET', url: '/version', username: 'jane', status: 200 });
});
