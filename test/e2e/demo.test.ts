// `postern demo --kubeconfig` in front of a real cluster: it says what rights it takes, then three people who are strangers to the cluster stand
// before it with a verified identity, and what is bound to them holds.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { run } from '../cluster/run.ts';
import { kubectl as demoKubectl, startDemo } from '../demo/started.ts';
import { readContext } from './context.ts';
import { asAdmin, createPods, newest, removeObjects } from './objects.ts';

const context = readContext();
const { path } = newest(context);
const NAMESPACE = ['--namespace', context.namespace];

t.test('the gate account of the cluster is enough, and the people are who they are', async (t) => {
  await createPods(context, { demo: ['serve'] });
  t.teardown(() => removeObjects(context, ['pod/demo']));
  const demo = await startDemo(context.dir, ['--kubeconfig', context.gateKubeconfig]);
  t.teardown(() => demo.process.kill('SIGINT'));
  const [rights = ''] = demo.process.stdout().split('\n');
  t.match(JSON.parse(rights), {
    event: 'rights',
    rights: [
      { what: 'impersonate users', allowed: true },
      { what: 'impersonate groups', allowed: true },
      { what: 'impersonate uids', allowed: true },
    ],
  });
  const whoami = await demoKubectl(demo, path, ['auth', 'whoami', '-o', 'json'], { as: 'otto' });
  t.match(JSON.parse(whoami.stdout), {
    status: {
      userInfo: { username: 'otto@example.com', groups: ['engineers', 'oncall', 'system:authenticated'] },
    },
  });
  const stranger = await demoKubectl(demo, path, [...NAMESPACE, 'get', 'pods'], { as: 'ada' });
  t.match(stranger, { code: 1, stderr: /Forbidden.*User "ada@example\.com" cannot list resource "pods"/ });
  await asAdmin(context, [
    'create',
    'clusterrolebinding',
    'demo-auditors',
    '--clusterrole=view',
    '--group=auditors',
  ]);
  t.teardown(() => asAdmin(context, ['delete', 'clusterrolebinding', 'demo-auditors']));
  const bound = await demoKubectl(demo, path, [...NAMESPACE, 'get', 'pod', 'demo', '-o', 'name'], {
    as: 'ada',
  });
  t.match(bound, { code: 0, stdout: 'pod/demo\n' });
  const summary = await demo.stop();
  t.match(summary, { people: 2, deniedByCluster: 1 });
});

t.test('an account that may not impersonate is told what it lacks', async (t) => {
  const token = (await asAdmin(context, ['create', 'token', 'default'])).trim();
  const file = join(context.dir, 'weak.kubeconfig');
  const view = await asAdmin(context, ['config', 'view', '--raw', '-o', 'json']);
  const { clusters } = JSON.parse(view) as { clusters: { name: string }[] };
  writeFileSync(
    file,
    JSON.stringify({
      apiVersion: 'v1',
      kind: 'Config',
      clusters,
      users: [{ name: 'weak', user: { token } }],
      contexts: [{ name: 'weak', context: { cluster: clusters[0]?.name, user: 'weak' } }],
      'current-context': 'weak',
    }),
  );
  const main = new URL('../../src/main.ts', import.meta.url).pathname;
  const refused = await run(process.execPath, [main, 'demo', '--kubeconfig', file], { timeoutMs: 30_000 });
  t.match(refused, { code: 1, stderr: /may not impersonate users, impersonate groups, impersonate uids/ });
  t.match(refused.stderr, /name: "system:serviceaccount:/);
});
