// client-go's own executors and port-forwarders (goclient/), on which k9s, Lens and operators are built: the same checks direct and through
// the gate, built with the race detector. The short form leaves out the direct way.

import { readFileSync } from 'node:fs';
import t from 'tap';
import { readContext } from './context.ts';
import { runHarness } from './goclient.ts';
import { asAdmin, removeObjects } from './objects.ts';

const POD = 'goclient';
const TIMEOUT_MS = 600_000;

const context = readContext();
const manifest = readFileSync(new URL('goclient/pod.yaml', import.meta.url), 'utf8');

await asAdmin(context, ['apply', '-f', '-'], manifest.replaceAll('postern.test/busybox:1', context.image));
await asAdmin(context, ['wait', '--for=condition=Ready', '--timeout=120s', `pod/${POD}`]);
t.teardown(() => removeObjects(context, [`pod/${POD}`]));

const { adminKubeconfig, form, kubeconfigs, namespace } = context;
const ways = [
  ...(form === 'full' ? [{ name: 'direct', flags: ['--kubeconfig', adminKubeconfig] }] : []),
  {
    name: 'through the gate',
    flags: [
      '--kubeconfig',
      kubeconfigs.alice,
      '--direct',
      adminKubeconfig,
      '--expect-user',
      'alice@example.com',
    ],
  },
];

for (const { name, flags } of ways)
  t.test(name, async (t) => {
    const args = [...flags, '--namespace', namespace, '--pod', POD];
    await runHarness(t, context.goclient, args, TIMEOUT_MS);
  });
