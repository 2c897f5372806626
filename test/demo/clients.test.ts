// Programs on client-go: helm, and the harness of test/e2e/goclient (k9s' kind of traffic: informers, watches that are cut, executors).

import { readFileSync } from 'node:fs';
import t from 'tap';
import { run } from '../cluster/run.ts';
import { runHarness } from '../e2e/goclient.ts';
import { newest } from '../e2e/objects.ts';
import { kubectl, startDemo } from './started.ts';
import { readTools } from './tools.ts';

const POD = new URL('../e2e/goclient/pod.yaml', import.meta.url);
const TIMEOUT_MS = 300_000;

const tools = readTools();
const { path } = newest(tools);
const demo = await startDemo(tools.dir);
t.teardown(() => demo.process.kill('SIGINT'));

t.test('helm: a chart as helm makes it, installed, upgraded, rolled back, removed', async (t) => {
  const folder = t.testdir();
  const helm = (...args: string[]) =>
    run(tools.helm, args, { cwd: folder, env: { ...demo.env }, timeoutMs: 120_000 });
  t.match(await helm('create', 'shop'), { code: 0 });
  const image = [
    '--set',
    'image.repository=postern.dev/practice/web',
    '--set',
    'image.tag=1',
    '--set',
    'service.port=8080',
  ];
  t.match(await helm('install', 'shop', './shop', ...image, '--wait', '--timeout', '60s'), {
    code: 0,
    stdout: /STATUS: deployed/,
  });
  t.match(
    await helm(
      'upgrade',
      'shop',
      './shop',
      ...image,
      '--set',
      'replicaCount=2',
      '--wait',
      '--timeout',
      '60s',
    ),
    { code: 0, stdout: /REVISION: 2/ },
  );
  t.match(
    await kubectl(demo, path, ['get', 'deployment', 'shop', '-o', 'jsonpath={.status.readyReplicas}']),
    { stdout: '2' },
  );
  t.match(await helm('rollback', 'shop', '1', '--wait', '--timeout', '60s'), { code: 0 });
  t.match(await helm('list'), { code: 0, stdout: /shop\s+default\s+3\s.*deployed/ });
  t.match(await helm('uninstall', 'shop', '--wait', '--timeout', '60s'), { code: 0 });
  t.match(
    await kubectl(demo, path, [
      'get',
      'deploy,svc,sa',
      '-l',
      'app.kubernetes.io/instance=shop',
      '-o',
      'name',
    ]),
    { stdout: '' },
  );
});

t.test('client-go: executors, port-forwarders, informers, watches', async (t) => {
  const manifest = readFileSync(POD, 'utf8');
  t.match(await kubectl(demo, path, ['apply', '-f', '-'], { input: manifest }), { code: 0 });
  t.match(await kubectl(demo, path, ['wait', '--for=condition=Ready', '--timeout=60s', 'pod/goclient']), {
    code: 0,
  });
  const args = [
    '--kubeconfig',
    demo.ready.kubeconfig,
    '--expect-user',
    'erin@example.com',
    '--namespace',
    'default',
    '--pod',
    'goclient',
  ];
  await runHarness(t, tools.goclient, args, TIMEOUT_MS);
});
