import t from 'tap';
import type { ForbiddenAttempt } from '../../../src/kube/forbidden.ts';
import {
  accessReview,
  impersonationWays,
  type Question,
  readAccessReview,
} from '../../../src/kube/impersonationchecks.ts';
import { parseTarget } from '../../../src/kube/path.ts';
import { type RequestInfo, resolveRequestInfo } from '../../../src/kube/requestinfo.ts';
import { freezeUserInfo } from '../../../src/kube/userinfo.ts';

type User = Parameters<typeof freezeUserInfo>[0];

function infoOf(method: string, path: string): RequestInfo {
  const parsed = parseTarget(path);
  const info = parsed.ok ? resolveRequestInfo(method, parsed.target) : undefined;
  if (info === undefined || 'error' in info) throw new TypeError(path);
  return info;
}

/** `verb resource.group/subresource ns/name`, or `verb path`. */
function shown(one: ForbiddenAttempt): string {
  if (!one.isResourceRequest) return `${one.verb} ${one.path}`;
  const group = one.apiGroup === '' ? '' : `.${one.apiGroup}`;
  const sub = one.subresource === '' ? '' : `/${one.subresource}`;
  return `${one.verb} ${one.resource}${group}${sub} ${one.namespace === '' ? '' : `${one.namespace}/`}${one.name}`;
}

const LIST = infoOf('GET', '/api/v1/namespaces/web/pods');
const ALICE = freezeUserInfo({ username: 'alice' });

// k8s.io/apiserver v0.36.3 endpoints/filters/impersonation mode.go; the expected checks are those of constrained_impersonation_test.go.
const cases: readonly (readonly [
  what: string,
  wanted: User,
  legacy: readonly string[],
  constrained: readonly string[] | undefined,
])[] = [
  [
    'a user',
    { username: 'bob' },
    ['impersonate users bob'],
    ['impersonate-on:user-info:list pods web/', 'impersonate:user-info users.authentication.k8s.io bob'],
  ],
  [
    'every part of a user',
    { username: 'bob', uid: '7', groups: ['g1', 'g,2'], extra: { 'example.com/s': ['a', 'b'] } },
    [
      'impersonate users bob',
      'impersonate uids.authentication.k8s.io 7',
      'impersonate groups g1',
      'impersonate groups g,2',
      'impersonate userextras.authentication.k8s.io/example.com/s a',
      'impersonate userextras.authentication.k8s.io/example.com/s b',
    ],
    [
      'impersonate-on:user-info:list pods web/',
      'impersonate:user-info users.authentication.k8s.io bob',
      'impersonate:user-info uids.authentication.k8s.io 7',
      'impersonate:user-info groups.authentication.k8s.io g1',
      'impersonate:user-info groups.authentication.k8s.io g,2',
      'impersonate:user-info userextras.authentication.k8s.io/example.com/s a',
      'impersonate:user-info userextras.authentication.k8s.io/example.com/s b',
    ],
  ],
  [
    'a service account',
    { username: 'system:serviceaccount:ns:sa' },
    ['impersonate serviceaccounts ns/sa'],
    [
      'impersonate-on:serviceaccount:list pods web/',
      'impersonate:serviceaccount serviceaccounts.authentication.k8s.io ns/sa',
    ],
  ],
  [
    'a service account with groups has no mode of its own',
    { username: 'system:serviceaccount:ns:sa', groups: ['g'] },
    ['impersonate serviceaccounts ns/sa', 'impersonate groups g'],
    undefined,
  ],
  [
    'a node',
    { username: 'system:node:n1' },
    ['impersonate users system:node:n1'],
    [
      'impersonate-on:arbitrary-node:list pods web/',
      'impersonate:arbitrary-node nodes.authentication.k8s.io n1',
    ],
  ],
  [
    'a node with a group has no mode of its own',
    { username: 'system:node:n1', groups: ['system:nodes'] },
    ['impersonate users system:node:n1', 'impersonate groups system:nodes'],
    undefined,
  ],
  [
    'system:masters, by the old verb only',
    { username: 'bob', groups: ['system:masters'] },
    ['impersonate users bob', 'impersonate groups system:masters'],
    undefined,
  ],
  [
    'an extra without a domain, by the old verb only',
    { username: 'bob', extra: { scopes: ['a'] } },
    ['impersonate users bob', 'impersonate userextras.authentication.k8s.io/scopes a'],
    undefined,
  ],
];
for (const [what, wanted, legacy, constrained] of cases) {
  t.test(what, async (t) => {
    const [first, second] = impersonationWays(ALICE, freezeUserInfo(wanted), LIST);
    t.same(first?.questions.map(shown), legacy);
    t.same(second?.questions.map(shown), constrained);
  });
}

const KEY = 'authentication.kubernetes.io';
const AGENT = 'system:serviceaccount:agents:log';
const onNode = (node: string | readonly string[], username = AGENT) =>
  freezeUserInfo({
    username,
    extra: {
      [`${KEY}/pod-name`]: ['log-x1'],
      [`${KEY}/node-name`]: typeof node === 'string' ? [node] : node,
    },
  });

// requesterAssociatedWithRequestedNodeUsername, onlyUsernameSet and associatedNodeImpersonationAttributes of the same mode.go.
t.test('a service account on a node may be asked about as that node, of no particular name', async (t) => {
  const ways = impersonationWays(onNode('n1'), freezeUserInfo({ username: 'system:node:n1' }), LIST);
  t.same(
    ways.map(({ questions }) => questions.map(shown)),
    [
      ['impersonate users system:node:n1'],
      [
        'impersonate-on:associated-node:list pods web/',
        'impersonate:associated-node nodes.authentication.k8s.io *',
      ],
      [
        'impersonate-on:arbitrary-node:list pods web/',
        'impersonate:arbitrary-node nodes.authentication.k8s.io n1',
      ],
    ],
  );
  t.same(ways[1]?.groups, ['system:nodes']);
  t.same(ways[1]?.extra, { [`${KEY}/associated-node-keys`]: [`${KEY}/node-name`, `${KEY}/pod-name`] });
});

const notAssociated: readonly (readonly [
  what: string,
  requestor: ReturnType<typeof onNode>,
  wanted: User,
])[] = [
  ['another node', onNode('n2'), { username: 'system:node:n1' }],
  ['two nodes', onNode(['n1', 'n1']), { username: 'system:node:n1' }],
  ['no node', onNode([]), { username: 'system:node:n1' }],
  ['somebody who is no service account', onNode('n1', 'alice'), { username: 'system:node:n1' }],
  ['a node with a group', onNode('n1'), { username: 'system:node:n1', groups: ['system:nodes'] }],
  ['a node with a uid', onNode('n1'), { username: 'system:node:n1', uid: '1' }],
  ['a node with an extra', onNode('n1'), { username: 'system:node:n1', extra: { 'a.b/c': ['d'] } }],
  ['somebody who is no node', onNode('n1'), { username: 'n1' }],
  ['a name that no node can have', onNode('N1'), { username: 'system:node:N1' }],
];
for (const [what, requestor, wanted] of notAssociated)
  t.test(`${what}: not an associated node`, async (t) => {
    const ways = impersonationWays(requestor, freezeUserInfo(wanted), LIST);
    t.notMatch(JSON.stringify(ways), /associated-node/);
  });

t.test('which groups come of it', async (t) => {
  const groupsOf = (wanted: User) =>
    impersonationWays(ALICE, freezeUserInfo(wanted), LIST).map(({ groups }) => groups);
  t.same(groupsOf({ username: 'bob', groups: ['g'] }), [['g'], ['g']]);
  t.same(groupsOf({ username: 'system:node:n1' }), [[], ['system:nodes']]);
  const ofAccounts = ['system:serviceaccounts', 'system:serviceaccounts:ns'];
  t.same(groupsOf({ username: 'system:serviceaccount:ns:sa' }), [ofAccounts, ofAccounts]);
});

t.test('the request itself is asked about as it is', async (t) => {
  const on = (info: RequestInfo) =>
    impersonationWays(ALICE, freezeUserInfo({ username: 'bob' }), info)[1]?.questions[0];
  t.equal(shown(on(infoOf('GET', '/version')) as Question), 'impersonate-on:user-info:get /version');
  t.equal(
    shown(on(infoOf('POST', '/apis/apps/v1/namespaces/web/deployments/d/scale')) as Question),
    'impersonate-on:user-info:create deployments.apps/scale web/d',
  );
});

// authorization.k8s.io/v1; the groups are those that the API server's authenticator would have given the requestor.
t.test('a review names the requestor as the API server knows them', async (t) => {
  const alice = freezeUserInfo({ username: 'alice', uid: '1', groups: ['g'], extra: { k: ['v'] } });
  const [way] = impersonationWays(ALICE, freezeUserInfo({ username: 'bob' }), LIST);
  const [question] = way?.questions ?? [];
  t.same(JSON.parse(accessReview(alice, question as Question)), {
    apiVersion: 'authorization.k8s.io/v1',
    kind: 'SubjectAccessReview',
    spec: {
      user: 'alice',
      uid: '1',
      groups: ['g', 'system:authenticated'],
      extra: { k: ['v'] },
      resourceAttributes: {
        ...{ verb: 'impersonate', group: '', version: 'v1', resource: 'users', subresource: '' },
        ...{ namespace: '', name: 'bob' },
      },
    },
  });
  const path = impersonationWays(ALICE, freezeUserInfo({ username: 'bob' }), infoOf('GET', '/version'))[1];
  t.match(JSON.parse(accessReview(alice, path?.questions[0] as Question)), {
    spec: { nonResourceAttributes: { verb: 'impersonate-on:user-info:get', path: '/version' } },
  });
});

const review = (status: unknown) => JSON.stringify({ kind: 'SubjectAccessReview', status });
const answers: readonly (readonly [body: string, answer: object | undefined])[] = [
  [review({ allowed: true }), { allowed: true, reason: '' }],
  [review({ allowed: true, reason: 'RBAC: so' }), { allowed: true, reason: 'RBAC: so' }],
  [review({ allowed: false, reason: 'no' }), { allowed: false, reason: 'no' }],
  [review({ allowed: true, denied: true }), { allowed: false, reason: '' }],
  [review({ allowed: true, evaluationError: 'x' }), { allowed: true, reason: '' }],
  [review({ allowed: 'true' }), undefined],
  [review({ allowed: 1 }), undefined],
  [review({}), undefined],
  [review(null), undefined],
  [review('allowed'), undefined],
  [JSON.stringify({ kind: 'Status', status: { allowed: true } }), undefined],
  ['null', undefined],
  ['[]', undefined],
  ['', undefined],
  ['{', undefined],
];
for (const [body, answer] of answers) {
  t.test(`the answer ${body}`, async (t) => t.same(readAccessReview(body), answer));
}
