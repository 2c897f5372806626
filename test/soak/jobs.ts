// What people do with kubectl in the soak, over and over: each job says what it wants to see, and throws with what came instead.

import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type RunResult, run } from '../cluster/run.ts';
import { startProgram } from '../e2e/background.ts';
import { kubeEnv, type Protocol, protocolEnv } from '../e2e/context.ts';
import type { Lab } from './lab.ts';

const COMMAND_MS = 90_000;
const PIPE_BYTES = 200_000;
const COPY_BYTES = 1_000_000;

/** Somebody with a kubectl. */
export interface Hands {
  readonly lab: Lab;
  readonly kubectl: string;
  readonly protocol: Protocol;
  readonly person: string;
  /** Another one for each job: for names of objects. */
  readonly number: number;
  /** Counts bytes that were compared. */
  readonly compared: (bytes: number) => void;
}

/** One thing that is done. @throws Error with what was seen instead */
export interface Job {
  readonly name: string;
  readonly act: (hands: Hands) => Promise<void>;
}

/** Everything. */
export const JOBS: readonly Job[] = [
  { name: 'get', act: (hands) => says(hands, ['get', 'pod', hands.lab.pod], /goclient +1\/1 +Running/) },
  { name: 'list as JSON', act: (hands) => says(hands, ['get', 'pods', '-o', 'json'], /"name": "goclient"/) },
  { name: 'apply, change, get, delete', act: apply },
  { name: 'get -w', act: watch },
  { name: 'logs', act: (hands) => says(hands, ['logs', hands.lab.pod, '--tail=3'], /^line \d+\n/) },
  { name: 'logs -f', act: follow },
  { name: 'exec: output, errors, exit code', act: exec },
  { name: 'exec -i: a pipe', act: pipe },
  { name: 'cp up and down', act: copy },
  { name: 'port-forward', act: forward },
  { name: 'not found', act: notFound },
];

async function kubectl(
  hands: Hands,
  args: readonly string[],
  input?: string | Uint8Array,
): Promise<RunResult> {
  return run(hands.kubectl, args, {
    timeoutMs: COMMAND_MS,
    env: envOf(hands),
    ...(input === undefined ? {} : { input }),
  });
}

function envOf({ lab, person, protocol }: Hands): Readonly<Record<string, string>> {
  return { ...kubeEnv(lab.kubeconfigOf(person)), ...protocolEnv(protocol) };
}

function start(hands: Hands, args: readonly string[]) {
  return startProgram(hands.kubectl, args, envOf(hands));
}

function expect(is: boolean, { code, stdout, stderr }: RunResult): void {
  if (!is) throw new Error(`exit code ${code}: ${stderr.slice(-400)} ${stdout.slice(-200)}`);
}

async function says(hands: Hands, args: readonly string[], pattern: RegExp): Promise<void> {
  const result = await kubectl(hands, args);
  expect(result.code === 0 && pattern.test(result.stdout), result);
}

function configMap(hands: Hands, value: string): string {
  const metadata = { name: `soak-${hands.number}`, labels: { of: `soak-${hands.number}` } };
  return JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { value } });
}

async function apply(hands: Hands): Promise<void> {
  const name = `soak-${hands.number}`;
  for (const value of ['one', 'two']) {
    const applied = await kubectl(hands, ['apply', '-f', '-'], configMap(hands, value));
    expect(applied.code === 0, applied);
  }
  await says(hands, ['get', 'configmap', name, '-o', 'jsonpath={.data.value}'], /^two$/);
  const deleted = await kubectl(hands, ['delete', 'configmap', name]);
  expect(deleted.code === 0, deleted);
}

async function watch(hands: Hands): Promise<void> {
  const name = `soak-${hands.number}`;
  // There before it is watched, so that the watch has surely begun when its line is seen; then the change.
  await kubectl(hands, ['apply', '-f', '-'], configMap(hands, 'one'));
  const watching = start(hands, ['get', 'configmaps', '-w', '--no-headers', '-l', `of=${name}`]);
  try {
    await watching.seen(new RegExp(`^${name} `, 'm'));
    const deleted = await kubectl(hands, ['delete', 'configmap', name]);
    expect(deleted.code === 0, deleted);
    await watching.seen(new RegExp(`^${name} [^]*^${name} `, 'm'));
  } finally {
    await watching.kill();
  }
}

async function follow(hands: Hands): Promise<void> {
  const following = start(hands, ['logs', '-f', hands.lab.pod, '--tail=1']);
  try {
    await following.seen(/line \d+\nline \d+\nline \d+\n/);
  } finally {
    await following.kill();
  }
}

async function exec(hands: Hands): Promise<void> {
  const result = await kubectl(hands, [
    'exec',
    hands.lab.pod,
    '--',
    'sh',
    '-c',
    'echo out; echo err >&2; exit 3',
  ]);
  expect(result.code === 3 && result.stdout === 'out\n' && result.stderr.startsWith('err\n'), result);
}

async function pipe(hands: Hands): Promise<void> {
  const input = randomBytes(PIPE_BYTES);
  const result = await kubectl(hands, ['exec', '-i', hands.lab.pod, '--', 'sha256sum'], input);
  expect(result.code === 0 && result.stdout.startsWith(sha256(input)), result);
  hands.compared(PIPE_BYTES);
}

async function copy(hands: Hands): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'postern-soak-'));
  const there = `${hands.lab.pod}:/tmp/soak-${hands.number}`;
  try {
    const content = randomBytes(COPY_BYTES);
    writeFileSync(join(folder, 'up'), content);
    const up = await kubectl(hands, ['cp', join(folder, 'up'), there]);
    expect(up.code === 0, up);
    const down = await kubectl(hands, ['cp', there, join(folder, 'down')]);
    expect(down.code === 0 && content.equals(readFileSync(join(folder, 'down'))), down);
    await kubectl(hands, ['exec', hands.lab.pod, '--', 'rm', `/tmp/soak-${hands.number}`]);
    hands.compared(2 * COPY_BYTES);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function forward(hands: Hands): Promise<void> {
  const { pod, page } = hands.lab;
  const forwarding = start(hands, ['port-forward', `pod/${pod}`, `:${page.port}`]);
  try {
    const [, port] = await forwarding.seen(/127\.0\.0\.1:(\d+) -> \d+\n/);
    for (let i = 0; i < 3; i++) {
      const response = await fetch(`http://127.0.0.1:${port}/`, {
        signal: AbortSignal.timeout(COMMAND_MS),
        headers: { connection: 'close' },
      });
      const text = await response.text();
      if (text !== page.text)
        throw new Error(`the page says ${JSON.stringify(text)}: ${forwarding.stderr()}`);
    }
  } finally {
    await forwarding.kill();
  }
}

async function notFound(hands: Hands): Promise<void> {
  const result = await kubectl(hands, ['get', 'pod', 'nobody']);
  expect(result.code === 1 && /"nobody" not found/.test(result.stderr), result);
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
