import t from 'tap';
import { type Deep, podOf, startCluster } from './cluster.ts';

// How pods begin: phases, conditions and reasons as kubelet’s status generation has them (pkg/kubelet/kubelet_pods.go,
// pkg/kubelet/status/generate.go), its events (pkg/kubelet/events), kubernetes 1.36.

const conditionsOf = (pod: Deep) =>
  Object.fromEntries(pod.status.conditions.map(({ type, status }: Deep) => [type, status]));

t.test('a pod is Pending, ContainerCreating, then Running and Ready', async (t) => {
  const cluster = await startCluster(t);
  const told = cluster.follow('pods');
  cluster.create('pods', podOf('web'));
  await cluster.settle();
  const pending = cluster.read('pods', 'web');
  t.equal(pending.status.phase, 'Pending');
  t.equal(pending.spec.nodeName, 'practice');
  t.same(pending.status.containerStatuses[0].state, { waiting: { reason: 'ContainerCreating' } });
  t.equal(pending.status.podIP, undefined, 'no address before the sandbox');
  t.equal(conditionsOf(pending)['PodScheduled'], 'True');
  t.equal(cluster.machines.length, 0);

  await cluster.pass(600);
  const running = cluster.read('pods', 'web');
  t.equal(running.status.phase, 'Running');
  t.same(conditionsOf(running), {
    PodReadyToStartContainers: 'True',
    Initialized: 'True',
    Ready: 'True',
    ContainersReady: 'True',
    PodScheduled: 'True',
  });
  t.match(running.status, { podIP: /^10\.244\.0\.\d+$/, hostIP: '192.0.2.10', qosClass: 'BestEffort' });
  t.match(running.status.containerStatuses[0], {
    name: 'app',
    state: { running: { startedAt: /^2026-01-02T03:04:05Z$/ } },
    lastState: {},
    ready: true,
    started: true,
    restartCount: 0,
    image: 'nginx',
    containerID: /^practice:\/\/[0-9a-f]{64}$/,
  });
  t.equal(cluster.lifecycle.machineOf(running.metadata.uid, 'app'), cluster.machines[0]);
  t.equal(cluster.machines[0]?.spec.ip, running.status.podIP);
  t.equal(cluster.machines[0]?.spec.hostname, 'web');
  t.same(cluster.events(), [
    'Scheduled: Successfully assigned default/web to practice',
    'Pulled: Container image "nginx" already present on machine',
    'Created: Created container: app',
    'Started: Started container app',
  ]);
  t.ok(told.length <= 5, `few writes: ${told.length}`);
  await cluster.pass(60_000);
  t.equal(
    cluster.read('pods', 'web').metadata.resourceVersion,
    running.metadata.resourceVersion,
    'and no more writes',
  );
  t.same(cluster.problems, []);
});

t.test('every pod has an address of its own', async (t) => {
  const cluster = await startCluster(t);
  for (let i = 0; i < 20; i++) cluster.create('pods', podOf(`web-${i}`));
  await cluster.pass(700);
  const ips = cluster.names('pods').map((name) => cluster.read('pods', name).status.podIP);
  t.equal(new Set(ips).size, 20);
});

t.test('images that are not to be had', async (t) => {
  // [image, first reason, reason after two seconds, reason after twelve more]
  const facts: [string, string, string][] = [
    ['', 'InvalidImageName', 'InvalidImageName'],
    ['My Image', 'InvalidImageName', 'InvalidImageName'],
    ['Nginx', 'InvalidImageName', 'InvalidImageName'],
    ['nginx:', 'InvalidImageName', 'InvalidImageName'],
    ['nginx:missing', 'ErrImagePull', 'ImagePullBackOff'],
    ['missing.example.com/a/b:1', 'ErrImagePull', 'ImagePullBackOff'],
  ];
  for (const [image, first, later] of facts) {
    const cluster = await startCluster(t);
    cluster.create('pods', podOf('bad', { image }));
    await cluster.pass(600);
    const reason = () => cluster.read('pods', 'bad').status.containerStatuses[0].state.waiting?.reason;
    t.equal(reason(), first, JSON.stringify(image));
    await cluster.pass(2000);
    t.equal(reason(), later);
    t.equal(cluster.read('pods', 'bad').status.phase, 'Pending');
    t.equal(cluster.machines.length, 0);
    // `kubectl set image pod/bad app=nginx` heals it.
    cluster.change('pods', 'bad', (pod) => ({
      ...pod,
      spec: { ...pod.spec, containers: [{ name: 'app', image: 'nginx' }] },
    }));
    await cluster.pass(1);
    t.equal(cluster.read('pods', 'bad').status.phase, 'Running', 'another image is another start');
  }
  for (const image of [
    'nginx',
    'Registry.example.com:5000/a/b_c:V1.0',
    `a/b@sha256:${'a'.repeat(64)}`,
    'localhost/x',
  ]) {
    const cluster = await startCluster(t);
    cluster.create('pods', podOf('good', { image }));
    await cluster.pass(600);
    t.equal(cluster.read('pods', 'good').status.phase, 'Running', image);
  }
});

t.test('init containers run one after the other, and a sidecar goes on', async (t) => {
  const cluster = await startCluster(t);
  const initContainers = [
    { name: 'one', image: 'a' },
    { name: 'side', image: 'b', restartPolicy: 'Always' },
    { name: 'two', image: 'c' },
  ];
  cluster.create('pods', podOf('web', {}, { initContainers, restartPolicy: 'Never' }));
  const images = () => cluster.machines.map(({ spec }) => spec.image);
  const status = () => cluster.read('pods', 'web').status;
  await cluster.pass(600);
  t.same(images(), ['a']);
  t.equal(status().phase, 'Pending');
  t.match(
    status().conditions.find(({ type }: Deep) => type === 'Initialized'),
    { status: 'False', message: 'containers with incomplete status: [one side two]' },
  );
  t.equal(status().containerStatuses[0].state.waiting.reason, 'PodInitializing');
  cluster.machines[0]?.end({ exitCode: 0 });
  await cluster.settle();
  t.same(images(), ['a', 'b', 'c']);
  cluster.machines[2]?.end({ exitCode: 0 });
  await cluster.settle();
  t.same(images(), ['a', 'b', 'c', 'nginx']);
  t.equal(status().phase, 'Running');
  cluster.machines[3]?.end({ exitCode: 0 });
  await cluster.pass(2000);
  t.equal(cluster.machines[1]?.stops.length, 1, 'the sidecar is told to end');
  t.equal(status().phase, 'Succeeded');
});

t.test('an init container that fails for good fails the pod', async (t) => {
  const cluster = await startCluster(t, { startMachine: (machine) => machine.end({ exitCode: 1 }) });
  cluster.create(
    'pods',
    podOf('web', {}, { initContainers: [{ name: 'one', image: 'a' }], restartPolicy: 'Never' }),
  );
  await cluster.pass(5000);
  t.equal(cluster.read('pods', 'web').status.phase, 'Failed');
  t.equal(cluster.machines.length, 1);
});

t.test('an ephemeral container starts when it is added, and is not started again', async (t) => {
  const cluster = await startCluster(t);
  cluster.create('pods', podOf('web'));
  await cluster.pass(600);
  cluster.change('pods', 'web', (pod) => ({
    ...pod,
    spec: { ...pod.spec, ephemeralContainers: [{ name: 'debug', image: 'busybox', stdin: true, tty: true }] },
  }));
  await cluster.settle();
  const pod = cluster.read('pods', 'web');
  t.match(pod.status.ephemeralContainerStatuses, [{ name: 'debug', state: { running: {} } }]);
  t.match(cluster.machines[1]?.spec, { image: 'busybox', stdin: true, tty: true });
  t.equal(cluster.lifecycle.machineOf(pod.metadata.uid, 'debug'), cluster.machines[1]);
  cluster.machines[1]?.end({ exitCode: 0 });
  await cluster.pass(60_000);
  t.match(cluster.read('pods', 'web').status.ephemeralContainerStatuses, [
    { state: { terminated: { exitCode: 0 } } },
  ]);
  t.equal(cluster.read('pods', 'web').status.phase, 'Running');
  t.equal(cluster.machines.length, 2);
});

t.test('what no node can have stays Pending and says why', async (t) => {
  const cluster = await startCluster(t);
  cluster.create('pods', podOf('far', {}, { nodeSelector: { zone: 'moon' } }));
  cluster.create('pods', podOf('elsewhere', {}, { nodeName: 'other' }));
  cluster.create('pods', podOf('gated', {}, { schedulingGates: [{ name: 'x' }] }));
  cluster.create('pods', podOf('near', {}, { nodeSelector: { 'kubernetes.io/os': 'linux' } }));
  await cluster.pass(5000);
  t.match(cluster.read('pods', 'far').status, {
    phase: 'Pending',
    conditions: [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable' }],
  });
  t.ok(cluster.events().some((event) => event.startsWith('FailedScheduling: 0/1 nodes are available')));
  t.same(
    cluster.machines.map(({ spec }) => spec.hostname),
    ['near'],
  );
});
