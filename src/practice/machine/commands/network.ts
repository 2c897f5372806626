// Commands about the machine's ports: nc as busybox has it, and netstat. There is no network: the only host is the machine itself.

import type { Duplex } from 'node:stream';
import { DEFAULT_PATH, findProgram } from '../lookup.ts';
import { Process, type Program, runCommand } from '../process.ts';
import { SIGHUP, SIGPIPE, Signalled, suspend } from '../signals.ts';
import { readFrom, sinkOf } from '../streams.ts';
import { isOwn } from './fetch.ts';
import { readPort } from './httpd.ts';
import { define, type Options, readOptions, UsageError } from './options.ts';

const NC_USAGE = '[-l[l]] [-p PORT] [-e PROGRAM [ARG]...] | [-z] HOST PORT';

/** What is behind `-e` is the program's own. */
function nc(process: Process): Promise<number> {
  const at = process.args.indexOf('-e');
  const own = at === -1 ? process.args : process.args.slice(0, at);
  const argv = at === -1 ? undefined : process.args.slice(at + 1);
  if (argv?.length === 0) throw new UsageError('option requires an argument: e');
  const { flags, values, operands } = readOptions(own, { usage: '', letters: 'lknuvzp:w:' });
  if (flags.has('u')) throw new UsageError('only TCP is there');
  if (flags.has('l')) {
    const lasting = flags.has('k') || own.some((arg) => /^-[a-z]*l[a-z]*l/.test(arg));
    const port = values.get('p') ?? operands.at(-1);
    if (port === undefined) throw new UsageError('missing port');
    return listen(process, readPort(port), lasting, argv);
  }
  const [host, port] = operands;
  if (host === undefined || port === undefined) throw new UsageError('missing host or port');
  return call(process, { host, port: readPort(port), only: flags.has('z') }, argv);
}

async function call(
  process: Process,
  { host, port, only }: { readonly host: string; readonly port: number; readonly only: boolean },
  argv: readonly string[] | undefined,
): Promise<number> {
  if (!isOwn(process, host)) {
    await process.warn(`bad address '${host}'`);
    return 1;
  }
  const connection = process.system.connect(port);
  if (connection === undefined) {
    await process.warn(`can't connect to remote host (127.0.0.1): Connection refused`);
    return 1;
  }
  if (!only) return argv === undefined ? relay(process, connection) : hand(process, connection, argv);
  connection.destroy();
  return 0;
}

async function listen(
  process: Process,
  port: number,
  lasting: boolean,
  argv: readonly string[] | undefined,
): Promise<number> {
  const waiting: Duplex[] = [];
  let wake = () => {};
  const close = process.system.listen(port, (connection) => {
    waiting.push(connection);
    wake();
  });
  if (close === undefined) {
    await process.warn('bind: Address already in use');
    return 1;
  }
  try {
    for (;;) {
      await process.system.turns.take(process.signal);
      const connection = waiting.shift();
      if (connection === undefined) {
        await suspend(process.signal, (waker) => {
          wake = waker;
          return () => {};
        });
        continue;
      }
      // One that takes a single connection does not listen any more when it has it.
      if (!lasting) close();
      const served = argv === undefined ? relay(process, connection) : hand(process, connection, argv);
      if (!lasting) return await served;
      // With a program, each connection has a process of its own; without, they have the one stdin in turn.
      if (argv === undefined) await served;
      else served.catch(() => {});
    }
  } finally {
    close();
    for (const connection of waiting) connection.destroy();
  }
}

/** Says that all is said; once the other side has heard it, the connection is no more. */
function hangUp(connection: Duplex): void {
  connection.end(() => connection.destroy());
}

/** Runs a program whose stdin and stdout are the connection. */
async function hand(process: Process, connection: Duplex, argv: readonly string[]): Promise<number> {
  const { system, env, cwd, stdio } = process;
  const gone = new AbortController();
  connection.once('close', () => gone.abort(new Signalled(SIGPIPE)));
  try {
    const found = findProgram(system, argv, cwd, env.get('PATH') ?? DEFAULT_PATH);
    if (found.kind !== 'program') {
      await process.warn(`can't execute '${argv[0]}': No such file or directory`);
      return 127;
    }
    const { pid } = process.entry;
    const entry = system.processes.start({ argv, ppid: pid, terminal: false, parent: process.signal });
    const { source, stop } = readFrom(connection, entry.signal);
    const streams = { stdin: source, stdout: sinkOf(connection, gone.signal), stderr: stdio.stderr };
    const child = new Process({ system, entry, argv: found.argv, env, cwd, ...streams });
    const { code } = await runCommand(found.run, child);
    stop();
    entry.end();
    return code;
  } finally {
    hangUp(connection);
  }
}

/** Copies both ways, until both have said all or the connection is gone. The end of stdin is passed on. */
async function relay(process: Process, connection: Duplex): Promise<number> {
  const { stdin, stdout } = process.stdio;
  const over = new AbortController();
  const follow = () => over.abort(process.signal.reason);
  process.signal.addEventListener('abort', follow, { once: true });
  connection.once('close', () => over.abort(new Signalled(SIGPIPE)));
  const { source, stop } = readFrom(connection, process.signal);
  const sink = sinkOf(connection, over.signal);
  const sending = (async () => {
    for (;;) {
      await process.system.turns.take(over.signal);
      const chunk = await stdin.read(over.signal);
      if (chunk === undefined) break;
      await sink.write(chunk, over.signal);
    }
    connection.end();
  })().catch(() => {});
  try {
    for (;;) {
      const chunk = await process.read(source);
      if (chunk === undefined) break;
      await stdout.write(chunk, process.signal);
    }
    await sending;
    return 0;
  } finally {
    process.signal.removeEventListener('abort', follow);
    over.abort(new Signalled(SIGHUP));
    stop();
    hangUp(connection);
    await sending;
  }
}

/** `netstat -tln`: who listens, as busybox shows it. */
async function netstat(process: Process, { flags }: Options): Promise<number> {
  if (!flags.has('l') && !flags.has('a'))
    throw new UsageError('only -l is there: ports that are listened to');
  const rows = [
    `Active Internet connections (${flags.has('a') ? 'servers and established' : 'only servers'})`,
    'Proto Recv-Q Send-Q Local Address           Foreign Address         State       ',
  ];
  for (const port of flags.has('u') && !flags.has('t') ? [] : process.system.listening()) {
    rows.push(`tcp        0      0 ${`0.0.0.0:${port}`.padEnd(23)} ${'0.0.0.0:*'.padEnd(23)} LISTEN      `);
  }
  await process.write(`${rows.join('\n')}\n`);
  return 0;
}

/** Name → program. */
export const NETWORK_PROGRAMS: readonly (readonly [string, Program])[] = [
  ['nc', define({ usage: NC_USAGE, raw: true }, nc)],
  ['netstat', define({ usage: '-l [-tn]', letters: 'altnuw' }, netstat)],
];
