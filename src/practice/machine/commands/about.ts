// Commands about the machine: date, id, whoami, nproc, hostname, uname, uptime, tty, stty, which.

import { DEFAULT_PATH, pathOf } from '../lookup.ts';
import type { Process, Program } from '../process.ts';
import { formatDate, readDate } from './calendar.ts';
import { define, type Options, pathIn, readOptions, UsageError } from './options.ts';

async function date(process: Process, { flags, values, operands }: Options): Promise<number> {
  const now = process.system.now();
  const text = values.get('d') ?? values.get('r');
  const file = values.has('r') ? process.system.files.find(pathIn(process, text ?? '')).mtimeMs : undefined;
  const ms = file ?? (text === undefined ? now : readDate(text, now));
  if (ms === undefined) throw new UsageError(`invalid date '${text}'`);
  const [format, ...more] = operands;
  if (more.length > 0) throw new UsageError(`extra operand '${more[0]}'`);
  if (format !== undefined && !format.startsWith('+')) {
    await process.warn("can't set date: Operation not permitted");
    return 1;
  }
  await process.write(`${formatDate(ms, format?.slice(1) ?? dateFormat(flags, values))}\n`);
  return 0;
}

function dateFormat(flags: ReadonlySet<string>, values: ReadonlyMap<string, string>): string {
  if (flags.has('R')) return '%a, %d %b %Y %H:%M:%S +0000';
  if (!flags.has('I')) return '%a %b %e %H:%M:%S UTC %Y';
  const kind = values.get('I') ?? 'date';
  if (kind.startsWith('s')) return '%Y-%m-%dT%H:%M:%S+00:00';
  if (kind.startsWith('m')) return '%Y-%m-%dT%H:%M+00:00';
  return kind.startsWith('h') ? '%Y-%m-%dT%H+00:00' : '%Y-%m-%d';
}

/** `-I` has its value in the same argument, or none. */
const DATE: Program = define(
  { usage: '[-uR] [-I[SPEC]] [-d TIME] [-r FILE] [+FORMAT]', raw: true },
  (process, { operands }) => {
    const args = operands.map((arg) =>
      arg.replace(/^(-u?)I$/, '$1Idate').replace(/^--iso-8601(=?)$/, '-Idate'),
    );
    const syntax = {
      usage: '',
      letters: 'uRI:d:r:',
      long: { utc: 'u', date: 'd', 'iso-8601': 'I', 'rfc-2822': 'R', 'rfc-email': 'R' },
    };
    return date(process, readOptions(args, syntax));
  },
);

async function id(process: Process, { flags }: Options): Promise<number> {
  const name = flags.has('n');
  const text = ['u', 'g', 'G'].some((letter) => flags.has(letter))
    ? name
      ? 'root'
      : '0'
    : 'uid=0(root) gid=0(root) groups=0(root)';
  await process.write(`${text}\n`);
  return 0;
}

async function uname(process: Process, { flags }: Options): Promise<number> {
  const parts: readonly (readonly [string, string])[] = [
    ['s', 'Postern'],
    ['n', process.system.hostname],
    ['r', 'practice'],
    ['v', 'in-memory'],
    ['m', 'none'],
  ];
  const all = flags.has('a');
  const shown = parts.filter(([letter]) => all || flags.has(letter) || (flags.size === 0 && letter === 's'));
  await process.write(`${shown.map(([, text]) => text).join(' ')}\n`);
  return 0;
}

async function uptime(process: Process): Promise<number> {
  const { now, startedMs } = process.system;
  const minutes = Math.floor((now() - startedMs) / 60_000);
  const days = Math.floor(minutes / 1440);
  const hours = Math.floor(minutes / 60) % 24;
  const clock = hours > 0 ? `${hours}:${String(minutes % 60).padStart(2, '0')}` : `${minutes % 60} min`;
  const up = `${days > 0 ? `${days} days, ` : ''}${clock}`;
  await process.write(` ${formatDate(now(), '%H:%M:%S')} up ${up},  load average: 0.00, 0.00, 0.00\n`);
  return 0;
}

async function tty(process: Process, { flags }: Options): Promise<number> {
  const is = process.stdio.stdin.terminal !== undefined;
  if (!flags.has('s')) await process.write(is ? '/dev/pts/0\n' : 'not a tty\n');
  return is ? 0 : 1;
}

/** `stty size`; settings are accepted and change nothing. */
async function stty(process: Process, { operands }: Options): Promise<number> {
  const terminal = process.stdio.stdin.terminal;
  if (terminal === undefined) {
    await process.warn('standard input: Inappropriate ioctl for device');
    return 1;
  }
  const { width, height } = terminal.size();
  if (operands[0] === 'size') await process.write(`${height} ${width}\n`);
  else if (operands.length === 0 || operands[0] === '-a') {
    await process.write(
      `speed 38400 baud; rows ${height}; columns ${width};\nintr = ^C; quit = ^\\; erase = ^?; kill = ^U; eof = ^D; werase = ^W;\n`,
    );
  }
  return 0;
}

async function which(process: Process, { operands }: Options): Promise<number> {
  let code = 0;
  for (const name of operands) {
    const path = pathOf(process.system, name, process.cwd, process.env.get('PATH') ?? DEFAULT_PATH);
    if (path === undefined) code = 1;
    else await process.write(`${path}\n`);
  }
  return code;
}

const NAMED = (text: (process: Process) => string): Program =>
  define({ usage: '', letters: 'fis' }, async (process) => {
    await process.write(`${text(process)}\n`);
    return 0;
  });

/** Name → program. */
export const ABOUT_PROGRAMS: readonly (readonly [string, Program])[] = [
  ['date', DATE],
  ['id', define({ usage: '[-ugGn]', letters: 'ugGn' }, id)],
  ['uname', define({ usage: '[-asnrvm]', letters: 'asnrvm' }, uname)],
  ['uptime', define({ usage: '' }, uptime)],
  ['tty', define({ usage: '[-s]', letters: 's' }, tty)],
  ['stty', define({ usage: '[size]', raw: true }, stty)],
  ['which', define({ usage: 'COMMAND...', letters: 'a' }, which)],
  ['nproc', NAMED(() => '1')],
  ['whoami', NAMED(() => 'root')],
  ['hostname', NAMED((process) => (process.args[0] === '-i' ? process.system.ip : process.system.hostname))],
];
