// mktemp, for files that no other has yet; and sync, which has nothing to do in memory.

import { randomInt } from 'node:crypto';
import type { Process, Program } from '../process.ts';
import { define, type Options, pathIn, UsageError } from './options.ts';

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
const ATTEMPTS = 100;

async function mktemp(process: Process, { flags, values, operands }: Options): Promise<number> {
  if (operands.length > 1) throw new UsageError('too many templates');
  const [template = 'tmp.XXXXXX'] = operands;
  const marks = /X+$/.exec(template)?.[0].length ?? 0;
  if (marks < 3) throw new UsageError(`too few X's in template '${template}'`);
  const inside = operands.length === 0 || flags.has('t') || flags.has('p');
  const folder = values.get('p') ?? (process.env.get('TMPDIR') || '/tmp');
  const { files } = process.system;
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const ending = Array.from({ length: marks }, () => LETTERS[randomInt(LETTERS.length)]).join('');
    const name = template.slice(0, -marks) + ending;
    const shown = inside ? `${folder.replace(/(?<=.)\/+$/, '')}/${name}` : name;
    const path = pathIn(process, shown);
    if (files.peek(path, false) !== undefined) continue;
    if (flags.has('d') && !flags.has('u')) files.makeDirectory(path, 0o700);
    else if (!flags.has('u')) files.open(path, false, 0o600);
    await process.write(`${shown}\n`);
    return 0;
  }
  throw new UsageError('File exists');
}

/** Name → program. */
export const TEMPORARY_PROGRAMS: readonly (readonly [string, Program])[] = [
  [
    'mktemp',
    define(
      {
        usage: '[-dtu] [-p DIRECTORY] [TEMPLATE]',
        letters: 'dqtup:',
        long: { directory: 'd', tmpdir: 'p', 'dry-run': 'u' },
      },
      mktemp,
    ),
  ],
  ['sync', define({ usage: '[FILE]...', letters: 'df' }, async () => 0)],
];
