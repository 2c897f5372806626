// Commands that pick and order lines: sort, uniq, cut.

import type { Process, Program } from '../process.ts';
import { define, type Options, UsageError } from './options.ts';
import { byteString, eachInput, LineOutput, linesOf } from './texts.ts';

/** The most that `sort` holds. Bytes. */
const MAX_SORTED = 64 * 1024 * 1024;

async function sort(process: Process, { flags, values, operands }: Options): Promise<number> {
  const lines: string[] = [];
  let size = 0;
  const code = await eachInput(
    process,
    operands,
    async (source) => {
      for await (const line of linesOf(process, source)) {
        size += line.length + 16;
        if (size > MAX_SORTED) throw new UsageError('Cannot allocate memory', 2);
        lines.push(line);
      }
    },
    2,
  );
  const compare = comparison(flags, values);
  lines.sort(compare);
  if (flags.has('r')) lines.reverse();
  const out = new LineOutput(process);
  let last: string | undefined;
  for (const line of lines) {
    if (flags.has('u') && last !== undefined && compare(last, line) === 0) continue;
    last = line;
    await out.line(line);
  }
  await out.flush();
  return code;
}

function comparison(
  flags: ReadonlySet<string>,
  values: ReadonlyMap<string, string>,
): (a: string, b: string) => number {
  const field = /^\d+/.exec(values.get('k') ?? '')?.[0];
  const separator = byteString(values.get('t') ?? '');
  const key = (line: string) => {
    if (field === undefined) return line;
    const fields = separator === '' ? line.split(/(?<=\S)(?=[ \t])/) : line.split(separator);
    return fields.slice(Number(field) - 1).join(separator);
  };
  const shown = (line: string) => (flags.has('f') ? key(line).toUpperCase() : key(line));
  const number = (line: string) => Number(/^\s*(-?\d*\.?\d*)/.exec(key(line))?.[1] ?? 0) || 0;
  const texts = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);
  const numeric = flags.has('n') || /n/.test(values.get('k') ?? '');
  return (a, b) => {
    const first = numeric ? number(a) - number(b) : texts(shown(a), shown(b));
    return first !== 0 || flags.has('u') ? first : texts(a, b);
  };
}

async function uniq(process: Process, { flags, operands }: Options): Promise<number> {
  const out = new LineOutput(process);
  let last: string | undefined;
  let count = 0;
  const put = async () => {
    if (last === undefined || (flags.has('d') && count < 2) || (flags.has('u') && count > 1)) return;
    await out.line(flags.has('c') ? `${String(count).padStart(7)} ${last}` : last);
  };
  const code = await eachInput(process, operands.slice(0, 1), async (source) => {
    for await (const line of linesOf(process, source)) {
      const same =
        last !== undefined && (flags.has('i') ? line.toLowerCase() === last.toLowerCase() : line === last);
      if (!same) {
        await put();
        last = line;
        count = 0;
      }
      count += 1;
    }
  });
  await put();
  await out.flush();
  return code;
}

/** `1,3-5,7-`: from and to, counted from 1. */
function rangesOf(text: string): readonly (readonly [number, number])[] {
  return text.split(',').map((part) => {
    const found = /^(\d*)(-?)(\d*)$/.exec(part);
    const [, from = '', dash = '', to = ''] = found ?? [];
    if (found === null || (from === '' && to === '')) throw new UsageError(`invalid range '${part}'`);
    const start = from === '' ? 1 : Number(from);
    const end = dash === '' ? start : to === '' ? Number.POSITIVE_INFINITY : Number(to);
    if (start < 1 || end < start) throw new UsageError(`invalid range '${part}'`);
    return [start, end] as const;
  });
}

async function cut(process: Process, { flags, values, operands }: Options): Promise<number> {
  const list = values.get('f') ?? values.get('c') ?? values.get('b');
  if (list === undefined) throw new UsageError('expected a list of bytes, characters, or fields');
  const ranges = rangesOf(list);
  const wanted = (position: number) => ranges.some(([from, to]) => position >= from && position <= to);
  const delimiter = byteString(values.get('d') ?? '\t').slice(0, 1);
  const out = new LineOutput(process);
  const code = await eachInput(process, operands, async (source) => {
    for await (const line of linesOf(process, source)) {
      if (!values.has('f')) {
        const chars = values.has('c')
          ? [...Buffer.from(line, 'latin1').toString('utf8')].map(byteString)
          : [...line];
        await out.line(chars.filter((_char, index) => wanted(index + 1)).join(''));
      } else if (line.includes(delimiter)) {
        const fields = line.split(delimiter);
        await out.line(fields.filter((_field, index) => wanted(index + 1)).join(delimiter));
      } else if (!flags.has('s')) {
        await out.line(line);
      }
    }
  });
  await out.flush();
  return code;
}

/** Name → program. */
export const FILTER_PROGRAMS: readonly (readonly [string, Program])[] = [
  ['sort', define({ usage: '[-fnru] [-k N] [-t C] [FILE]...', letters: 'fnrubk:t:', wrong: 2 }, sort)],
  ['uniq', define({ usage: '[-cdiu] [FILE]', letters: 'cdiu' }, uniq)],
  ['cut', define({ usage: '-b|-c|-f LIST [-d C] [-s] [FILE]...', letters: 'b:c:f:d:s' }, cut)],
];
