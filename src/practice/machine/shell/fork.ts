// Subshells: pipelines, command substitution and background commands, each in a process of its own.

import { EMPTY_SOURCE } from '../files/open.ts';
import { Pipe } from '../pipe.ts';
import { CannotFork, Process, type ProcessEntry, type Stdio } from '../process.ts';
import { SIGHUP, Signalled } from '../signals.ts';
import { ArithmeticFailure } from './arithmetic.ts';
import { Jump, type Shell, ShellExit, ShellFailure } from './shell.ts';
import { SyntaxFailure } from './syntax.ts';

/** The longest output that a command substitution takes. Bytes. */
const MAX_CAPTURED = 4 * 1024 * 1024;
const MAX_DEPTH = 50;

/** Something that a shell runs. */
export type Work = (shell: Shell, stdio: Stdio) => Promise<number>;

/** What a fork is told. */
export interface ForkOptions {
  readonly stdio: Stdio;
  readonly argv: readonly string[];
  /** Whether the work is one command, which the new process may become. */
  readonly single: boolean;
  /** What ends it; the shell's present signal unless told. */
  readonly parent?: AbortSignal;
}

/** Runs work in a subshell. @throws CannotFork at once. */
export function startFork(
  shell: Shell,
  work: Work,
  options: ForkOptions,
): { readonly entry: ProcessEntry; readonly done: Promise<number> } {
  if (shell.forks >= MAX_DEPTH) throw new CannotFork('Cannot fork');
  const { system } = shell;
  const entry = system.processes.start({
    argv: options.argv,
    ppid: shell.process.entry.pid,
    terminal: shell.process.entry.terminal,
    parent: options.parent ?? shell.signal,
  });
  // What it was told to ignore; what an interactive shell ignores by itself is not passed on.
  for (const [signal, action] of shell.traps) if (signal > 0 && action === '') entry.ignored.add(signal);
  const argv = [shell.name];
  const process = new Process({ system, entry, argv, env: new Map(), cwd: shell.cwd, ...options.stdio });
  const child = shell.fork(process);
  child.stdio = options.stdio;
  if (options.single) child.spare = entry;
  const done = runShell(child, () => work(child, options.stdio)).finally(() => entry.end());
  return { entry, done };
}

/** Runs work to its end, whatever it throws; then the EXIT trap, and the end of its jobs. @returns the exit code. */
export async function runShell(shell: Shell, work: () => Promise<number>): Promise<number> {
  let code = await guarded(shell, work);
  const action = shell.traps.get(0);
  shell.traps.delete(0);
  if (action !== undefined && action !== '' && !shell.process.signal.aborted) {
    shell.status = code;
    const after = await guarded(shell, async () => {
      await shell.evaluate(shell, action, shell.stdio);
      throw new ShellExit(code);
    });
    code = after;
  }
  for (const { entry } of shell.jobs.values()) entry.kill(SIGHUP);
  await Promise.all([...shell.jobs.values()].map(({ done }) => done));
  return code & 255;
}

async function guarded(shell: Shell, work: () => Promise<number>): Promise<number> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof ShellExit) return error.code;
    if (error instanceof Jump) return error.kind === 'return' ? error.count : 0;
    if (error instanceof Signalled) return error.exitCode;
    const message = failureMessage(shell, error);
    await shell.print(shell.stdio.stderr, message).catch(() => {});
    return 2;
  }
}

/** What a shell prints of an error that ends it or, interactive, the line. */
export function failureMessage(shell: Shell, error: unknown): string {
  if (error instanceof ShellFailure) return error.message;
  if (error instanceof CannotFork) return `${shell.name}: Cannot fork`;
  if (error instanceof ArithmeticFailure) return `${shell.name}: ${error.message}`;
  if (error instanceof SyntaxFailure) return `${shell.name}: ${error.line}: Syntax error: ${error.message}`;
  return `${shell.name}: ${error instanceof Error ? error.message : String(error)}`;
}

/** Runs a pipeline's stages beside each other; the code is the last one's. */
export async function runPipeline(
  shell: Shell,
  stages: readonly { readonly work: Work; readonly single: boolean }[],
  stdio: Stdio,
): Promise<number> {
  const pipes = stages.slice(1).map(() => new Pipe());
  const codes: Promise<number>[] = [];
  let failure: unknown;
  for (const [index, { work, single }] of stages.entries()) {
    const input = pipes[index - 1];
    const output = pipes[index];
    const streams = { ...stdio, stdin: input ?? stdio.stdin, stdout: output ?? stdio.stdout };
    try {
      const { done } = startFork(shell, work, { stdio: streams, argv: [shell.name], single });
      codes.push(
        done.finally(() => {
          output?.end();
          input?.break();
        }),
      );
    } catch (error) {
      failure = error;
      output?.end();
      input?.break();
    }
  }
  const all = await Promise.all(codes);
  if (failure !== undefined) throw failure;
  shell.signal.throwIfAborted();
  return all.at(-1) ?? 0;
}

/** The output of commands without the newlines at its end; how they ended is kept as `substituted`. */
export async function captureOutput(shell: Shell, work: Work): Promise<string> {
  const pipe = new Pipe();
  const stdio = { ...shell.stdio, stdout: pipe };
  const { done } = startFork(shell, work, { stdio, argv: [shell.name], single: false });
  const ended = done.finally(() => pipe.end());
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for (;;) {
      const chunk = await pipe.read(shell.signal);
      if (chunk === undefined) break;
      chunks.push(chunk);
      size += chunk.length;
      if (size > MAX_CAPTURED) throw shell.fail('Out of space');
    }
  } finally {
    pipe.break();
    shell.substituted = await ended;
  }
  return Buffer.concat(chunks).toString('utf8').replaceAll('\0', '').replace(/\n+$/, '');
}

/** Starts work that the shell does not wait for. @returns its pid. */
export function startJob(
  shell: Shell,
  work: Work,
  stdio: Stdio,
  { source, single }: { readonly source: string; readonly single: boolean },
): number {
  const streams = shell.interactive ? stdio : { ...stdio, stdin: EMPTY_SOURCE };
  const { entry, done } = startFork(shell, work, {
    stdio: streams,
    argv: [source],
    single,
    parent: shell.process.signal,
  });
  shell.jobs.set(entry.pid, { done, entry });
  shell.lastJob = entry.pid;
  return entry.pid;
}
