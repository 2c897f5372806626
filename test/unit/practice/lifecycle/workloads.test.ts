import t from 'tap';
import { deploymentOf, startCluster } from './cluster.ts';
import { condition, edit, isRolledOut, REVISION, setImage, sets } from './rollouts.ts';

// Deployments and replica sets that make what they should, and say so. Names, annotations, conditions: pkg/controller/{replicaset,deployment},
// kubernetes 1.36. `kubectl rollout status` is done when observedGeneration, updatedReplicas, replicas and availableReplicas agree (kubectl
// pkg/polymorphichelpers).

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
