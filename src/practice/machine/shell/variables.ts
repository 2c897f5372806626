// Built-ins about variables: export, readonly, local, unset, set, read.

import type { Stdio } from '../process.ts';
import { readLine } from './lines.ts';
import type { Shell } from './shell.ts';

/** A built-in: its exit code. */
export type Builtin = (shell: Shell, args: readonly string[], stdio: Stdio) => Promise<number>;

const NAMES = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** `export` and `readonly`. */
export function mark(as: 'exported' | 'readonly'): Builtin {
  return async (shell, args, { stdout }) => {
    const names = args.filter((arg) => !arg.startsWith('-'));
    if (names.length === 0) {
      for (const [name, value] of shell.environment())
        await shell.print(stdout, `export ${name}=${quoted(value)}`);
    }
    for (const arg of names) {
      const name = arg.split('=', 1)[0] ?? '';
      if (!NAMES.test(name))
        throw shell.fail(`${as === 'exported' ? 'export' : 'readonly'}: ${name}: bad variable name`);
      if (arg.includes('=')) shell.set(name, arg.slice(name.length + 1));
      shell.mark(name, as);
    }
    return 0;
  };
}

/** `local NAME[=VALUE]…`: the name is as it was when the function ends. */
export async function local(shell: Shell, args: readonly string[]): Promise<number> {
  if (shell.locals === undefined) throw shell.fail('local: not in a function');
  for (const arg of args) {
    const name = arg.split('=', 1)[0] ?? '';
    if (!NAMES.test(name)) throw shell.fail(`local: ${name}: bad variable name`);
    shell.locals.push(shell.remember([name]));
    if (arg.includes('=')) shell.set(name, arg.slice(name.length + 1));
  }
  return 0;
}

/** `unset`. */
export async function unset(shell: Shell, args: readonly string[]): Promise<number> {
  for (const name of args.filter((arg) => !arg.startsWith('-'))) {
    if (args[0] === '-f') shell.functions.delete(name);
    else shell.unset(name);
  }
  return 0;
}

/** `set`. */
export async function set(shell: Shell, args: readonly string[], { stdout }: Stdio): Promise<number> {
  if (args.length === 0) {
    for (const [name, value] of shell.variables()) await shell.print(stdout, `${name}=${quoted(value)}`);
    return 0;
  }
  const rest = [...args];
  while (/^[-+]./.test(rest[0] ?? '')) {
    const flag = rest.shift() ?? '';
    if (flag === '--') break;
    const letters = flag.endsWith('o') ? longOption(rest.shift()) : flag.slice(1);
    if (!/^[aefmuvx]*$/.test(letters)) throw shell.fail(`set: Illegal option ${flag}`);
    for (const letter of letters) {
      if (flag.startsWith('-')) shell.options.add(letter);
      else shell.options.delete(letter);
    }
  }
  if (rest.length > 0 || args.includes('--')) shell.params = rest;
  return 0;
}

function longOption(name: string | undefined): string {
  const known: Readonly<Record<string, string>> = { errexit: 'e', nounset: 'u', xtrace: 'x', allexport: 'a' };
  return name === 'pipefail' ? '' : (known[name ?? ''] ?? '?');
}

/** `read [-r] [-p PROMPT] NAME…`. */
export async function read(shell: Shell, args: readonly string[], stdio: Stdio): Promise<number> {
  const rest = [...args];
  let raw = false;
  while (rest[0]?.startsWith('-')) {
    const flag = rest.shift() ?? '';
    raw ||= flag === '-r';
    if (flag === '-p') await stdio.stderr.write(Buffer.from(rest.shift() ?? ''), shell.signal);
    else if (flag !== '-r' && flag !== '--') throw shell.fail(`read: Illegal option ${flag}`);
  }
  const names = rest.length === 0 ? ['REPLY'] : rest;
  let text = '';
  let ended = false;
  for (;;) {
    const line = await readLine(stdio.stdin, shell.signal);
    ended = line === undefined || !line.endsWith('\n');
    text += (line ?? '').replace(/\n$/, '');
    if (raw || ended || !/(^|[^\\])(\\\\)*\\$/.test(text)) break;
    text = text.slice(0, -1);
  }
  const separators = shell.get('IFS') ?? ' \t\n';
  const values = splitFields(raw ? text : text.replace(/\\(.)/g, '$1'), separators, names.length);
  for (const [index, name] of names.entries()) shell.set(name, values[index] ?? '');
  return ended ? 1 : 0;
}

/** At most `count` fields: the last is all the rest. */
function splitFields(text: string, separators: string, count: number): readonly string[] {
  const blank = (char: string) => /\s/.test(char) && separators.includes(char);
  const out: string[] = [];
  let rest = text;
  const trim = () => {
    while (rest !== '' && blank(rest[0] ?? '')) rest = rest.slice(1);
  };
  trim();
  while (out.length < count - 1 && rest !== '') {
    let end = 0;
    while (end < rest.length && !separators.includes(rest[end] ?? '')) end += 1;
    out.push(rest.slice(0, end));
    const stoppedAtBlank = blank(rest[end] ?? '');
    rest = rest.slice(end + 1);
    trim();
    if (stoppedAtBlank && rest !== '' && separators.includes(rest[0] ?? '')) {
      rest = rest.slice(1);
      trim();
    }
  }
  while (rest !== '' && blank(rest.at(-1) ?? '')) rest = rest.slice(0, -1);
  out.push(rest);
  return out;
}

/** Text as the shell would read it back. */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
