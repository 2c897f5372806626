// The doors beside issuers with a stock kubectl: a client certificate, and a service account of the cluster itself. Who the API server then sees is
// asked of it (`kubectl auth whoami`).

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { makeCA } from '../../src/certificates.ts';
import { makeCRL } from '../fakes/crl.ts';
import { kubectl, protocolEnv, readContext } from './context.ts';
import { certificateUser, kubeconfigOfGate, startDoorsGate } from './doorsgate.ts';
import { whoami } from './modes.ts';
import { asAdmin, createPods, newest, removeObjects } from './objects.ts';
import { aliceToken } from './people.ts';
import { grantRights } from './rights.ts';

const POD = 'doors';
const HOUR_MS = 3_600_000;
const context = readContext();
const { path } = newest(context);
await createPods(context, { [POD]: ['serve'] });
await grantRights(context, {
  objects: [account(), editor()],
  subjects: [{ user: `system:serviceaccount:${context.namespace}:ci` }],
  rules: [{ apiGroups: [''], resources: ['pods'], verbs: ['create'] }],
  namespace: context.namespace,
});
t.teardown(() => removeObjects(context, [`pod/${POD}`, 'serviceaccount/ci', 'rolebinding/ci-edits']));

const clients = await makeCA('e2e clients');
const issue = (commonName: string, organizations: readonly string[]) =>
  clients.issue({ commonName, organizations, client: true });
const jane = await issue('jane@example.com', ['engineers']);
const mallory = await issue('mallory', ['engineers']);
const files = { ca: join(context.dir, 'doors-ca.crt'), crl: join(context.dir, 'doors.crl') };
writeFileSync(files.ca, clients.certPem);
const nextUpdate = new Date(Date.now() + HOUR_MS);
writeFileSync(files.crl, await makeCRL(clients, { revoked: [mallory.certPem], nextUpdate }));

const gate = await startDoorsGate(context, 'doors', files);
t.teardown(() => gate.process.kill('SIGTERM'));
const withUser = (name: string, user: object) => kubeconfigOfGate(context, gate, name, user);

t.test('a client certificate is its CN in the groups of its O', async (t) => {
  const kubeconfig = withUser('jane-cert', certificateUser(jane));
  t.match(await whoami(context, kubeconfig), {
    username: 'jane@example.com',
    groups: ['engineers', 'system:authenticated'],
  });
  for (const protocol of ['websocket', 'spdy'] as const) {
    const args = ['exec', POD, '--', 'echo', protocol];
    const result = await kubectl(path, kubeconfig, args, { env: protocolEnv(protocol) });
    t.match(result, { code: 0, stdout: `${protocol}\n` });
  }
});

t.test('a revoked one is told so', async (t) => {
  const kubeconfig = withUser('mallory-cert', certificateUser(mallory));
  t.match(await kubectl(path, kubeconfig, ['get', 'pods']), { code: 1, stderr: /has been revoked/ });
  t.match(await kubectl(path, kubeconfig, ['exec', POD, '--', 'id']), {
    code: 1,
    stderr: /has been revoked/,
  });
});

t.test('a service account of the cluster is itself, with its own rights', async (t) => {
  const token = (await asAdmin(context, ['create', 'token', 'ci'])).trim();
  const kubeconfig = withUser('ci', { token });
  const name = `system:serviceaccount:${context.namespace}:ci`;
  t.match(await whoami(context, kubeconfig), {
    username: name,
    groups: ['system:serviceaccounts', `system:serviceaccounts:${context.namespace}`, 'system:authenticated'],
  });
  t.match(await kubectl(path, kubeconfig, ['exec', POD, '--', 'echo', 'ci']), { code: 0, stdout: 'ci\n' });
  t.match(await kubectl(path, kubeconfig, ['get', 'nodes']), {
    code: 1,
    stderr: new RegExp(`User "${name}" cannot list resource "nodes"`),
  });
});

t.test("a pod's token is its account, and the API server hears of the pod and its node", async (t) => {
  const bound = ['--bound-object-kind', 'Pod', '--bound-object-name', POD];
  const token = (await asAdmin(context, ['create', 'token', 'default', ...bound])).trim();
  const { username, extra } = await whoami(context, withUser('pod', { token }));
  t.equal(username, `system:serviceaccount:${context.namespace}:default`);
  t.match(extra, {
    'authentication.kubernetes.io/pod-name': [POD],
    'authentication.kubernetes.io/pod-uid': [/-/],
    'authentication.kubernetes.io/node-name': [/./],
  });
  t.notOk(Object.keys(extra ?? {}).includes('authentication.kubernetes.io/credential-id'));
});

t.test('a token of nobody is refused by the cluster, those of issuers go on as before', async (t) => {
  const forged = withUser('forged', {
    token: `${await aliceToken(context, { iss: 'https://other.example' })}`,
  });
  t.match(await kubectl(path, forged, ['get', 'pods']), {
    code: 1,
    stderr: /not one of a service account of this cluster/,
  });
  const alice = withUser('alice-doors', { token: await aliceToken(context) });
  t.match(await whoami(context, alice), { username: 'alice@example.com' });
});

function account(): object {
  return { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'ci' } };
}

function editor(): object {
  return {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'RoleBinding',
    metadata: { name: 'ci-edits' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'edit' },
    subjects: [{ kind: 'ServiceAccount', name: 'ci', namespace: context.namespace }],
  };
}
