// Commands that walk over a tree: find, du, df.

import type { FileNode } from '../files/node.ts';
import type { Process, Program } from '../process.ts';
import { globMatches } from '../shell/glob.ts';
import { humanSize, sizeOf } from './list.ts';
import { define, type Options, pathIn } from './options.ts';

interface Step {
  readonly path: string;
  readonly node: FileNode;
  readonly depth: number;
}

/** All below `path`, itself first; sorted by name. */
export function* walk(path: string, node: FileNode, depth = 0): Generator<Step> {
  yield { path, node, depth };
  if (node.kind !== 'directory') return;
  const entries = [...node.entries].sort(([a], [b]) => (a < b ? -1 : 1));
  for (const [name, entry] of entries) yield* walk(`${path.replace(/\/$/, '')}/${name}`, entry, depth + 1);
}

type Test = (step: Step) => boolean;

const TYPES: Readonly<Record<string, readonly FileNode['kind'][]>> = {
  f: ['file', 'generated'],
  d: ['directory'],
  l: ['symlink'],
  c: ['device'],
};

/** `find PATH... -name G -iname G -path G -type T -maxdepth N -mindepth N -empty -print -print0 -delete`. */
async function find(process: Process): Promise<number> {
  const args = [...process.args];
  const paths: string[] = [];
  while (args.length > 0 && !/^[-!(]/.test(args[0] ?? '')) paths.push(args.shift() ?? '');
  const tests: Test[] = [];
  let end = '\n';
  let deletes = false;
  let deepest = Number.POSITIVE_INFINITY;
  while (args.length > 0) {
    const name = args.shift() ?? '';
    const negated = name === '!' || name === '-not';
    const primary = negated ? (args.shift() ?? '') : name;
    const takes = /^-(i?name|path|type|maxdepth|mindepth)$/.test(primary);
    const value = takes ? args.shift() : '';
    if (value === undefined) return wrong(process, `missing argument to '${primary}'`);
    if (primary === '-print0') end = '\0';
    else if (primary === '-delete') deletes = true;
    else if (primary === '-maxdepth') deepest = Number(value);
    else if (primary !== '-print') {
      const test = testOf(primary, value);
      if (test === undefined) return wrong(process, `unrecognized: ${primary}`);
      tests.push(negated ? (step) => !test(step) : test);
    }
  }
  let code = 0;
  for (const path of paths.length === 0 ? ['.'] : paths) {
    const node = process.system.files.peek(pathIn(process, path), false);
    if (node === undefined) {
      await process.warn(`${path}: No such file or directory`);
      code = 1;
      continue;
    }
    const steps = [...walk(path, node)].filter(
      (step) => step.depth <= deepest && tests.every((test) => test(step)),
    );
    for (const step of deletes ? steps.reverse() : steps) {
      if (deletes) process.system.files.remove(pathIn(process, step.path));
      else await process.write(`${step.path}${end}`);
    }
  }
  return code;
}

async function wrong(process: Process, message: string): Promise<number> {
  await process.warn(message);
  return 1;
}

function testOf(primary: string, value: string): Test | undefined {
  const name = ({ path }: Step) => path.replace(/\/+$/, '').replace(/^.*\//, '') || '/';
  switch (primary) {
    case '-name':
      return (step) => globMatches(value, name(step));
    case '-iname':
      return (step) => globMatches(value.toLowerCase(), name(step).toLowerCase());
    case '-path':
      return (step) => globMatches(value, step.path);
    case '-type':
      return ({ node }) => TYPES[value]?.includes(node.kind) === true;
    case '-mindepth':
      return ({ depth }) => depth >= Number(value);
    case '-empty':
      return ({ node }) => (node.kind === 'directory' ? node.entries.size === 0 : sizeOf(node) === 0);
    default:
      return undefined;
  }
}

async function du(process: Process, { flags, operands }: Options): Promise<number> {
  let code = 0;
  for (const operand of operands.length === 0 ? ['.'] : operands) {
    const node = process.system.files.peek(pathIn(process, operand), false);
    if (node === undefined) {
      await process.warn(`${operand}: No such file or directory`);
      code = 1;
      continue;
    }
    const steps = [...walk(operand, node)];
    for (const { path, node: below } of flags.has('s') ? steps.slice(0, 1) : steps.reverse()) {
      if (below.kind !== 'directory' && !flags.has('a') && path !== operand) continue;
      let bytes = 0;
      for (const { node: one } of walk(path, below)) bytes += Math.ceil(sizeOf(one) / 4096) * 4096;
      const shown = flags.has('h')
        ? humanSize(bytes)
        : flags.has('m')
          ? Math.ceil(bytes / 2 ** 20)
          : bytes / 1024;
      await process.write(`${shown}\t${path}\n`);
    }
  }
  return code;
}

async function df(process: Process, { flags }: Options): Promise<number> {
  const { limit, used } = process.system.files;
  const shown = (bytes: number) => (flags.has('h') ? humanSize(bytes) : String(Math.ceil(bytes / 1024)));
  const cells = [shown(limit), shown(used), shown(limit - used), `${Math.ceil((used / limit) * 100)}%`];
  const title = flags.has('h') ? 'Size' : '1K-blocks';
  await process.write(
    `Filesystem     ${title.padStart(9)}      Used Available Use% Mounted on\n` +
      `practice       ${(cells[0] ?? '').padStart(9)} ${(cells[1] ?? '').padStart(9)} ${(cells[2] ?? '').padStart(9)} ${(cells[3] ?? '').padStart(4)} /\n`,
  );
  return 0;
}

/** Name → program. */
export const WALK_PROGRAMS: readonly (readonly [string, Program])[] = [
  ['find', { usage: '[PATH]... [-name GLOB] [-type f|d|l] [-maxdepth N] [-empty] [-delete]', run: find }],
  ['du', define({ usage: '[-ashkm] [FILE]...', letters: 'ashkm' }, du)],
  ['df', define({ usage: '[-hk] [FILE]...', letters: 'hkT' }, df)],
];
