import t from 'tap';
import { podOf, startCluster } from './cluster.ts';

// Readiness and liveness probes (pkg/kubelet/prober), kubernetes 1.36.

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
