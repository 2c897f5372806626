import t from 'tap';
import { freezeUserInfo } from '../../../../src/kube/userinfo.ts';
import { forbidden } from '../../../../src/practice/access/forbidden.ts';
import { ask } from './asking.ts';

const jane = freezeUserInfo({ username: 'jane' });

t.test('a refusal has the words of kube-apiserver 1.36.3', async (t) => {
  const facts: readonly (readonly [question: string, message: string, details: object])[] = [
    [
      'create pods/exec x -n web',
      'pods "x" is forbidden: User "jane" cannot create resource "pods/exec" in API group "" in the namespace "web"',
      { name: 'x', kind: 'pods' },
    ],
    [
      'list pods',
      'pods is forbidden: User "jane" cannot list resource "pods" in API group "" at the cluster scope',
      { kind: 'pods' },
    ],
    [
      'get deployments.apps/scale d -n web',
      'deployments.apps "d" is forbidden: User "jane" cannot get resource "deployments/scale" in API group "apps" in the namespace "web"',
      { name: 'd', group: 'apps', kind: 'deployments' },
    ],
    [
      'get namespaces web -n web',
      'namespaces "web" is forbidden: User "jane" cannot get resource "namespaces" in API group "" in the namespace "web"',
      { name: 'web', kind: 'namespaces' },
    ],
    ['get /x', 'forbidden: User "jane" cannot get path "/x"', {}],
    ['get /x<y>&z', 'forbidden: User "jane" cannot get path "/x&lt;y&gt;&amp;z"', {}],
    [
      'get pods a"b<é\x7f\u00ad -n web',
      'pods "a\\"b<é\\x7f\\u00ad" is forbidden: User "jane" cannot get resource "pods" in API group "" in the namespace "web"',
      { name: 'a"b<é\x7f\u00ad', kind: 'pods' },
    ],
  ];
  for (const [question, message, details] of facts) {
    const failure = forbidden(jane, ask(question));
    t.equal(failure.message, message);
    t.same(failure.details, details, question);
    t.equal(failure.code, 403);
    t.equal(failure.reason, 'Forbidden');
  }
});

t.test("the authorizer's reason stands at the end", async (t) => {
  t.equal(
    forbidden(jane, ask('list pods'), 'RBAC: so').message,
    'pods is forbidden: User "jane" cannot list resource "pods" in API group "" at the cluster scope: RBAC: so',
  );
});
