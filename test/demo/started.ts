// A demo that runs, as a process of its own, for one test file: started as a person would, with --output json so that its facts can be read.

import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Fact } from '../../src/demo/facts.ts';
import type { ReadyFacts } from '../../src/demo/screen.ts';
import type { Summary } from '../../src/demo/tally.ts';
import { type RunOptions, type RunResult, run } from '../cluster/run.ts';
import { type Background, startProgram } from '../e2e/background.ts';
import { type Protocol, protocolEnv } from '../e2e/context.ts';

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
const KUBECTL_TIMEOUT_MS = 60_000;

/** A line of the demo's standard output. */
export type DemoEvent =
  | ({ readonly event: 'ready' } & ReadyFacts)
  | ({ readonly event: 'summary' } & Summary)
  | Fact;

/** A running demo. */
export interface StartedDemo {
  readonly process: Background;
  readonly ready: ReadyFacts;
  /** What it has said so far. */
  readonly events: () => readonly DemoEvent[];
  /** Environment of a client; its caches and home lie in a directory of the tests. */
  readonly env: Readonly<Record<string, string>>;
  /** Ends it as Ctrl-C does. @returns its last table. */
  readonly stop: () => Promise<Summary>;
}

/** How a kubectl is run. */
export interface KubectlOptions extends RunOptions {
  /** A context of the demo's kubeconfig; default erin. */
  readonly as?: string;
  readonly protocol?: Protocol;
}

/** Starts a demo and waits until it is ready. `dir` is where kubectl's caches go. */
export async function startDemo(dir: string, args: readonly string[] = []): Promise<StartedDemo> {
  const program = startProgram(process.execPath, [MAIN, 'demo', '--output', 'json', ...args]);
  try {
    await program.seen(/^\{"event":"ready".*\n/m);
  } catch (error) {
    await program.kill();
    throw error;
  }
  const events = () => readEvents(program.stdout());
  const ready = events().find((one) => one.event === 'ready');
  if (ready === undefined) throw new Error('no ready line');
  const home = mkdtempSync(join(dir, 'home-'));
  return {
    process: program,
    ready,
    events,
    env: { KUBECONFIG: ready.kubeconfig, HOME: home, KUBECACHEDIR: join(home, 'cache') },
    stop: async () => {
      await program.kill('SIGINT');
      const summary = events().find((one) => one.event === 'summary');
      if (summary === undefined) throw new Error(`no summary: ${program.stderr()}`);
      return summary;
    },
  };
}

/** Runs a kubectl against a demo. */
export function kubectl(
  demo: StartedDemo,
  path: string,
  args: readonly string[],
  { as = 'erin', protocol = 'websocket', ...options }: KubectlOptions = {},
): Promise<RunResult> {
  return run(path, ['--context', as, ...args], {
    timeoutMs: KUBECTL_TIMEOUT_MS,
    ...options,
    env: { ...demo.env, ...protocolEnv(protocol), ...options.env },
  });
}

/** Starts a kubectl that goes on. */
export function startKubectl(
  demo: StartedDemo,
  path: string,
  args: readonly string[],
  { as = 'erin', protocol = 'websocket' }: Pick<KubectlOptions, 'as' | 'protocol'> = {},
): Background {
  return startProgram(path, ['--context', as, ...args], { ...demo.env, ...protocolEnv(protocol) });
}

function readEvents(stdout: string): DemoEvent[] {
  return stdout
    .slice(0, stdout.lastIndexOf('\n') + 1)
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as DemoEvent);
}
