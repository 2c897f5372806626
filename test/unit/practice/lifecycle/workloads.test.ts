import t from 'tap';
import { type Cluster, type Deep, deploymentOf, podOf, startCluster } from './cluster.ts';

// Names, annotations, conditions, order of steps: pkg/controller/{replicaset,deployment,garbagecollector}, kubernetes 1.36. `kubectl rollout
// status` is done when observedGeneration, updatedReplicas, replicas and availableReplicas agree (kubectl pkg/polymorphichelpers).

const REVISION = 'deployment.kubernetes.io/revision';

const condition = (object: Deep, type: string) =>
  object.status.conditions.find((one: Deep) => one.type === type);

const edit = (cluster: Cluster, spec: (spec: Deep) => object) =>
  cluster.change('deployments', 'web', (web) => ({
    ...web,
    metadata: { ...web.metadata, generation: web.metadata.generation + 1 },
    spec: spec(web.spec),
  }));

const setImage = (cluster: Cluster, image: string) =>
  edit(cluster, (spec) => ({
    ...spec,
    template: { ...spec.template, spec: { containers: [{ name: 'app', image }] } },
  }));

const sets = (cluster: Cluster) =>
  cluster
    .names('replicasets')
    .map((name) => cluster.read('replicasets', name))
    .sort((a, b) => Number(a.metadata.annotations[REVISION]) - Number(b.metadata.annotations[REVISION]));

const sizes = (cluster: Cluster) => sets(cluster).map(({ spec }) => spec.replicas);

/** As kubectl's DeploymentStatusViewer. */
function isRolledOut({ metadata, spec, status }: Deep): boolean {
  return (
    metadata.generation <= status.observedGeneration &&
    status.updatedReplicas >= spec.replicas &&
    status.replicas <= status.updatedReplicas &&
    status.availableReplicas >= status.updatedReplicas
  );
}

t.test('a deployment makes a replica set, that makes pods, and says when it is done', async (t) => {
  const cluster = await startCluster(t);
  cluster.create('deployments', deploymentOf(2));
  await cluster.settle();
  t.notOk(isRolledOut(cluster.read('deployments', 'web')));
  t.equal(condition(cluster.read('deployments', 'web'), 'Available').status, 'False');
  await cluster.pass(1000);
  const web = cluster.read('deployments', 'web');
  const [set] = sets(cluster);
  t.ok(isRolledOut(web));
  t.match(set.metadata.name, /^web-[bcdfghjklmnpqrstvwxz2456789]{5,10}$/);
  t.equal(set.spec.selector.matchLabels['pod-template-hash'], set.metadata.name.slice(4));
  t.match(set.metadata.ownerReferences, [
    { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web', uid: web.metadata.uid, controller: true },
  ]);
  t.same(set.status, {
    replicas: 2,
    fullyLabeledReplicas: 2,
    readyReplicas: 2,
    availableReplicas: 2,
    observedGeneration: 1,
  });
  t.equal(web.metadata.annotations[REVISION], '1');
  t.match(web.status, {
    observedGeneration: 1,
    replicas: 2,
    updatedReplicas: 2,
    readyReplicas: 2,
    availableReplicas: 2,
  });
  t.notOk('unavailableReplicas' in web.status);
  t.match(condition(web, 'Available'), { status: 'True', reason: 'MinimumReplicasAvailable' });
  t.match(condition(web, 'Progressing'), { status: 'True', reason: 'NewReplicaSetAvailable' });
  const pods = cluster.names('pods');
  t.equal(pods.length, 2);
  for (const name of pods) {
    t.match(name, new RegExp(`^${set.metadata.name}-[bcdfghjklmnpqrstvwxz2456789]{5}$`));
    t.equal(cluster.read('pods', name).metadata.labels['pod-template-hash'], set.metadata.name.slice(4));
  }
  t.ok(
    cluster.events().includes(`ScalingReplicaSet: Scaled up replica set ${set.metadata.name} from 0 to 2`),
  );
  t.ok(cluster.events().includes(`SuccessfulCreate: Created pod: ${pods[0]}`));
  const version = cluster.store.resourceVersion();
  await cluster.pass(700_000);
  t.equal(cluster.store.resourceVersion(), version, 'at rest nothing is written, not even at the deadline');
  t.same(cluster.problems, []);
});

t.test('a pod that goes is replaced, the same with a bare replica set', async (t) => {
  const cluster = await startCluster(t);
  const { spec } = deploymentOf(2);
  cluster.create('replicasets', { metadata: { name: 'bare' }, spec });
  await cluster.pass(1000);
  const [first = '', second = ''] = cluster.names('pods');
  cluster.store.remove(cluster.key('pods'), 'default', first);
  await cluster.pass(1000);
  t.equal(cluster.names('pods').length, 2);
  t.ok(cluster.names('pods').includes(second));
  // Relabelled, a pod is let go of and another takes its place; labelled again, one too many is deleted.
  const relabel = (labels: object) =>
    cluster.change('pods', second, (pod) => ({ ...pod, metadata: { ...pod.metadata, labels } }));
  relabel({ app: 'quarantine' });
  await cluster.pass(1000);
  t.equal(cluster.names('pods').length, 3);
  t.equal(cluster.read('pods', second).metadata.ownerReferences, undefined);
  relabel({ app: 'web' });
  await cluster.pass(1000);
  t.equal(cluster.names('pods').length, 2);
});

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

t.test('scale up, down and to nothing; the newest pods go first', async (t) => {
  const cluster = await startCluster(t);
  cluster.create('deployments', deploymentOf(1));
  await cluster.pass(2000);
  const [oldest] = cluster.names('pods');
  for (const replicas of [5, 1, 0, 2]) {
    edit(cluster, (spec) => ({ ...spec, replicas }));
    await cluster.pass(2000);
    const web = cluster.read('deployments', 'web');
    t.equal(web.status.replicas ?? 0, replicas);
    t.equal(cluster.names('pods').length, replicas);
    t.equal(condition(web, 'Progressing').reason, 'NewReplicaSetAvailable');
    if (replicas === 1) t.same(cluster.names('pods'), [oldest]);
  }
  t.equal(sets(cluster).length, 1);
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

t.test('minReadySeconds: ready is not yet available', async (t) => {
  const cluster = await startCluster(t);
  cluster.create('deployments', deploymentOf(1, { minReadySeconds: 10 }));
  await cluster.pass(2000);
  t.match(cluster.read('deployments', 'web').status, { readyReplicas: 1, unavailableReplicas: 1 });
  await cluster.pass(10_000);
  t.ok(isRolledOut(cluster.read('deployments', 'web')));
});

t.test('as many old replica sets are kept as the history may have', async (t) => {
  const cluster = await startCluster(t);
  cluster.create('deployments', deploymentOf(1, { revisionHistoryLimit: 2 }));
  await cluster.pass(2000);
  for (let i = 2; i <= 5; i++) {
    setImage(cluster, `nginx:${i}`);
    await cluster.pass(5000);
  }
  t.same(
    sets(cluster).map(({ metadata }) => metadata.annotations[REVISION]),
    ['3', '4', '5'],
  );
});

t.test('what a selector would not find again is not made', async (t) => {
  const cluster = await startCluster(t);
  cluster.create('deployments', deploymentOf(1, { selector: { matchLabels: { app: 'other' } } }));
  cluster.create('replicasets', {
    metadata: { name: 'all' },
    spec: { ...deploymentOf(1).spec, selector: {} },
  });
  await cluster.pass(2000);
  t.same(cluster.names('pods'), []);
  t.same(cluster.names('replicasets'), ['all']);
});

t.test('one deployment that cannot make its pods does not stop another', async (t) => {
  const cluster = await startCluster(t, {
    admitPod: (pod) => {
      if (pod.metadata.labels?.['app'] === 'web') throw new Error('quota');
      return pod;
    },
  });
  cluster.create('deployments', deploymentOf(1));
  const labels = { app: 'good' };
  cluster.create('deployments', {
    metadata: { name: 'good' },
    spec: {
      ...deploymentOf(1).spec,
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [{ name: 'a', image: 'b' }] } },
    },
  });
  await cluster.pass(2000);
  t.ok(isRolledOut(cluster.read('deployments', 'good')));
  const [set] = cluster
    .names('replicasets')
    .map((name) => cluster.read('replicasets', name))
    .filter(({ metadata }) => metadata.labels.app === 'web');
  t.match(set.status.conditions, [
    { type: 'ReplicaFailure', status: 'True', reason: 'FailedCreate', message: 'quota' },
  ]);
  t.ok(cluster.events().includes('FailedCreate: Error creating: quota'));
  t.match(cluster.problems[0], /^replicasets default\/web-.*: quota$/);
});

t.test('what belongs to something that is gone goes too', async (t) => {
  const cluster = await startCluster(t);
  cluster.create('deployments', deploymentOf(2));
  await cluster.pass(2000);
  cluster.store.remove(cluster.key('deployments'), 'default', 'web');
  await cluster.pass(1000);
  t.same(cluster.names('replicasets'), []);
  t.same(cluster.names('pods'), []);
  t.ok(
    cluster.machines.every(({ stops }) => stops[0] === 30_000),
    'with their grace',
  );
  t.same(cluster.problems, []);
});

t.test('deleted with finalizers: orphan lets go, foreground waits for all', async (t) => {
  const mark = (cluster: Cluster, finalizer: string) =>
    cluster.change('deployments', 'web', (web) => ({
      ...web,
      metadata: { ...web.metadata, deletionTimestamp: '2026-01-02T03:05:00Z', finalizers: [finalizer] },
    }));
  const orphan = await startCluster(t);
  orphan.create('deployments', deploymentOf(1));
  await orphan.pass(2000);
  mark(orphan, 'orphan');
  await orphan.pass(2000);
  t.same(orphan.names('deployments'), []);
  t.equal(orphan.names('pods').length, 1);
  t.equal(sets(orphan)[0].metadata.ownerReferences, undefined);
  orphan.create('deployments', deploymentOf(1));
  await orphan.pass(2000);
  t.equal(sets(orphan).length, 1, 'made again, the deployment adopts it');
  t.equal(orphan.machines.length, 1);

  const foreground = await startCluster(t);
  foreground.create('deployments', deploymentOf(1));
  await foreground.pass(2000);
  for (const machine of foreground.machines) machine.obedient = false;
  mark(foreground, 'foregroundDeletion');
  await foreground.pass(2000);
  t.same(foreground.names('deployments'), ['web'], 'it waits for its pods');
  for (const machine of foreground.machines) machine.end({ exitCode: 0 });
  await foreground.pass(2000);
  t.same(
    [...foreground.names('deployments'), ...foreground.names('replicasets'), ...foreground.names('pods')],
    [],
  );
});

t.test('owners of which some are left, and owners of kinds that we do not have', async (t) => {
  const cluster = await startCluster(t);
  const reference = (kind: string, name: string, uid: string) => ({
    apiVersion: kind === 'Widget' ? 'example.com/v1' : 'v1',
    kind,
    name,
    uid,
  });
  const alive = cluster.create('configmaps', { metadata: { name: 'alive' } });
  const uid = alive.metadata.uid ?? '';
  const references = [reference('ConfigMap', 'alive', uid), reference('ConfigMap', 'gone', 'x')];
  cluster.create('configmaps', { metadata: { name: 'shared', ownerReferences: references } });
  cluster.create('configmaps', {
    metadata: { name: 'foreign', ownerReferences: [reference('Widget', 'w', 'x')] },
  });
  cluster.create('configmaps', {
    metadata: { name: 'stale', ownerReferences: [reference('ConfigMap', 'alive', 'another')] },
  });
  cluster.create('pods', {
    ...podOf('owned'),
    metadata: { name: 'owned', ownerReferences: [reference('ConfigMap', 'gone', 'x')] },
  });
  await cluster.pass(1000);
  t.same(cluster.names('configmaps'), ['alive', 'foreign', 'kube-root-ca.crt', 'shared']);
  t.same(cluster.names('pods'), []);
  t.same(cluster.read('configmaps', 'shared').metadata.ownerReferences, [references[0]]);
});
