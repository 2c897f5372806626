// What the shell does itself, because it changes the shell.

import { FileError } from '../files/node.ts';
import { absolute } from '../files/tree.ts';
import { DEFAULT_PATH, pathOf } from '../lookup.ts';
import { Process, type Stdio } from '../process.ts';
import { signalNumber } from '../signals.ts';
import { Jump, type Shell, ShellExit } from './shell.ts';
import { type Builtin, local, mark, quoted, read, set, unset } from './variables.ts';

/** Programs that run in the shell itself, for they are quick and have no state. */
const QUICK = ['echo', 'printf', 'test', '[', 'true', 'false', 'pwd', 'kill'];

/** Name → what it does. `exec` is the runner's. */
export const BUILTINS: ReadonlyMap<string, Builtin> = new Map<string, Builtin>([
  [':', async () => 0],
  ['.', source],
  ['source', source],
  ['break', jump('break')],
  ['continue', jump('continue')],
  ['return', async (shell, args) => throwing(new Jump('return', await codeOf(shell, args)))],
  ['exit', async (shell, args) => throwing(new ShellExit(await codeOf(shell, args)))],
  ['cd', changeDirectory],
  ['command', command],
  ['eval', (shell, args, stdio) => shell.evaluate(shell, args.join(' '), stdio)],
  ['exec', async () => 0],
  ['export', mark('exported')],
  ['help', help],
  ['jobs', jobs],
  ['local', local],
  ['read', read],
  ['readonly', mark('readonly')],
  ['set', set],
  ['shift', shift],
  ['trap', trap],
  ['type', type],
  ['umask', async (shell, args, { stdout }) => (args.length > 0 ? 0 : printed(shell, stdout, '0022'))],
  ['unset', unset],
  ['wait', wait],
  ...QUICK.map((name): [string, Builtin] => [name, quick(name)]),
]);

function throwing(error: Error): never {
  throw error;
}

async function printed(shell: Shell, sink: Stdio['stdout'], text: string): Promise<number> {
  await shell.print(sink, text);
  return 0;
}

async function codeOf(shell: Shell, [text]: readonly string[]): Promise<number> {
  if (text === undefined) return shell.status;
  if (!/^\d{1,9}$/.test(text)) throw shell.fail(`exit: Illegal number: ${text}`);
  return Number(text) & 255;
}

function jump(kind: 'break' | 'continue'): Builtin {
  return async (shell, [text = '1']) => {
    if (!/^[1-9]\d{0,8}$/.test(text)) throw shell.fail(`${kind}: Illegal number: ${text}`);
    if (shell.loops === 0) return 0;
    throw new Jump(kind, Number(text));
  };
}

function quick(name: string): Builtin {
  return async (shell, args, stdio) => {
    const { system, process, signal, cwd } = shell;
    const entry = { ...process.entry, signal };
    const env = shell.environment();
    const inside = new Process({ system, entry, argv: [name, ...args], env, cwd, ...stdio });
    try {
      return (await system.programs.get(name)?.run(inside)) ?? 127;
    } catch (error) {
      if (!(error instanceof FileError)) throw error;
      await inside.warn(error.message);
      return 1;
    }
  };
}

async function source(shell: Shell, [path]: readonly string[], stdio: Stdio): Promise<number> {
  if (path === undefined) return 0;
  const node = shell.files.peek(absolute(shell.cwd, path));
  if (node?.kind !== 'file') throw shell.fail(`.: cannot open ${path}: No such file`);
  return shell.evaluate(shell, node.content.all().toString('utf8'), stdio);
}

async function changeDirectory(shell: Shell, args: readonly string[], stdio: Stdio): Promise<number> {
  const [asked = shell.get('HOME') ?? '/'] = args.filter(
    (arg) => arg !== '--' && arg !== '-P' && arg !== '-L',
  );
  const path = asked === '-' ? (shell.get('OLDPWD') ?? shell.cwd) : asked;
  try {
    shell.changeDirectory(path === '' ? '.' : path);
  } catch (error) {
    if (!(error instanceof FileError)) throw error;
    await shell.print(stdio.stderr, `${shell.name}: cd: can't cd to ${path}`);
    return 2;
  }
  if (asked === '-') await shell.print(stdio.stdout, shell.cwd);
  return 0;
}

/** `command -v name` tells; `command name` runs it as it is. */
async function command(shell: Shell, args: readonly string[], stdio: Stdio): Promise<number> {
  const [first, name = ''] = args;
  if (first !== '-v' && first !== '-V') return shell.evaluate(shell, args.map(quoted).join(' '), stdio);
  if (shell.functions.has(name) || BUILTINS.has(name)) return printed(shell, stdio.stdout, name);
  const path = pathOf(shell.system, name, shell.cwd, shell.get('PATH') ?? DEFAULT_PATH);
  return path === undefined ? 127 : printed(shell, stdio.stdout, path);
}

async function type(shell: Shell, names: readonly string[], { stdout }: Stdio): Promise<number> {
  let code = 0;
  for (const name of names) {
    const path = pathOf(shell.system, name, shell.cwd, shell.get('PATH') ?? DEFAULT_PATH);
    const kind = shell.functions.has(name)
      ? 'a shell function'
      : BUILTINS.has(name)
        ? 'a shell builtin'
        : (path ?? 'not found').replace(/^not found$/, '');
    if (kind === '') code = 127;
    await shell.print(stdout, kind === '' ? `${name}: not found` : `${name} is ${kind}`);
  }
  return code;
}

async function shift(shell: Shell, [text = '1']: readonly string[]): Promise<number> {
  if (!/^\d{1,9}$/.test(text)) throw shell.fail(`shift: Illegal number: ${text}`);
  if (Number(text) > shell.params.length) throw shell.fail("shift: can't shift that many");
  shell.params = shell.params.slice(Number(text));
  return 0;
}

/** EXIT's action is run and an empty action makes a signal ignored; other actions are accepted and never run. */
async function trap(shell: Shell, args: readonly string[], { stdout }: Stdio): Promise<number> {
  const [action, ...names] = args[0] === '--' ? args.slice(1) : args;
  if (action === undefined) {
    for (const [signal, text] of shell.traps) {
      await shell.print(stdout, `trap -- ${quoted(text)} ${signal === 0 ? 'EXIT' : signal}`);
    }
    return 0;
  }
  const resets = action === '-' || names.length === 0;
  for (const name of names.length === 0 ? [action] : names) {
    const signal = name === 'EXIT' ? 0 : signalNumber(name);
    if (signal === undefined) throw shell.fail(`trap: ${name}: bad trap`);
    shell.process.entry.ignored.delete(signal);
    if (resets) shell.traps.delete(signal);
    else shell.traps.set(signal, action);
    if (!resets && action === '') shell.process.entry.ignored.add(signal);
  }
  return 0;
}

async function jobs(shell: Shell, _args: readonly string[], { stdout }: Stdio): Promise<number> {
  let number = 0;
  for (const { entry } of shell.jobs.values()) {
    number += 1;
    if (shell.system.processes.get(entry.pid) === undefined) continue;
    await shell.print(stdout, `[${number}]  Running                    ${entry.argv().join(' ')}`);
  }
  return 0;
}

async function wait(shell: Shell, pids: readonly string[]): Promise<number> {
  let code = 0;
  const waited = pids.length === 0 ? [...shell.jobs.keys()] : pids.map(Number);
  for (const pid of waited) {
    const job = shell.jobs.get(pid);
    if (job === undefined) {
      code = 127;
      continue;
    }
    code = await Promise.race([job.done, aborted(shell.signal)]);
    shell.signal.throwIfAborted();
    shell.jobs.delete(pid);
  }
  return pids.length === 0 ? 0 : code;
}

function aborted(signal: AbortSignal): Promise<number> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(0);
    else signal.addEventListener('abort', () => resolve(0), { once: true });
  });
}

async function help(shell: Shell, _args: readonly string[], { stdout }: Stdio): Promise<number> {
  const own = [...BUILTINS.keys()].sort().join(' ');
  const programs = [...shell.system.programs.keys()].sort().join(' ');
  return printed(
    shell,
    stdout,
    `This is a practice machine of Postern: a small shell, in memory, that runs nothing on any computer.\nThe shell itself has: ${own}\nPrograms: ${programs}\n'NAME --help' says what a program takes.`,
  );
}
