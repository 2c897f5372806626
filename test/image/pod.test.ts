// The image at work in a real cluster, under the restricted Pod Security Standard with a read-only root file system: `check` tells right from
// wrong, `serve` becomes ready, carries kubectl, and ends in order.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { ENGINEERS, SLEEP_COMMAND, TEST_NAMESPACE } from '../cluster/cluster.ts';
import { makeKubeconfig } from '../cluster/pki.ts';
import { type RunResult, run, runOrFail } from '../cluster/run.ts';
import { startKubectl } from '../e2e/background.ts';
import { kubeEnv } from '../e2e/context.ts';
import { until } from '../e2e/wait.ts';
import { readContext } from './context.ts';
import { describePod, NAMESPACE, prepareInstallation, SERVER_NAME } from './gatepod.ts';

const TIMEOUT_MS = 60_000;
const FINALIZER = 'postern.test/read-how-it-ended';
const ALICE = { sub: 'alice-id', email: 'alice@example.com', groups: [ENGINEERS] };
/** What Linux says of process 1 (proc(5)): no capability in any set, no new privileges, a seccomp filter. */
const CONFINED = {
  Uid: '65532\t65532\t65532\t65532',
  Gid: '65532\t65532\t65532\t65532',
  CapEff: '0000000000000000',
  CapPrm: '0000000000000000',
  CapBnd: '0000000000000000',
  NoNewPrivs: '1',
  Seccomp: '2',
};

interface PodStatus {
  readonly podIP?: string;
  readonly containerStatuses?: readonly {
    readonly state: {
      readonly terminated?: {
        readonly exitCode: number;
        readonly reason: string;
        readonly finishedAt: string;
      };
    };
  }[];
}

interface Pod {
  readonly metadata: { readonly deletionTimestamp?: string };
  readonly status: PodStatus;
}

const context = readContext();
const installation = await prepareInstallation(context);
t.teardown(() => installation.issuer.close());

const asAdmin = (args: readonly string[], input = ''): Promise<RunResult> =>
  run(context.kubectl, args, { input, env: kubeEnv(context.adminKubeconfig), timeoutMs: TIMEOUT_MS });
const adminOrFail = (args: readonly string[], input = ''): Promise<string> =>
  runOrFail(context.kubectl, args, { input, env: kubeEnv(context.adminKubeconfig), timeoutMs: TIMEOUT_MS });
const create = (object: object): Promise<string> =>
  adminOrFail(['create', '--filename=-'], JSON.stringify(object));
const readPod = async (name: string): Promise<Pod> =>
  JSON.parse(await adminOrFail(['get', 'pod', name, '--namespace', NAMESPACE, '--output=json'])) as Pod;
const ending = ({ status }: Pod) => status.containerStatuses?.[0]?.state.terminated;

const fileOf = (name: string): string => join(installation.dir, name);
await adminOrFail(['apply', '--filename', fileOf('gate.yaml'), '--filename', fileOf('role.yaml')]);
const named = ['postern', '--namespace', NAMESPACE];
const texts = ['postern.yaml', 'broken.yaml'].flatMap((name) => ['--from-file', fileOf(name)]);
await adminOrFail(['create', 'configmap', ...named, ...texts]);
await adminOrFail([
  'create',
  'secret',
  'tls',
  ...named,
  '--cert',
  fileOf('tls.crt'),
  '--key',
  fileOf('tls.key'),
]);

t.test('the Deployment of docs/how-to/image.md becomes ready', async (t) => {
  const rollout = ['rollout', 'status', 'deployment/postern', '--namespace', NAMESPACE, '--timeout', '60s'];
  t.match(await adminOrFail(rollout), /successfully rolled out/);
  const check = ['/usr/bin/node', '/opt/postern/bin/postern.js', 'check'];
  t.match(await asAdmin(['exec', 'deployment/postern', '--namespace', NAMESPACE, '--', ...check]), {
    code: 0,
  });
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
    await create(describePod(context, { name, args: ['check', '--config', `/etc/postern/${file}`] }));
    const ended = await until('the end of check', async () => ending(await readPod(name)));
    const log = await adminOrFail(['logs', name, '--namespace', NAMESPACE]);
    t.equal(ended.exitCode, code, log);
    t.match(log.trim(), printed);
  });
}

t.test('postern serve', async (t) => {
  await create(describePod(context, { name: 'gate', finalizers: [FINALIZER] }));
  t.teardown(() =>
    asAdmin([
      'patch',
      'pod',
      'gate',
      '-n',
      NAMESPACE,
      '--type=merge',
      '-p',
      '{"metadata":{"finalizers":null}}',
    ]),
  );
  const wait = ['wait', '--for=condition=Ready', 'pod/gate', '--namespace', NAMESPACE, '--timeout=60s'];
  await adminOrFail(wait).catch(async (error: unknown) => {
    const log = await adminOrFail(['logs', 'gate', '--namespace', NAMESPACE]);
    throw new Error(`not ready: ${log}`, { cause: error });
  });
  const address = (await readPod('gate')).status.podIP ?? '';
  const inside = (...command: readonly string[]): Promise<RunResult> =>
    asAdmin(['exec', 'gate', '--namespace', NAMESPACE, '--', ...command]);
  const evaluate = async (script: string): Promise<unknown> => {
    const { code, stdout, stderr } = await inside('/usr/bin/node', '--eval', script);
    return code === 0 ? JSON.parse(stdout) : stderr;
  };

  t.test('its process has no rights but its own', async (t) => {
    const read = "fs.readFileSync('/proc/1/status', 'utf8')";
    const script = `console.log(JSON.stringify(Object.fromEntries(${read}.trim().split('\\n').map((line) => line.split(':\\t')))))`;
    t.match(await evaluate(script), CONFINED);
  });

  t.test('nothing in it can be written', async (t) => {
    const attempt = `(path) => { try { fs.writeFileSync(path, ''); return 'written'; } catch ({ code }) { return code; } }`;
    const paths = ['/tmp/x', '/opt/postern/dist/main.js', '/etc/postern/postern.yaml', '/etc/passwd'];
    const script = `console.log(JSON.stringify(${JSON.stringify(paths)}.map(${attempt})))`;
    t.same(await evaluate(script), ['EROFS', 'EROFS', 'EROFS', 'EROFS']);
  });

  t.test('there is no shell to exec into', async (t) => {
    for (const shell of ['sh', '/bin/sh', 'bash', 'busybox']) {
      const { code, stderr } = await inside(shell);
      t.not(code, 0);
      t.match(stderr, /executable file not found|no such file or directory/, shell);
    }
  });

  const kubeconfig = join(context.dir, 'alice.kubeconfig');
  const config = JSON.parse(
    makeKubeconfig({
      server: `https://${address}:8443`,
      caPem: installation.caPem,
      user: 'alice',
      token: await installation.issuer.sign(ALICE, { expiresIn: 3600 }),
    }),
  ) as { readonly clusters: readonly { readonly cluster: Record<string, unknown> }[] };
  for (const { cluster } of config.clusters) cluster['tls-server-name'] = SERVER_NAME;
  writeFileSync(kubeconfig, JSON.stringify(config));
  const asAlice = (...args: readonly string[]): Promise<RunResult> =>
    run(context.kubectl, args, { env: kubeEnv(kubeconfig), timeoutMs: TIMEOUT_MS });

  await create(describeShellPod());
  await adminOrFail(['wait', '--for=condition=Ready', 'pod/shell', '-n', TEST_NAMESPACE, '--timeout=60s']);

  t.test('kubectl goes through it as the person of the token', async (t) => {
    t.match(await asAlice('auth', 'whoami', '--output=jsonpath={.status.userInfo.username}'), {
      code: 0,
      stdout: 'alice@example.com',
    });
    t.match(await asAlice('get', 'pod', 'shell', '-n', TEST_NAMESPACE, '--output=name'), {
      code: 0,
      stdout: 'pod/shell\n',
    });
    t.match(
      await asAlice('exec', 'shell', '-n', TEST_NAMESPACE, '--', 'sh', '-c', 'echo from inside; exit 7'),
      {
        code: 7,
        stdout: 'from inside\n',
      },
    );
  });

  t.test(
    'told to end, it lets the open session end first, then exits 0 within the grace period',
    async (t) => {
      const session = startKubectl({ kubectl: context.kubectl, kubeconfig }, [
        ...['exec', '--stdin', 'shell', '-n', TEST_NAMESPACE, '--', 'cat'],
      ]);
      t.teardown(() => session.kill());
      session.send('before\n');
      await session.seen(/before\n/);
      await adminOrFail(['delete', 'pod', 'gate', '--namespace', NAMESPACE, '--wait=false']);
      const asked = Date.now();
      await until('the drain', async () => (await fetch(`http://${address}:9090/readyz`)).status === 503);
      session.send('while it drains\n');
      await session.seen(/while it drains\n/);
      t.equal(ending(await readPod('gate')), undefined, 'it runs while the session does');
      session.closeInput();
      t.equal(await session.ended, 0, 'kubectl saw an orderly end');
      const ended = await until('the end of the gate', async () => ending(await readPod('gate')));
      t.match(ended, { exitCode: 0, reason: 'Completed' });
      t.ok(Date.now() - asked < installation.graceSeconds * 1000, `after ${Date.now() - asked} ms`);
    },
  );
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
