import t from 'tap';
import { type Cluster, deploymentOf, podOf, startCluster } from './cluster.ts';
import { sets } from './rollouts.ts';

// What happens to objects whose owners go: pkg/controller/garbagecollector, kubernetes 1.36.

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
