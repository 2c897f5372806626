// A shell that a page's blocks are run in, from top to bottom, with its variables and directory kept. Programs that stay are jobs of their
// own process group, so that they can be ended as Ctrl-C ends them, with all that they started.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Background, startProgram } from '../e2e/background.ts';
import { until } from '../e2e/wait.ts';

const STEP_TIMEOUT_MS = 120_000;
const START_TIMEOUT_MS = 300_000;
const END_TIMEOUT_MS = 30_000;

/** The shell of a page. */
export interface PageShell {
  /** Runs a step. @returns what it printed, both streams, and its exit code. */
  readonly run: (command: string) => Promise<{ readonly printed: string; readonly code: number }>;
  /** Starts a program that stays; resolves when it has printed `text`. @throws Error with what it printed when it ends before. */
  readonly stay: (command: string, text: string) => Promise<void>;
  /** Ends what stays, then itself. */
  readonly close: () => Promise<void>;
}

/** Starts a shell in `cwd`; `env` is added to our own. */
export async function openShell(cwd: string, env: Readonly<Record<string, string>>): Promise<PageShell> {
  const shell: Background = startProgram('bash', ['--noprofile', '--norc'], env);
  const logs = mkdtempSync(join(tmpdir(), 'postern-docs-'));
  const staying: number[] = [];
  let count = 0;
  let taken = 0;
  const run = async (command: string) => {
    const mark = `--end-of-step-${++count}-`;
    // Its input is the script: a command must not read the rest of it.
    shell.send(`{ ${command}\n} 2>&1 < /dev/null\necho "${mark}$?"\n`);
    const [, code] = await shell.seen(new RegExp(`${mark}(\\d+)\n`), STEP_TIMEOUT_MS);
    const all = shell.stdout();
    const end = all.indexOf(mark);
    const printed = all.slice(taken, end);
    taken = all.indexOf('\n', end) + 1;
    return { printed, code: Number(code) };
  };
  const stay = async (command: string, text: string) => {
    const log = join(logs, `${staying.length}.log`);
    writeFileSync(log, '');
    const { printed } = await run(`{ ${command}\n} > ${log} 2>&1 &\necho "started $!"`);
    const pid = Number(/started (\d+)/.exec(printed)?.[1]);
    if (!(pid > 0)) throw new Error(`not started: ${printed}`);
    staying.push(pid);
    const all = () => readFileSync(log, 'utf8');
    await until(`"${text}" of ${command}`, () => all().includes(text) || !isAlive(pid), START_TIMEOUT_MS);
    if (!all().includes(text)) throw new Error(`it ended: ${all()}`);
  };
  await run(`set -m; cd ${cwd}`);
  return {
    run,
    stay,
    close: async () => {
      for (const pid of staying.reverse()) await end(pid);
      await shell.kill();
      rmSync(logs, { recursive: true, force: true });
    },
  };
}

async function end(pid: number): Promise<void> {
  if (!isAlive(pid)) return;
  process.kill(-pid, 'SIGINT');
  await until(`the end of ${pid}`, () => !isAlive(pid), END_TIMEOUT_MS).catch(() => {
    process.kill(-pid, 'SIGKILL');
  });
}

/** Whether a process of this group is left. */
function isAlive(group: number): boolean {
  try {
    return process.kill(-group, 0);
  } catch {
    return false;
  }
}
