// The gate's own life with sessions open through a real kubectl: reloads and new certificates leave them alone, and a shutdown lets them
// end, or ends them with a reason.

import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:tls';
import t, { type Test } from 'tap';
import type { RunResult } from '../cluster/run.ts';
import { type Background, startKubectl } from './background.ts';
import { kubectl, readContext } from './context.ts';
import { type OwnGate, startOwnGate } from './gates.ts';
import { createPods, newest, removeObjects } from './objects.ts';
import { until } from './wait.ts';

const POD = 'alive';
const DRAIN_TIMEOUT = '3s';

const context = readContext();
const { path } = newest(context);

await createPods(context, { [POD]: ['serve', 'speak'] });
t.teardown(() => removeObjects(context, [`pod/${POD}`]));

t.test('reload and new certificates leave open sessions alone', async (t) => {
  const gate = await ownGate(t, 'reloading');
  const sessions = await openSessions(t, gate.trust.kubeconfig);
  const reloads = () => gate.process.stderr().split('"msg":"configuration taken up"').length - 1;
  const reloaded = (before: number) => until('the reload', () => reloads() > before);

  let before = reloads();
  process.kill(gate.process.pid, 'SIGHUP');
  await reloaded(before);
  await sessions.stillWork('after SIGHUP');

  before = reloads();
  gate.writeConfig(JSON.stringify({ ...gate.config, log: { level: 'debug' } }));
  await reloaded(before);
  await sessions.stillWork('after a change of the file');

  gate.writeConfig('apiVersion: postern.dev/v1\nkind: GateConfiguration\nlisten: 7\n');
  await gate.process.seen(/configuration refused, the running one stays/);
  t.match(await get(gate.trust.kubeconfig), { code: 0 }, 'a broken file leaves the old one running');
  before = reloads();
  gate.writeConfig(JSON.stringify(gate.config));
  await reloaded(before);
  await sessions.stillWork('after a broken file');

  const renewed = await gate.renewCertificate();
  await until('the new certificate', async () => (await served(gate)) === fingerprint(renewed.certPem));
  t.match(await get(gate.trust.kubeconfig), { code: 0 }, 'a new certificate of the same CA is trusted');
  const replaced = await gate.renewCertificate({ newCA: true });
  await until('the other CA', async () => (await served(gate)) === fingerprint(replaced.certPem));
  t.match(await get(gate.trust.kubeconfig), { code: 1, stderr: /x509/ }, 'another CA is not');
  t.match(await get(replaced.kubeconfig), { code: 0 }, 'except by who was told of it');
  await sessions.stillWork('after both certificates');
});

t.test('SIGTERM ends what does not end by itself, with a reason', async (t) => {
  const gate = await ownGate(t, 'draining');
  const sessions = await openSessions(t, gate.trust.kubeconfig);
  await gate.process.kill('SIGTERM');
  t.equal(await gate.process.ended, 0, "the gate's exit code");
  const ends = lines(gate).filter(({ msg }) => msg === 'session ended');
  t.same(ends.map(({ kind }) => kind).sort(), ['exec', 'portforward']);
  // Up may lack what kubectl says after the gate has ended the session: the answer to a WebSocket's Close, for one.
  for (const line of ends)
    t.match(line, { end: 'drained', undelivered: { down: 0 }, user: 'alice@example.com' });
  for (const one of sessions.all) await one.ended;
  t.pass('kubectl noticed, too');
});

t.test('SIGTERM waits for what ends by itself', async (t) => {
  const gate = await ownGate(t, 'patient', '60s');
  const exec = start(t, gate.trust.kubeconfig, ['exec', '-i', POD, '-c', 'serve', '--', 'cat']);
  exec.send('hello\n');
  await exec.seen(/hello\n/);
  process.kill(gate.process.pid, 'SIGTERM');
  await gate.process.seen(/"msg":"draining"/);
  await until('the refusal', async () => (await get(gate.trust.kubeconfig)).code === 1);
  exec.send('still here\n');
  await exec.seen(/still here\n/);
  exec.closeInput();
  t.equal(await exec.ended, 0, 'the session ended well');
  t.equal(await gate.process.ended, 0, 'and then the gate');
  t.match(lines(gate).at(-1), { msg: 'stopped' });
  const end = lines(gate).find(({ msg }) => msg === 'session ended');
  t.not(end?.['end'], 'drained');
});

async function ownGate(test: Test, name: string, drainTimeout = DRAIN_TIMEOUT): Promise<OwnGate> {
  const gate = await startOwnGate(context, name, { sessions: { drainTimeout } });
  test.teardown(() => gate.process.kill('SIGKILL'));
  return gate;
}

function start(test: Test, kubeconfig: string, args: readonly string[]): Background {
  const one = startKubectl({ kubectl: path, kubeconfig }, ['--namespace', context.namespace, ...args]);
  test.teardown(() => one.kill());
  return one;
}

/** An exec, a log that is followed and a port-forward, all seen to work. */
async function openSessions(test: Test, kubeconfig: string) {
  const exec = start(test, kubeconfig, ['exec', '-i', POD, '-c', 'serve', '--', 'cat']);
  const logs = start(test, kubeconfig, ['logs', '-f', POD, '-c', 'speak', '--tail=1']);
  const forward = start(test, kubeconfig, ['port-forward', POD, ':8081']);
  const [, port] = await forward.seen(/127\.0\.0\.1:(\d+) -> 8081/);
  let round = 0;
  const stillWork = async (when: string) => {
    const word = `round-${++round}`;
    exec.send(`${word}\n`);
    await exec.seen(new RegExp(`${word}\n`));
    const linesBefore = logs.stdout().split('\n').length;
    await until('a next line of the log', () => logs.stdout().split('\n').length > linesBefore);
    const page = await fetch(`http://127.0.0.1:${port}/`, { headers: { connection: 'close' } });
    test.equal(await page.text(), 'page a\n', `exec, logs -f and port-forward work ${when}`);
  };
  await stillWork('at first');
  return { all: [exec, logs, forward], stillWork };
}

function get(kubeconfig: string): Promise<RunResult> {
  return kubectl(path, kubeconfig, ['get', 'pod', POD, '-o', 'name']);
}

/** Fingerprint of the certificate that a new connection is shown. */
async function served({ url }: OwnGate): Promise<string> {
  const { port } = new URL(url);
  const socket = connect({ port: Number(port), host: '127.0.0.1', rejectUnauthorized: false });
  await once(socket, 'secureConnect');
  const { fingerprint256 } = socket.getPeerCertificate();
  socket.destroy();
  return fingerprint256;
}

function fingerprint(pem: string): string {
  return new X509Certificate(pem).fingerprint256;
}

function lines({ process: gate }: OwnGate): readonly Readonly<Record<string, unknown>>[] {
  return gate
    .stderr()
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}
