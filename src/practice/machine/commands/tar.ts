// tar, as `kubectl cp` and people use it: `tar cf - PATH…`, `tar xmf - -C DIR`, `tar tf -`. Archives stream both ways. Names that would
// leave the directory are refused.

import { FileError, type FileNode } from '../files/node.ts';
import { openSink } from '../files/open.ts';
import type { Process, Program, Sink, Source } from '../process.ts';
import { packArchive, type UnpackedEntry, unpackArchive } from './archive.ts';
import { formatDate } from './calendar.ts';
import { modeText } from './list.ts';
import { define, type Options, openOperand, pathIn, readOptions, UsageError } from './options.ts';
import { walk } from './walk.ts';

const LETTERS = 'cxtvmhpOkf:C:';
/** Accepted for the callers that name them: the machine has one owner, and gzip is not built in. */
const LONG = {
  'no-same-owner': '',
  'no-same-permissions': '',
  'same-permissions': '',
  'numeric-owner': '',
  'no-overwrite-dir': '',
  warning: '',
  create: 'c',
  extract: 'x',
  list: 't',
  verbose: 'v',
  touch: 'm',
  dereference: 'h',
  file: 'f',
  directory: 'C',
};

async function tar(process: Process, options: Options): Promise<number> {
  const { flags, values } = options;
  const modes = [...'cxt'].filter((letter) => flags.has(letter));
  if (modes.length !== 1) throw new UsageError("You must specify one of the 'ctx' options", 2);
  const base = pathIn(process, values.get('C') ?? '.');
  if (process.system.files.peek(base)?.kind !== 'directory') {
    return fatal(process, `${values.get('C')}: Cannot open: No such file or directory`);
  }
  const file = values.get('f') ?? '-';
  try {
    if (flags.has('c')) {
      if (options.operands.length === 0)
        return await fatal(process, 'Cowardly refusing to create an empty archive');
      const sink =
        file === '-'
          ? process.stdio.stdout
          : openSink(process.system.files, pathIn(process, file), false, process.stdio);
      return await create(process, options, base, sink);
    }
    return await read(process, options, base, openOperand(process, file));
  } catch (error) {
    if (!(error instanceof FileError)) throw error;
    return fatal(process, `${file}: Cannot open: ${error.message}`);
  }
}

async function fatal(process: Process, message: string): Promise<number> {
  await process.warn(message);
  await process.warn('Error is not recoverable: exiting now');
  return 2;
}

interface Packed {
  readonly name: string;
  readonly node: FileNode;
}

async function create(
  process: Process,
  { flags, operands }: Options,
  base: string,
  sink: Sink,
): Promise<number> {
  const entries: Packed[] = [];
  let code = 0;
  let stripped = false;
  for (const operand of operands) {
    const path = operand.startsWith('/') ? operand : `${base}/${operand}`;
    let node: FileNode;
    try {
      node = process.system.files.find(path, flags.has('h'));
    } catch (error) {
      if (!(error instanceof FileError)) throw error;
      await process.warn(`${operand}: Cannot stat: ${error.message}`);
      code = 2;
      continue;
    }
    const name = operand.replace(/^(\/|\.\.\/)+/, '');
    stripped ||= operand.startsWith('/');
    for (const step of walk(name === '' ? '.' : name, node))
      entries.push({ name: step.path, node: step.node });
  }
  if (stripped) await process.warn("Removing leading `/' from member names");
  const follow = (name: string, node: FileNode) => {
    if (!flags.has('h') || node.kind !== 'symlink') return node;
    return process.system.files.peek(name.startsWith('/') ? name : `${base}/${name}`) ?? node;
  };
  await packArchive(process, sink, async (add) => {
    for (const { name, node } of entries) {
      const shown = follow(name, node);
      if (flags.has('v')) await process.stdio.stderr.write(Buffer.from(`${name}\n`), process.signal);
      if (shown.kind !== 'device') await add(name, shown);
    }
  });
  if (code !== 0) await process.warn('Exiting with failure status due to previous errors');
  return code;
}

/** Extracts or lists. */
async function read(process: Process, options: Options, base: string, source: Source): Promise<number> {
  const { flags, operands } = options;
  let code = 0;
  const wanted = (name: string) =>
    operands.length === 0 ||
    operands.some((one) => name === one || name.startsWith(`${one.replace(/\/$/, '')}/`));
  const problem = await unpackArchive(process, source, async (entry) => {
    if (!wanted(entry.name.replace(/\/$/, ''))) return;
    if (flags.has('t')) return process.write(`${flags.has('v') ? longLine(entry) : entry.name}\n`);
    if (flags.has('v')) await process.write(`${entry.name}\n`);
    const why = await extract(process, entry, { base, keepTimes: !flags.has('m'), toStdout: flags.has('O') });
    if (why === undefined) return;
    await process.warn(why);
    code = 2;
  });
  if (problem !== undefined) {
    await process.warn(problem);
    await process.warn('Error is not recoverable: exiting now');
    return 2;
  }
  if (code !== 0) await process.warn('Exiting with failure status due to previous errors');
  return code;
}

function longLine({ name, kind, mode, size, mtimeMs, target }: UnpackedEntry): string {
  const node = { kind, mode } as FileNode;
  const date = formatDate(mtimeMs, '%Y-%m-%d %H:%M');
  return `${modeText(node)} root/root ${String(size).padStart(9)} ${date} ${name}${kind === 'symlink' ? ` -> ${target}` : ''}`;
}

/** Makes one entry. @returns what went wrong. */
async function extract(
  process: Process,
  entry: UnpackedEntry,
  {
    base,
    keepTimes,
    toStdout,
  }: { readonly base: string; readonly keepTimes: boolean; readonly toStdout: boolean },
): Promise<string | undefined> {
  const { files } = process.system;
  const name = entry.name.replace(/^\/+/, '').replace(/\/+$/, '');
  if (name.split('/').includes('..')) return `${entry.name}: Member name contains '..'`;
  if (toStdout) {
    if (entry.kind === 'file') await entry.body((chunk) => process.write(chunk));
    return undefined;
  }
  const path = `${base}/${name}`;
  try {
    const parent = path.slice(0, path.lastIndexOf('/'));
    if (files.peek(parent) === undefined) files.makeParents(parent);
    const there = files.peek(path, false);
    if (entry.kind === 'directory') {
      if (there?.kind !== 'directory' && files.peek(path)?.kind !== 'directory') {
        if (there !== undefined) files.remove(path);
        files.makeDirectory(path);
      }
    } else {
      if (there !== undefined) files.remove(path);
      if (entry.kind === 'symlink') files.makeSymlink(path, entry.target);
      else if (entry.kind === 'link') files.link(`${base}/${entry.target}`, path);
      else await writeFile(process, entry, path);
    }
    const made = files.peek(path, false);
    if (made === undefined || entry.kind === 'link') return undefined;
    if (made.kind !== 'symlink') made.mode = entry.mode & 0o7777;
    if (keepTimes) made.mtimeMs = entry.mtimeMs;
    return undefined;
  } catch (error) {
    if (!(error instanceof FileError)) throw error;
    return `${entry.name}: Cannot ${error.code === 'ENOSPC' ? 'write' : 'open'}: ${error.message}`;
  }
}

async function writeFile(process: Process, entry: UnpackedEntry, path: string): Promise<void> {
  const { files } = process.system;
  const node = files.open(path, false, entry.mode & 0o7777);
  if (node.kind !== 'file') throw new FileError('EISDIR');
  await entry.body(async (chunk) => files.append(node, chunk));
}

/** The old way without a dash: `tar cf - x`, `tar xmf - -C dir`: a letter's value is the next argument in turn. */
function dashed(args: readonly string[]): readonly string[] {
  const [first = '', ...rest] = args;
  if (first.startsWith('-') || first === '') return args;
  const out: string[] = [];
  for (const letter of first) {
    out.push(`-${letter}`);
    if (letter === 'f' || letter === 'C') out.push(rest.shift() ?? '');
  }
  return [...out, ...rest];
}

const USAGE = '-c|-x|-t [-vmhpO] [-f FILE] [-C DIR] [FILE]...';

/** The program. */
export const TAR: Program = define({ usage: USAGE, raw: true, wrong: 2 }, (process, { operands }) =>
  tar(process, readOptions(dashed(operands), { usage: USAGE, letters: LETTERS, long: LONG, wrong: 2 })),
);
