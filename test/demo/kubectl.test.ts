// What the demo promises, with each kubectl: everything goes through the gate to the practice API server.

import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import type { Kubectl } from '../cluster/kubectls.ts';
import { run } from '../cluster/run.ts';
import { type Protocol, protocolEnv } from '../e2e/context.ts';
import { until } from '../e2e/wait.ts';
import { type KubectlOptions, kubectl, type StartedDemo, startDemo, startKubectl } from './started.ts';
import { namedKubectls, readTools } from './tools.ts';

const COPY_BYTES = 20_000_000;

const tools = readTools();
const demo = await startDemo(tools.dir);
t.teardown(() => demo.process.kill('SIGINT'));

/** One kubectl and protocol against the demo. */
interface Way {
  readonly minor: number;
  readonly path: string;
  readonly protocol: Protocol;
  /** Unique; fit for names of objects. */
  readonly id: string;
  readonly folder: string;
  /** Runs it; a failure is thrown with what it said. @returns stdout. */
  readonly ok: (args: readonly string[], options?: KubectlOptions) => Promise<string>;
  readonly run: (args: readonly string[], options?: KubectlOptions) => ReturnType<typeof kubectl>;
  readonly start: (args: readonly string[]) => ReturnType<typeof startKubectl>;
}

interface Case {
  readonly name: string;
  /** Once for each protocol. */
  readonly upgrades?: boolean;
  /** The first minor version that can do it. */
  readonly from?: number;
  readonly act: (t: Test, way: Way) => Promise<void>;
}

const CASES: readonly Case[] = [
  { name: 'version says that it is practice', act: version },
  { name: 'get: tables, selectors, JSON', act: getAll },
  { name: 'get -w sees a pod live: Pending, ContainerCreating, Running, gone', act: watchPod },
  { name: 'logs, and logs -f until killed', act: logs },
  { name: 'exec: streams, exit code, stdin to its end', upgrades: true, act: exec },
  { name: 'exec -it: a shell with size, resize and Ctrl-C', upgrades: true, act: execTerminal },
  { name: 'attach sees what the container prints', upgrades: true, act: attach },
  { name: 'cp both ways, equal checksums', upgrades: true, act: copy },
  { name: 'port-forward, with curl', upgrades: true, act: portForward },
  { name: 'apply creates, changes, changes nothing; diff; delete', act: applyAndDelete },
  { name: 'apply --server-side, and its conflicts', from: 22, act: applyServerSide },
  { name: 'a misspelt field is named and nothing is made', act: misspelt },
  { name: 'create, label, annotate, patch, edit, scale, rollout', act: change },
  { name: 'auth can-i', act: canI },
  { name: 'auth whoami', from: 28, act: whoami },
  { name: 'explain', act: explain },
  { name: 'what a person may not is denied, with the reason', upgrades: true, act: denied },
];

for (const one of namedKubectls(tools))
  t.test(`kubectl ${one.version}`, async (t) => {
    for (const { name, upgrades = false, from = 0, act } of CASES) {
      const protocols: readonly Protocol[] = upgrades ? ['websocket', 'spdy'] : ['websocket'];
      for (const protocol of protocols) {
        const way = makeWay(demo, one, protocol);
        if (way.minor < from) continue;
        await t.test(upgrades ? `${name}, ${protocol}` : name, (t) => act(t, way));
      }
    }
  });

t.test('the gate carried every one of them, and wrote it down', async (t) => {
  const summary = await demo.stop();
  t.ok(summary.requests > 100, `${summary.requests} requests`);
  t.ok((summary.sessionsByKind['exec'] ?? 0) > 10);
  t.ok((summary.sessionsByKind['portforward'] ?? 0) > 0);
  t.ok(summary.bytesUp > COPY_BYTES && summary.bytesDown > COPY_BYTES);
  t.equal(summary.deniedByGate, 0);
  t.ok(summary.deniedByCluster > 0);
  const { added } = summary;
  t.ok(added !== null && added.p50Ms > 0 && added.p99Ms >= added.p50Ms);
  t.comment(JSON.stringify(summary));
});

function makeWay(demo: StartedDemo, { version, path }: Kubectl, protocol: Protocol): Way {
  const minor = Number(/^1\.(\d+)/.exec(version)?.[1]);
  const runOne = (args: readonly string[], options: KubectlOptions = {}) =>
    kubectl(demo, path, args, { protocol, ...options });
  return {
    minor,
    path,
    protocol,
    id: `k${minor}${version.includes('machine') ? 'm' : ''}-${protocol === 'spdy' ? 's' : 'w'}`,
    folder: mkdtempSync(join(tools.dir, 'way-')),
    run: runOne,
    ok: async (args, options) => {
      const { code, stdout, stderr } = await runOne(args, options);
      if (code !== 0) throw new Error(`kubectl ${args.join(' ')}: ${code}: ${stderr}${stdout}`);
      return stdout;
    },
    start: (args) => startKubectl(demo, path, args, { protocol }),
  };
}

async function version(t: Test, { ok }: Way): Promise<void> {
  t.match(await ok(['version']), /Server Version.*practice/);
}

async function getAll(t: Test, { ok, run }: Way): Promise<void> {
  await ok(['rollout', 'status', 'deployment/web', '--timeout=30s']);
  const pods = await ok(['get', 'pods', '-l', 'app=web']);
  t.match(pods, /^NAME +READY +STATUS +RESTARTS +AGE\n(web-\S+ +1\/1 +Running +0 +\d+m?\d*s?\n){2}$/);
  t.match(await ok(['get', 'deploy,svc,cm']), /deployment\.apps\/web +2\/2 +2 +2 /);
  t.match(await ok(['get', 'pods', '--field-selector', 'status.phase=Pending', '-o', 'name']), /^$/);
  t.match(await ok(['get', 'pods', '-A', '-o', 'wide'], { as: 'ada' }), /production +payments-\S+ /);
  const names = await ok(['get', 'pods', '-l', 'app in (web)', '-o', 'jsonpath={.items[*].spec.nodeName}']);
  t.equal(names, 'practice practice');
  t.match(await run(['get', 'pods', 'nosuch']), {
    code: 1,
    stderr: 'Error from server (NotFound): pods "nosuch" not found\n',
  });
  t.match(await run(['get', 'pods', '--field-selector', 'spec.nonsense=1']), {
    code: 1,
    stderr: /field label not supported/,
  });
  t.match(await ok(['get', 'events']), /LAST SEEN +TYPE +REASON +OBJECT +MESSAGE/);
  t.match(
    await ok(['describe', 'deployment', 'web']),
    /Replicas: +2 desired \| 2 updated \| 2 total \| 2 available/,
  );
}

async function watchPod(t: Test, { ok, start, id }: Way): Promise<void> {
  const name = `seen-${id}`;
  const watching = start(['get', 'pods', '-w', '--no-headers', '-l', `run=${name}`]);
  t.teardown(() => watching.kill());
  await until('the watch at the gate', () =>
    seenByGate((one) => one.verb === 'list' && one.target.includes(name)),
  );
  await ok(['run', name, '--image=postern.dev/practice/talk:1']);
  await watching.seen(/ContainerCreating/);
  await watching.seen(/1\/1 +Running/);
  await ok(['delete', 'pod', name, '--grace-period=1']);
  await watching.seen(/Terminating/);
  t.match(watching.stdout().split('\n')[0], new RegExp(`^${name} +0/1 +Pending`));
}

async function logs(t: Test, { ok, start }: Way): Promise<void> {
  const following = start(['logs', '-f', 'deploy/clock', '--tail=1']);
  t.teardown(() => following.kill());
  await following.seen(/\d+[^\n]*\n[^\n]*\d+[^\n]*\n[^\n]*\d+[^\n]*\n/);
  await following.kill();
  t.equal((await ok(['logs', 'deploy/clock', '--tail=2'])).trimEnd().split('\n').length, 2);
  t.match(await ok(['logs', 'deploy/clock', '--tail=1', '--timestamps']), /^\d{4}-\d\d-\d\dT[\d:.]+Z /);
}

async function exec(t: Test, { ok, run }: Way): Promise<void> {
  const both = await run(['exec', 'deploy/web', '--', 'sh', '-c', 'echo out; echo err >&2; exit 7']);
  t.match(both, { code: 7, stdout: 'out\n', stderr: /^err\ncommand terminated with exit code 7\n/ });
  const text = randomBytes(300_000).toString('base64');
  const sum = createHash('sha256').update(text).digest('hex');
  const there = await ok(['exec', '-i', 'deploy/web', '--', 'sha256sum'], { input: text });
  t.match(there, new RegExp(`^${sum} `), 'all of stdin, then its end');
  t.equal(await ok(['exec', '-i', 'deploy/web', '--', 'cat'], { input: text }), text, 'and back');
  const zeros = await ok([
    'exec',
    'deploy/web',
    '--',
    'sh',
    '-c',
    'dd if=/dev/zero bs=1M count=20 status=none | wc -c',
  ]);
  t.equal(zeros.trim(), String(20 * 1_048_576));
  t.match(await run(['exec', 'deploy/web', '--', 'nosuch']), {
    code: /^(1|126|127)$/,
    stderr: /nosuch.*not found/,
  });
}

/** The size reaches the shell shortly after it has started, on a real node as well: so it is waited for there. */
function untilSize(size: string, word: string): readonly string[] {
  const loop = `until [ "$(stty size)" = "${size}" ]; do sleep 0.1; done; echo ${word}-$((1+1))\\n`;
  return ['--send', loop, '--expect', `${word}-2`];
}

async function execTerminal(t: Test, { path, protocol }: Way): Promise<void> {
  const steps = [
    ...['--size', '80x24', '--expect', '$ '],
    ...untilSize('24 80', 'small'),
    ...['--resize', '132x43', '--expect', '$ '],
    ...untilSize('43 132', 'big'),
    ...['--expect', '$ ', '--send', 'sleep 1000\\n', '--send', '\\x03', '--expect', '$ '],
    ...['--send', 'echo status-$?\\n', '--expect', 'status-130'],
    ...['--send', 'exit 3\\n'],
  ];
  const command = [path, '--context', 'erin', 'exec', '-it', 'deploy/web', '--', 'sh'];
  const result = await run(tools.terminal, ['--timeout', '30s', ...steps, '--', ...command], {
    env: { ...demo.env, ...protocolEnv(protocol) },
  });
  t.match(result, { code: 3, stderr: '' }, result.stdout);
}

async function attach(t: Test, { start, ok }: Way): Promise<void> {
  const pod = (await ok(['get', 'pods', '-l', 'app=clock', '-o', 'name'])).trim();
  const attached = start(['attach', pod]);
  t.teardown(() => attached.kill());
  await attached.seen(/\d+[^\n]*\n[^\n]*\d+[^\n]*\n/);
  t.pass('two lines');
}

async function copy(t: Test, { ok, folder, id }: Way): Promise<void> {
  const [file, back] = [join(folder, 'up'), join(folder, 'down')];
  const content = randomBytes(COPY_BYTES);
  writeFileSync(file, content);
  const pod = (
    await ok(['get', 'pods', '-l', 'app=clock', '-o', 'jsonpath={.items[0].metadata.name}'])
  ).trim();
  await ok(['cp', file, `${pod}:/tmp/${id}`]);
  await ok(['cp', `${pod}:/tmp/${id}`, back]);
  t.ok(content.equals(readFileSync(back)), 'what came back is what was sent');
  const sum = createHash('sha256').update(content).digest('hex');
  t.match(await ok(['exec', pod, '--', 'sha256sum', `/tmp/${id}`]), sum);
  await ok(['exec', pod, '--', 'rm', `/tmp/${id}`]);
}

async function portForward(t: Test, { start }: Way): Promise<void> {
  const forward = start(['port-forward', 'deploy/web', ':8080']);
  t.teardown(() => forward.kill());
  const [, port] = await forward.seen(/127\.0\.0\.1:(\d+) -> 8080\n/);
  const page = await run('curl', ['--silent', '--fail', '--max-time', '20', `http://127.0.0.1:${port}/`]);
  t.match(page, { code: 0, stdout: /<html/i });
  const many = await Promise.all(
    Array.from({ length: 8 }, () =>
      run('curl', [
        '--silent',
        '--max-time',
        '20',
        '-o',
        '/dev/null',
        '-w',
        '%{http_code}',
        `http://127.0.0.1:${port}/nosuch`,
      ]),
    ),
  );
  t.same(new Set(many.map(({ stdout }) => stdout)), new Set(['404']));
}

function manifest(name: string, replicas: number): string {
  return `apiVersion: apps/v1
kind: Deployment
metadata: {name: ${name}}
spec:
  replicas: ${replicas}
  selector: {matchLabels: {app: ${name}}}
  template:
    metadata: {labels: {app: ${name}}}
    spec:
      containers:
        - {name: main, image: "postern.dev/practice/web:1", env: [{name: A, value: "1"}], ports: [{containerPort: 8080}]}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: ${name}}
data: {count: "${replicas}"}
`;
}

async function applyAndDelete(t: Test, { ok, run, id }: Way): Promise<void> {
  const name = `applied-${id}`;
  const apply = (replicas: number) => ok(['apply', '-f', '-'], { input: manifest(name, replicas) });
  t.equal(await apply(1), `deployment.apps/${name} created\nconfigmap/${name} created\n`);
  await ok(['rollout', 'status', `deployment/${name}`, '--timeout=30s']);
  t.equal(await apply(1), `deployment.apps/${name} unchanged\nconfigmap/${name} unchanged\n`);
  const diff = await run(['diff', '-f', '-'], { input: manifest(name, 2) });
  t.match(diff, { code: 1, stdout: /^\+ {2}replicas: 2$/m });
  t.equal(await apply(2), `deployment.apps/${name} configured\nconfigmap/${name} configured\n`);
  await ok(['rollout', 'status', `deployment/${name}`, '--timeout=30s']);
  t.equal(
    await ok(['delete', '-f', '-'], { input: manifest(name, 2) }),
    `deployment.apps "${name}" deleted${from34()}\nconfigmap "${name}" deleted${from34()}\n`,
  );
  // Old kubectls call it an error when all are gone already.
  await run(['wait', '--for=delete', 'pod', '-l', `app=${name}`, '--timeout=40s']);
  t.equal(await ok(['get', 'pods,rs,deploy', '-l', `app=${name}`, '-o', 'name']), '');

  function from34(): string {
    return Number(/k(\d+)/.exec(id)?.[1]) >= 34 ? ' from default namespace' : '';
  }
}

async function applyServerSide(t: Test, { ok, run, id }: Way): Promise<void> {
  const name = `owned-${id}`;
  const apply = (replicas: number, ...flags: string[]) =>
    run(['apply', '--server-side', ...flags, '-f', '-'], { input: manifest(name, replicas) });
  t.match(await apply(1), {
    code: 0,
    stdout: `deployment.apps/${name} serverside-applied\nconfigmap/${name} serverside-applied\n`,
  });
  await ok(['scale', 'deployment', name, '--replicas=2']);
  const conflict = await apply(3);
  t.match(conflict, {
    code: 1,
    stderr: /Apply failed with 1 conflict: conflict with "kubectl" .*\.spec\.replicas/,
  });
  t.match(await apply(3, '--force-conflicts'), { code: 0 });
  t.equal(await ok(['get', 'deployment', name, '-o', 'jsonpath={.spec.replicas}']), '3');
  await ok(['delete', 'deployment,configmap', name]);
}

async function misspelt(t: Test, { run, id }: Way): Promise<void> {
  const wrong = manifest(`wrong-${id}`, 1).replace('replicas:', 'replica:');
  const result = await run(['apply', '-f', '-'], { input: wrong });
  t.equal(result.code, 1);
  t.match(result.stderr, /unknown field "(spec\.)?replica"/);
  t.match(await run(['get', 'deployment', `wrong-${id}`]), { code: 1, stderr: /NotFound/ });
}

async function change(t: Test, { ok, run, id }: Way): Promise<void> {
  const name = `changed-${id}`;
  await ok(['create', 'deployment', name, '--image=postern.dev/practice/web:1']);
  await ok(['label', 'deployment', name, 'tier=front']);
  await ok(['annotate', 'deployment', name, 'note=hello']);
  await ok([
    'patch',
    'deployment',
    name,
    '--type=json',
    '-p',
    '[{"op":"add","path":"/spec/replicas","value":2}]',
  ]);
  await ok(['patch', 'deployment', name, '--type=merge', '-p', '{"metadata":{"annotations":{"note":null}}}']);
  await ok([
    'patch',
    'deployment',
    name,
    '-p',
    '{"spec":{"template":{"spec":{"containers":[{"name":"web","env":[{"name":"A","value":"b"}]}]}}}}',
  ]);
  await ok(['rollout', 'status', `deployment/${name}`, '--timeout=30s']);
  const editor = 'sed -i s/tier:.front/tier:\\ back/';
  await ok(['edit', 'deployment', name], { env: { EDITOR: editor, KUBE_EDITOR: editor } });
  await ok(['scale', `deployment/${name}`, '--replicas=1']);
  await ok(['set', 'image', `deployment/${name}`, 'web=postern.dev/practice/web:2']);
  await ok(['rollout', 'restart', `deployment/${name}`]);
  await ok(['rollout', 'status', `deployment/${name}`, '--timeout=30s']);
  await ok(['rollout', 'undo', `deployment/${name}`]);
  await ok(['rollout', 'status', `deployment/${name}`, '--timeout=30s']);
  const shown = await ok([
    'get',
    'deployment',
    name,
    '-o',
    'jsonpath={.metadata.labels.tier} {.metadata.annotations.note} {.spec.replicas} {.status.readyReplicas}',
  ]);
  t.equal(shown, 'back  1 1');
  t.match(await run(['create', 'configmap', name, '--from-literal=a=b']), { code: 0 });
  t.match(await run(['create', 'configmap', name, '--from-literal=a=b']), {
    code: 1,
    stderr: /AlreadyExists|already exists/,
  });
  await ok(['delete', 'deployment,configmap', name]);
}

async function canI(t: Test, { run, ok }: Way): Promise<void> {
  t.match(await run(['auth', 'can-i', 'create', 'pods/exec']), { code: 0, stdout: 'yes\n' });
  t.match(await run(['auth', 'can-i', 'create', 'pods', '--subresource=exec'], { as: 'ada' }), {
    code: 1,
    stdout: /^no/,
  });
  t.match(await run(['auth', 'can-i', 'delete', 'pods', '-n', 'production']), { code: 1, stdout: /^no/ });
  t.match(await run(['auth', 'can-i', 'delete', 'pods', '-n', 'production'], { as: 'otto' }), {
    code: 0,
    stdout: 'yes\n',
  });
  t.match(await run(['auth', 'can-i', 'delete', 'pods', '-n', 'production'], { as: 'otto-without-code' }), {
    code: 1,
    stdout: /^no/,
  });
  t.match(await ok(['auth', 'can-i', '--list'], { as: 'ada' }), /pods +\[\] +\[\] +\[get list watch\]/);
}

async function whoami(t: Test, { ok }: Way): Promise<void> {
  const shown = await ok(['auth', 'whoami']);
  t.match(shown, /Username +erin@example\.com\n/);
  t.match(shown, /Groups +\[engineers system:authenticated\]/);
  t.match(await ok(['auth', 'whoami'], { as: 'otto' }), /Groups +\[engineers oncall system:authenticated\]/);
}

async function explain(t: Test, { ok, run }: Way): Promise<void> {
  t.match(await ok(['explain', 'pods']), /KIND: +Pod\n[\s\S]*VERSION: +v1\n[\s\S]*spec\t?\s*</);
  t.match(await ok(['explain', 'pods.spec.containers.image']), /image/);
  t.match(await ok(['explain', 'deployments.spec', '--recursive']), /maxUnavailable/);
  t.match(await run(['explain', 'pods.spec.nonsense']), {
    code: 1,
    stderr: /field "nonsense" does not exist/,
  });
}

async function denied(t: Test, { run }: Way): Promise<void> {
  t.match(await run(['exec', 'deploy/web', '--', 'date'], { as: 'ada' }), {
    code: 1,
    stderr:
      /Error from server \(Forbidden\): pods "web-\S+" is forbidden: User "ada@example\.com" cannot create resource "pods\/exec" in API group "" in the namespace "default"\n$/,
  });
  t.match(await run(['get', 'secrets', '-n', 'production']), {
    code: 1,
    stderr:
      'Error from server (Forbidden): secrets is forbidden: User "erin@example.com" cannot list resource "secrets" in API group "" in the namespace "production"\n',
  });
}

function seenByGate(fits: (fact: { verb: string; target: string }) => boolean): boolean {
  return demo.events().some((one) => one.event === 'request' && fits(one));
}
