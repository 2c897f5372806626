// Commands that show what files there are: ls and stat.

import type { FileNode } from '../files/node.ts';
import type { Process, Program } from '../process.ts';
import { formatDate } from './calendar.ts';
import { attempt, define, type Options, pathIn, UsageError } from './options.ts';

const SIX_MONTHS_MS = 182 * 24 * 3600 * 1000;
const KINDS: Readonly<Record<FileNode['kind'], string>> = {
  file: '-',
  directory: 'd',
  symlink: 'l',
  device: 'c',
  generated: '-',
};
const KIND_NAMES: Readonly<Record<FileNode['kind'], string>> = {
  file: 'regular file',
  directory: 'directory',
  symlink: 'symbolic link',
  device: 'character special file',
  generated: 'regular file',
};

/** Permission bits as `rwxr-xr-x`, with the kind before them. */
export function modeText(node: FileNode): string {
  const bits = [...'rwxrwxrwx'].map((letter, index) => ((node.mode >> (8 - index)) & 1 ? letter : '-'));
  if (node.mode & 0o4000) bits[2] = bits[2] === 'x' ? 's' : 'S';
  if (node.mode & 0o2000) bits[5] = bits[5] === 'x' ? 's' : 'S';
  if (node.mode & 0o1000) bits[8] = bits[8] === 'x' ? 't' : 'T';
  return KINDS[node.kind] + bits.join('');
}

/** Bytes, as `ls -l` shows them. */
export function sizeOf(node: FileNode): number {
  if (node.kind === 'file') return node.content.size;
  if (node.kind === 'directory') return 4096;
  return node.kind === 'symlink' ? Buffer.byteLength(node.target) : 0;
}

function owner(id: number): string {
  return id === 0 ? 'root' : id === 65534 ? 'nobody' : String(id);
}

interface Shown {
  readonly name: string;
  readonly node: FileNode;
}

async function ls(process: Process, { flags, operands }: Options): Promise<number> {
  const files: Shown[] = [];
  const directories: string[] = [];
  let code = 0;
  for (const operand of operands.length === 0 ? ['.'] : operands) {
    const found = await attempt(process, operand, () => {
      const follow = !flags.has('l') || operand.endsWith('/');
      const node = process.system.files.find(pathIn(process, operand), follow);
      if (node.kind === 'directory' && !flags.has('d')) directories.push(operand);
      else files.push({ name: operand, node });
    });
    if (!found) code = 2;
  }
  if (files.length > 0) await process.write(listing(process, files, flags));
  let first = files.length === 0;
  const titled = directories.length + files.length > 1 || flags.has('R');
  // Depth first: what is found below stands before what was asked for next.
  const queue = [...directories];
  for (let path = queue.shift(); path !== undefined; path = queue.shift()) {
    const node = process.system.files.peek(pathIn(process, path));
    if (node?.kind !== 'directory') continue;
    const entries = entriesOf(node, flags);
    if (titled) await process.write(`${first ? '' : '\n'}${path}:\n`);
    first = false;
    const all = flags.has('a') ? [{ name: '.', node }, { name: '..', node }, ...entries] : entries;
    const total = flags.has('l') ? `total ${blocks(all)}\n` : '';
    await process.write(total + listing(process, all, flags));
    if (!flags.has('R')) continue;
    const base = path.replace(/\/*$/, '/');
    const below = entries.filter((entry) => entry.node.kind === 'directory');
    queue.unshift(...below.map(({ name }) => `${base}${name}`));
  }
  return code;
}

function entriesOf(directory: FileNode & { kind: 'directory' }, flags: ReadonlySet<string>): Shown[] {
  const hidden = flags.has('a') || flags.has('A');
  const entries = [...directory.entries]
    .map(([name, node]) => ({ name, node }))
    .filter(({ name }) => hidden || !name.startsWith('.'))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  if (flags.has('t')) entries.sort((a, b) => b.node.mtimeMs - a.node.mtimeMs);
  if (flags.has('S')) entries.sort((a, b) => sizeOf(b.node) - sizeOf(a.node));
  return flags.has('r') ? entries.reverse() : entries;
}

function blocks(entries: readonly Shown[]): number {
  return entries.reduce((sum, { node }) => sum + Math.ceil(sizeOf(node) / 4096) * 4, 0);
}

function listing(process: Process, entries: readonly Shown[], flags: ReadonlySet<string>): string {
  if (flags.has('l')) return long(process, entries, flags);
  const names = entries.map(({ name, node }) => name + mark(node, flags));
  const size = process.stdio.stdout.terminal?.size();
  if (size === undefined || flags.has('1')) return names.map((name) => `${name}\n`).join('');
  return columns(names, size.width === 0 ? 80 : size.width);
}

function mark(node: FileNode, flags: ReadonlySet<string>): string {
  if (node.kind === 'directory' && (flags.has('F') || flags.has('p'))) return '/';
  if (!flags.has('F')) return '';
  if (node.kind === 'symlink') return '@';
  return node.kind === 'file' && (node.mode & 0o111) !== 0 ? '*' : '';
}

/** Names in columns, read downwards. */
function columns(names: readonly string[], width: number): string {
  if (names.length === 0) return '';
  const wide = Math.max(...names.map((name) => name.length)) + 2;
  const across = Math.max(1, Math.floor((width + 2) / wide));
  const rows = Math.ceil(names.length / across);
  const lines: string[] = [];
  for (let row = 0; row < rows; row += 1) {
    const cells = names.filter((_name, index) => index % rows === row);
    lines.push(cells.map((name, index) => (index === cells.length - 1 ? name : name.padEnd(wide))).join(''));
  }
  return `${lines.join('\n')}\n`;
}

function long(process: Process, entries: readonly Shown[], flags: ReadonlySet<string>): string {
  const cells = entries.map(({ name, node }) => [
    modeText(node),
    String(node.kind === 'directory' ? 2 : node.links),
    owner(node.uid),
    owner(node.gid),
    flags.has('h') ? humanSize(sizeOf(node)) : String(sizeOf(node)),
    timeText(node.mtimeMs, process.system.now()),
    name + mark(node, flags) + (node.kind === 'symlink' ? ` -> ${node.target}` : ''),
  ]);
  const width = (column: number) => Math.max(...cells.map((row) => row[column]?.length ?? 0));
  return cells
    .map(([mode = '', links = '', user = '', group = '', size = '', time = '', name = '']) =>
      [
        mode,
        links.padStart(width(1)),
        user.padEnd(width(2)),
        group.padEnd(width(3)),
        size.padStart(width(4)),
        time,
        name,
      ].join(' '),
    )
    .map((line) => `${line}\n`)
    .join('');
}

function timeText(ms: number, nowMs: number): string {
  const recent = ms > nowMs - SIX_MONTHS_MS && ms <= nowMs + 1000;
  return formatDate(ms, recent ? '%b %e %H:%M' : '%b %e  %Y');
}

/** `1.5K`, as `-h` shows sizes. */
export function humanSize(bytes: number): string {
  let value = bytes;
  let unit = 0;
  for (; value >= 1024 && unit < 4; unit += 1) value /= 1024;
  const shown =
    unit === 0 || value >= 10 ? String(Math.ceil(value)) : (Math.ceil(value * 10) / 10).toFixed(1);
  return `${shown}${['', 'K', 'M', 'G', 'T'][unit]}`;
}

async function stat(process: Process, { flags, values, operands }: Options): Promise<number> {
  if (operands.length === 0) throw new UsageError('missing operand');
  let code = 0;
  for (const operand of operands) {
    const node = process.system.files.peek(pathIn(process, operand), flags.has('L'));
    if (node === undefined) {
      await process.warn(`cannot stat '${operand}': No such file or directory`);
      code = 1;
      continue;
    }
    const format = values.get('c') ?? DEFAULT_STAT;
    await process.write(`${statText(format, operand, node)}\n`);
  }
  return code;
}

const DEFAULT_STAT =
  '  File: %N\n  Size: %s\t\tBlocks: %b\t%F\nAccess: (%04a/%A)  Uid: (%u/%U)   Gid: (%g/%G)\nModify: %y';

function statText(format: string, name: string, node: FileNode): string {
  return format.replace(/%0?4?([a-zA-Z%])/g, (all, letter: string) => {
    switch (letter) {
      case 'a':
        return node.mode.toString(8).padStart(all.includes('4') ? 4 : 0, '0');
      case 'A':
        return modeText(node);
      case 'b':
        return String(Math.ceil(sizeOf(node) / 512));
      case 'F':
        return sizeOf(node) === 0 && node.kind === 'file' ? 'regular empty file' : KIND_NAMES[node.kind];
      case 'g':
        return String(node.gid);
      case 'G':
        return owner(node.gid);
      case 'h':
        return String(node.links);
      case 'i':
        return String(node.ino);
      case 'n':
        return name;
      case 'N':
        return node.kind === 'symlink' ? `'${name}' -> '${node.target}'` : name;
      case 's':
        return String(sizeOf(node));
      case 'u':
        return String(node.uid);
      case 'U':
        return owner(node.uid);
      case 'y':
        return formatDate(node.mtimeMs, '%Y-%m-%d %H:%M:%S.%N +0000');
      case 'Y':
        return String(Math.floor(node.mtimeMs / 1000));
      case '%':
        return '%';
      default:
        return '?';
    }
  });
}

/** Name → program. */
export const LIST_PROGRAMS: readonly (readonly [string, Program])[] = [
  ['ls', define({ usage: '[-1aAdFhlprRSt] [FILE]...', letters: '1aAdFhlprRSt', wrong: 2 }, ls)],
  [
    'stat',
    define(
      { usage: '[-L] [-c FORMAT] FILE...', letters: 'Lc:', long: { format: 'c', dereference: 'L' } },
      stat,
    ),
  ],
];
