import t from 'tap';
import { type Deep, type FakeMachine, podOf, startCluster } from './cluster.ts';

// Phases, conditions, reasons and exit codes: kubelet's status generation (pkg/kubelet/kubelet_pods.go, pkg/kubelet/status/generate.go), its
// events (pkg/kubelet/events) and back-off (pkg/kubelet/kubelet.go: 10 s doubling to 5 min), kubernetes 1.36.

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

t.test('how a container ends decides on the phase and on another start', async (t) => {
  // [restartPolicy, exit code, phase, state, restarts after a while]
  const facts: [string, number, string, object, number][] = [
    ['Never', 0, 'Succeeded', { terminated: { exitCode: 0, reason: 'Completed' } }, 0],
    ['Never', 3, 'Failed', { terminated: { exitCode: 3, reason: 'Error' } }, 0],
    ['OnFailure', 0, 'Succeeded', { terminated: { exitCode: 0, reason: 'Completed' } }, 0],
    ['OnFailure', 3, 'Running', { running: {} }, 1],
    ['Always', 0, 'Running', { running: {} }, 1],
  ];
  for (const [restartPolicy, exitCode, phase, state, restarts] of facts) {
    const cluster = await startCluster(t);
    cluster.create('pods', podOf('job', {}, { restartPolicy }));
    await cluster.pass(600);
    cluster.machines[0]?.end({ exitCode });
    await cluster.settle();
    t.match(
      cluster.read('pods', 'job').status.containerStatuses[0].state,
      { terminated: { exitCode } },
      'is shown',
    );
    await cluster.pass(2000);
    const { status } = cluster.read('pods', 'job');
    t.equal(status.phase, phase, `${restartPolicy} ${exitCode}`);
    t.match(status.containerStatuses[0], { state, restartCount: restarts });
    t.equal(cluster.machines.length, 1 + restarts);
    if (phase === 'Succeeded') {
      t.match(
        status.conditions.find(({ type }: Deep) => type === 'Ready'),
        { status: 'False', reason: 'PodCompleted' },
      );
    }
  }
});

t.test('a container that keeps failing is started later and later', async (t) => {
  const cluster = await startCluster(t, { startMachine: (machine) => machine.end({ exitCode: 1 }) });
  cluster.create('pods', podOf('bad'));
  await cluster.pass(3000);
  const { containerStatuses, phase } = cluster.read('pods', 'bad').status;
  t.equal(phase, 'Running');
  t.match(containerStatuses[0], {
    ready: false,
    restartCount: 1,
    state: {
      waiting: {
        reason: 'CrashLoopBackOff',
        message: /^back-off 10s restarting failed container=app pod=bad_default\(/,
      },
    },
    lastState: { terminated: { exitCode: 1, reason: 'Error' } },
  });
  t.ok(
    cluster
      .events()
      .some((event) =>
        event.startsWith('BackOff: Back-off restarting failed container app in pod bad_default'),
      ),
  );
  // The first restart is at once, then 10, 20, 40, 80, 160, 300, 300 s pass between an end and the next start.
  const starts: number[] = [];
  for (let second = 0; second < 1300; second++) {
    const before = cluster.machines.length;
    await cluster.pass(1000);
    if (cluster.machines.length > before) starts.push(second);
  }
  const gaps = starts.slice(1).map((at, i) => at - (starts[i] ?? 0));
  t.equal(starts.length, 8);
  for (const [i, wanted] of [20, 40, 80, 160, 300, 300, 300].entries()) {
    t.ok(Math.abs((gaps[i] ?? 0) - wanted) <= 2, `gap ${i} is ${gaps[i]}, about ${wanted}`);
  }
});

t.test('a command that cannot be started is a StartError, and never was running', async (t) => {
  const cluster = await startCluster(t, {
    startMachine: (machine) => machine.end({ failure: 'no such file: nope' }),
  });
  const told = cluster.follow('pods');
  cluster.create('pods', podOf('bad', { command: ['nope'] }, { restartPolicy: 'Never' }));
  await cluster.pass(600);
  t.match(cluster.read('pods', 'bad').status, {
    phase: 'Failed',
    containerStatuses: [
      {
        state: {
          terminated: {
            exitCode: 128,
            reason: 'StartError',
            message: 'no such file: nope',
            startedAt: '1970-01-01T00:00:00Z',
          },
        },
      },
    ],
  });
  t.notOk(told.some(({ object }) => JSON.stringify(object).includes('"running"')));
  t.ok(cluster.events().includes('Failed: Error: no such file: nope'));
  t.notOk(cluster.events().some((event) => event.startsWith('Started')));
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

t.test('a deleted pod is given its grace, shows how it ended, and goes', async (t) => {
  const cluster = await startCluster(t);
  cluster.create('pods', podOf('web'));
  await cluster.pass(600);
  const { uid } = cluster.read('pods', 'web').metadata;
  const told = cluster.follow('pods');
  const [machine] = cluster.machines;
  if (machine !== undefined) machine.obedient = false;
  const mark = (seconds: number) =>
    cluster.change('pods', 'web', (pod) => ({
      ...pod,
      metadata: {
        ...pod.metadata,
        deletionTimestamp: '2026-01-02T03:05:00Z',
        deletionGracePeriodSeconds: seconds,
      },
    }));
  mark(20);
  await cluster.settle();
  t.same(machine?.stops, [20_000]);
  mark(5);
  await cluster.settle();
  t.same(machine?.stops, [20_000, 5_000], 'a shorter grace counts');
  t.same(cluster.names('pods'), ['web'], 'it waits for the machine');
  machine?.end({ exitCode: 137 });
  await cluster.settle();
  t.same(cluster.names('pods'), []);
  t.match(told.at(-2)?.object, {
    status: { containerStatuses: [{ state: { terminated: { exitCode: 137 } } }] },
  });
  t.equal(told.at(-1)?.type, 'DELETED');
  t.equal(cluster.lifecycle.machineOf(uid, 'app'), undefined);
  t.ok(cluster.events().includes('Killing: Stopping container app'));
});

t.test(
  'a pod that is simply gone has its machines killed; one of the same name is another pod',
  async (t) => {
    const cluster = await startCluster(t);
    cluster.create('pods', podOf('web'));
    await cluster.pass(600);
    cluster.store.remove(cluster.key('pods'), 'default', 'web');
    cluster.create('pods', podOf('web'));
    await cluster.pass(600);
    t.same(cluster.machines[0]?.stops, [0]);
    t.equal(cluster.machines.length, 2);
    t.equal(cluster.read('pods', 'web').status.containerStatuses[0].restartCount, 0);
  },
);

t.test('a finalizer holds a pod that has ended', async (t) => {
  const cluster = await startCluster(t);
  cluster.create('pods', { ...podOf('web'), metadata: { name: 'web', finalizers: ['example.com/hold'] } });
  await cluster.pass(600);
  cluster.change('pods', 'web', (pod) => ({
    ...pod,
    metadata: { ...pod.metadata, deletionTimestamp: '2026-01-02T03:05:00Z', deletionGracePeriodSeconds: 1 },
  }));
  await cluster.settle();
  t.same(cluster.names('pods'), ['web']);
  cluster.change('pods', 'web', ({ metadata: { finalizers: _, ...metadata }, ...pod }) => ({
    ...pod,
    metadata,
  }));
  await cluster.settle();
  t.same(cluster.names('pods'), []);
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

t.test('the log of the run before is kept', async (t) => {
  const cluster = await startCluster(t);
  cluster.create('pods', podOf('web'));
  await cluster.pass(600);
  const { uid } = cluster.read('pods', 'web').metadata;
  const previous = () => cluster.lifecycle.previousLogLines(uid, 'app')?.map(({ text }) => text);
  t.equal(previous(), undefined);
  cluster.machines[0]?.log.push({ timeMs: 0, text: 'first run' });
  cluster.machines[0]?.end({ exitCode: 1 });
  await cluster.pass(1500);
  t.same(previous(), ['started', 'first run']);
  cluster.machines[1]?.log.push({ timeMs: 0, text: 'second run' });
  cluster.machines[1]?.end({ exitCode: 1 });
  await cluster.pass(1500);
  t.equal(cluster.read('pods', 'web').status.containerStatuses[0].state.waiting.reason, 'CrashLoopBackOff');
  t.same(previous(), ['started', 'second run'], 'while it waits, the last one is the previous one');
  t.equal(cluster.lifecycle.previousLogLines(uid, 'other'), undefined);
  t.equal(cluster.lifecycle.previousLogLines('other', 'app'), undefined);
});

t.test('probes: a port that nothing listens on is not ready, a command may be one', async (t) => {
  const cluster = await startCluster(t);
  const probe = { httpGet: { port: 'web' }, initialDelaySeconds: 5, periodSeconds: 1, failureThreshold: 1 };
  cluster.create(
    'pods',
    podOf('port', { ports: [{ name: 'web', containerPort: 8080 }], readinessProbe: probe }),
  );
  cluster.create(
    'pods',
    podOf('command', { readinessProbe: { exec: { command: ['true'] }, periodSeconds: 1 } }),
  );
  await cluster.pass(600);
  const ready = (name: string) => cluster.read('pods', name).status.containerStatuses[0].ready;
  t.equal(ready('port'), false, 'not before the delay is over');
  t.equal(ready('command'), true);
  await cluster.pass(6000);
  t.equal(ready('port'), false);
  t.ok(
    cluster
      .events()
      .some((event) =>
        /^Unhealthy: Readiness probe failed: dial tcp .*:8080: connect: connection refused$/.test(event),
      ),
  );
  const [first] = cluster.machines.filter(({ spec }) => spec.hostname === 'port');
  first?.ports.add(8080);
  await cluster.pass(1000);
  t.equal(ready('port'), true);
  first?.ports.delete(8080);
  await cluster.pass(1000);
  t.equal(ready('port'), false);
  const [second] = cluster.machines.filter(({ spec }) => spec.hostname === 'command');
  if (second !== undefined) second.exec = async () => ({ exitCode: 1 });
  await cluster.pass(2000);
  t.equal(ready('command'), true, 'three failures are needed');
  await cluster.pass(1000);
  t.equal(ready('command'), false);
});

t.test('a container that fails its liveness probe is started anew', async (t) => {
  const cluster = await startCluster(t);
  const livenessProbe = { tcpSocket: { port: 80 }, periodSeconds: 1, failureThreshold: 2 };
  cluster.create('pods', podOf('web', { livenessProbe }, { terminationGracePeriodSeconds: 7 }));
  await cluster.pass(600);
  t.equal(cluster.machines.length, 1);
  await cluster.pass(2500);
  t.same(cluster.machines[0]?.stops, [7000]);
  t.equal(cluster.machines.length, 2);
  t.ok(cluster.events().includes('Killing: Container app failed liveness probe, will be restarted'));
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

t.test('stop ends every machine and leaves no timer', async (t) => {
  const cluster = await startCluster(t);
  cluster.create('pods', podOf('web', { readinessProbe: { tcpSocket: { port: 1 } } }));
  await cluster.pass(600);
  cluster.create('pods', podOf('pending'));
  await cluster.settle();
  t.ok(cluster.waiting() > 0);
  await cluster.lifecycle.stop();
  t.same(cluster.machines[0]?.stops, [0]);
  const version = cluster.store.resourceVersion();
  await cluster.settle();
  t.equal(cluster.waiting(), 0);
  t.equal(cluster.store.resourceVersion(), version, 'nothing is written any more');
});

t.test('a container that has just been made when all ends writes nothing more', async (t) => {
  const made = Promise.withResolvers<FakeMachine>();
  const cluster = await startCluster(t, {
    startMachine: (machine) => {
      machine.stop = async () => void (await machine.exited);
      made.resolve(machine);
    },
  });
  cluster.create('pods', podOf('web'));
  // In the very turn in which the machine is made, before the container is known to run.
  const stopped = made.promise.then((machine) => ({ machine, over: cluster.lifecycle.stop() }));
  await cluster.pass(600);
  const { machine, over } = await stopped;
  const version = cluster.store.resourceVersion();
  t.notOk(cluster.events().some((event) => event.startsWith('Started')));
  machine.end({ failure: 'killed' });
  await over;
  await cluster.settle();
  t.equal(cluster.store.resourceVersion(), version);
  t.equal(cluster.waiting(), 0);
});
