// What a user of EKS does, through the gate: a stock kubectl whose credential plugin is aws-iam-authenticator itself, built from its module. It
// signs with the keys in its environment as it does for the real STS; the gate asks a local one, which knows these keys. `aws eks get-token`
// makes the same tokens; the AWS CLI itself is not run here.

import t from 'tap';
import { ENGINEERS, VIEWERS } from '../cluster/cluster.ts';
import { ACCOUNT, makeSession, makeUser } from '../fakes/principals.ts';
import { startAwsGate } from './awsgate.ts';
import { startKubectl } from './background.ts';
import { kubectl, type Protocol, protocolEnv, readContext } from './context.ts';
import { auditEvent, auditEvents, endedUpstream, metric } from './evidence.ts';
import { whoami } from './modes.ts';
import { createPods, newest, removeObjects } from './objects.ts';
import { until } from './wait.ts';

const REGION = 'eu-west-1';
const POD = 'aws-kubectl';
const DEV = makeSession('Dev', 'jo@example.com');
const LOOKER = makeUser('alice', { path: '/team/' });
const UNMAPPED = makeSession('Unmapped', 'jo');
const NODE = makeSession('Node', 'jo');
const ADMIN = makeSession('Admin', 'jo');
/** Whose keys AWS does not know any more. */
const GONE = makeUser('gone');
const CONFIG_MAP = `apiVersion: v1
kind: ConfigMap
metadata: {name: aws-auth, namespace: kube-system}
data:
  mapRoles: |
    - {rolearn: "arn:aws:iam::${ACCOUNT}:role/Dev", username: "dev:{{SessionName}}", groups: [${ENGINEERS}, "of:{{AccountID}}"]}
    - {rolearn: "arn:aws:iam::${ACCOUNT}:role/Admin", username: admin, groups: [system:masters]}
    - {rolearn: "arn:aws:iam::${ACCOUNT}:role/Node", username: "system:node:{{EC2PrivateDNSName}}", groups: [system:nodes]}
  mapUsers: |
    - {userarn: "arn:aws:iam::${ACCOUNT}:user/team/alice", username: alice-of-aws, groups: [${VIEWERS}]}
`;

const context = readContext();
const { path } = newest(context);
const aws = await startAwsGate(context, {
  principals: [DEV, LOOKER, UNMAPPED, NODE, ADMIN],
  configMap: CONFIG_MAP,
  region: REGION,
});
const { gate, kubeconfigOf } = aws;
await createPods(context, { [POD]: ['serve', 'speak'] });
t.teardown(async () => {
  await aws.stop();
  await removeObjects(context, [`pod/${POD}`, `configmap/${POD}`]);
});
const dev = kubeconfigOf('aws-dev', DEV);
const inNamespace = ['--namespace', context.namespace];

t.test('whoami: the name, uid, groups and extras that the map and STS make', async (t) => {
  t.match(await whoami(context, dev), {
    username: 'dev:jo-example.com',
    uid: new RegExp(`^aws-iam-authenticator:${ACCOUNT}:AROA`),
    groups: [ENGINEERS, `of:${ACCOUNT}`, 'system:authenticated'],
    extra: {
      arn: [`arn:aws:sts::${ACCOUNT}:assumed-role/Dev/jo@example.com`],
      canonicalarn: [`arn:aws:iam::${ACCOUNT}:role/Dev`],
      sessionname: ['jo@example.com'],
    },
  });
});

for (const protocol of ['websocket', 'spdy'] as const)
  t.test(`exec over ${protocol}: input, both outputs and the exit code`, async (t) => {
    const opened = () =>
      metric(gate.opsUrl, 'postern_sessions_total', [`protocol="${protocol}"`, 'kind="exec"']);
    const before = await opened();
    const mark = `aws-${protocol}`;
    const script = `echo ${mark}; cat; echo to stderr >&2; exit 5`;
    const result = await exec(dev, protocol, ['sh', '-c', script], 'through the door\n');
    t.same(
      { ...result, stderr: result.stderr.split('\n')[0] },
      { code: 5, stdout: `${mark}\nthrough the door\n`, stderr: 'to stderr' },
    );
    await until('the session to be counted', async () => (await opened()) === before + 1);
    await auditEvent(
      context,
      mark,
      ({ impersonatedUser }) => impersonatedUser?.username === 'dev:jo-example.com',
    );
  });

t.test('logs -f goes on until kubectl ends, and has ended at the API server then', async (t) => {
  const limit = '--limit-bytes=7654321';
  const args = [...inNamespace, 'logs', '-f', POD, '-c', 'speak', '--tail=1', limit];
  const following = startKubectl({ kubectl: path, kubeconfig: dev }, args);
  t.teardown(() => following.kill());
  await following.seen(/line \d+\nline \d+\nline \d+\n/);
  await following.kill();
  await endedUpstream(context, 'limitBytes=7654321');
  t.equal(following.stderr(), '');
});

t.test('a watch sees what comes after it began', async (t) => {
  const args = [...inNamespace, 'get', 'configmaps', '-w', '--no-headers', '-l', `of=${POD}`];
  const watching = startKubectl({ kubectl: path, kubeconfig: dev }, args);
  t.teardown(() => watching.kill());
  await auditEvent(context, `labelSelector=of%3D${POD}`, ({ stage }) => stage === 'ResponseStarted');
  t.match(await kubectl(path, dev, [...inNamespace, 'create', 'configmap', POD]), { code: 0 });
  t.match(await kubectl(path, dev, [...inNamespace, 'label', 'configmap', POD, `of=${POD}`]), { code: 0 });
  t.match(await watching.seen(/^aws-kubectl .*\n/m), [/^aws-kubectl /]);
  await watching.kill();
  await endedUpstream(context, `labelSelector=of%3D${POD}`, 'watch=true');
});

t.test('every stock kubectl comes in, and reads why it may not', async (t) => {
  const unmapped = kubeconfigOf('aws-unmapped-old', UNMAPPED);
  for (const { version, path: each } of context.kubectls) {
    const args = [...inNamespace, 'exec', POD, '-c', 'serve', '--', 'echo', version];
    t.match(await kubectl(each, dev, args), { code: 0, stdout: `${version}\n` }, version);
    const refused = await kubectl(each, unmapped, [...inNamespace, 'get', 'pods']);
    t.match(refused, { code: 1, stderr: /Your AWS identity is good, but it is not mapped/ }, version);
  }
});

t.test('the cluster decides what a mapped user may, and says so of the mapped name', async (t) => {
  const looker = kubeconfigOf('aws-looker', LOOKER);
  t.match(await kubectl(path, looker, [...inNamespace, 'get', 'pod', POD, '-o', 'name']), { code: 0 });
  for (const protocol of ['websocket', 'spdy'] as const)
    t.match(await exec(looker, protocol, ['id']), {
      code: 1,
      stderr: /pods "aws-kubectl" is forbidden: User "alice-of-aws" cannot create resource "pods\/exec"/,
    });
});

t.test('who is refused reads why, for requests and for exec, and reaches nobody', async (t) => {
  const cases: readonly (readonly [name: string, kubeconfig: string, message: RegExp])[] = [
    [
      'nobody in the map',
      kubeconfigOf('aws-unmapped', UNMAPPED),
      /Your AWS identity is good, but it is not mapped/,
    ],
    [
      "a person with a node's role",
      kubeconfigOf('aws-node', NODE),
      /Your AWS identity is good, but it is not mapped/,
    ],
    ['in system:masters', kubeconfigOf('aws-admin', ADMIN), /begins with "system:"/],
    ['keys that have ended', kubeconfigOf('aws-gone', GONE), /AWS does not accept the token: .*log in again/],
    [
      'for another cluster',
      kubeconfigOf('aws-other', DEV, { clusterID: 'test' }),
      /AWS does not accept the token/,
    ],
    [
      'of another region',
      kubeconfigOf('aws-region', DEV, { args: ['--region', 'us-east-1'] }),
      /for this cluster and in its region/,
    ],
    // With AWS_REGION alone it signs for that one (docs/how-to/aws-iam.md).
    [
      'for the global STS',
      kubeconfigOf('aws-global', DEV, { args: [] }),
      /for this cluster and in its region/,
    ],
  ];
  for (const [index, [name, kubeconfig, message]] of cases.entries()) {
    const mark = `refused-${index}`;
    const get = await kubectl(path, kubeconfig, [...inNamespace, 'get', 'configmap', mark]);
    t.match(get, { code: 1, stderr: message }, `${name}: get`);
    for (const protocol of ['websocket', 'spdy'] as const) {
      const result = await exec(kubeconfig, protocol, ['echo', mark]);
      t.match(result, { code: 1, stdout: '', stderr: message }, `${name}: exec over ${protocol}`);
    }
    t.same(auditEvents(context, mark), [], `${name}: nothing of it at the API server`);
  }
});

t.test('without keys of AWS it is the plugin that says so', async (t) => {
  const kubeconfig = kubeconfigOf('aws-nobody', { ...DEV, accessKeyID: '', secretKey: '' });
  const result = await kubectl(path, kubeconfig, ['get', 'namespaces']);
  t.match(result, { code: 1, stderr: /could not get token: .*NoCredentialProviders/ });
});

t.test('a change of the map counts for the next request', async (t) => {
  aws.writeMap(CONFIG_MAP.replace('role/Dev', 'role/Former'));
  await until('the map to be read again', async () => aws.log().includes('configuration taken up'));
  const result = await kubectl(path, dev, ['get', 'namespaces']);
  t.match(result, { code: 1, stderr: /Forbidden.*not mapped to a user/ });
});

t.test('no token is in the log', async (t) => {
  t.notMatch(aws.log(), /X-Amz-Signature|k8s-aws-v1\.[A-Za-z0-9]/);
});

function exec(kubeconfig: string, protocol: Protocol, command: readonly string[], input = '') {
  const args = [
    ...inNamespace,
    'exec',
    ...(input === '' ? [] : ['-i']),
    POD,
    '-c',
    'serve',
    '--',
    ...command,
  ];
  return kubectl(path, kubeconfig, args, { input, env: protocolEnv(protocol) });
}
