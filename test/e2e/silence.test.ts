// Silence: what says nothing for a long time is not cut off. 10 minutes in the full form; POSTERN_E2E_SILENCE overrides, in seconds.

import { setTimeout as delay } from 'node:timers/promises';
import t from 'tap';
import { type Background, startKubectl } from './background.ts';
import { readContext } from './context.ts';
import { asAdmin, createObjects, createPods, newest, removeObjects } from './objects.ts';

const POD = 'quiet';
const PROTOCOLS = ['websocket', 'spdy'] as const;

const context = readContext();
const seconds = Number(process.env['POSTERN_E2E_SILENCE'] ?? (context.form === 'full' ? 600 : 20));
const started: Background[] = [];

await createPods(context, { [POD]: ['serve', 'silent'] });
t.teardown(async () => {
  for (const one of started) await one.kill();
  await removeObjects(context, [`pod/${POD}`, `configmap/${POD}`]);
});

t.test(`${seconds} s of silence`, async (t) => {
  const logs = start(['logs', '-f', POD, '-c', 'silent']);
  const watch = start(['get', 'configmaps', '-w', '-o', 'name', '-l', `of=${POD}`]);
  const sessions = [];
  for (const protocol of PROTOCOLS) {
    const exec = start(['exec', '-i', POD, '-c', 'serve', '--', 'cat'], protocol);
    exec.send('before\n');
    await exec.seen(/before\n/);
    const forward = start(['port-forward', POD, ':8081'], protocol);
    const [, port] = await forward.seen(/127\.0\.0\.1:(\d+) -> 8081/);
    t.equal(await page(port), 'page a\n', `port-forward over ${protocol} works`);
    sessions.push({ protocol, exec, forward, port });
  }

  await delay(seconds * 1000);

  for (const { protocol, exec, forward, port } of sessions) {
    exec.send('after\n');
    await exec.seen(/after\n/);
    t.pass(`exec -i over ${protocol} is alive`);
    t.equal(await page(port), 'page a\n', `port-forward over ${protocol} is alive`);
    exec.closeInput();
    t.equal(await exec.ended, 0, 'and ends well');
    await forward.kill();
  }
  t.equal(logs.stdout(), '', 'the log has said nothing');
  await asAdmin(context, [
    'exec',
    POD,
    '-c',
    'silent',
    '--',
    'sh',
    '-c',
    'echo spoken >/tmp/said; mv /tmp/said /tmp/speak',
  ]);
  await logs.seen(/^spoken\n/);
  t.equal(watch.stdout(), '', 'the watch has said nothing');
  await createObjects(context, [configMap()]);
  await watch.seen(/configmap\/quiet\n/);
  t.pass('both arrived');
});

function start(args: readonly string[], protocol: (typeof PROTOCOLS)[number] = 'websocket'): Background {
  const caller = { kubectl: newest(context).path, kubeconfig: context.kubeconfigs.alice, protocol };
  const background = startKubectl(caller, ['--namespace', context.namespace, ...args]);
  started.push(background);
  return background;
}

async function page(port: string | undefined): Promise<string> {
  const options = { headers: { connection: 'close' }, signal: AbortSignal.timeout(20_000) };
  return await (await fetch(`http://127.0.0.1:${port}/`, options)).text();
}

function configMap(): object {
  const metadata = { name: POD, namespace: context.namespace, labels: { of: POD } };
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata };
}
