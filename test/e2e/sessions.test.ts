// `postern sessions` with a real cluster: stock kubectl's sessions through three gate processes, listed and ended with the rights that
// docs/how-to/sessions.md gives, and kubectl prints the reason.

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import t, { type Test } from 'tap';
import { parseAllDocuments } from 'yaml';
import { EDITORS, GATE_USER, VIEWERS } from '../cluster/cluster.ts';
import { type RunResult, run } from '../cluster/run.ts';
import { type Background, startKubectl } from './background.ts';
import { kubeEnv, type Protocol, readContext } from './context.ts';
import { type OwnGate, startOwnGate } from './gates.ts';
import { asAdmin, createPods, newest, removeObjects } from './objects.ts';
import { aliceToken, writeKubeconfig } from './people.ts';
import { grantRights } from './rights.ts';
import { until } from './wait.ts';

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
const PAGE = new URL('../../docs/how-to/sessions.md', import.meta.url);
const POD = 'listed';
const NAMESPACE = 'postern';
const RBAC = 'rbac.authorization.k8s.io';

const context = readContext();
const { path } = newest(context);

interface KubeObject {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly rules?: { readonly apiGroups: string[]; readonly resources: string[]; readonly verbs: string[] }[];
}

/** The page's own objects, but for its bindings, whose subjects are examples. */
const objects = [...readFileSync(PAGE, 'utf8').matchAll(/^```yaml\n([\s\S]*?)^```$/gm)]
  .flatMap(([, text = '']) => parseAllDocuments(text).map((one) => one.toJS() as KubeObject))
  .filter(({ kind }) => kind === 'Role' || kind === 'Namespace');

await createPods(context, { [POD]: ['serve', 'speak'] });
await give('Namespace', NAMESPACE);
await give('postern-replica', { kind: 'User', name: GATE_USER, apiGroup: RBAC });
await give('postern-sessions-viewer', { kind: 'Group', name: VIEWERS, apiGroup: RBAC });
await give('postern-sessions-ender', { kind: 'Group', name: EDITORS, apiGroup: RBAC });
t.teardown(() => removeObjects(context, [`pod/${POD}`, `namespace/${NAMESPACE}`]));

/** Makes one of the page's Roles count for somebody. */
async function give(name: string, subject: { kind: string; name: string; apiGroup: string } | string) {
  if (typeof subject === 'string') {
    const namespace = objects.filter(({ kind }) => kind === name);
    t.equal(namespace.length, 1, 'the page has the namespace');
    await asAdmin(context, ['apply', '-f', '-'], JSON.stringify(namespace[0]));
    return;
  }
  const role = objects.find(({ metadata }) => metadata.name === name);
  const metadata = { name, namespace: NAMESPACE };
  const roleRef = { apiGroup: RBAC, kind: 'Role', name };
  const binding = { apiVersion: `${RBAC}/v1`, kind: 'RoleBinding', metadata, roleRef, subjects: [subject] };
  const who = subject.kind === 'User' ? { user: subject.name } : { groups: [subject.name] };
  const rules = (role?.rules ?? []).flatMap((rule) => rule.verbs.map((verb) => ({ ...rule, verbs: [verb] })));
  // Not by `--namespace`, which is that of the tests.
  await asAdmin(context, ['--namespace', NAMESPACE, 'apply', '-f', '-'], JSON.stringify(role));
  await asAdmin(context, ['--namespace', NAMESPACE, 'apply', '-f', '-'], JSON.stringify(binding));
  await grantRights(context, { objects: [], subjects: [who], rules, namespace: NAMESPACE });
}

/** As somebody whose kubeconfig leads through the first gate to the API server. */
function sessions(person: 'alice' | 'edith' | 'victor', args: readonly string[]): Promise<RunResult> {
  return run(process.execPath, [MAIN, 'sessions', ...args], {
    env: kubeEnv(context.kubeconfigs[person]),
    timeoutMs: 60_000,
  });
}

async function startGate(test: Test, name: string, args: readonly string[] = []): Promise<OwnGate> {
  const { clusters } = JSON.parse(readFileSync(context.gate.configFile, 'utf8'));
  const kubernetes = { namespace: NAMESPACE, cluster: clusters[0].name };
  const config = { sessions: { drainTimeout: '0s', registry: { kubernetes } } };
  const gate = await startOwnGate(context, name, config, args);
  test.teardown(() => gate.process.kill('SIGTERM'));
  return gate;
}

interface Sought {
  readonly user: string;
  readonly protocol?: Protocol;
}

async function exec(
  test: Test,
  gate: OwnGate,
  { user, protocol = 'websocket' }: Sought,
): Promise<Background> {
  const token = await aliceToken(context, { email: user, sub: user });
  const cluster = {
    server: gate.url,
    'certificate-authority-data': Buffer.from(gate.trust.caPem).toString('base64'),
  };
  const kubeconfig = writeKubeconfig(context, `sessions-${user}`, { cluster, user: { token } });
  const caller = { kubectl: path, kubeconfig, protocol };
  const args = ['exec', '-i', POD, '-c', 'serve', '--', 'cat'];
  const one = startKubectl(caller, ['--namespace', context.namespace, ...args]);
  test.teardown(() => one.kill());
  one.send('in\n');
  await one.seen(/in\n/);
  return one;
}

interface Document {
  readonly sessions: readonly Readonly<Record<string, unknown>>[];
  readonly replicas: readonly { readonly name: string }[];
}

async function listed(count: number, more: readonly string[] = []): Promise<Document> {
  return await until(`${count} sessions in the list`, async () => {
    const ran = await sessions('victor', ['list', '--kind', 'exec', '--output', 'json', ...more]);
    const document = JSON.parse(ran.stdout || '{"sessions":[]}') as Document;
    return document.sessions.length === count ? document : undefined;
  });
}

t.test('three gates', async (t) => {
  const [one, two, three] = [
    await startGate(t, 'one'),
    await startGate(t, 'two'),
    await startGate(t, 'three', ['--workers', '2']),
  ];
  const ada = await exec(t, one, { user: 'ada@example.com' });
  const adaBySpdy = await exec(t, two, { user: 'ada@example.com', protocol: 'spdy' });
  const bob = await exec(t, three, { user: 'bob@example.com' });

  const { sessions: all, replicas } = await listed(3);
  t.equal(replicas.length, 4, 'two gates, and two workers of the third');
  t.match(
    all.find(({ user }) => user === 'bob@example.com'),
    {
      ...{ kind: 'exec', namespace: context.namespace, name: POD, container: 'serve' },
    },
  );
  t.notMatch(JSON.stringify(all), /cat/, 'nothing of the command');

  const refused = await sessions('victor', ['end', '--user', 'bob@example.com']);
  t.match(refused, { code: 1, stderr: /cannot create resource "configmaps".*give the right by a Role/s });
  bob.send('still in\n');
  await bob.seen(/still in\n/);

  const id = String(all.find(({ user }) => user === 'bob@example.com')?.['id']);
  const byID = await sessions('edith', ['end', id.slice(0, 8), '--reason', 'maintenance at 18:00']);
  t.match(byID, {
    code: 0,
    stdout: new RegExp(`^ended ${id} \\(bob@example`),
    stderr: /4 of 4 replicas answered/,
  });
  t.equal(await bob.ended, 1, "kubectl's exit code");
  t.match(bob.stderr(), /an administrator of this gate ended it: maintenance at 18:00\./);
  const log = three.process.stderr();
  t.match(log, /"by":"edith@example\.com"/, 'who ordered it, as the API server knows them');

  const byUser = await sessions('edith', [
    'end',
    '--user',
    'ada@example.com',
    '--reason',
    'laptop was stolen',
  ]);
  t.match(byUser, { code: 0, stderr: /^ended 2 sessions of ada@example\.com; 4 of 4 replicas answered/ });
  for (const kubectl of [ada, adaBySpdy]) {
    t.equal(await kubectl.ended, 1);
    t.match(kubectl.stderr(), /an administrator of this gate ended it: laptop was stolen\./);
  }
  t.equal((await listed(0)).sessions.length, 0);
});

t.test('an order by hand, and a replica that is gone', async (t) => {
  const [one, two] = [await startGate(t, 'four'), await startGate(t, 'five')];
  const ada = await exec(t, one, { user: 'ada@example.com' });
  await listed(1);
  const order = {
    ...{ apiVersion: 'v1', kind: 'ConfigMap', data: { user: 'ada@example.com', reason: 'by kubectl' } },
    metadata: { generateName: 'end-', namespace: NAMESPACE, labels: { 'postern.dev/sessions-end': '' } },
  };
  await asAdmin(context, ['--namespace', NAMESPACE, 'create', '-f', '-'], JSON.stringify(order));
  t.equal(await ada.ended, 1);
  t.match(ada.stderr(), /ended it: by kubectl\./);

  const bob = await exec(t, two, { user: 'bob@example.com' });
  await listed(1);
  await two.process.kill('SIGKILL');
  t.not(await bob.ended, 0);
  const before = Date.now();
  const ended = await sessions('edith', ['end', '--user', 'bob@example.com', '--wait', '2s']);
  t.match(ended, {
    code: 1,
    stderr: /did not answer in time: its sessions may go on.*1 of 2 replicas answered/s,
  });
  t.ok(Date.now() - before < 20_000, 'and it is not waited for');
});

t.test('nobody in particular', async (t) => {
  const ran = await sessions('edith', ['list', '--namespace', context.namespace]);
  t.match(ran, { code: 0, stderr: /no replica tells anything in namespace / });
  const nothing = await run(process.execPath, [MAIN, 'sessions', 'list', '--kubeconfig', '/nonexistent']);
  t.match(nothing, { code: 1, stderr: /kubeconfig .* cannot be read: ENOENT/ });
});
