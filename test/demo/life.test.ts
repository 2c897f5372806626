// The demo's life: what it prints, where it listens, what it leaves behind (nothing), however it ends.

import { existsSync, mkdtempSync, readdirSync, statSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { stringify } from 'yaml';
import { run } from '../cluster/run.ts';
import { startProgram } from '../e2e/background.ts';
import { newest } from '../e2e/objects.ts';
import { until } from '../e2e/wait.ts';
import { kubectl, startDemo, startKubectl } from './started.ts';
import { readTools } from './tools.ts';

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
const START_LIMIT_MS = 2_000;

const tools = readTools();
const { path } = newest(tools);

function demoCommand(args: readonly string[], env: Record<string, string> = {}) {
  return run(process.execPath, [MAIN, 'demo', ...args], { timeoutMs: 20_000, env });
}

/** Nobody listens there any more. */
async function isClosed(url: string): Promise<boolean> {
  const { hostname, port } = new URL(url);
  return await new Promise((resolve) => {
    const socket = connect(Number(port), hostname);
    socket.once('connect', () => {
      socket.destroy();
      resolve(false);
    });
    socket.once('error', () => resolve(true));
  });
}

t.test(
  'a person sees where everything is and three commands to paste, then a line a request, then a table',
  async (t) => {
    const dir = join(t.testdir(), 'demo');
    const program = startProgram(process.execPath, [MAIN, 'demo', '--dir', dir]);
    t.teardown(() => program.kill());
    await program.seen(/From here on: a line for each request and session\. Ctrl-C ends the demo\.\n/);
    const said = program.stderr();
    for (const part of ['certificates', 'practice cluster', 'identity provider', 'gate', 'metrics', 'ready'])
      t.match(said, new RegExp(`^ {2}${part} `, 'm'), part);
    const [, block = ''] = /Try this in another terminal:\n\n([\s\S]*?)\n\n/.exec(said) ?? [];
    t.equal(block.split('\n').length, 3);
    t.notMatch(said, '\u001b', 'no colours: it is no terminal');
    t.equal(program.stdout(), '', 'words go to standard error');

    // Pasted as they are, in one shell, but for the terminal that a test has not.
    const script = block
      .replaceAll(/^ {2}/gm, '')
      .replace('exec -it deploy/web -- sh', 'exec deploy/web -- echo through')
      .replaceAll(/\bkubectl /g, `${path} `);
    const home = mkdtempSync(join(tools.dir, 'home-'));
    const pasted = await run('sh', ['-c', script], { timeoutMs: 60_000, env: { HOME: home } });
    t.match(pasted.stdout, /NAME +READY +STATUS/);
    t.match(pasted.stdout, /^through$/m);
    t.match(pasted.stderr, /Forbidden.*ada@example\.com.*pods\/exec/);
    await program.seen(/erin@example\.com +list pods in default +allowed {2}200 {2}[\d.]+ ms\n/);
    await program.seen(
      /erin@example\.com +get pods\/exec \S+ in default \(websocket\) +allowed, session open/,
    );
    await program.seen(
      /erin@example\.com +exec \S+: session ended +by \w+ {2}[\d.]+ m?s, \d+ B up, [\d.]+ k?B down\n/,
    );
    await program.seen(
      /ada@example\.com +create pods\/exec \S+ in default \(spdy\) +denied by the cluster: 403|ada@example\.com +get pods\/exec \S+ in default \(websocket\) +denied by the cluster: 403/,
    );
    await program.kill('SIGINT');
    t.match(
      program.stderr(),
      /In this demo, [\d.]+ m?s:\n {2}requests +\d+, of 2 people\n {2}sessions +1 \(exec 1\)\n/,
    );
    t.match(
      program.stderr(),
      /denials +0 by the gate, \d+ by the cluster\n {2}added by the gate +p50 [\d.]+ m?s, p99 [\d.]+ m?s over \d+ short requests\n/,
    );
    t.equal(await program.ended, 0, 'ended as asked: 0');
    t.notOk(existsSync(dir));
  },
);

t.test(
  'facts for scripts; its directory is private; metrics and the issuer answer; it starts in time',
  async (t) => {
    let demo = await startDemo(tools.dir);
    t.teardown(() => demo.process.kill());
    // A machine that is busy with something else may be slow once; it is not three times.
    for (let attempt = 1; attempt < 3 && demo.ready.startedInMs >= START_LIMIT_MS; attempt++) {
      await demo.stop();
      demo = await startDemo(tools.dir);
    }
    const { ready } = demo;
    t.comment(`started in ${ready.startedInMs.toFixed(0)} ms`);
    t.ok(ready.startedInMs < START_LIMIT_MS, `in less than ${START_LIMIT_MS} ms of its own`);
    t.equal(statSync(ready.directory).mode & 0o777, 0o700);
    for (const name of readdirSync(ready.directory, { recursive: true, encoding: 'utf8' }))
      t.equal(statSync(join(ready.directory, name)).mode & 0o077, 0, `${name} is nobody else's`);
    t.equal((await kubectl(demo, path, ['get', 'ns'])).code, 0);
    const metrics = await (await fetch(`${ready.ops}/metrics`)).text();
    t.match(
      metrics,
      /postern_requests_total\{cluster="demo",verb="list",resource="namespaces",subresource="",code="200"\} 1\n/,
    );
    t.equal((await demo.stop()).people, 1);
    t.notOk(existsSync(ready.directory));
    for (const url of [ready.gate, ready.ops, ready.issuer, ready.cluster]) t.ok(await isClosed(url), url);
  },
);

t.test(
  'the configuration is a file like any other: checked, changed while it runs, broken without harm',
  async (t) => {
    const demo = await startDemo(tools.dir);
    t.teardown(() => demo.process.kill());
    const checked = await run(process.execPath, [MAIN, 'check', '--config', demo.ready.config]);
    t.match(checked, { code: 0, stderr: /is valid/ });
    const change = (from: string, to: string) => run('sed', ['-i', `s/${from}/${to}/`, demo.ready.config]);
    await change('claim: groups, prefix: ""', 'claim: groups, prefix: "demo:"');
    await until('the new configuration', () =>
      demo.events().some((one) => one.event === 'remark' && one.text.startsWith('configuration taken up')),
    );
    t.match(await kubectl(demo, path, ['auth', 'whoami']), {
      stdout: /\[demo:engineers system:authenticated\]/,
    });
    await change('audiences', 'audience');
    await until('the refusal', () =>
      demo
        .events()
        .some((one) => one.event === 'remark' && /refused/.test(one.text) && /did you mean/.test(one.text)),
    );
    t.equal((await kubectl(demo, path, ['auth', 'whoami'])).code, 0, 'the running one stays');
    await demo.stop();
  },
);

const ENDS = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGKILL'] as const;
/** From the start of the program; a session is open in the last. */
const MOMENTS_MS = [0, 60, 150, 300, 500, 800] as const;

for (const signal of ENDS)
  t.test(`${signal} in any moment leaves no process, file or port`, async (t) => {
    for (const moment of MOMENTS_MS) {
      const dir = join(t.testdir(), 'demo');
      const program = startProgram(process.execPath, [MAIN, 'demo', '--output', 'json', '--dir', dir]);
      // Not a wait for something: the moment itself is what is tested.
      await new Promise((resolve) => setTimeout(resolve, moment));
      await program.kill(signal);
      await until(`nothing left after ${signal} at ${moment} ms`, () => !existsSync(dir));
      await until('no janitor', async () => (await run('pgrep', ['-f', dir])).stdout === '');
    }
    const demo = await startDemo(tools.dir);
    const shell = startKubectl(demo, path, ['exec', '-i', 'deploy/web', '--', 'cat']);
    t.teardown(() => shell.kill());
    shell.send('hello\n');
    await shell.seen(/hello\n/);
    await demo.process.kill(signal);
    await shell.ended;
    await until('nothing left with a session open', () => !existsSync(demo.ready.directory));
    const { gate, ops, issuer, cluster } = demo.ready;
    for (const url of [gate, ops, issuer, cluster]) t.ok(await isClosed(url), url);
  });

t.test('npm that is killed takes the demo with it', async (t) => {
  const dir = join(t.testdir(), 'demo');
  const shell = startProgram(
    'sh',
    ['-c', `"${process.execPath}" "${MAIN}" demo --output json --dir "${dir}" & wait`],
    { npm_lifecycle_event: 'demo' },
  );
  t.teardown(() => shell.kill());
  await shell.seen(/"event":"ready"/);
  process.kill(shell.pid, 'SIGKILL');
  await until('nothing left', () => !existsSync(dir));
  t.pass('nothing left');
});

t.test('wrong usage, with the next step', async (t) => {
  const taken = createServer();
  await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
  t.teardown(() => taken.close());
  const { port } = taken.address() as AddressInfo;
  const dir = t.testdir({
    used: { letter: 'mine' },
    'basic.kubeconfig': stringify({
      apiVersion: 'v1',
      kind: 'Config',
      'current-context': 'a',
      contexts: [{ name: 'a', context: { cluster: 'a', user: 'a' } }],
      clusters: [{ name: 'a', cluster: { server: 'https://127.0.0.1:1' } }],
      users: [{ name: 'a', user: { exec: { command: 'x' } } }],
    }),
  });
  const rows: readonly (readonly [args: readonly string[], code: number, said: RegExp])[] = [
    [['--address', '0.0.0.0'], 2, /loopback only.*postern serve/s],
    [['--address', '192.168.0.1'], 2, /loopback only/],
    [['--port', '70000'], 2, /--port takes a number/],
    [['--port', 'x'], 2, /--port takes a number/],
    [['--output', 'yaml'], 2, /--output takes json/],
    [['--context', 'a'], 2, /--kubeconfig: give that too/],
    [['--nonsense'], 2, /Unknown option '--nonsense'.*demo --help/s],
    [['--port', String(port)], 1, new RegExp(`port ${port} is taken.*--port`)],
    [['--dir', join(dir, 'used')], 1, /is not empty: name a new or an empty one/],
    [['--kubeconfig', join(dir, 'nosuch')], 1, /nosuch cannot be read/],
    [['--kubeconfig', join(dir, 'basic.kubeconfig')], 1, /exec/],
  ];
  for (const [args, code, said] of rows)
    t.match(await demoCommand(args), { code, stderr: said }, args.join(' '));
  const help = await demoCommand(['--help']);
  t.match(help, { code: 0, stdout: /--kubeconfig FILE.*Exit codes/s, stderr: '' });
});

t.test('a kubectl that is missing is said, and the demo runs', async (t) => {
  const program = startProgram(process.execPath, [MAIN, 'demo'], { PATH: '/nowhere' });
  t.teardown(() => program.kill('SIGINT'));
  await program.seen(/kubectl is not on your PATH/);
  t.pass('said');
});
