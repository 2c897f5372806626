import t from 'tap';
import { freezeUserInfo, type UserInfo } from '../../../../src/kube/userinfo.ts';
import { createAuthorizer } from '../../../../src/practice/access/authorizer.ts';
import { answerReview } from '../../../../src/practice/access/reviews.ts';
import type { ApiFailure } from '../../../../src/practice/objects/failure.ts';
import type { KubeObject } from '../../../../src/practice/objects/object.ts';
import { binding, memoryStore, role, user } from './memory.ts';

const NOW = '2026-01-02T03:04:05Z';
const jane = freezeUserInfo({
  username: 'jane',
  uid: 'u1',
  groups: ['humans', 'system:authenticated'],
  extra: { 'example.com/way': ['a', 'b'] },
});
const store = memoryStore([
  role('r', [{ verbs: ['create'], apiGroups: [''], resources: ['pods/exec'] }], 'web'),
  role('urls', [{ verbs: ['get'], nonResourceURLs: ['/version'] }]),
  binding('rb', 'Role/r', [user('jane')], 'web'),
  binding('urls', 'ClusterRole/urls', [user('jane')]),
]);
const authorizer = createAuthorizer(store);

function answer(resource: string, content: object = {}, person: UserInfo = jane): KubeObject {
  // What a client posts has no name, though the type of a stored object says so.
  const body = JSON.parse(JSON.stringify({ apiVersion: 'x', kind: 'x', metadata: {}, ...content }));
  return answerReview({ resource, body, user: person, authorizer, nowIso: NOW });
}

function refused(resource: string, content: object = {}): ApiFailure {
  try {
    answer(resource, content);
  } catch (error) {
    return error as ApiFailure;
  }
  throw new Error('it was answered');
}

t.test('who am I', async (t) => {
  t.same(answer('selfsubjectreviews', { metadata: { name: 'ignored' } }), {
    kind: 'SelfSubjectReview',
    apiVersion: 'authentication.k8s.io/v1',
    metadata: { creationTimestamp: NOW },
    status: {
      userInfo: {
        username: 'jane',
        uid: 'u1',
        groups: ['humans', 'system:authenticated'],
        extra: { 'example.com/way': ['a', 'b'] },
      },
    },
  });
  const nobody = freezeUserInfo({ username: 'system:anonymous' });
  t.same(answer('selfsubjectreviews', {}, nobody)['status'], { userInfo: { username: 'system:anonymous' } });
});

t.test('may I do this: what RBAC says, and what was asked', async (t) => {
  const exec = { verb: 'create', resource: 'pods', subresource: 'exec', namespace: 'web' };
  const spec = { resourceAttributes: exec };
  t.same(answer('selfsubjectaccessreviews', { metadata: { creationTimestamp: null }, spec }), {
    kind: 'SelfSubjectAccessReview',
    apiVersion: 'authorization.k8s.io/v1',
    metadata: {},
    spec,
    status: { allowed: true, reason: 'RBAC: allowed by RoleBinding "rb/web" of Role "r" to User "jane"' },
  });
  const facts: readonly (readonly [spec: object, allowed: boolean])[] = [
    [{ resourceAttributes: { ...exec, namespace: 'other' } }, false],
    [{ resourceAttributes: { ...exec, namespace: undefined } }, false],
    [{ resourceAttributes: { ...exec, subresource: 'log' } }, false],
    [{ resourceAttributes: { ...exec, group: 'apps' } }, false],
    [{ resourceAttributes: {} }, false],
    [{ nonResourceAttributes: { path: '/version', verb: 'get' } }, true],
    [{ nonResourceAttributes: { path: '/metrics', verb: 'get' } }, false],
    [{ nonResourceAttributes: { path: '/version', verb: 'post' } }, false],
  ];
  for (const [asked, allowed] of facts) {
    t.match(
      answer('selfsubjectaccessreviews', { spec: asked })['status'],
      { allowed },
      JSON.stringify(asked),
    );
  }
  t.same(
    answer('selfsubjectaccessreviews', { spec: { resourceAttributes: {} } })['status'],
    { allowed: false },
    'no reason where there is none',
  );
});

t.test('a question that is none is refused in the words of kube-apiserver 1.36.3', async (t) => {
  const one = 'exactly one of nonResourceAttributes or resourceAttributes must be specified';
  const both = 'cannot be specified in combination with resourceAttributes';
  const asked = { resourceAttributes: { verb: 'get' } };
  const facts: readonly (readonly [content: object, field: string, message: string])[] = [
    [{}, 'spec.resourceAttributes', `Invalid value: null: ${one}`],
    [{ spec: {} }, 'spec.resourceAttributes', `Invalid value: null: ${one}`],
    [{ spec: { resourceAttributes: null } }, 'spec.resourceAttributes', `Invalid value: null: ${one}`],
    [
      { spec: { ...asked, nonResourceAttributes: { path: '/x', verb: 'get' } } },
      'spec.nonResourceAttributes',
      `Invalid value: {"Path":"/x","Verb":"get"}: ${both}`,
    ],
    [{ metadata: { name: 'x' }, spec: asked }, 'metadata', 'Invalid value: {"name":"x"}: must be empty'],
  ];
  for (const [content, field, message] of facts) {
    const failure = refused('selfsubjectaccessreviews', content);
    t.match(failure, { code: 422, reason: 'Invalid' });
    t.equal(failure.message, `.authorization.k8s.io "" is invalid: ${field}: ${message}`);
    t.same(failure.details?.causes, [{ reason: 'FieldValueInvalid', message, field }]);
  }
});

t.test('what may I do: the rules in a namespace, which has to be named', async (t) => {
  t.same(answer('selfsubjectrulesreviews', { spec: { namespace: 'web' } }), {
    kind: 'SelfSubjectRulesReview',
    apiVersion: 'authorization.k8s.io/v1',
    metadata: {},
    spec: {},
    status: {
      resourceRules: [{ verbs: ['create'], apiGroups: [''], resources: ['pods/exec'] }],
      nonResourceRules: [{ verbs: ['get'], nonResourceURLs: ['/version'] }],
      incomplete: false,
    },
  });
  for (const content of [{}, { spec: {} }, { spec: { namespace: '' } }]) {
    const { code, reason, message } = refused('selfsubjectrulesreviews', content);
    t.same([code, reason, message], [400, 'BadRequest', 'no namespace on request']);
  }
});

t.test('bindings that lead nowhere are told beside the rules', async (t) => {
  const dangling = createAuthorizer(memoryStore([binding('b', 'ClusterRole/nope', [user('jane')])]));
  const body = JSON.parse('{"spec":{"namespace":"web"}}');
  const options = { resource: 'selfsubjectrulesreviews', body, user: jane, nowIso: NOW };
  t.same(answerReview({ ...options, authorizer: dangling })['status'], {
    resourceRules: [],
    nonResourceRules: [],
    incomplete: false,
    evaluationError: 'clusterrole.rbac.authorization.k8s.io "nope" not found',
  });
});

t.test('another resource is no review', async (t) => {
  t.equal(refused('pods').code, 405);
});
