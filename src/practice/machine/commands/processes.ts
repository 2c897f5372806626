// Commands about processes: ps, kill, env, printenv, sleep, xargs.

import { demandProgram } from '../lookup.ts';
import { Process, type Program, runCommand } from '../process.ts';
import { SIGNALS, SIGTERM, signalNumber } from '../signals.ts';
import { define, type Options, readCount, UsageError } from './options.ts';
import { linesOf } from './texts.ts';

/** A node timer's longest time; `sleep` waits in such steps. ms. */
const MAX_WAIT_MS = 2 ** 31 - 1;

async function ps(process: Process): Promise<number> {
  const { processes, now } = process.system;
  const rows = processes.all().map(({ pid, startedMs, terminal, argv }) => {
    const seconds = Math.floor((now() - startedMs) / 1000);
    const time = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
    return `${String(pid).padStart(5)} root     ${(terminal ? 'pts/0' : '?').padEnd(8)} ${time.padStart(6)} ${argv().join(' ')}\n`;
  });
  await process.write(`  PID USER     TTY         AGE COMMAND\n${rows.join('')}`);
  return 0;
}

async function kill(process: Process): Promise<number> {
  const args = [...process.args];
  if (args[0] === '-l') {
    await process.write(`${[...SIGNALS.keys()].join(' ')}\n`);
    return 0;
  }
  let signal: number | undefined = SIGTERM;
  if (args[0] === '-s') {
    args.shift();
    signal = signalNumber(args.shift() ?? '');
  } else if (/^-[A-Za-z0-9]/.test(args[0] ?? '')) {
    signal = signalNumber((args.shift() ?? '').slice(1));
  }
  if (signal === undefined) {
    await process.warn(`bad signal name '${process.args[0] ?? ''}'`);
    return 1;
  }
  if (args.length === 0) {
    await process.warn('you need to specify whom to kill');
    return 1;
  }
  let code = 0;
  for (const arg of args) {
    const entry = /^\d+$/.test(arg) ? process.system.processes.get(Number(arg)) : undefined;
    if (entry === undefined) {
      await process.warn(
        /^\d+$/.test(arg) ? `can't kill pid ${arg}: No such process` : `invalid number '${arg}'`,
      );
      code = 1;
    } else {
      entry.kill(signal);
    }
  }
  await process.system.turns.take(process.signal);
  return code;
}

/** Runs another program in this process. */
async function runOther(
  process: Process,
  argv: readonly string[],
  env: ReadonlyMap<string, string>,
): Promise<number> {
  const { system, entry, cwd, stdio } = process;
  const found = await demandProgram(process, argv, env);
  if (typeof found === 'number') return found;
  entry.become(argv);
  const { code } = await runCommand(
    found.run,
    new Process({ system, entry, argv: found.argv, env, cwd, ...stdio }),
  );
  process.signal.throwIfAborted();
  return code;
}

async function env(process: Process, { flags, values, operands }: Options): Promise<number> {
  const now = new Map(flags.has('i') ? [] : process.env);
  now.delete(values.get('u') ?? '');
  const rest = [...operands];
  while (rest[0]?.includes('=')) {
    const pair = rest.shift() ?? '';
    const at = pair.indexOf('=');
    now.set(pair.slice(0, at), pair.slice(at + 1));
  }
  if (rest.length > 0) return runOther(process, rest, now);
  await process.write([...now].map(([name, value]) => `${name}=${value}\n`).join(''));
  return 0;
}

async function printenv(process: Process, { operands }: Options): Promise<number> {
  if (operands.length === 0) {
    await process.write([...process.env].map(([name, value]) => `${name}=${value}\n`).join(''));
    return 0;
  }
  let code = 0;
  for (const name of operands) {
    const value = process.env.get(name);
    if (value === undefined) code = 1;
    else await process.write(`${value}\n`);
  }
  return code;
}

/** `1.5`, `2m`, `1h`, `infinity` in ms. @throws UsageError. */
export function readDuration(text: string): number {
  const found = /^(\d+\.?\d*|\.\d+|infinity|inf)([smhd]?)$/.exec(text);
  if (found === null) throw new UsageError(`invalid number '${text}'`);
  const [, number = '', unit = ''] = found;
  const seconds = number.startsWith('inf') ? Number.POSITIVE_INFINITY : Number(number);
  return seconds * 1000 * ({ m: 60, h: 3600, d: 86_400 }[unit] ?? 1);
}

async function sleep(process: Process, { operands }: Options): Promise<number> {
  if (operands.length === 0) throw new UsageError('missing operand');
  await rest(
    process,
    operands.map(readDuration).reduce((sum, one) => sum + one),
  );
  return 0;
}

/** busybox's: microseconds. */
async function usleep(process: Process, { operands }: Options): Promise<number> {
  const [text = ''] = operands;
  if (!/^\d{1,15}$/.test(text)) throw new UsageError(`invalid number '${text}'`);
  await rest(process, Number(text) / 1000);
  return 0;
}

/** Waits however long it is. @throws Signalled. */
export async function rest(process: Process, wholeMs: number): Promise<void> {
  let ms = wholeMs;
  while (ms > 0) {
    await process.sleep(Math.min(ms, MAX_WAIT_MS));
    ms -= MAX_WAIT_MS;
  }
}

/** `xargs [-n N] [-I TEXT] [COMMAND [ARG]...]`: words of stdin as arguments. */
async function xargs(process: Process, { flags, values, operands }: Options): Promise<number> {
  const words: string[] = [];
  for await (const line of linesOf(process, process.stdio.stdin)) {
    const text = Buffer.from(line, 'latin1').toString('utf8');
    words.push(
      ...(values.has('I') ? [text] : text.split(flags.has('0') ? '\0' : /\s+/).filter((word) => word !== '')),
    );
  }
  const command = operands.length === 0 ? ['echo'] : operands;
  const mark = values.get('I');
  const size = mark === undefined ? readCount(values.get('n') ?? '5000') : 1;
  if (size < 1) throw new UsageError(`invalid number '${values.get('n')}'`);
  let code = 0;
  for (let at = 0; at < words.length || (at === 0 && !flags.has('r') && mark === undefined); at += size) {
    const part = words.slice(at, at + size);
    const argv =
      mark === undefined
        ? [...command, ...part]
        : command.map((one) => one.replaceAll(mark, () => part[0] ?? ''));
    const one = await runOther(process, argv, process.env);
    if (one >= 126) return one;
    if (one !== 0) code = 123;
  }
  return code;
}

/** Name → program. */
export const PROCESS_PROGRAMS: readonly (readonly [string, Program])[] = [
  ['ps', define({ usage: '', raw: true }, ps)],
  ['kill', { usage: '[-l] [-SIG] PID...', run: kill }],
  ['env', define({ usage: '[-i] [-u NAME] [NAME=VALUE]... [COMMAND [ARG]...]', letters: '+iu:' }, env)],
  ['printenv', define({ usage: '[NAME]...' }, printenv)],
  ['sleep', define({ usage: 'NUMBER[smhd]...' }, sleep)],
  ['usleep', define({ usage: 'MICROSECONDS' }, usleep)],
  ['xargs', define({ usage: '[-0r] [-n N] [-I TEXT] [COMMAND [ARG]...]', letters: '+0rn:I:' }, xargs)],
];
