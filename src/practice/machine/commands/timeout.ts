// `timeout`: a command that has to end in time, with the exit codes of the coreutils.

import { demandProgram } from '../lookup.ts';
import { Process, type Program, runCommand } from '../process.ts';
import { SIGKILL, SIGTERM, signalNumber } from '../signals.ts';
import { define, type Options, UsageError } from './options.ts';
import { readDuration, rest } from './processes.ts';

/** The time is over. */
const LATE = 124;
const WRONG = 125;

async function timeout(process: Process, { flags, values, operands }: Options): Promise<number> {
  const [text, ...argv] = operands;
  if (text === undefined || argv.length === 0) throw new UsageError('missing operand', WRONG);
  const signal = signalNumber(values.get('s') ?? String(SIGTERM));
  if (signal === undefined) throw new UsageError(`invalid signal '${values.get('s')}'`, WRONG);
  const limitMs = duration(text);
  const graceMs = values.has('k') ? duration(values.get('k') ?? '') : 0;
  const { system, env, cwd, stdio } = process;
  const found = await demandProgram(process, argv, env);
  if (typeof found === 'number') return found;
  const { pid, terminal } = process.entry;
  const entry = system.processes.start({ argv, ppid: pid, terminal, parent: process.signal });
  const child = new Process({ system, entry, argv: found.argv, env, cwd, ...stdio });
  const over = new AbortController();
  const watched = AbortSignal.any([over.signal, process.signal]);
  let late = false;
  // A limit of 0 is none.
  const watch = async () => {
    if (limitMs === 0) return;
    await rest(waiter(process, watched), limitMs);
    late = true;
    entry.kill(signal);
    if (graceMs === 0) return;
    await rest(waiter(process, watched), graceMs);
    entry.kill(SIGKILL);
  };
  const watching = watch().catch(() => {});
  const { code } = await runCommand(found.run, child);
  over.abort();
  await watching;
  entry.end();
  process.signal.throwIfAborted();
  if (!late || flags.has('p')) return code;
  return code === 128 + SIGKILL ? code : LATE;
}

/** The same process with another signal: its waits end with that. */
function waiter(process: Process, signal: AbortSignal): Process {
  const { system, name, args, env, cwd, stdio } = process;
  return new Process({
    system,
    entry: { ...process.entry, signal },
    argv: [name, ...args],
    env,
    cwd,
    ...stdio,
  });
}

function duration(text: string): number {
  try {
    return readDuration(text);
  } catch {
    throw new UsageError(`invalid time interval '${text}'`, WRONG);
  }
}

/** The program. */
export const TIMEOUT: Program = define(
  {
    usage: '[-s SIGNAL] [-k SECONDS] SECONDS COMMAND [ARG]...',
    letters: '+ps:k:',
    wrong: WRONG,
    long: { signal: 's', 'kill-after': 'k', 'preserve-status': 'p' },
  },
  timeout,
);
