import t from 'tap';
import { EVENT_TTL_MS, MAX_EVENTS } from '../../../../src/practice/lifecycle/events.ts';
import { assignClusterIP } from '../../../../src/practice/lifecycle/services.ts';
import { deploymentOf, podOf, startCluster } from './cluster.ts';

t.test('a namespace begins with an account and the certificate, and keeps them', async (t) => {
  const cluster = await startCluster(t);
  cluster.create('namespaces', { metadata: { name: 'shop' } });
  await cluster.settle();
  t.match(cluster.read('namespaces', 'shop'), {
    metadata: { labels: { 'kubernetes.io/metadata.name': 'shop' } },
    spec: { finalizers: ['kubernetes'] },
    status: { phase: 'Active' },
  });
  t.same(cluster.names('serviceaccounts', 'shop'), ['default']);
  t.same(cluster.read('configmaps', 'kube-root-ca.crt', 'shop').data, { 'ca.crt': 'ROOT' });
  cluster.store.remove(cluster.key('serviceaccounts'), 'shop', 'default');
  cluster.store.remove(cluster.key('configmaps'), 'shop', 'kube-root-ca.crt');
  await cluster.settle();
  t.same(
    [...cluster.names('serviceaccounts', 'shop'), ...cluster.names('configmaps', 'shop')],
    ['default', 'kube-root-ca.crt'],
  );
});

t.test(
  'a namespace that is deleted goes when all in it has gone, and nothing is made in it meanwhile',
  async (t) => {
    const cluster = await startCluster(t);
    cluster.create('namespaces', { metadata: { name: 'shop' } });
    const web = deploymentOf(2);
    cluster.create('deployments', { ...web, metadata: { name: 'web', namespace: 'shop' } });
    cluster.create('configmaps', { metadata: { name: 'c', namespace: 'shop' } });
    cluster.create('pods', podOf('other'));
    await cluster.pass(2000);
    for (const machine of cluster.machines) machine.obedient = false;
    cluster.change('namespaces', 'shop', (shop) => ({
      ...shop,
      metadata: { ...shop.metadata, deletionTimestamp: '2026-01-02T03:05:00Z' },
    }));
    await cluster.pass(1000);
    t.equal(cluster.read('namespaces', 'shop').status.phase, 'Terminating');
    t.same([...cluster.names('deployments', 'shop'), ...cluster.names('configmaps', 'shop')], []);
    t.equal(cluster.names('pods', 'shop').length, 2);
    for (const machine of cluster.machines) if (machine.stops.length > 0) machine.end({ exitCode: 0 });
    await cluster.pass(1000);
    t.same(cluster.names('namespaces', ''), ['default']);
    t.equal(cluster.store.get(cluster.key('namespaces'), '', 'shop'), undefined);
    t.same(cluster.names('events', 'shop'), []);
    t.same(cluster.names('pods'), ['other']);
    t.same(cluster.problems, []);
  },
);

t.test('services get an address, and keep the one they ask for', async (t) => {
  const cluster = await startCluster(t);
  const ports = [{ port: 80 }];
  // [name, spec, clusterIP]
  const facts: [string, object, RegExp | string | undefined][] = [
    ['plain', { ports }, /^10\.96\.\d+\.\d+$/],
    ['asked', { clusterIP: '10.96.0.1', ports }, '10.96.0.1'],
    ['headless', { clusterIP: 'None', ports }, 'None'],
    ['outside', { type: 'ExternalName', externalName: 'example.com' }, undefined],
    ['node', { type: 'NodePort', ports }, /^10\.96\.\d+\.\d+$/],
  ];
  for (const [name, spec, ip] of facts) {
    cluster.create('services', { metadata: { name }, spec });
    await cluster.settle();
    const { clusterIP, clusterIPs } = cluster.read('services', name).spec;
    if (ip instanceof RegExp) t.match(clusterIP, ip, name);
    else t.equal(clusterIP, ip, name);
    t.same(clusterIPs, clusterIP === undefined ? undefined : [clusterIP]);
  }
  const [{ nodePort }] = cluster.read('services', 'node').spec.ports;
  t.ok(nodePort >= 30_000 && nodePort <= 32_767);
  t.equal(cluster.read('services', 'plain').spec.ports[0].nodePort, undefined);
});

t.test('assignClusterIP writes nothing, and never gives an address twice', async (t) => {
  const cluster = await startCluster(t);
  const draft = (name: string) => ({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace: 'default' },
    spec: { ports: [] },
  });
  const version = cluster.store.resourceVersion();
  const first = assignClusterIP(cluster.store, draft('a'));
  t.equal(cluster.store.resourceVersion(), version);
  t.equal(assignClusterIP(cluster.store, first), first, 'what is complete stays the very same');
  const taken = (first['spec'] as { clusterIP: string }).clusterIP;
  cluster.create('services', { metadata: { name: 'b' }, spec: { clusterIP: taken, ports: [] } });
  t.not((assignClusterIP(cluster.store, draft('a'))['spec'] as { clusterIP: string }).clusterIP, taken);
});

t.test('the same event again counts up; events are kept an hour', async (t) => {
  const cluster = await startCluster(t, { startMachine: (machine) => machine.end({ exitCode: 1 }) });
  cluster.create('pods', podOf('bad'));
  await cluster.pass(30_000);
  const created = () =>
    cluster.store.list(cluster.key('events'), '').find(({ reason }) => reason === 'Created');
  t.match(created(), {
    kind: 'Event',
    metadata: { namespace: 'default', name: /^bad\.[0-9a-f]+$/ },
    involvedObject: {
      kind: 'Pod',
      name: 'bad',
      namespace: 'default',
      apiVersion: 'v1',
      fieldPath: 'spec.containers{app}',
    },
    type: 'Normal',
    count: 3,
    source: { component: 'kubelet', host: 'practice' },
    reportingComponent: 'kubelet',
  });
  t.not(created()?.['firstTimestamp'], created()?.['lastTimestamp']);
  cluster.store.remove(cluster.key('pods'), 'default', 'bad');
  await cluster.pass(EVENT_TTL_MS - 30_000);
  t.not(created(), undefined);
  await cluster.pass(31_000);
  t.same(cluster.store.list(cluster.key('events'), ''), []);
});

t.test(`no more than ${MAX_EVENTS} events are kept`, async (t) => {
  const cluster = await startCluster(t);
  for (let i = 0; i < 260; i++) cluster.create('pods', podOf(`p-${i}`, {}, { nodeName: '' }));
  await cluster.pass(10_000);
  t.equal(cluster.store.list(cluster.key('events'), '').length, MAX_EVENTS);
  // There are 253 addresses: the rest wait, and say so.
  t.equal(cluster.machines.length, 253);
  t.ok(cluster.events().some((event) => event.startsWith('FailedCreatePodSandBox')));
});
