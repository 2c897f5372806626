// Commands that change what is written about a file: touch, chmod; and how commands go over their operands.

import { FileError } from '../files/node.ts';
import type { Process, Program } from '../process.ts';
import { readDate } from './calendar.ts';
import { define, type Options, pathIn, UsageError } from './options.ts';

/** @throws UsageError when there are fewer. */
export function needsOperands(operands: readonly string[], least = 1): void {
  if (operands.length < least) throw new UsageError('missing file operand');
}

/** For each operand; a FileError becomes `name: title: why`. @returns 1 when one failed. */
export async function each(
  process: Process,
  operands: readonly string[],
  title: (operand: string) => string,
  act: (path: string, operand: string) => unknown,
): Promise<number> {
  needsOperands(operands);
  let code = 0;
  for (const operand of operands) {
    try {
      await act(pathIn(process, operand), operand);
    } catch (error) {
      if (!(error instanceof FileError)) throw error;
      await process.warn(`${title(operand)}: ${error.message}`);
      code = 1;
    }
  }
  return code;
}

function touch(process: Process, { flags, values, operands }: Options): Promise<number> {
  const { files, now } = process.system;
  const text = values.get('d');
  const time = text === undefined ? now() : readDate(text, now());
  if (time === undefined) throw new UsageError(`invalid date format '${text}'`);
  return each(
    process,
    operands,
    (operand) => `cannot touch '${operand}'`,
    (path) => {
      if (flags.has('c') && files.peek(path) === undefined) return;
      const there = files.peek(path);
      const node = there ?? files.open(path, true);
      node.mtimeMs = time;
    },
  );
}

/** `755`, `u+x`, `go-w`, `a=r`, `+x`, several with commas; undefined when it is none. */
export function changedMode(mode: number, text: string): number | undefined {
  if (/^[0-7]{1,4}$/.test(text)) return Number.parseInt(text, 8);
  let now = mode;
  for (const clause of text.split(',')) {
    const found = /^([ugoa]*)([-+=])([rwxXst]*)$/.exec(clause);
    if (found === null) return undefined;
    const [, who = '', operator, letters = ''] = found;
    const classes = who === '' || who.includes('a') ? 'ugo' : who;
    let bits = 0;
    let all = 0;
    for (const [index, one] of [...'ugo'].entries()) {
      if (!classes.includes(one)) continue;
      const shift = 6 - 3 * index;
      all |= 7 << shift;
      for (const letter of letters) bits |= ({ r: 4, w: 2, x: 1, X: 1 }[letter] ?? 0) << shift;
    }
    if (letters.includes('t')) bits |= 0o1000;
    if (operator === '+') now |= bits;
    else if (operator === '-') now &= ~bits;
    else now = (now & ~all) | bits;
  }
  return now;
}

async function chmod(process: Process, { operands: given }: Options): Promise<number> {
  const args = given.filter((arg) => arg !== '-R' && arg !== '-v' && arg !== '-f' && arg !== '--');
  const [text = '', ...operands] = args;
  if (operands.length === 0) throw new UsageError('missing operand');
  return each(
    process,
    operands,
    (operand) => `cannot access '${operand}'`,
    async (path) => {
      const node = process.system.files.find(path);
      const mode = changedMode(node.mode, text);
      if (mode === undefined) throw new UsageError(`invalid mode: '${text}'`);
      node.mode = mode;
      if (!given.includes('-R') || node.kind !== 'directory') return;
      const below = [...node.entries.values()];
      for (let one = below.pop(); one !== undefined; one = below.pop()) {
        if (one.kind === 'directory') below.push(...one.entries.values());
        if (one.kind !== 'symlink') one.mode = changedMode(one.mode, text) ?? one.mode;
      }
    },
  );
}

/** Name → program. */
export const ATTRIBUTE_PROGRAMS: readonly (readonly [string, Program])[] = [
  ['touch', define({ usage: '[-c] [-d DATE] FILE...', letters: 'camd:' }, touch)],
  // Its modes may begin with `-`.
  ['chmod', define({ usage: '[-R] MODE FILE...', raw: true }, chmod)],
];
