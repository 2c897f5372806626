// Commands that pass a part of their input: cat, head, tail, tee, wc.

import { openSink } from '../files/open.ts';
import type { Process, Program, Sink, Source } from '../process.ts';
import { attempt, define, type Options, pathIn, readOptions, readSize, UsageError } from './options.ts';
import { eachInput, LineOutput, linesOf } from './texts.ts';

/** How often `tail -f` looks. ms. */
const FOLLOW_MS = 250;
/** The most that `tail` keeps of what cannot be read twice. Bytes. */
const MAX_KEPT = 64 * 1024 * 1024;

async function cat(process: Process, { flags, operands }: Options): Promise<number> {
  let number = 0;
  return eachInput(process, operands, async (source) => {
    if (flags.has('n')) {
      const out = new LineOutput(process);
      for await (const line of linesOf(process, source)) {
        number += 1;
        await out.line(`${String(number).padStart(6)}\t${line}`);
      }
      return out.flush();
    }
    for (;;) {
      const chunk = await process.read(source);
      if (chunk === undefined) return;
      await process.write(chunk);
    }
  });
}

/** Takes so many bytes or lines from the source, and gives the rest back. `use` gets what was taken. */
async function takeHead(
  process: Process,
  source: Source,
  { lines, count }: { readonly lines: boolean; readonly count: number },
  use: (chunk: Buffer) => Promise<void>,
): Promise<void> {
  let left = count;
  while (left > 0) {
    const chunk = await process.read(source);
    if (chunk === undefined) return;
    let end = lines ? 0 : Math.min(left, chunk.length);
    if (!lines) left -= end;
    while (lines && left > 0 && end < chunk.length) {
      const newline = chunk.indexOf(10, end);
      end = newline === -1 ? chunk.length : newline + 1;
      if (newline !== -1) left -= 1;
    }
    if (end < chunk.length) source.unread(chunk.subarray(end));
    await use(chunk.subarray(0, end));
  }
}

/** The wanted count: `-n 5`, `-c 1k`, `-5`; `sign` is what stood before it. */
function wanted({ flags, values }: Options): { lines: boolean; sign: string; count: number } {
  const lines = !flags.has('c');
  const text = values.get(lines ? 'n' : 'c') ?? '10';
  const sign = /^[-+]/.exec(text)?.[0] ?? '';
  return { lines, sign, count: readSize(text.slice(sign.length)) };
}

/** `-5` as `-n 5`. */
function oldCounts(args: readonly string[]): readonly string[] {
  return args.map((arg) => arg.replace(/^-(\d+)$/, '-n$1'));
}

function title(process: Process, name: string, first: boolean): Promise<void> {
  return process.write(`${first ? '' : '\n'}==> ${name === '-' ? 'standard input' : name} <==\n`);
}

async function head(process: Process, options: Options): Promise<number> {
  const { lines, sign, count } = wanted(options);
  if (sign === '-') throw new UsageError('invalid number: counts from the end are not built in');
  let first = true;
  return eachInput(process, options.operands, async (source, name) => {
    if (options.operands.length > 1 && !options.flags.has('q')) await title(process, name, first);
    first = false;
    await takeHead(process, source, { lines, count }, (chunk) => process.write(chunk));
  });
}

async function passAll(process: Process, source: Source): Promise<void> {
  for (;;) {
    const chunk = await process.read(source);
    if (chunk === undefined) return;
    await process.write(chunk);
  }
}

/** The last bytes or lines: keeps no more than they may be. */
async function passTail(process: Process, source: Source, count: number, lines: boolean): Promise<void> {
  const kept: Buffer[] = [];
  let size = 0;
  let newlines = 0;
  const newlinesIn = (chunk: Buffer) => {
    let found = 0;
    for (let at = chunk.indexOf(10); at !== -1; at = chunk.indexOf(10, at + 1)) found += 1;
    return found;
  };
  for (;;) {
    const chunk = await process.read(source);
    if (chunk === undefined) break;
    kept.push(chunk);
    size += chunk.length;
    if (lines) newlines += newlinesIn(chunk);
    for (let first = kept[0]; first !== undefined; first = kept[0]) {
      const without = lines ? newlines - newlinesIn(first) > count : size - first.length >= count;
      if (!without && size <= MAX_KEPT) break;
      kept.shift();
      size -= first.length;
      if (lines) newlines -= newlinesIn(first);
    }
  }
  const all = Buffer.concat(kept);
  if (!lines) return process.write(all.subarray(Math.max(0, all.length - count)));
  if (count === 0) return;
  // The newline that ends the text ends its last line, and begins none.
  let at = all.at(-1) === 10 ? all.length - 1 : all.length;
  let start = all.length;
  for (let left = count; left > 0; left -= 1) {
    const newline = at === 0 ? -1 : all.lastIndexOf(10, at - 1);
    start = newline + 1;
    if (newline === -1) break;
    at = newline;
  }
  await process.write(all.subarray(start));
}

async function tail(process: Process, options: Options): Promise<number> {
  const { lines, sign, count } = wanted(options);
  let first = true;
  const followed: Source[] = [];
  const code = await eachInput(process, options.operands, async (source, name) => {
    if (options.operands.length > 1 && !options.flags.has('q')) await title(process, name, first);
    first = false;
    if (sign === '+') {
      await takeHead(process, source, { lines, count: count - 1 }, async () => {});
      await passAll(process, source);
    } else {
      await passTail(process, source, count, lines);
    }
    if (name !== '-') followed.push(source);
  });
  if (!options.flags.has('f') && !options.flags.has('F')) return code;
  while (followed.length > 0) {
    await process.sleep(FOLLOW_MS);
    for (const source of followed) await passAll(process, source);
  }
  return code;
}

async function tee(process: Process, { flags, operands }: Options): Promise<number> {
  const sinks: Sink[] = [];
  let code = 0;
  for (const operand of operands) {
    const opened = await attempt(process, operand, () =>
      sinks.push(openSink(process.system.files, pathIn(process, operand), flags.has('a'), process.stdio)),
    );
    if (!opened) code = 1;
  }
  for (;;) {
    const chunk = await process.read();
    if (chunk === undefined) return code;
    for (const sink of sinks) await sink.write(chunk, process.signal);
    await process.write(chunk);
  }
}

interface Counts {
  lines: number;
  words: number;
  bytes: number;
  chars: number;
}

async function countsOf(process: Process, source: Source, bytesOnly: boolean): Promise<Counts> {
  const counts = { lines: 0, words: 0, bytes: 0, chars: 0 };
  let inWord = false;
  for (;;) {
    const chunk = await process.read(source);
    if (chunk === undefined) return counts;
    counts.bytes += chunk.length;
    if (bytesOnly) continue;
    for (const byte of chunk) {
      const blank = byte === 32 || (byte >= 9 && byte <= 13);
      if (byte === 10) counts.lines += 1;
      if ((byte & 0xc0) !== 0x80) counts.chars += 1;
      if (!blank && !inWord) counts.words += 1;
      inWord = !blank;
    }
  }
}

async function wc(process: Process, { flags, operands }: Options): Promise<number> {
  const total: Counts = { lines: 0, words: 0, bytes: 0, chars: 0 };
  const letters = [...'lwmc'].filter((letter) => flags.has(letter));
  const columns = letters.length === 0 ? [...'lwc'] : letters;
  const row = (counts: Counts, name: string) => {
    const values = columns.map(
      (letter) => counts[({ l: 'lines', w: 'words', m: 'chars' } as const)[letter] ?? 'bytes'],
    );
    const alone = columns.length === 1 && operands.length < 2;
    const shown = alone ? String(values[0]) : values.map((value) => String(value).padStart(7)).join(' ');
    return process.write(`${shown}${name === '-' ? '' : ` ${name}`}\n`);
  };
  const code = await eachInput(process, operands, async (source, name) => {
    const counts = await countsOf(process, source, columns.join('') === 'c');
    for (const key of ['lines', 'words', 'bytes', 'chars'] as const) total[key] += counts[key];
    await row(counts, name);
  });
  if (operands.length > 1) await row(total, 'total');
  return code;
}

function counting(
  usage: string,
  letters: string,
  run: (process: Process, options: Options) => Promise<number>,
): Program {
  return define({ usage, raw: true }, (process, { operands }) =>
    run(process, readOptions(oldCounts(operands), { usage, letters })),
  );
}

/** Name → program. */
export const END_PROGRAMS: readonly (readonly [string, Program])[] = [
  ['cat', define({ usage: '[-nu] [FILE]...', letters: 'nuA' }, cat)],
  ['head', counting('[-n LINES] [-c BYTES] [-q] [FILE]...', 'n:c:qv', head)],
  ['tail', counting('[-fF] [-n LINES] [-c [+]BYTES] [FILE]...', 'fFn:c:qv', tail)],
  ['tee', define({ usage: '[-a] [FILE]...', letters: 'ai' }, tee)],
  ['wc', define({ usage: '[-clmw] [FILE]...', letters: 'clmw' }, wc)],
];
