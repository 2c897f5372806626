// Commands that write what they are told: echo, yes, seq, basename, dirname, clear, pwd, true, false.

import type { Process, Program } from '../process.ts';
import { define, UsageError } from './options.ts';
import { unescaped } from './printf.ts';

/** echo: `-n`, `-e`, `-E`; anything else is text. */
async function echo(process: Process): Promise<number> {
  const args = [...process.args];
  let newline = '\n';
  let escapes = false;
  while (/^-[neE]+$/.test(args[0] ?? '')) {
    const flags = args.shift() ?? '';
    if (flags.includes('n')) newline = '';
    if (/[eE]/.test(flags)) escapes = flags.lastIndexOf('e') > flags.lastIndexOf('E');
  }
  const text = args.join(' ');
  if (!escapes) {
    await process.write(`${text}${newline}`);
    return 0;
  }
  const { bytes, stop } = unescaped(text);
  await process.write(Buffer.from(bytes + (stop ? '' : newline), 'latin1'));
  return 0;
}

async function yes(process: Process): Promise<number> {
  const line = `${process.args.length === 0 ? 'y' : process.args.join(' ')}\n`;
  const block = Buffer.from(line.repeat(Math.max(1, Math.floor(8192 / line.length))));
  for (;;) await process.write(block);
}

async function seq(process: Process, operands: readonly string[], separator: string): Promise<number> {
  const numbers = operands.map(Number);
  if (numbers.length === 0 || numbers.length > 3 || numbers.some((one) => !Number.isFinite(one))) {
    throw new UsageError(`invalid number '${operands.find((one) => !Number.isFinite(Number(one))) ?? ''}'`);
  }
  const first = numbers.length > 1 ? (numbers[0] ?? 1) : 1;
  const step = numbers.length > 2 ? (numbers[1] ?? 1) : 1;
  const last = numbers.at(-1) ?? 1;
  if (step === 0) throw new UsageError("increment '0' is not valid");
  const places = Math.max(...operands.map((one) => one.split('.')[1]?.length ?? 0));
  let text = '';
  const count = Math.floor((last - first) / step + 1e-9);
  for (let index = 0; index <= count; index += 1) {
    text += (index === 0 ? '' : separator) + (first + index * step).toFixed(places);
    if (text.length < 8192) continue;
    await process.write(text);
    text = '';
  }
  if (count >= 0) await process.write(`${text}\n`);
  return 0;
}

/** Name → program. */
export const SAY_PROGRAMS: readonly (readonly [string, Program])[] = [
  ['echo', { usage: '[-neE] [ARG]...', run: echo }],
  ['yes', { usage: '[STRING]', run: yes }],
  ['true', { usage: '', run: async () => 0 }],
  ['false', { usage: '', run: async () => 1 }],
  [
    'pwd',
    define({ usage: '', letters: 'LP' }, async (process) => {
      await process.write(`${process.cwd}\n`);
      return 0;
    }),
  ],
  [
    'clear',
    define({ usage: '' }, async (process) => {
      await process.write('\x1b[H\x1b[J');
      return 0;
    }),
  ],
  [
    'seq',
    // Options end at the first number: a negative one is none.
    define({ usage: '[-s SEP] [FIRST [INC]] LAST', letters: '+s:' }, (process, { values, operands }) =>
      seq(process, operands, values.get('s') ?? '\n'),
    ),
  ],
  [
    'basename',
    define({ usage: 'FILE [SUFFIX]' }, async (process, { operands: [path, suffix = ''] }) => {
      if (path === undefined) throw new UsageError('missing operand');
      const name = path.replace(/\/+$/, '').replace(/^.*\//s, '') || (path.startsWith('/') ? '/' : '');
      const cut = suffix !== '' && name !== suffix && name.endsWith(suffix);
      await process.write(`${cut ? name.slice(0, -suffix.length) : name}\n`);
      return 0;
    }),
  ],
  [
    'dirname',
    define({ usage: 'FILE...' }, async (process, { operands }) => {
      if (operands.length === 0) throw new UsageError('missing operand');
      for (const path of operands) {
        const parent = /^(.*[^/])\/+[^/]+\/*$/s.exec(path)?.[1];
        await process.write(`${parent ?? (path.startsWith('/') ? '/' : '.')}\n`);
      }
      return 0;
    }),
  ],
];
