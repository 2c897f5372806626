import t from 'tap';
import { readQuantity } from '../../../../src/practice/lifecycle/downward.ts';
import { expand } from '../../../../src/practice/lifecycle/environment.ts';
import { podOf, startCluster } from './cluster.ts';

// What a container is told: env (pkg/kubelet/kubelet_pods.go makeEnvironmentVariables, pkg/kubelet/envvars), `$(NAME)`
// (third_party/forked/golang/expansion), files of volumes (pkg/volume), the downward API (pkg/fieldpath).

const base64 = (text: string) => Buffer.from(text).toString('base64');

t.test('$(NAME) is filled in', async (t) => {
  const variables = new Map([
    ['A', 'a'],
    ['EMPTY', ''],
    ['B', '$(A)'],
  ]);
  // [text, filled]
  const facts: [string, string][] = [
    ['$(A)', 'a'],
    ['x$(A)y$(A)', 'xaya'],
    ['[$(EMPTY)]', '[]'],
    ['$(UNKNOWN)', '$(UNKNOWN)'],
    ['$$(A)', '$(A)'],
    ['$$$(A)', '$a'],
    ['$A', '$A'],
    ['$(A', '$(A'],
    ['$', '$'],
    ['$(B)', '$(A)'],
  ];
  for (const [text, filled] of facts) t.equal(expand(text, variables), filled, text);
});

t.test('quantities', async (t) => {
  const facts: [string | number, number][] = [
    ['100m', 0.1],
    ['1', 1],
    [2, 2],
    ['1Gi', 2 ** 30],
    ['1k', 1000],
    ['1e3', 1000],
    ['x', Number.NaN],
    ['1x', Number.NaN],
  ];
  for (const [text, number] of facts) t.same(readQuantity(text), number, String(text));
});

t.test('the environment, command and arguments', async (t) => {
  const cluster = await startCluster(t);
  cluster.create('configmaps', { metadata: { name: 'config' }, data: { color: 'red', size: 'L' } });
  cluster.create('secrets', { metadata: { name: 'secret' }, data: { password: base64('pa$$') } });
  cluster.create('services', {
    metadata: { name: 'my-db' },
    spec: { clusterIP: '10.96.1.2', ports: [{ name: 'sql', port: 5432 }] },
  });
  const container = {
    command: ['serve', '$(COLOR)'],
    args: ['$$(COLOR)', '$(NOT_THERE)'],
    workingDir: '/srv',
    resources: { limits: { cpu: '500m', memory: '64Mi' } },
    envFrom: [
      { prefix: 'C_', configMapRef: { name: 'config' } },
      { secretRef: { name: 'absent', optional: true } },
    ],
    env: [
      { name: 'COLOR', valueFrom: { configMapKeyRef: { name: 'config', key: 'color' } } },
      { name: 'PASSWORD', valueFrom: { secretKeyRef: { name: 'secret', key: 'password' } } },
      { name: 'LEFT_OUT', valueFrom: { configMapKeyRef: { name: 'config', key: 'no', optional: true } } },
      { name: 'BOTH', value: '$(COLOR)-$(C_size)' },
      { name: 'NAME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
      { name: 'SPACE', valueFrom: { fieldRef: { fieldPath: 'metadata.namespace' } } },
      { name: 'UID', valueFrom: { fieldRef: { fieldPath: 'metadata.uid' } } },
      { name: 'LABEL', valueFrom: { fieldRef: { fieldPath: "metadata.labels['app.kubernetes.io/name']" } } },
      { name: 'NOTE', valueFrom: { fieldRef: { fieldPath: "metadata.annotations['none']" } } },
      { name: 'IP', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } },
      { name: 'HOST', valueFrom: { fieldRef: { fieldPath: 'status.hostIP' } } },
      { name: 'NODE', valueFrom: { fieldRef: { fieldPath: 'spec.nodeName' } } },
      { name: 'ACCOUNT', valueFrom: { fieldRef: { fieldPath: 'spec.serviceAccountName' } } },
      { name: 'CPU', valueFrom: { resourceFieldRef: { resource: 'limits.cpu' } } },
      { name: 'MILLI', valueFrom: { resourceFieldRef: { resource: 'limits.cpu', divisor: '1m' } } },
      { name: 'MEMORY', valueFrom: { resourceFieldRef: { resource: 'limits.memory', divisor: '1Mi' } } },
    ],
  };
  const pod = podOf('web', container);
  cluster.create('pods', { ...pod, metadata: { name: 'web', labels: { 'app.kubernetes.io/name': 'shop' } } });
  await cluster.pass(600);
  const [machine] = cluster.machines;
  const env = Object.fromEntries(machine?.spec.env.map(({ name, value }) => [name, value]) ?? []);
  const { metadata, status } = cluster.read('pods', 'web');
  t.match(env, {
    COLOR: 'red',
    C_color: 'red',
    C_size: 'L',
    PASSWORD: 'pa$$',
    BOTH: 'red-L',
    NAME: 'web',
    SPACE: 'default',
    UID: metadata.uid,
    LABEL: 'shop',
    NOTE: '',
    IP: status.podIP,
    HOST: '192.0.2.10',
    NODE: 'practice',
    ACCOUNT: 'default',
    CPU: '1',
    MILLI: '500',
    MEMORY: '64',
    KUBERNETES_SERVICE_HOST: '10.96.0.1',
    KUBERNETES_SERVICE_PORT: '443',
    KUBERNETES_PORT_443_TCP_ADDR: '10.96.0.1',
    MY_DB_SERVICE_HOST: '10.96.1.2',
    MY_DB_SERVICE_PORT: '5432',
    MY_DB_SERVICE_PORT_SQL: '5432',
    MY_DB_PORT: 'tcp://10.96.1.2:5432',
    MY_DB_PORT_5432_TCP_PROTO: 'tcp',
  });
  t.notOk('LEFT_OUT' in env);
  t.match(machine?.spec, {
    command: ['serve', 'red'],
    args: ['$(COLOR)', '$(NOT_THERE)'],
    workingDir: '/srv',
  });
});

t.test('what env lacks is said, and healed when it appears', async (t) => {
  const ref = (name: string, key: string) => [{ name: 'X', valueFrom: { configMapKeyRef: { name, key } } }];
  const secretRef = (name: string, key: string) => [
    { name: 'X', valueFrom: { secretKeyRef: { name, key } } },
  ];
  const data = { key: base64('value') };
  // [container, what is said, what heals it]
  const facts: [object, string, string, object][] = [
    [
      { env: ref('absent', 'key') },
      'configmap "absent" not found',
      'configmaps',
      { metadata: { name: 'absent' }, data },
    ],
    [
      { env: secretRef('absent', 'key') },
      'secret "absent" not found',
      'secrets',
      { metadata: { name: 'absent' }, data },
    ],
    [
      { envFrom: [{ configMapRef: { name: 'absent' } }] },
      'configmap "absent" not found',
      'configmaps',
      { metadata: { name: 'absent' }, data },
    ],
  ];
  for (const [container, message, resource, cure] of facts) {
    const cluster = await startCluster(t);
    cluster.create('pods', podOf('web', container));
    await cluster.pass(5000);
    const { status } = cluster.read('pods', 'web');
    t.equal(status.phase, 'Pending');
    t.same(status.containerStatuses[0].state, { waiting: { reason: 'CreateContainerConfigError', message } });
    t.equal(cluster.events().filter((event) => event === `Failed: Error: ${message}`).length, 1);
    const version = cluster.store.resourceVersion();
    await cluster.pass(60_000);
    t.equal(cluster.store.resourceVersion(), version, 'it waits without writing');
    cluster.create(resource, cure);
    await cluster.settle();
    t.equal(cluster.read('pods', 'web').status.phase, 'Running');
  }
  const cluster = await startCluster(t);
  cluster.create('configmaps', { metadata: { name: 'config' }, data: { a: '' } });
  cluster.create('pods', podOf('web', { env: ref('config', 'b') }));
  cluster.create(
    'pods',
    podOf('field', { env: [{ name: 'X', valueFrom: { fieldRef: { fieldPath: 'spec.secret' } } }] }),
  );
  await cluster.pass(600);
  const said = (name: string) =>
    cluster.read('pods', name).status.containerStatuses[0].state.waiting?.message;
  t.equal(said('web'), "couldn't find key b in ConfigMap default/config");
  t.equal(said('field'), 'unsupported fieldPath: spec.secret');
});

t.test('volumes are files', async (t) => {
  const cluster = await startCluster(t);
  cluster.create('configmaps', {
    metadata: { name: 'config' },
    data: { 'a.conf': 'A', 'b.conf': 'B' },
    binaryData: { 'c.bin': Buffer.from([0, 255]).toString('base64') },
  });
  cluster.create('secrets', { metadata: { name: 'secret' }, data: { password: base64('p') } });
  const volumes = [
    { name: 'all', configMap: { name: 'config' } },
    { name: 'some', configMap: { name: 'config', items: [{ key: 'a.conf', path: 'sub/dir/x' }] } },
    { name: 'secret', secret: { secretName: 'secret' } },
    { name: 'maybe', secret: { secretName: 'absent', optional: true } },
    {
      name: 'down',
      downwardAPI: { items: [{ path: 'labels', fieldRef: { fieldPath: 'metadata.labels' } }] },
    },
    {
      name: 'mixed',
      projected: {
        sources: [
          { configMap: { name: 'config', items: [{ key: 'b.conf', path: 'b' }] } },
          { secret: { name: 'secret' } },
          { serviceAccountToken: { path: 'token' } },
        ],
      },
    },
    { name: 'empty', emptyDir: {} },
  ];
  const volumeMounts = [
    { name: 'all', mountPath: '/etc/all' },
    { name: 'all', mountPath: '/etc/one.conf', subPath: 'a.conf' },
    { name: 'some', mountPath: '/etc/some/' },
    { name: 'some', mountPath: '/etc/below', subPath: 'sub' },
    { name: 'secret', mountPath: '/etc/secret' },
    { name: 'maybe', mountPath: '/etc/maybe' },
    { name: 'down', mountPath: '/etc/down' },
    { name: 'mixed', mountPath: '/etc/mixed' },
    { name: 'empty', mountPath: '/tmp/empty' },
    { name: 'all', mountPath: '/etc/expr', subPathExpr: '$(FILE)' },
  ];
  const pod = podOf('web', { volumeMounts, env: [{ name: 'FILE', value: 'b.conf' }] }, { volumes });
  cluster.create('pods', { ...pod, metadata: { name: 'web', labels: { b: '2', a: '1' } } });
  await cluster.pass(600);
  const files = cluster.machines[0]?.spec.files ?? new Map<string, Buffer>();
  const texts = Object.fromEntries([...files].map(([path, bytes]) => [path, bytes.toString('latin1')]));
  const account = '/var/run/secrets/kubernetes.io/serviceaccount';
  t.match(texts[`${account}/token`], /practice/);
  t.match(texts['/etc/mixed/token'], /practice/);
  t.same(
    { ...texts, [`${account}/token`]: '', '/etc/mixed/token': '' },
    {
      '/etc/all/a.conf': 'A',
      '/etc/all/b.conf': 'B',
      '/etc/all/c.bin': '\x00\xff',
      '/etc/one.conf': 'A',
      '/etc/some/sub/dir/x': 'A',
      '/etc/below/dir/x': 'A',
      '/etc/secret/password': 'p',
      '/etc/down/labels': 'a="1"\nb="2"',
      '/etc/mixed/b': 'B',
      '/etc/mixed/password': 'p',
      '/etc/mixed/token': '',
      '/etc/expr': 'B',
      [`${account}/ca.crt`]: 'ROOT',
      [`${account}/namespace`]: 'default',
      [`${account}/token`]: '',
    },
  );
});

t.test(
  'a volume that lacks something holds the pod in ContainerCreating, and lets it go when it appears',
  async (t) => {
    const cluster = await startCluster(t);
    const volumes = [{ name: 'v', secret: { secretName: 'late', items: [{ key: 'k', path: 'k' }] } }];
    cluster.create('pods', podOf('web', {}, { volumes, automountServiceAccountToken: false }));
    await cluster.pass(60_000);
    t.equal(
      cluster.read('pods', 'web').status.containerStatuses[0].state.waiting.reason,
      'ContainerCreating',
    );
    t.same(
      cluster.events().filter((event) => event.startsWith('FailedMount')),
      ['FailedMount: MountVolume.SetUp failed for volume "v" : secret "late" not found'],
    );
    cluster.create('secrets', { metadata: { name: 'late' }, data: {} });
    await cluster.pass(1000);
    t.ok(cluster.events().some((event) => event.endsWith('references non-existent secret key: k')));
    cluster.change('secrets', 'late', (secret) => ({ ...secret, data: { k: base64('v') } }));
    await cluster.pass(1000);
    t.equal(cluster.read('pods', 'web').status.phase, 'Running');
    t.same(
      [...(cluster.machines[0]?.spec.files.keys() ?? [])],
      [],
      'nothing is mounted that is not asked for',
    );
  },
);

t.test('one pod whose machine cannot be made does not stop another', async (t) => {
  const cluster = await startCluster(t, {
    startMachine: (machine) => {
      if (machine.spec.hostname === 'bad') throw new Error('no machine');
    },
  });
  cluster.create('pods', podOf('bad'));
  cluster.create('pods', podOf('good'));
  await cluster.pass(700);
  t.equal(cluster.read('pods', 'good').status.phase, 'Running');
  t.equal(cluster.problems[0], 'pods default/bad: no machine');
});
