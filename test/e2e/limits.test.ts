// Large requests: what works direct works through the gate, and what is too large is refused by the API server, in its own words.

import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import type { RunResult } from '../cluster/run.ts';
import { kubectl, type Protocol, protocolEnv, readContext } from './context.ts';
import { auditEvent } from './evidence.ts';
import { createPods, newest, removeObjects } from './objects.ts';
import { aliceToken, writeKubeconfig } from './people.ts';

const POD = 'limits';
const PROTOCOLS = ['websocket', 'spdy'] as const;
const TOKEN_BYTES = 60_000;
const SELECTOR_BYTES = 37_000;
const ARGUMENTS = 1_500;
const ARGUMENT_BYTES = 60_000;
const GROUPS = 200;

const context = readContext();
const { path } = newest(context);
const { adminKubeconfig: direct } = context;
const { alice: gate } = context.kubeconfigs;

await createPods(context, { [POD]: ['serve'] });
t.teardown(() => removeObjects(context, [`pod/${POD}`]));

t.test('a token of 60 KB', async (t) => {
  // Three bytes of claims are four of the token.
  const token = await aliceToken(context, { blob: randomBytes((TOKEN_BYTES * 3) / 8).toString('hex') });
  t.ok(token.length > TOKEN_BYTES, `${token.length} bytes`);
  const kubeconfig = writeKubeconfig(context, 'big-token', { user: { token } });
  t.match(await as(kubeconfig, ['get', 'pod', POD, '-o', 'name']), { code: 0, stdout: `pod/${POD}\n` });
  for (const protocol of PROTOCOLS) {
    const exec = await as(kubeconfig, ['exec', POD, '--', 'echo', 'fits'], protocol);
    t.match(exec, { code: 0, stdout: 'fits\n', stderr: '' }, protocol);
  }
});

t.test('200 groups', async (t) => {
  const groups = Array.from({ length: GROUPS - 1 }, (_, i) => `team-${i}-with-a-name-of-some-length`);
  const token = await aliceToken(context, { groups: ['engineers', ...groups] });
  const kubeconfig = writeKubeconfig(context, 'many-groups', { user: { token } });
  const get = await as(kubeconfig, ['get', 'pod', POD, '-o', 'name']);
  t.match(get, { code: 0, stdout: `pod/${POD}\n` });
  const exec = await as(kubeconfig, ['exec', POD, '--', 'echo', 'many-groups']);
  t.match(exec, { code: 0, stdout: 'many-groups\n' });
  if (context.auditLog === '') return;
  const { impersonatedUser } = await auditEvent(context, 'command=many-groups');
  t.same(impersonatedUser?.groups, ['engineers', ...groups, 'system:authenticated']);
});

t.test('a label selector of 37 KB', async (t) => {
  const values = Array.from({ length: SELECTOR_BYTES / 50 }, (_, i) => `v${i}`.padEnd(47, 'x'));
  await same(t, ['get', 'pods', '-l', `app in (${POD},${values.join(',')})`, '-o', 'name'], {
    code: 0,
    stdout: `pod/${POD}\n`,
  });
});

for (const protocol of PROTOCOLS) {
  t.test(`exec with 1,500 arguments, ${protocol}`, async (t) => {
    const words = Array.from({ length: ARGUMENTS }, (_, i) => `word${i}`);
    const command = ['exec', POD, '--', 'sh', '-c', 'echo $# $1500', 'sh', ...words];
    await same(t, command, { code: 0, stdout: /^1500 / }, protocol);
  });

  t.test(`exec with one argument of 60 KB, ${protocol}`, async (t) => {
    const command = ['exec', POD, '--', 'sh', '-c', 'echo $' + '{#1}', 'sh', 'x'.repeat(ARGUMENT_BYTES)];
    await same(t, command, { code: 0, stdout: `${ARGUMENT_BYTES}\n` }, protocol);
  });
}

t.test('a ConfigMap of 900 KB, and one of 3.5 MB that is too large', async (t) => {
  const apply = ['apply', '--server-side', '--force-conflicts', '-f'];
  await same(t, [...apply, configMap('large', 900_000)], { code: 0, stdout: /serverside-applied/ });
  await same(t, ['apply', '-f', configMap('large', 900_000)], { code: 1, stderr: /Too long/ });
  await same(t, ['create', '-f', configMap('too-large', 3_500_000)], { code: 1, stderr: /too large/ });
  await removeObjects(context, ['configmap/large']);
});

t.test('helm: install, upgrade, rollback and uninstall, with a release of 700 KB', async (t) => {
  const blob = join(context.dir, 'blob');
  writeFileSync(blob, randomBytes(260_000).toString('base64'));
  const chart = new URL('chart', import.meta.url).pathname;
  const values = ['--values', join(chart, 'big.yaml'), '--set-file', `blob=${blob}`];
  const wait = ['--wait', '--timeout', '120s'];
  const image = ['--set', `image=${context.image}`];
  const steps = [
    ['install', 'demo', chart, ...wait, ...image],
    ['upgrade', 'demo', chart, ...wait, ...image, ...values],
    ['get', 'manifest', 'demo'],
    ['rollback', 'demo', '1', ...wait],
    ['status', 'demo'],
    ['uninstall', 'demo', ...wait],
  ];
  for (const args of steps) {
    const result = await helm(args);
    t.equal(result.code, 0, `helm ${args[0]}: ${result.stderr}`);
    if (args[0] === 'get') t.ok(result.stdout.length > 340_000, 'the big manifest came back whole');
    if (args[0] === 'status') t.match(result.stdout, /REVISION: 3/);
  }
});

function helm(args: readonly string[]): Promise<RunResult> {
  return kubectl(context.helm, gate, ['--namespace', context.namespace, ...args], { timeoutMs: 240_000 });
}

function as(
  kubeconfig: string,
  args: readonly string[],
  protocol: Protocol = 'websocket',
): Promise<RunResult> {
  const all = ['--namespace', context.namespace, ...args];
  return kubectl(path, kubeconfig, all, { env: protocolEnv(protocol) });
}

/** The same both ways, and as expected. */
async function same(
  test: Test,
  args: readonly string[],
  expected: object,
  protocol: Protocol = 'websocket',
): Promise<void> {
  const one = await as(direct, args, protocol);
  const other = await as(gate, args, protocol);
  test.same(short(other), short(one), 'as direct');
  test.match(other, expected);
}

/** Failures print only so much. */
function short({ code, stdout, stderr }: RunResult): object {
  return { code, stdout: stdout.slice(0, 500), stderr: stderr.slice(0, 500) };
}

function configMap(name: string, bytes: number): string {
  const file = join(context.dir, `${name}.json`);
  const object = {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name, namespace: context.namespace },
    data: { value: 'x'.repeat(bytes) },
  };
  writeFileSync(file, JSON.stringify(object));
  return file;
}
