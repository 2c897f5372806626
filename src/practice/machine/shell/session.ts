// `sh` as a program: `sh -c text [name args…]`, `sh script args…`, a script from stdin, or a conversation on a terminal.

import { absolute } from '../files/tree.ts';
import type { Process, Tty } from '../process.ts';
import { SIGINT, SIGQUIT, Signalled } from '../signals.ts';
import { failureMessage, runShell } from './fork.ts';
import { readLine } from './lines.ts';
import { ShellParser } from './parser.ts';
import { captureText, evaluateText, runList } from './run.ts';
import { Jump, Shell, ShellExit } from './shell.ts';
import { SyntaxFailure } from './syntax.ts';

/** The longest command that is read from stdin. Characters. */
const MAX_COMMAND = 1024 * 1024;
/** As busybox words it: the directory, then `$` (whoever asks: no prompt of ours tells of power). */
const PROMPT = '\\w $ ';

/** The shell. */
export async function runSh(process: Process): Promise<number> {
  const shell = new Shell({ process, evaluate: evaluateText, capture: captureText });
  shell.name = process.name;
  const args = [...process.args];
  let text: string | undefined;
  let asked = false;
  while (/^[-+]./.test(args[0] ?? '')) {
    const flag = args.shift() ?? '';
    if (flag === '--') break;
    if (flag === '--login') continue;
    for (const letter of flag.slice(1)) {
      if (letter === 'c') text = '';
      else if (letter === 'i') asked = true;
      else if ('aefuvx'.includes(letter)) shell.options.add(letter);
      else if (!'lsmo'.includes(letter)) return refuse(process, `Illegal option -${letter}`);
    }
    if (flag.endsWith('o')) args.shift();
  }
  if (text !== undefined) {
    text = args.shift();
    if (text === undefined) return refuse(process, '-c requires an argument');
    shell.name = args.shift() ?? shell.name;
    shell.params = args;
    return runShell(shell, () => evaluateText(shell, text ?? '', shell.stdio));
  }
  const path = args.shift();
  if (path !== undefined) return runScript(shell, path, args);
  const tty = process.stdio.stdin.terminal;
  if (tty !== undefined && (asked || process.stdio.stderr.terminal !== undefined)) {
    return runShell(shell, () => converse(shell, tty));
  }
  return runShell(shell, () => runCommands(shell, () => readLine(process.stdio.stdin, shell.signal)));
}

async function refuse(process: Process, message: string): Promise<number> {
  await process.warn(`0: ${message}`);
  return 2;
}

async function runScript(shell: Shell, path: string, args: readonly string[]): Promise<number> {
  const node = shell.files.peek(absolute(shell.cwd, path));
  if (node?.kind !== 'file') {
    await shell.print(shell.stdio.stderr, `${shell.name}: 0: cannot open ${path}: No such file`);
    return 2;
  }
  shell.name = path;
  shell.params = args;
  return runShell(shell, () => evaluateText(shell, node.content.all().toString('utf8'), shell.stdio));
}

/** Runs the commands of the lines that `next` gives, each as soon as it is complete. */
async function runCommands(shell: Shell, next: NextLine): Promise<number> {
  for (let number = 1; ; ) {
    const line = await next();
    if (line === undefined) return shell.status;
    number += await runCommand(shell, { line, number, next });
  }
}

type NextLine = () => Promise<string | undefined>;

/** Runs the command that begins with `line`; `next` gives what it lacks. @returns how many lines it took. */
async function runCommand(
  shell: Shell,
  { line, number, next }: { readonly line: string; readonly number: number; readonly next: NextLine },
): Promise<number> {
  for (let text = line; ; ) {
    try {
      const list = new ShellParser(text, number).next();
      if (list !== undefined) await runList(shell, list, { stdio: shell.stdio, tested: false });
      return text.split('\n').length - 1;
    } catch (error) {
      if (!(error instanceof SyntaxFailure) || !error.incomplete || text.length > MAX_COMMAND) throw error;
      const more = await next();
      if (more === undefined) throw error;
      text += more;
    }
  }
}

/** A conversation: an error ends a line, Ctrl-C too; Ctrl-D and `exit` end it all. */
async function converse(shell: Shell, tty: Tty): Promise<number> {
  shell.interactive = true;
  // Whatever comes at whatever moment ends commands, never the conversation.
  for (const signal of [SIGINT, SIGQUIT]) shell.process.entry.ignored.add(signal);
  const history: string[] = [];
  let lines = 0;
  const next = async (): Promise<string | undefined> => {
    lines += 1;
    const prompt = lines === 1 ? promptOf(shell) : (shell.get('PS2') ?? '> ');
    const read = await tty.readLine(prompt, history, shell.process.signal);
    if (read.kind === 'interrupted') throw new Signalled(SIGINT);
    return read.kind === 'line' ? `${read.text}\n` : undefined;
  };
  for (;;) {
    lines = 0;
    const controller = new AbortController();
    const follow = () => controller.abort(shell.process.signal.reason);
    shell.process.signal.addEventListener('abort', follow, { once: true });
    // From before the line is entered: a Ctrl-C must not find the shell itself in between.
    const forget = tty.onSignal((signal) => controller.abort(new Signalled(signal)));
    try {
      const line = await next();
      if (line === undefined) {
        await shell.stdio.stdout.write(Buffer.from('\n'), shell.process.signal);
        return shell.status;
      }
      shell.signal = controller.signal;
      await runCommand(shell, { line, number: 1, next });
      // One that came when the command was just over.
      controller.signal.throwIfAborted();
    } catch (error) {
      await recover(shell, error);
    } finally {
      forget();
      shell.process.signal.removeEventListener('abort', follow);
      shell.signal = shell.process.signal;
    }
  }
}

async function recover(shell: Shell, error: unknown): Promise<void> {
  shell.process.signal.throwIfAborted();
  if (error instanceof ShellExit) throw error;
  shell.signal = shell.process.signal;
  shell.loops = 0;
  if (error instanceof Jump) return;
  if (error instanceof Signalled) {
    shell.status = error.exitCode;
    // The terminal has shown ^C: the prompt goes to a line of its own.
    await shell.stdio.stderr.write(Buffer.from('\n'), shell.signal);
    return;
  }
  shell.status = 2;
  await shell.print(shell.stdio.stderr, failureMessage(shell, error));
}

/** $PS1, in which `\w` is the directory, `\h` the host, `\u` the user and `\$` a `$`. */
function promptOf(shell: Shell): string {
  return (shell.get('PS1') ?? PROMPT).replace(/\\([whu$n])/g, (_all, letter: string) => {
    if (letter === 'w') return shell.cwd;
    if (letter === 'h') return shell.system.hostname;
    return letter === 'u' ? 'root' : letter === 'n' ? '\n' : '$';
  });
}
