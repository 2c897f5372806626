import { readFileSync } from 'node:fs';
import t, { type Test } from 'tap';
import { createUpstream } from '../../src/proxy/upstream.ts';
import { createKubeApi, type KubeApi } from '../../src/roster/kubeapi.ts';
import { createKubeReplicaBoard, GONE_MS, PAGE_LABEL } from '../../src/roster/kubeboard.ts';
import { ORDER_LIFE_MS } from '../../src/roster/order.ts';
import { type Entry, packPage } from '../../src/roster/page.ts';
import { startRedis, withRedis } from '../fakes/redis.ts';
import { NAMESPACE, openExec, type Replicas, runHere, startReplicas } from '../fakes/replicas.ts';
import { eventually } from '../fakes/sessions.ts';

// The place where replicas tell who is in is away, refuses, or holds what nobody looks after: sessions go on, the operator is told, and what is left
// behind is removed.

const MINUTE_MS = 60_000;

async function inKubernetes(t: Test, count: number): Promise<Replicas> {
  const replicas = await startReplicas(count);
  t.teardown(() => replicas.stop());
  return replicas;
}

/** The practice API server's ConfigMaps, as the gate's account. */
function apiOf(t: Test, { practice }: Replicas): KubeApi {
  const upstream = createUpstream('practice', {
    ...{ host: '127.0.0.1', port: practice.port, basePath: '', tlsServerName: '' },
    ...{ caPem: practice.ca.certPem, clientCertPem: '', clientKeyPem: '', token: 'gate-token' },
  });
  t.teardown(() => upstream.close());
  return createKubeApi(() => ({ upstream }), NAMESPACE);
}

const isLost = ({ msg }: Readonly<Record<string, unknown>>) =>
  String(msg).startsWith('the session registry cannot be reached');
const isBack = ({ msg }: Readonly<Record<string, unknown>>) =>
  msg === 'the session registry is reached again';

t.test(
  'a Redis that dies: sessions go on, one line, a metric, ready all the same; and back again',
  withRedis,
  async (t) => {
    const redis = await startRedis({ tls: false });
    const replicas = await startReplicas(1, { registry: { redis: redis.config } });
    t.teardown(async () => {
      await replicas.stop();
      await redis.stop();
    });
    const [gate] = replicas.gates;
    if (gate === undefined) throw new Error('no gate');
    const up = () => gate.metric('postern_session_registry_up{kind="redis"}');
    const exec = await openExec(gate, 'ada@example.com');
    await eventually(async () => (await up()) === 1);

    await redis.crash();
    await gate.logged(isLost);
    await eventually(async () => (await up()) === 0);
    t.equal((await fetch(`${gate.gate.opsUrl}/readyz`)).status, 200);
    t.match(await runHere(['list', ...redis.flags]), {
      code: 1,
      err: /Redis at 127\.0\.0\.1:\d+\/3: .*ECONNREFUSED/,
    });
    const another = await openExec(gate, 'bob@example.com');

    await redis.start();
    await gate.logged(isBack);
    t.equal(
      gate.log.filter((line) => isLost(JSON.parse(line))).length,
      1,
      'one line, however often it was tried',
    );
    await eventually(async () => /ada@.*\n.*bob@/.test((await runHere(['list', ...redis.flags])).out));
    t.match(await runHere(['end', '--user', 'ada@example.com', ...redis.flags]), { code: 0 });
    t.equal(await exec.closed, 1000);
    await runHere(['end', '--user', 'bob@example.com', ...redis.flags]);
    await another.closed;
  },
);

t.test('a wrong password, and no rights: what to do', withRedis, async (t) => {
  const redis = await startRedis({ tls: false });
  t.teardown(() => redis.stop());
  const [, url = ''] = redis.flags;
  t.match(await runHere(['list', '--redis', url]), { code: 1, err: /NOAUTH.*: see passwordFile/ });
  const replicas = await inKubernetes(t, 1);
  const file = replicas.kubeconfig('dev');
  t.match(await runHere(['list', '--kubeconfig', file]), {
    code: 1,
    err: /cannot list resource "configmaps".*give the right by a Role in that namespace \(docs\/how-to\/sessions\.md\)/,
  });
});

t.test(
  "the users that the how-to gives a Redis may do what they need, and the operator's no more",
  withRedis,
  async (t) => {
    const page = readFileSync(new URL('../../docs/how-to/sessions.md', import.meta.url), 'utf8');
    const users = [...page.matchAll(/^user .*$/gm)].map(([line]) => line.replace('>PASSWORD', '>opensesame'));
    t.equal(users.length, 2);
    const redis = await startRedis({ tls: false, more: users });
    const urlOf = (user: string) => redis.config.url.replace('redis://', `redis://${user}@`);
    const replicas = await startReplicas(1, {
      registry: { redis: { ...redis.config, url: urlOf('postern') } },
    });
    t.teardown(async () => {
      await replicas.stop();
      await redis.stop();
    });
    const [gate] = replicas.gates;
    if (gate === undefined) throw new Error('no gate');
    const as = (user: string) => ['--redis', urlOf(user), '--redis-password-file', redis.config.passwordFile];
    const exec = await openExec(gate, 'ada@example.com');
    await eventually(async () => /ada@/.test((await runHere(['list', ...as('operator')])).out));
    t.match(await runHere(['end', '--user', 'ada@example.com', ...as('operator')]), {
      code: 0,
      err: /^ended 1 session of ada@example\.com; 1 of 1 replicas answered/,
    });
    t.equal(await exec.closed, 1000);
    t.match(await runHere(['list', ...as('postern')]), {
      code: 1,
      err: /NOPERM.*its ACL has to allow the keys/,
    });
  },
);

t.test('rights that are taken away and given back', async (t) => {
  const replicas = await inKubernetes(t, 1);
  const [gate] = replicas.gates;
  if (gate === undefined) throw new Error('no gate');
  const up = () => gate.metric('postern_session_registry_up{kind="kubernetes"}');
  await eventually(async () => (await up()) === 1);
  const admin = replicas.practice.as('admin');
  const path = '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings';
  const { json: binding } = await admin.get(`${path}/roster`);
  await admin.send('DELETE', `${path}/roster`);
  const exec = await openExec(gate, 'ada@example.com');
  const lost = await gate.logged(isLost);
  t.match(lost, { cause: { message: /cannot update resource "configmaps".*give the right by a Role/ } });
  t.equal(await up(), 0);
  exec.say('still in');
  const { resourceVersion: _, uid: __, ...metadata } = binding.metadata;
  await admin.send('POST', path, { ...binding, metadata });
  await gate.logged(isBack);
  t.match(await replicas.run(['end', '--user', 'ada@example.com']), { code: 0 });
  await exec.closed;
});

t.test('a replica that is gone is told as such, and not waited for', async (t) => {
  const replicas = await inKubernetes(t, 1);
  const api = apiOf(t, replicas);
  const entry: Entry = {
    ...{
      id: 'dddddddd-0000-4000-8000-000000000000',
      user: 'ada@example.com',
      cluster: 'practice',
      kind: 'exec',
    },
    ...{ protocol: 'spdy', namespace: 'shop', resource: 'pods', name: 'web', container: '', address: '::1' },
    ...{ since: 1, expires: 0, bytesUp: 0, bytesDown: 0 },
  };
  const packed = await packPage({
    ...{ replica: 'dead', name: 'dead-host', version: '1', state: 'serving', startedAt: 1, open: 1 },
    ...{ renewedAt: Date.now() - 2 * MINUTE_MS, renewEveryMs: 15_000, entries: [entry], answers: [] },
  });
  await createKubeReplicaBoard(api, 'dead', Date.now).publish(packed);
  const listed = await replicas.run(['list']);
  t.match(listed, {
    code: 0,
    out: '',
    err: /replica dead-host \(dead\) was last heard of 2m ago: it is gone, or cut off/,
  });
  const before = Date.now();
  const ended = await replicas.run(['end', '--user', 'ada@example.com', '--wait', '60s']);
  t.match(ended, { code: 1, err: /dead-host .* had told of 1 that you mean\n.*1 of 2 replicas answered/ });
  const other = await replicas.run(['end', '--user', 'bob@example.com', '--wait', '60s']);
  t.match(
    other,
    { code: 0, err: /dead-host .* it is gone, or cut off/ },
    'which is no fault when it had none of them',
  );
  t.ok(Date.now() - before < 30_000);
});

t.test('a replica that does not answer is named when the time is over', async (t) => {
  const replicas = await inKubernetes(t, 1);
  const api = apiOf(t, replicas);
  const packed = await packPage({
    ...{ replica: 'mute', name: 'mute-host', version: '1', state: 'serving', startedAt: 1, open: 0 },
    ...{ renewedAt: Date.now(), renewEveryMs: 15_000, entries: [], answers: [] },
  });
  await createKubeReplicaBoard(api, 'mute', Date.now).publish(packed);
  const ended = await replicas.run(['end', '--user', 'ada@example.com', '--wait', '1s', '-o', 'json']);
  t.match(ended, { code: 1, err: /mute-host \(mute\) did not answer in time: its sessions may go on/ });
  const outcomes = JSON.parse(ended.out).replicas.map((one: { outcome: string }) => one.outcome);
  t.same(outcomes.sort(), ['answered', 'silent']);
  t.equal((await api.list('postern.dev/sessions-end')).items.length, 0, 'the order is taken back');
});

t.test('an order by hand, and one that nobody can read', async (t) => {
  const replicas = await inKubernetes(t, 1);
  const [gate] = replicas.gates;
  if (gate === undefined) throw new Error('no gate');
  const exec = await openExec(gate, 'ada@example.com');
  const api = apiOf(t, replicas);
  const labels = { 'postern.dev/sessions-end': '' };
  await api.create({ metadata: { name: 'bad', labels }, data: { users: 'ada@example.com' } });
  const isMalformed = ({ msg }: Readonly<Record<string, unknown>>) => String(msg).includes('cannot be read');
  t.match(await gate.logged(isMalformed), { order: 'bad', problem: 'unknown key users' });
  exec.say('still in');
  await api.create({
    metadata: { name: 'good', labels },
    data: { user: 'ada@example.com', reason: 'by hand' },
  });
  t.equal(await exec.closed, 1000);
  t.match(JSON.parse(exec.heard(3)).message, /ended it: by hand\.$/);
});

t.test('what others left is removed by whoever saw it stand still', async (t) => {
  const replicas = await inKubernetes(t, 0);
  const api = apiOf(t, replicas);
  let now = 0;
  const board = (replica: string) => createKubeReplicaBoard(api, replica, () => now);
  const [mine, dead, alive] = [board('mine'), board('dead'), board('alive')];
  for (const one of [mine, dead, alive]) await one.publish(Buffer.from('x'));
  await api.create({
    metadata: { name: 'old', labels: { 'postern.dev/sessions-end': '' } },
    data: { user: 'a' },
  });
  const names = async (label: string) =>
    (await api.list(label)).items.map(({ metadata }) => metadata.name).sort();
  await mine.tidy();
  now += ORDER_LIFE_MS;
  await alive.publish(Buffer.from('y'));
  await mine.tidy();
  t.same(await names('postern.dev/sessions-end'), [], 'an order that is over');
  t.equal((await names(PAGE_LABEL)).length, 3, 'no page yet');
  now += GONE_MS - ORDER_LIFE_MS;
  await mine.tidy();
  t.same(await names(PAGE_LABEL), ['postern-sessions-alive', 'postern-sessions-mine']);
  await alive.withdraw();
  await alive.withdraw();
  t.same(await names(PAGE_LABEL), ['postern-sessions-mine'], 'and a page is taken down twice without harm');
});
