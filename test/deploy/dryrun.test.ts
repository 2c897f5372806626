// A real kube-apiserver's word on every rendering: server-side validation of each object, those of other projects' kinds included, strictly.

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { admin, adminOrFail, NAMESPACE, readContext } from './context.ts';
import { MATRIX } from './matrix.ts';
import { parseObjects, template } from './render.ts';

const context = readContext();
const dir = t.testdir();
// The namespace is that of a kubeconfig's context: with --namespace kubectl would refuse objects of others.
const kubeconfig = join(dir, 'kubeconfig');
const config = JSON.parse(readFileSync(context.adminKubeconfig, 'utf8')) as {
  contexts: { context: object }[];
};
for (const entry of config.contexts) entry.context = { ...entry.context, namespace: NAMESPACE };
writeFileSync(kubeconfig, JSON.stringify(config));
const APIS = ['gateway.networking.k8s.io/v1/TLSRoute'];

// A pod is refused where its account is not, which a dry run does not make.
const ACCOUNTS = ['gate-postern', 'door'].map((name) => `serviceaccount/${name}`);
for (const account of ACCOUNTS)
  await adminOrFail(context, ['create', '--namespace', NAMESPACE, ...account.split('/')]);
t.teardown(() => adminOrFail(context, ['delete', '--namespace', NAMESPACE, ...ACCOUNTS]));

for (const row of MATRIX)
  t.test(row.for, async (t) => {
    const { code, stdout, stderr } = await template(context.helm, dir, { ...row, apis: APIS });
    t.equal(code, 0, stderr);
    const args = ['apply', '--dry-run=server', '--validate=strict', '-f', '-'];
    const applied = await admin(context, args, { input: stdout, env: { KUBECONFIG: kubeconfig } });
    t.equal(applied.code, 0, applied.stderr);
    t.equal(applied.stdout.trim().split('\n').length, parseObjects(stdout).length, 'every object was judged');
    t.notMatch(applied.stderr, /would violate PodSecurity/, 'and would run where Pod Security is restricted');
  });
