// grep: lines that match.

import type { Process, Program, Source } from '../process.ts';
import { define, type Options, pathIn, readCount, UsageError } from './options.ts';
import { RegexError } from './pattern.ts';
import { Regex } from './regex.ts';
import { byteString, eachInput, LineOutput, linesOf } from './texts.ts';
import { walk } from './walk.ts';

/** Whether a line is wanted, and where. */
interface Matcher {
  readonly test: (line: string) => boolean;
  /** All matches in a line, for `-o`. */
  readonly all: (line: string) => readonly string[];
}

function matcherOf(patterns: readonly string[], flags: ReadonlySet<string>): Matcher {
  const ignoreCase = flags.has('i');
  const extended = flags.has('E');
  const regexes = patterns.map((pattern) => {
    const text = flags.has('F') ? pattern.replace(/[\\^$.*[\]]/g, '\\$&') : pattern;
    const [open, close] = extended && !flags.has('F') ? ['(', ')'] : ['\\(', '\\)'];
    const whole = flags.has('x')
      ? `^${open}${text}${close}$`
      : flags.has('w')
        ? `\\b${open}${text}${close}\\b`
        : text;
    return new Regex(whole, { extended: extended && !flags.has('F'), ignoreCase });
  });
  return {
    test: (line) => regexes.some((regex) => regex.test(line)),
    all: (line) => {
      const found: string[] = [];
      for (let at = 0; at <= line.length; ) {
        const best = regexes
          .flatMap((regex) => regex.find(line, at) ?? [])
          .sort((a, b) => a.start - b.start || b.end - a.end)[0];
        if (best === undefined) break;
        if (best.end > best.start) found.push(line.slice(best.start, best.end));
        at = Math.max(best.end, best.start + 1);
      }
      return found;
    },
  };
}

interface Search {
  readonly matcher: Matcher;
  readonly flags: ReadonlySet<string>;
  readonly most: number;
  readonly out: LineOutput;
}

/** Searches one input; @returns whether a line was wanted. */
async function search(
  process: Process,
  source: Source,
  name: string,
  { matcher, flags, most, out }: Search,
): Promise<boolean> {
  let count = 0;
  let number = 0;
  const before = flags.has('H') ? `${byteString(name)}:` : '';
  for await (const line of linesOf(process, source)) {
    number += 1;
    if (count >= most) break;
    if (matcher.test(line) === flags.has('v')) continue;
    count += 1;
    if (flags.has('q')) return true;
    if (flags.has('l') || flags.has('L')) break;
    if (flags.has('c')) continue;
    const prefix = before + (flags.has('n') ? `${number}:` : '');
    for (const text of flags.has('o') ? matcher.all(line) : [line]) await out.line(prefix + text);
    // What follows may never come: a line is shown when it is found.
    await out.flush();
  }
  if (flags.has('c')) await out.line(`${before}${count}`);
  if ((flags.has('l') && count > 0) || (flags.has('L') && count === 0)) await out.line(byteString(name));
  return count > 0;
}

function filesBelow(process: Process, operands: readonly string[]): readonly string[] {
  return (operands.length === 0 ? ['.'] : operands).flatMap((operand) => {
    const node = process.system.files.peek(pathIn(process, operand));
    if (node?.kind !== 'directory') return [operand];
    return [...walk(operand, node)].filter((step) => step.node.kind === 'file').map(({ path }) => path);
  });
}

async function grep(process: Process, { flags, values, operands }: Options): Promise<number> {
  const [first, ...others] = operands;
  const given = values.get('e') ?? first;
  if (given === undefined) throw new UsageError('missing pattern', 2);
  const named = values.has('e') ? operands : others;
  const files = flags.has('r') ? filesBelow(process, named) : named;
  const titled = !flags.has('h') && (flags.has('H') || files.length > 1 || flags.has('r'));
  const shown = new Set([...flags].filter((flag) => flag !== 'H').concat(titled ? ['H'] : []));
  if (process.name === 'egrep') shown.add('E');
  if (process.name === 'fgrep') shown.add('F');
  let matcher: Matcher;
  try {
    matcher = matcherOf(byteString(given).split('\n'), shown);
  } catch (error) {
    if (!(error instanceof RegexError)) throw error;
    await process.warn(error.message);
    return 2;
  }
  const out = new LineOutput(process);
  const most = values.has('m') ? readCount(values.get('m') ?? '') : Number.POSITIVE_INFINITY;
  let found = false;
  const code = await eachInput(
    process,
    files,
    async (source, name) => {
      if (found && shown.has('q')) return;
      const title = name === '-' ? '(standard input)' : name;
      found = (await search(process, source, title, { matcher, flags: shown, most, out })) || found;
    },
    2,
  );
  await out.flush();
  if (found && shown.has('q')) return 0;
  return code === 0 ? (found ? 0 : 1) : code;
}

const GREP = define(
  {
    usage: '[-cEFhHilLnoqrvwx] [-m N] [-e] PATTERN [FILE]...',
    letters: 'cEFGhHilLnoqrRsvwxe:m:',
    wrong: 2,
    long: { color: '', 'ignore-case': 'i', 'line-buffered': '' },
  },
  grep,
);

/** Name → program. */
export const GREP_PROGRAMS: readonly (readonly [string, Program])[] = [
  ['grep', GREP],
  ['egrep', GREP],
  ['fgrep', GREP],
];
