import t from 'tap';
import { type Deep, type FakeMachine, podOf, startCluster } from './cluster.ts';

// How containers and pods end: exit codes, restarts and back-off (pkg/kubelet/kubelet.go: 10 s doubling to 5 min), deletion with its grace,
// and the end of all, kubernetes 1.36.

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
