// The person who goes through the gate's Service with stock kubectl, and what she does there.

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { TEST_NAMESPACE } from '../cluster/cluster.ts';
import { type RunResult, run } from '../cluster/run.ts';
import { type Background, startProgram } from '../e2e/background.ts';
import { type Protocol, protocolEnv } from '../e2e/context.ts';
import { until } from '../e2e/wait.ts';
import { admin, adminOrFail, type Context } from './context.ts';
import { type GatePod, gatePods, NAME, tokenOfAlice } from './gate.ts';

/** What alice does through the gate with stock kubectl. */
export interface Alice {
  readonly kubeconfig: string;
  readonly run: (args: readonly string[], protocol?: Protocol) => Promise<RunResult>;
  readonly start: (args: readonly string[], protocol?: Protocol) => Background;
}

/** Alice with the kubeconfig that NOTES.txt made. */
export function aliceWith(context: Context, kubeconfig: string): Alice {
  const env = (protocol: Protocol) => ({
    KUBECONFIG: kubeconfig,
    HOME: context.dir,
    ...protocolEnv(protocol),
  });
  const all = (args: readonly string[]) => [
    '--kubeconfig',
    kubeconfig,
    '--namespace',
    TEST_NAMESPACE,
    ...args,
  ];
  return {
    kubeconfig,
    run: (args, protocol = 'websocket') => admin(context, all(args), { env: env(protocol) }),
    start: (args, protocol = 'websocket') => startProgram(context.kubectl, all(args), env(protocol)),
  };
}

/** Makes the pod that sessions go to, in the namespace of the tests' own objects. */
export async function makeTarget(context: Context): Promise<void> {
  const pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'target', namespace: TEST_NAMESPACE },
    spec: {
      terminationGracePeriodSeconds: 0,
      containers: [{ name: 'c', image: context.testImage, command: ['sh', '-c', COUNT_ALWAYS] }],
    },
  };
  await adminOrFail(context, [
    'delete',
    'pod',
    'target',
    '--namespace',
    TEST_NAMESPACE,
    '--ignore-not-found',
  ]);
  await adminOrFail(context, ['create', '-f', '-'], { input: JSON.stringify(pod) });
  await adminOrFail(context, [
    'wait',
    '--namespace',
    TEST_NAMESPACE,
    '--for=condition=Ready',
    '--timeout=60s',
    'pod/target',
  ]);
}

const COUNT_ALWAYS = 'trap "exit 0" TERM; i=0; while :; do i=$((i+1)); echo "line $i"; sleep 1; done';

/** Opens an exec that counts until the file /tmp/NAME is there, and then ends with 7. */
export async function openCounting(alice: Alice, name: string, protocol: Protocol): Promise<Background> {
  const script = `i=0; while [ ! -e /tmp/${name} ]; do i=$((i+1)); echo "count $i"; sleep 1; done; exit 7`;
  const session = alice.start(['exec', 'target', '--', 'sh', '-c', script], protocol);
  await session.seen(/count 1\b/);
  return session;
}

/** Waits until it has counted three further than it has now. */
export async function countsOn(session: Background): Promise<void> {
  const last = Number([...session.stdout().matchAll(/count (\d+)/g)].at(-1)?.[1] ?? 0);
  await session.seen(new RegExp(`count ${last + 3}\\b`));
}

/** Ends a counting exec from within, past the gate. */
export async function letEnd(context: Context, name: string): Promise<void> {
  await adminOrFail(context, [
    'exec',
    '--namespace',
    TEST_NAMESPACE,
    'target',
    '--',
    'touch',
    `/tmp/${name}`,
  ]);
}

/** Runs the commands that NOTES.txt prints, in `dir`, as a person would paste them. */
export async function followNotes(
  context: Context,
  notes: string,
  dir: string,
): Promise<RunResult & { readonly script: string }> {
  mkdirSync(dir, { recursive: true });
  const bin = join(context.dir, 'notes-bin');
  mkdirSync(bin, { recursive: true });
  for (const name of ['kubectl', 'helm'] as const) {
    const wrapper = `#!/bin/sh\nexec '${context[name]}' "$@"\n`;
    writeFileSync(join(bin, name), wrapper, { mode: 0o755 });
  }
  const commands = notes.split('\n').filter((line) => line.startsWith('  '));
  const script = ['set -eu', ...commands].join('\n');
  const env = {
    PATH: `${bin}:${process.env['PATH']}`,
    HOME: context.dir,
    KUBECONFIG: context.adminKubeconfig,
    TOKEN: await tokenOfAlice(context),
  };
  return { ...(await run('sh', ['-c', script], { cwd: dir, env, timeoutMs: 180_000 })), script };
}

/** Asks every replica, each by its own address, until all answer `question` with success, or all with failure. @returns the last stderr. */
export async function untilAll(
  context: Context,
  alice: Alice,
  question: readonly string[],
  wanted: 'done' | 'refused',
): Promise<string> {
  let last = '';
  const asked = async ({ address }: GatePod) => {
    const { code, stderr } = await alice.run(['--server', `https://${address}:8443`, ...question]);
    last = stderr;
    return (code === 0) === (wanted === 'done');
  };
  await until(
    `kubectl ${question.join(' ')} to be ${wanted} by every replica`,
    async () =>
      (await Promise.all((await gatePods(context)).filter(({ isEnding }) => !isEnding).map(asked))).every(
        Boolean,
      ),
    90_000,
  );
  return last;
}

/** What every replica is asked to see which configuration it has. */
export const SECRETS = ['--tls-server-name', NAME, 'get', 'secrets'] as const;
