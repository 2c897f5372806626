// The image at work in a real cluster, under the restricted Pod Security Standard with a read-only root file system: the page's Deployment becomes
// ready, `check` tells right from wrong, `serve` carries kubectl and ends in order.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { ENGINEERS, SLEEP_COMMAND, TEST_NAMESPACE } from '../cluster/cluster.ts';
import { makeKubeconfig } from '../cluster/pki.ts';
import { type RunResult, run } from '../cluster/run.ts';
import { startKubectl } from '../e2e/background.ts';
import { kubeEnv } from '../e2e/context.ts';
import { until } from '../e2e/wait.ts';
import { makeAdmin } from './admin.ts';
import { readContext } from './context.ts';
import { describePod, NAMESPACE, prepareInstallation, readHealthCheck, SERVER_NAME } from './gatepod.ts';

const TIMEOUT_MS = 60_000;
const FINALIZER = 'postern.test/read-how-it-ended';
const WITHOUT_FINALIZERS = '{"metadata":{"finalizers":null}}';
const IN_POSTERN = ['--namespace', NAMESPACE];
const ALICE = { sub: 'alice-id', email: 'alice@example.com', groups: [ENGINEERS] };
/** What Linux says of process 1 (proc(5)): no capability in any set, no new privileges, a seccomp filter. */
const CONFINED = {
  Uid: '65532\t65532\t65532\t65532',
  Gid: '65532\t65532\t65532\t65532',
  CapInh: '0000000000000000',
  CapPrm: '0000000000000000',
  CapEff: '0000000000000000',
  CapBnd: '0000000000000000',
  CapAmb: '0000000000000000',
  NoNewPrivs: '1',
  Seccomp: '2',
};

const context = readContext();
const admin = makeAdmin(context);
const installation = await prepareInstallation(context);
t.teardown(() => installation.issuer.close());

const inGate = (...command: readonly string[]): Promise<RunResult> =>
  admin.run(['exec', 'gate', ...IN_POSTERN, '--', ...command]);

/** Lets Kubernetes remove a pod that was kept to read how it ended. */
async function forget(name: string): Promise<void> {
  await admin.run(['patch', 'pod', name, ...IN_POSTERN, '--type=merge', '--patch', WITHOUT_FINALIZERS]);
}

/** What a script in the gate's container prints as JSON. */
async function evaluate(expression: string): Promise<unknown> {
  const script = `console.log(JSON.stringify(${expression}))`;
  const { code, stdout, stderr } = await inGate('/usr/bin/node', '--eval', script);
  return code === 0 ? JSON.parse(stdout) : stderr;
}

/** alice's kubeconfig for a gate at `address`, whose certificate has a name. */
async function writeKubeconfig(address: string): Promise<string> {
  const token = await installation.issuer.sign(ALICE, { expiresIn: 3600 });
  const server = `https://${address}:8443`;
  const text = makeKubeconfig({ server, caPem: installation.caPem, user: 'alice', token });
  const config = JSON.parse(text) as { readonly clusters: readonly { readonly cluster: object }[] };
  for (const { cluster } of config.clusters) Object.assign(cluster, { 'tls-server-name': SERVER_NAME });
  const file = join(context.dir, 'alice.kubeconfig');
  writeFileSync(file, JSON.stringify(config));
  return file;
}

t.test('the manifest and the commands of docs/how-to/image.md give a Deployment that is ready', async (t) => {
  const fileOf = (name: string): string => join(installation.dir, name);
  const texts = ['postern.yaml', 'broken.yaml'].flatMap((name) => ['--from-file', fileOf(name)]);
  const pair = ['--cert', fileOf('tls.crt'), '--key', fileOf('tls.key')];
  await admin.orFail(['apply', '--filename', fileOf('gate.yaml'), '--filename', fileOf('role.yaml')]);
  await admin.orFail(['create', 'configmap', 'postern', ...IN_POSTERN, ...texts]);
  await admin.orFail(['create', 'secret', 'tls', 'postern', ...IN_POSTERN, ...pair]);
  const rollout = await admin.orFail([
    ...['rollout', 'status', 'deployment/postern', ...IN_POSTERN, '--timeout', '60s'],
  ]);
  t.match(rollout, /successfully rolled out/);
  const check = ['/usr/bin/node', '/opt/postern/bin/postern.js', 'check'];
  const checked = await admin.run(['exec', 'deployment/postern', ...IN_POSTERN, '--', ...check]);
  t.match(checked, { code: 0, stderr: /postern\.yaml is valid$/m });
});

for (const { file, code, printed } of [
  { file: 'postern.yaml', code: 0, printed: /^\/etc\/postern\/postern\.yaml is valid$/ },
  {
    file: 'broken.yaml',
    code: 1,
    printed:
      /^\/etc\/postern\/broken\.yaml:\d+:\d+ logs: unknown key "logs"; did you mean "log"\?.*\n1 error/s,
  },
]) {
  t.test(`postern check of a mounted ${file} ends with ${code}`, async (t) => {
    const name = `check-${code}`;
    await admin.create(describePod(context, { name, args: ['check', '--config', `/etc/postern/${file}`] }));
    const { exitCode } = await admin.ended(name, NAMESPACE);
    const log = await admin.orFail(['logs', name, ...IN_POSTERN]);
    t.equal(exitCode, code, log);
    t.match(log.trim(), printed);
  });
}

t.test('postern serve becomes ready by its probes', async (t) => {
  await admin.create(describePod(context, { name: 'gate', finalizers: [FINALIZER] }));
  await admin.waitReady('gate', NAMESPACE);
  t.match(await admin.orFail(['logs', 'gate', ...IN_POSTERN]), /"msg":"serving"/);
  t.match(
    await inGate(...readHealthCheck()),
    { code: 0, stdout: '', stderr: '' },
    "compose files' check agrees",
  );
});
t.teardown(() =>
  admin.run(['patch', 'pod', 'gate', ...IN_POSTERN, '--type=merge', '-p', WITHOUT_FINALIZERS]),
);

t.test('so do two workers, and SIGTERM ends them', async (t) => {
  const args = ['serve', '--workers', '2'];
  await admin.create(describePod(context, { name: 'workers', args, finalizers: [FINALIZER] }));
  t.teardown(() => forget('workers'));
  await admin.waitReady('workers', NAMESPACE);
  await admin.orFail(['delete', 'pod', 'workers', ...IN_POSTERN, '--wait=false']);
  t.match(await admin.ended('workers', NAMESPACE), { exitCode: 0, reason: 'Completed' });
});

t.test('its process has no rights but its own', async (t) => {
  const lines = "fs.readFileSync('/proc/1/status', 'utf8').trim().split('\\n')";
  t.match(await evaluate(`Object.fromEntries(${lines}.map((line) => line.split(':\\t')))`), CONFINED);
});

t.test('nothing in it can be written', async (t) => {
  const attempt = `(path) => { try { fs.writeFileSync(path, ''); return 'written'; } catch ({ code }) { return code; } }`;
  const paths = ['/tmp/x', '/opt/postern/dist/main.js', '/etc/postern/postern.yaml', '/etc/passwd'];
  t.same(await evaluate(`${JSON.stringify(paths)}.map(${attempt})`), ['EROFS', 'EROFS', 'EROFS', 'EROFS']);
});

t.test('there is no shell to exec into', async (t) => {
  for (const shell of ['sh', '/bin/sh', 'bash', 'busybox']) {
    const { code, stderr } = await inGate(shell);
    t.not(code, 0);
    t.match(stderr, /executable file not found|no such file or directory/, shell);
  }
});

t.test('kubectl goes through it', async (t) => {
  const address = await admin.addressOf('gate', NAMESPACE);
  const kubeconfig = await writeKubeconfig(address);
  const asAlice = (...args: readonly string[]): Promise<RunResult> =>
    run(context.kubectl, args, { env: kubeEnv(kubeconfig), timeoutMs: TIMEOUT_MS });
  const inShell = ['shell', '--namespace', TEST_NAMESPACE];
  await admin.create(describeShellPod());
  await admin.waitReady('shell', TEST_NAMESPACE);

  t.test('as the person of the token', async (t) => {
    const whoami = await asAlice('auth', 'whoami', '--output=jsonpath={.status.userInfo.username}');
    t.match(whoami, { code: 0, stdout: 'alice@example.com' });
    t.match(await asAlice('get', 'pod', ...inShell, '--output=name'), { code: 0, stdout: 'pod/shell\n' });
    const ran = await asAlice('exec', ...inShell, '--', 'sh', '-c', 'echo from inside; exit 7');
    t.match(ran, { code: 7, stdout: 'from inside\n' });
  });

  t.test('told to end, it lets the open session end first, and exits 0 in its grace period', async (t) => {
    const caller = { kubectl: context.kubectl, kubeconfig };
    const session = startKubectl(caller, ['exec', '--stdin', ...inShell, '--', 'cat']);
    t.teardown(() => session.kill());
    session.send('before\n');
    await session.seen(/before\n/);
    await admin.orFail(['delete', 'pod', 'gate', ...IN_POSTERN, '--wait=false']);
    const asked = performance.now();
    await until('the drain', async () => (await fetch(`http://${address}:9090/readyz`)).status === 503);
    session.send('while it drains\n');
    await session.seen(/while it drains\n/);
    t.equal(await admin.endingOf('gate', NAMESPACE), undefined, 'it runs while the session does');
    session.closeInput();
    t.equal(await session.ended, 0, 'kubectl saw an orderly end');
    t.match(await admin.ended('gate', NAMESPACE), { exitCode: 0, reason: 'Completed' });
    const seconds = (performance.now() - asked) / 1000;
    t.ok(seconds < installation.graceSeconds, `${seconds.toFixed(1)} s of ${installation.graceSeconds} s`);
  });
});

/** A pod to look at and exec into; it is not Postern's, and its namespace asks for nothing. */
function describeShellPod(): object {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'shell', namespace: TEST_NAMESPACE },
    spec: {
      containers: [{ name: 'shell', image: context.shellImage, command: SLEEP_COMMAND }],
      terminationGracePeriodSeconds: 1,
    },
  };
}
