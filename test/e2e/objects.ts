// The objects that test files work on, made as administrator past the gate.

import type { Context } from './context.ts';
import { kubectl } from './context.ts';

const READY_SECONDS = 120;

/** A container's shell script: two web pages, a loop that speaks a line a second, and an end at once when told. */
const SERVE = [
  'trap "exit 0" TERM',
  'mkdir -p /tmp/a /tmp/b && echo "page a" >/tmp/a/index.html && echo "page b" >/tmp/b/index.html',
  'httpd -p 8081 -h /tmp/a && httpd -p 8082 -h /tmp/b',
  'echo "serving"',
  'while :; do sleep 1; done',
].join('\n');
const SPEAK = 'trap "exit 0" TERM; i=0; while :; do i=$((i+1)); echo "line $i"; sleep 1; done';
/** Waits for a word on its standard input and answers it; ends when that ends. */
const ANSWER = 'while read -r word; do echo "heard $word"; done; echo over';
const SILENT =
  'trap "exit 0" TERM; while [ ! -e /tmp/speak ]; do sleep 1; done; cat /tmp/speak; while :; do sleep 1; done';

/** What a container of a pod does. */
export type Script = 'serve' | 'speak' | 'answer' | 'silent';
const SCRIPTS: Readonly<Record<Script, string>> = {
  serve: SERVE,
  speak: SPEAK,
  answer: ANSWER,
  silent: SILENT,
};

/** A pod whose containers are named after what they do. */
export function podOf(context: Context, name: string, scripts: readonly Script[]): object {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: context.namespace, labels: { app: name } },
    spec: {
      terminationGracePeriodSeconds: 0,
      restartPolicy: 'Never',
      containers: scripts.map((script) => ({
        name: script,
        image: context.image,
        command: ['sh', '-c', SCRIPTS[script]],
        ...(script === 'answer' ? { stdin: true, stdinOnce: true } : {}),
        ...(script === 'serve'
          ? {
              readinessProbe: {
                exec: { command: ['wget', '-qO-', 'http://127.0.0.1:8082/'] },
                periodSeconds: 1,
              },
            }
          : {}),
      })),
    },
  };
}

/** Makes objects, with the newest kubectl. */
export async function createObjects(context: Context, objects: readonly object[]): Promise<void> {
  const input = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects });
  await asAdmin(context, ['apply', '-f', '-'], input);
}

/** Makes pods and waits until they are ready. */
export async function createPods(
  context: Context,
  pods: Readonly<Record<string, readonly Script[]>>,
): Promise<void> {
  await createObjects(
    context,
    Object.entries(pods).map(([name, scripts]) => podOf(context, name, scripts)),
  );
  const names = Object.keys(pods).map((name) => `pod/${name}`);
  await asAdmin(context, ['wait', '--for=condition=Ready', `--timeout=${READY_SECONDS}s`, ...names]);
}

/** Removes what there is of `names` (TYPE/NAME), without waiting. */
export async function removeObjects(context: Context, names: readonly string[]): Promise<void> {
  await asAdmin(context, ['delete', '--ignore-not-found', '--wait=false', ...names]);
}

/** Runs the newest stock kubectl as administrator past the gate. @throws Error with its stderr when it fails. */
export async function asAdmin(context: Context, args: readonly string[], input = ''): Promise<string> {
  const { path } = newest(context);
  const all = ['--namespace', context.namespace, ...args];
  const result = await kubectl(path, context.adminKubeconfig, all, { input, timeoutMs: 180_000 });
  if (result.code === 0) return result.stdout;
  throw new Error(`kubectl ${args.join(' ')}: ${result.stderr}`);
}

/** The newest stock kubectl; the machine's own comes after it and is marked. */
export function newest({ kubectls }: Pick<Context, 'kubectls'>): Context['kubectls'][number] {
  const stock = kubectls.filter(({ version }) => !version.includes('machine')).at(-1);
  if (stock === undefined) throw new Error('no stock kubectl');
  return stock;
}
