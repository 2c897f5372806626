import t from 'tap';
import { type Deep, deploymentOf, startCluster } from './cluster.ts';
import { condition, edit, isRolledOut, REVISION, setImage, sets, sizes } from './rollouts.ts';

// Updates of deployments: the order of their steps is that of pkg/controller/deployment, kubernetes 1.36.

t.test('a rolling update keeps within what may be missing and too many', async (t) => {
  // [maxSurge, maxUnavailable, most pods, fewest ready]
  const facts: [number | string, number | string, number, number][] = [
    ['25%', '25%', 5, 3],
    [1, 0, 5, 4],
    [0, 1, 4, 3],
    ['100%', '50%', 8, 2],
    ['1%', '0%', 5, 4],
  ];
  for (const [maxSurge, maxUnavailable, most, fewest] of facts) {
    const cluster = await startCluster(t);
    cluster.create(
      'deployments',
      deploymentOf(4, { strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge, maxUnavailable } } }),
    );
    await cluster.pass(2000);
    setImage(cluster, 'nginx:2');
    const counts: number[] = [];
    const ready: number[] = [];
    const end = cluster.store.watch(cluster.key('pods'), '', cluster.store.resourceVersion(), () => {
      const pods = cluster
        .names('pods')
        .map((name) => cluster.read('pods', name))
        .filter(({ metadata }) => metadata.deletionTimestamp === undefined);
      counts.push(pods.length);
      ready.push(
        pods.filter((pod) =>
          pod.status.conditions?.some(({ type, status }: Deep) => type === 'Ready' && status === 'True'),
        ).length,
      );
    });
    await cluster.settle();
    t.notOk(isRolledOut(cluster.read('deployments', 'web')), 'not done at once');
    await cluster.pass(20_000);
    end();
    t.ok(isRolledOut(cluster.read('deployments', 'web')), `${maxSurge} ${maxUnavailable}`);
    t.equal(Math.max(...counts), most, 'most pods');
    t.equal(Math.min(...ready), fewest, 'fewest ready');
    t.same(sizes(cluster), [0, 4]);
    t.equal(cluster.read('deployments', 'web').metadata.annotations[REVISION], '2');
    t.same(cluster.problems, []);
  }
});

t.test('an update to what never gets ready stops, and undo takes it back', async (t) => {
  const cluster = await startCluster(t);
  cluster.create('deployments', deploymentOf(4, { progressDeadlineSeconds: 60 }));
  await cluster.pass(2000);
  setImage(cluster, 'nginx:missing');
  await cluster.pass(10_000);
  t.equal(cluster.read('deployments', 'web').status.availableReplicas, 3);
  t.same(sizes(cluster), [3, 2]);
  t.equal(condition(cluster.read('deployments', 'web'), 'Progressing').status, 'True');
  await cluster.pass(60_000);
  t.match(condition(cluster.read('deployments', 'web'), 'Progressing'), {
    status: 'False',
    reason: 'ProgressDeadlineExceeded',
  });
  // What kubectl sends: the old template through Go's types, with an empty time and empty resources, without the hash.
  edit(cluster, (spec) => ({
    ...spec,
    template: {
      metadata: { creationTimestamp: null, labels: { app: 'web' } },
      spec: { containers: [{ image: 'nginx:1', name: 'app', resources: {} }] },
    },
  }));
  await cluster.pass(10_000);
  const web = cluster.read('deployments', 'web');
  t.ok(isRolledOut(web));
  t.same(sizes(cluster), [0, 4], 'no third replica set');
  t.equal(web.metadata.annotations[REVISION], '3');
  t.equal(sets(cluster)[1].metadata.annotations['deployment.kubernetes.io/revision-history'], '1');
  t.match(condition(web, 'Progressing'), { status: 'True', reason: 'NewReplicaSetAvailable' });
});

t.test('Recreate: no old pod beside a new one', async (t) => {
  const cluster = await startCluster(t);
  cluster.create('deployments', deploymentOf(2, { strategy: { type: 'Recreate' } }));
  await cluster.pass(2000);
  for (const machine of cluster.machines) machine.obedient = false;
  setImage(cluster, 'nginx:2');
  await cluster.pass(1000);
  t.equal(cluster.machines.length, 2, 'the old ones have not ended');
  t.equal(sets(cluster).length, 1);
  for (const machine of cluster.machines) machine.end({ exitCode: 0 });
  await cluster.pass(2000);
  t.ok(isRolledOut(cluster.read('deployments', 'web')));
  t.same(sizes(cluster), [0, 2]);
  edit(cluster, (spec) => ({ ...spec, replicas: 3 }));
  await cluster.pass(2000);
  t.ok(isRolledOut(cluster.read('deployments', 'web')));
});

t.test('paused, nothing is rolled, but scaled; resumed, it is', async (t) => {
  const cluster = await startCluster(t);
  cluster.create('deployments', deploymentOf(2));
  await cluster.pass(2000);
  edit(cluster, (spec) => ({ ...spec, paused: true }));
  setImage(cluster, 'nginx:2');
  await cluster.pass(2000);
  t.equal(sets(cluster).length, 1);
  t.match(condition(cluster.read('deployments', 'web'), 'Progressing'), {
    status: 'Unknown',
    reason: 'DeploymentPaused',
  });
  edit(cluster, (spec) => ({ ...spec, replicas: 3 }));
  await cluster.pass(2000);
  t.same(sizes(cluster), [3]);
  edit(cluster, (spec) => ({ ...spec, paused: false }));
  await cluster.pass(5000);
  t.same(sizes(cluster), [0, 3]);
  t.ok(isRolledOut(cluster.read('deployments', 'web')));
});

t.test('a change of size in the middle of a rollout is shared out', async (t) => {
  const cluster = await startCluster(t);
  cluster.create('deployments', deploymentOf(4));
  await cluster.pass(2000);
  setImage(cluster, 'nginx:missing');
  await cluster.pass(3000);
  t.same(sizes(cluster), [3, 2]);
  edit(cluster, (spec) => ({ ...spec, replicas: 8 }));
  await cluster.pass(3000);
  const [old = 0, newest = 0] = sizes(cluster);
  t.equal(old + newest, 10, 'eight and a quarter more');
  t.ok(old > 3 && newest > 2);
});
