// What all commands have in common: options as getopt(3) reads them, `--help`, and errors in the words of busybox and the coreutils.

import { FileError } from '../files/node.ts';
import { openSource } from '../files/open.ts';
import { absolute } from '../files/tree.ts';
import type { Process, Program, Source } from '../process.ts';

/** What a command was given. */
export interface Options {
  /** Letters that were given. */
  readonly flags: ReadonlySet<string>;
  /** Of the letters that take one. */
  readonly values: ReadonlyMap<string, string>;
  readonly operands: readonly string[];
}

/** A wrong call: `name: message` and the usage go to stderr. */
export class UsageError extends Error {
  readonly code: number;

  constructor(message: string, code = 1) {
    super(message);
    this.code = code;
  }
}

/** How a command reads its options. */
export interface Syntax {
  /** What follows the name in its usage. */
  readonly usage: string;
  /** As for getopt(3): `ln:R`; a leading `+` ends options at the first operand. */
  readonly letters?: string;
  /** Long options, by the letter that they stand for ('' for ones that are accepted and do nothing). */
  readonly long?: Readonly<Record<string, string>>;
  /** All arguments are operands, whatever they look like. */
  readonly raw?: boolean;
  /** Exit code of a wrong call; 1 unless told. */
  readonly wrong?: number;
}

/** A program with options. */
export function define(
  syntax: Syntax,
  run: (process: Process, options: Options) => Promise<number>,
): Program {
  return {
    usage: syntax.usage,
    run: async (process) => {
      if (process.args[0] === '--help') {
        await process.write(
          `Usage: ${process.name} ${syntax.usage}\n\nA built-in program of Postern's practice machine.\n`,
        );
        return 0;
      }
      try {
        return await run(process, readOptions(process.args, syntax));
      } catch (error) {
        if (error instanceof FileError) {
          await process.warn(error.message);
          return 1;
        }
        if (!(error instanceof UsageError)) throw error;
        await process.warn(`${error.message}\nUsage: ${process.name} ${syntax.usage}`);
        return error.code;
      }
    },
  };
}

/** Reads options. @throws UsageError. */
export function readOptions(
  args: readonly string[],
  { letters = '', long = {}, raw = false, wrong = 1 }: Syntax,
): Options {
  const flags = new Set<string>();
  const values = new Map<string, string>();
  const operands: string[] = [];
  if (raw) return { flags, values, operands: args };
  const rest = [...args];
  const give = (letter: string, shown: string, inline: string | undefined) => {
    if (letter === '') return;
    flags.add(letter);
    if (!letters.includes(`${letter}:`)) return;
    const value = inline ?? rest.shift();
    if (value === undefined) throw new UsageError(`option requires an argument: ${shown}`, wrong);
    values.set(letter, value);
  };
  while (rest.length > 0) {
    const arg = rest.shift() ?? '';
    if (arg === '--') {
      operands.push(...rest);
      break;
    }
    if (arg.startsWith('--')) {
      const [name = '', inline] = splitOnce(arg.slice(2));
      const letter = long[name];
      if (letter === undefined) throw new UsageError(`unrecognized option: ${name}`, wrong);
      give(letter, name, inline);
    } else if (arg.startsWith('-') && arg !== '-') {
      for (let at = 1; at < arg.length; at += 1) {
        const letter = arg[at] ?? '';
        if (letter === ':' || letter === '+' || !letters.includes(letter)) {
          throw new UsageError(`unrecognized option: ${letter}`, wrong);
        }
        const takes = letters.includes(`${letter}:`);
        give(letter, letter, takes && at + 1 < arg.length ? arg.slice(at + 1) : undefined);
        if (takes) break;
      }
    } else {
      operands.push(arg);
      if (letters.startsWith('+')) {
        operands.push(...rest);
        break;
      }
    }
  }
  return { flags, values, operands };
}

function splitOnce(text: string): readonly [string, string | undefined] {
  const at = text.indexOf('=');
  return at === -1 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
}

/** Does something about a path; a FileError becomes `name: path: why`. @returns whether it was done. */
export async function attempt(process: Process, path: string, act: () => unknown): Promise<boolean> {
  try {
    await act();
    return true;
  } catch (error) {
    if (!(error instanceof FileError)) throw error;
    await process.warn(`${path}: ${error.message}`);
    return false;
  }
}

/** A path of the process. */
export function pathIn(process: Process, path: string): string {
  return path === '' ? '' : absolute(process.cwd, path);
}

/** Opens a file to read, `-` is stdin. @throws FileError. */
export function openOperand(process: Process, path: string): Source {
  return path === '-'
    ? process.stdio.stdin
    : openSource(process.system.files, pathIn(process, path), process.stdio);
}

/** A count with a suffix: `64k`, `1M`, `2G`, also `kB` (1000) and `b` (512). @throws UsageError. */
export function readSize(text: string): number {
  const found = /^(\d+)(c|w|b|[kKMGT](?:iB|B)?)?$/.exec(text);
  if (found === null) throw new UsageError(`invalid number '${text}'`);
  const suffix = found[2] ?? 'c';
  const base = suffix.endsWith('B') && !suffix.endsWith('iB') ? 1000 : 1024;
  const power = 'kMGT'.indexOf(suffix[0]?.replace('K', 'k') ?? '') + 1;
  const factor = suffix === 'b' ? 512 : suffix === 'w' ? 2 : base ** power;
  const value = Number(found[1]) * factor;
  if (!Number.isSafeInteger(value)) throw new UsageError(`number ${text} is too large`);
  return value;
}

/** A whole number. @throws UsageError. */
export function readCount(text: string): number {
  if (!/^[-+]?\d{1,15}$/.test(text)) throw new UsageError(`invalid number '${text}'`);
  return Number(text);
}
