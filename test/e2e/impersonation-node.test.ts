// Constrained impersonation's mode for agents (KEP-5284): a service account whose token names the node that it is on may be that node, whichever it is. The
// same kubectl straight at the API server and through the gate comes to the same user, or to the same refusal.

import t from 'tap';
import { kubectl, readContext } from './context.ts';
import { startOwnGate } from './gates.ts';
import { gateKubeconfig, nodeApiServer, whoami } from './modes.ts';
import { asAdmin, createPods, newest, removeObjects } from './objects.ts';
import { grantRights } from './rights.ts';

const POD = 'agent';
const NAME = 'associated-node';
const context = readContext();
const { path } = newest(context);
const ACCOUNT = `system:serviceaccount:${context.namespace}:default`;
const apiVersion = 'rbac.authorization.k8s.io/v1';

await createPods(context, { [POD]: ['serve'] });
// As mode.go asks: of all nodes at once, and of the verb on what the request is about.
const rules = [
  { apiGroups: ['authentication.k8s.io'], resources: ['nodes'], verbs: ['impersonate:associated-node'] },
  {
    apiGroups: ['authentication.k8s.io'],
    resources: ['selfsubjectreviews'],
    verbs: ['impersonate-on:associated-node:create'],
  },
];
await grantRights(context, {
  objects: [
    { apiVersion, kind: 'ClusterRole', metadata: { name: NAME }, rules },
    {
      ...{ apiVersion, kind: 'ClusterRoleBinding', metadata: { name: NAME } },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: NAME },
      subjects: [{ kind: 'ServiceAccount', name: 'default', namespace: context.namespace }],
    },
  ],
  subjects: [{ user: ACCOUNT }],
  rules,
});
t.teardown(() => removeObjects(context, [`pod/${POD}`, `clusterrole/${NAME}`, `clusterrolebinding/${NAME}`]));

const node = (await asAdmin(context, ['get', 'pod', POD, '-o', 'jsonpath={.spec.nodeName}'])).trim();
const bound = ['--bound-object-kind', 'Pod', '--bound-object-name', POD];
const ofPod = (await asAdmin(context, ['create', 'token', 'default', ...bound])).trim();
const ofNobody = (await asAdmin(context, ['create', 'token', 'default'])).trim();

const gate = await startOwnGate(context, NAME, { authentication: { jwt: [], serviceAccounts: {} } });
t.teardown(() => gate.process.kill('SIGTERM'));
const ways = [
  { where: 'straight', at: nodeApiServer(context) },
  { where: 'through the gate', at: { server: gate.url, caPem: gate.trust.caPem } },
].map(({ where, at }) => ({ where, as: (token: string) => gateKubeconfig(context, at, { token }) }));

const AS_NODE = ['--as', `system:node:${node}`];
// Without looking about in the API before, which kubectl would do with --as, too.
const CREATE = ['create', '--raw', '/apis/authentication.k8s.io/v1/selfsubjectreviews', '-f', '-'];
const input = JSON.stringify({ apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' });

// [what, token, arguments]
const refused: readonly (readonly [what: string, token: string, args: readonly string[]])[] = [
  ['another node', ofPod, [...CREATE, '--as', 'system:node:another']],
  ['a token that names no node', ofNobody, [...CREATE, ...AS_NODE]],
  ['a group beside the name', ofPod, [...CREATE, ...AS_NODE, '--as-group', 'system:nodes']],
  ['a request that was not named', ofPod, ['get', '--raw', `/api/v1/nodes/${node}`, ...AS_NODE]],
];

for (const { where, as } of ways) {
  t.test(`${where}: an agent is the node that it is on, in the group of nodes`, async (t) => {
    const user = { username: `system:node:${node}`, groups: ['system:nodes', 'system:authenticated'] };
    t.match(await whoami(context, as(ofPod), AS_NODE), user);
    const { code, stdout, stderr } = await kubectl(path, as(ofPod), [...CREATE, ...AS_NODE], { input });
    t.equal(code, 0, stderr);
    t.match(JSON.parse(stdout), { status: { userInfo: user } });
  });

  for (const [what, token, args] of refused)
    t.test(`${where}: not with ${what}`, async (t) => {
      t.match(await kubectl(path, as(token), args, { input }), {
        code: 1,
        stderr: new RegExp(`User "${ACCOUNT}" cannot impersonate`),
      });
    });
}
