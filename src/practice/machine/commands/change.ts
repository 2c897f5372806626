// Commands that change the tree: mkdir, rmdir, rm, mv, cp, ln.

import { FileError, type FileNode } from '../files/node.ts';
import type { FileTree } from '../files/tree.ts';
import type { Process, Program } from '../process.ts';
import { each, needsOperands } from './attributes.ts';
import { attempt, define, type Options, pathIn } from './options.ts';

function mkdir(process: Process, { flags, values, operands }: Options): Promise<number> {
  const { files } = process.system;
  const mode = Number.parseInt(values.get('m') ?? '755', 8) & 0o7777;
  return each(
    process,
    operands,
    (operand) => `cannot create directory '${operand}'`,
    (path) => (flags.has('p') ? files.makeParents(path) : files.makeDirectory(path, mode)),
  );
}

function rmdir(process: Process, { operands }: Options): Promise<number> {
  const { files } = process.system;
  return each(
    process,
    operands,
    (operand) => `failed to remove '${operand}'`,
    (path) => {
      if (files.find(path, false).kind !== 'directory') throw new FileError('ENOTDIR');
      files.remove(path);
    },
  );
}

async function rm(process: Process, { flags, operands }: Options): Promise<number> {
  const { files } = process.system;
  const recursive = flags.has('r') || flags.has('R');
  if (operands.length === 0 && flags.has('f')) return 0;
  return each(
    process,
    operands,
    (operand) => `cannot remove '${operand}'`,
    (path) => {
      const { node, name } = files.place(path, false);
      if (node === undefined) {
        if (flags.has('f')) return;
        throw new FileError('ENOENT');
      }
      if (node.kind === 'directory' && !recursive) throw new FileError('EISDIR');
      if (name === '') throw new FileError('EBUSY');
      removeTree(files, path, node);
    },
  );
}

function removeTree(files: FileTree, path: string, node: FileNode): void {
  if (node.kind === 'directory') {
    for (const [name, below] of [...node.entries]) removeTree(files, `${path}/${name}`, below);
  }
  files.remove(path);
}

/** Where a file goes: into the last operand when that is a directory. */
function targetFor(process: Process, operands: readonly string[]): (operand: string) => string {
  const last = operands.at(-1) ?? '';
  const target = pathIn(process, last);
  const into = process.system.files.peek(target)?.kind === 'directory';
  return (operand) => {
    const name = operand.replace(/\/+$/, '').replace(/^.*\//, '');
    return into ? `${target}/${name}` : target;
  };
}

async function severalNeedDirectory(process: Process, operands: readonly string[]): Promise<boolean> {
  const last = operands.at(-1) ?? '';
  if (operands.length < 3 || process.system.files.peek(pathIn(process, last))?.kind === 'directory')
    return false;
  await process.warn(`target '${last}': Not a directory`);
  return true;
}

async function mv(process: Process, { operands }: Options): Promise<number> {
  needsOperands(operands, 2);
  if (await severalNeedDirectory(process, operands)) return 1;
  const target = targetFor(process, operands);
  return each(
    process,
    operands.slice(0, -1),
    (operand) => `can't rename '${operand}'`,
    (path, operand) => process.system.files.rename(path, target(operand)),
  );
}

async function cp(process: Process, { flags, operands }: Options): Promise<number> {
  needsOperands(operands, 2);
  if (await severalNeedDirectory(process, operands)) return 1;
  const { files } = process.system;
  const target = targetFor(process, operands);
  const recursive = flags.has('r') || flags.has('R') || flags.has('a');
  let code = 0;
  for (const operand of operands.slice(0, -1)) {
    const path = pathIn(process, operand);
    const done = await attempt(process, `can't copy '${operand}'`, async () => {
      const node = files.find(path, !recursive);
      if (node.kind === 'directory' && !recursive) throw new FileError('EISDIR');
      const from = `${files.place(path, false).path}/`;
      const to = target(operand);
      if (node.kind === 'directory' && `${files.place(to).path}/`.startsWith(from))
        throw new FileError('EINVAL');
      if (files.peek(to, false) === node) throw new FileError('EEXIST');
      await copy(process, node, to, flags.has('p') || flags.has('a'));
    });
    if (!done) code = 1;
  }
  return code;
}

async function copy(process: Process, node: FileNode, to: string, keeps: boolean): Promise<void> {
  const { files, turns } = process.system;
  await turns.take(process.signal);
  if (node.kind === 'directory') {
    if (files.peek(to) === undefined) files.makeDirectory(to, node.mode);
    for (const [name, below] of [...node.entries]) await copy(process, below, `${to}/${name}`, keeps);
  } else if (node.kind === 'symlink') {
    if (files.peek(to, false) !== undefined) files.remove(to);
    files.makeSymlink(to, node.target);
  } else {
    if (node.kind === 'device') throw new FileError('EPERM');
    const made = files.open(to, false, node.mode);
    if (made.kind !== 'file') return;
    if (node.kind === 'generated') return files.append(made, Buffer.from(node.text()));
    for (let at = 0; ; ) {
      const chunk = node.content.read(at);
      if (chunk === undefined) break;
      files.append(made, chunk);
      at += chunk.length;
      await turns.take(process.signal);
    }
    made.program = node.program;
    if (keeps) made.mtimeMs = node.mtimeMs;
  }
}

async function ln(process: Process, { flags, operands }: Options): Promise<number> {
  const { files } = process.system;
  needsOperands(operands);
  const pair = operands.length === 1 ? [...operands, '.'] : operands;
  const target = targetFor(process, pair);
  return each(
    process,
    pair.slice(0, -1),
    (operand) => `failed to create ${flags.has('s') ? 'symbolic ' : 'hard '}link to '${operand}'`,
    (path, operand) => {
      const to = target(operand);
      if (flags.has('f') && files.peek(to, false) !== undefined) files.remove(to);
      if (flags.has('s')) files.makeSymlink(to, operand);
      else files.link(path, to);
    },
  );
}

/** Name → program. */
export const CHANGE_PROGRAMS: readonly (readonly [string, Program])[] = [
  ['mkdir', define({ usage: '[-p] [-m MODE] DIRECTORY...', letters: 'pm:v', long: { parents: 'p' } }, mkdir)],
  ['rmdir', define({ usage: 'DIRECTORY...' }, rmdir)],
  ['rm', define({ usage: '[-rf] FILE...', letters: 'rRfiv', long: { recursive: 'r', force: 'f' } }, rm)],
  ['mv', define({ usage: '[-f] SOURCE... DEST', letters: 'finv' }, mv)],
  ['cp', define({ usage: '[-rRapf] SOURCE... DEST', letters: 'rRapfdv', long: { recursive: 'r' } }, cp)],
  ['ln', define({ usage: '[-sf] TARGET... LINK', letters: 'sfnv' }, ln)],
];
