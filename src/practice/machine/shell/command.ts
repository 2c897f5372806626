// Runs the shell's simple commands: functions, built-ins and programs.

import { DEFAULT_PATH, findProgram } from '../lookup.ts';
import { Process, runCommand, type Stdio } from '../process.ts';
import { SIGPIPE, Signalled } from '../signals.ts';
import { BUILTINS } from './builtins.ts';
import { expandFields, expandText } from './expand.ts';
import { RedirectFailure, redirect } from './redirect.ts';
import { Jump, type Shell, ShellExit } from './shell.ts';
import type { ShellNode, SimpleCommand } from './syntax.ts';

const MAX_FUNCTION_DEPTH = 200;

/** Tells of a redirection that failed. @returns the command's code. */
export async function redirectFailed(shell: Shell, error: unknown, stdio: Stdio): Promise<number> {
  if (!(error instanceof RedirectFailure)) throw error;
  await shell.print(stdio.stderr, error.message);
  return 2;
}

/** How a function's body is run. */
export type RunBody = (body: ShellNode, stdio: Stdio) => Promise<number>;

/** Expands, redirects and runs a simple command. */
export async function runSimple(
  shell: Shell,
  node: SimpleCommand,
  stdio: Stdio,
  runBody: RunBody,
): Promise<number> {
  shell.substituted = undefined;
  const argv = await expandFields(node.words, shell);
  let streams: Stdio;
  try {
    streams = await redirect(shell, node.redirects, stdio);
  } catch (error) {
    return redirectFailed(shell, error, stdio);
  }
  const assigned: [string, string][] = [];
  for (const { name, word } of node.assignments) {
    const value = await expandText(word, shell);
    assigned.push([name, value]);
    // Alone, each is there for the next: `a=1 b=$a`.
    if (argv.length === 0) shell.set(name, value);
  }
  if (shell.options.has('x') && argv.length + assigned.length > 0) {
    const words = [...assigned.map(([name, value]) => `${name}=${value}`), ...argv];
    await shell.print(shell.stdio.stderr, `+ ${words.join(' ')}`);
  }
  if (argv.length === 0) return shell.substituted ?? 0;
  return runNamed(shell, argv, assigned, { stdio: streams, runBody });
}

/** A function, a built-in or a program. */
async function runNamed(
  shell: Shell,
  argv: readonly string[],
  assigned: readonly (readonly [string, string])[],
  { stdio, runBody }: { readonly stdio: Stdio; readonly runBody: RunBody },
): Promise<number> {
  const [name = '', ...args] = argv;
  const body = shell.functions.get(name);
  const builtin = BUILTINS.get(name);
  if (body === undefined && builtin === undefined) {
    const env = new Map([...shell.environment(), ...assigned]);
    return runProgram(shell, argv, env, stdio);
  }
  const restore = shell.remember(assigned.map(([variable]) => variable));
  for (const [variable, value] of assigned) {
    shell.set(variable, value);
    shell.mark(variable, 'exported');
  }
  try {
    if (body !== undefined) return await callFunction(shell, args, () => runBody(body, stdio));
    if (name === 'exec') return await replace(shell, args, stdio);
    return (await builtin?.(shell, args, stdio)) ?? 0;
  } finally {
    if (name !== 'export' && name !== 'readonly') restore();
  }
}

async function callFunction(
  shell: Shell,
  args: readonly string[],
  run: () => Promise<number>,
): Promise<number> {
  const { params, loops, locals } = shell;
  if (shell.depth >= MAX_FUNCTION_DEPTH) throw shell.fail('Maximum function recursion depth (200) reached');
  shell.params = args;
  shell.loops = 0;
  shell.locals = [];
  shell.depth += 1;
  try {
    return await run();
  } catch (error) {
    if (error instanceof Jump && error.kind === 'return') return error.count;
    throw error;
  } finally {
    for (const restore of shell.locals.reverse()) restore();
    shell.locals = locals;
    shell.params = params;
    shell.loops = loops;
    shell.depth -= 1;
  }
}

/** `exec`: without a command its redirections stay; with one, the shell ends with it. */
async function replace(shell: Shell, args: readonly string[], stdio: Stdio): Promise<number> {
  if (args.length === 0) {
    shell.stdio = stdio;
    return 0;
  }
  throw new ShellExit(await runProgram(shell, args, shell.environment(), stdio));
}

/** Runs a program to its end in a process of its own. */
async function runProgram(
  shell: Shell,
  argv: readonly string[],
  env: ReadonlyMap<string, string>,
  stdio: Stdio,
): Promise<number> {
  const { system } = shell;
  const found = findProgram(system, argv, shell.cwd, env.get('PATH') ?? DEFAULT_PATH);
  if (found.kind !== 'program') {
    const missing = found.kind === 'missing';
    await shell.print(
      stdio.stderr,
      `${shell.name}: ${argv[0]}: ${missing ? 'not found' : 'Permission denied'}`,
    );
    return missing ? 127 : 126;
  }
  const { spare } = shell;
  shell.spare = undefined;
  spare?.become(argv);
  const entry =
    spare ??
    system.processes.start({
      argv,
      ppid: shell.process.entry.pid,
      terminal: shell.process.entry.terminal,
      parent: shell.signal,
    });
  const process = new Process({ system, entry, argv: found.argv, env, cwd: shell.cwd, ...stdio });
  const { code, signal } = await runCommand(found.run, process);
  if (spare === undefined) entry.end();
  shell.signal.throwIfAborted();
  if (signal === SIGPIPE) throw new Signalled(SIGPIPE);
  return code;
}
