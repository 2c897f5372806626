// The machine's file tree, in memory and bounded. Paths are absolute; symbolic links and `..` are followed as Linux does. Whoever asks is
// root, so permission bits are kept and shown but stop nobody.

import { Content } from './content.ts';
import { type DeviceName, type Directory, FileError, type FileNode, type RegularFile } from './node.ts';

const MAX_NODES = 65_536;
const MAX_NAME_BYTES = 255;
const MAX_PATH_BYTES = 4096;
const MAX_LINKS_FOLLOWED = 40;

/** Where a path leads: the node may not be there (yet). */
export interface Place {
  readonly parent: Directory;
  /** '' for the root itself. */
  readonly name: string;
  readonly node: FileNode | undefined;
  /** Without links and dots. */
  readonly path: string;
}

/** A path seen from a directory. */
export function absolute(cwd: string, path: string): string {
  return path.startsWith('/') ? path : `${cwd}/${path}`;
}

/** A tree of files. Every method may throw FileError. */
export class FileTree {
  /** Bytes of all files together. */
  readonly limit: number;
  readonly root: Directory;
  readonly #now: () => number;
  #used = 0;
  #nodes = 0;
  #last = 0;

  constructor(limit: number, now: () => number) {
    this.limit = limit;
    this.#now = now;
    this.root = this.#directory(0o755);
  }

  get used(): number {
    return this.#used;
  }

  /** Where `path` leads; the last part is followed when it is a link and `follow`. */
  place(path: string, follow = true): Place {
    if (Buffer.byteLength(path) > MAX_PATH_BYTES) throw new FileError('ENAMETOOLONG');
    if (path === '') throw new FileError('ENOENT');
    const parts = path.split('/').filter((part) => part !== '' && part !== '.');
    const trail: { name: string; node: Directory }[] = [{ name: '', node: this.root }];
    for (let followed = 0; parts.length > 0; ) {
      const here = trail.at(-1)?.node ?? this.root;
      const name = parts.shift() ?? '';
      if (name === '..') {
        if (trail.length > 1) trail.pop();
        continue;
      }
      if (Buffer.byteLength(name) > MAX_NAME_BYTES) throw new FileError('ENAMETOOLONG');
      const node = here.entries.get(name);
      const last = parts.length === 0;
      if (node?.kind === 'symlink' && (!last || follow)) {
        followed += 1;
        if (followed > MAX_LINKS_FOLLOWED) throw new FileError('ELOOP');
        if (node.target.startsWith('/')) trail.length = 1;
        parts.unshift(...node.target.split('/').filter((part) => part !== '' && part !== '.'));
        continue;
      }
      if (last) {
        if (node !== undefined && node.kind !== 'directory' && path.endsWith('/'))
          throw new FileError('ENOTDIR');
        return { parent: here, name, node, path: pathOf([...trail.map((one) => one.name), name]) };
      }
      if (node === undefined) throw new FileError('ENOENT');
      if (node.kind !== 'directory') throw new FileError('ENOTDIR');
      trail.push({ name, node });
    }
    const end = trail.at(-1) ?? { name: '', node: this.root };
    const parent = trail.at(-2)?.node ?? this.root;
    return { parent, name: end.name, node: end.node, path: pathOf(trail.map((one) => one.name)) };
  }

  /** What is at `path`. */
  find(path: string, follow = true): FileNode {
    const { node } = this.place(path, follow);
    if (node === undefined) throw new FileError('ENOENT');
    return node;
  }

  /** As `find`, but undefined where it would throw. */
  peek(path: string, follow = true): FileNode | undefined {
    try {
      return this.find(path, follow);
    } catch {
      return undefined;
    }
  }

  /** The file at `path` to be written: a new one, or the one that is there, emptied unless `keep`. A device comes as it is. */
  open(path: string, keep: boolean, mode = 0o644): FileNode {
    const place = this.place(path);
    const { node } = place;
    if (node === undefined) {
      if (path.endsWith('/')) throw new FileError('EISDIR');
      return this.#add(place, this.#file(mode));
    }
    if (node.kind === 'directory') throw new FileError('EISDIR');
    if (node.kind === 'generated') throw new FileError('EACCES');
    if (node.kind === 'device') return node;
    if (place.parent.frozen) throw new FileError('EROFS');
    if (node.kind === 'file' && !keep) this.#empty(node);
    return node;
  }

  /** Adds bytes; those for a file that was removed meanwhile are lost with it. */
  append(file: RegularFile, chunk: Buffer): void {
    if (file.links === 0) return;
    if (this.#used + chunk.length > this.limit) throw new FileError('ENOSPC');
    this.#used += chunk.length;
    file.content.append(chunk);
    file.mtimeMs = this.#now();
    file.program = undefined;
  }

  makeDirectory(path: string, mode = 0o755): Directory {
    const place = this.place(path);
    if (place.node !== undefined) throw new FileError('EEXIST');
    const made = this.#directory(mode);
    this.#add(place, made);
    return made;
  }

  /** The directory at `path`, made with all above it where they lack. */
  makeParents(path: string): void {
    let at = '';
    const parts = path.split('/').filter((part) => part !== '' && part !== '.');
    for (const [index, part] of parts.entries()) {
      at += `/${part}`;
      const { node } = this.place(at);
      if (node === undefined) this.makeDirectory(at);
      else if (node.kind !== 'directory')
        throw new FileError(index === parts.length - 1 ? 'EEXIST' : 'ENOTDIR');
    }
  }

  makeSymlink(path: string, target: string): void {
    const place = this.place(path, false);
    if (place.node !== undefined) throw new FileError('EEXIST');
    this.#add(place, { kind: 'symlink', target, ...this.#common(0o777) });
  }

  makeDevice(path: string, device: DeviceName): void {
    this.#add(this.place(path), { kind: 'device', device, ...this.#common(0o666) });
  }

  makeGenerated(path: string, text: () => string): void {
    this.#add(this.place(path), { kind: 'generated', text, ...this.#common(0o444) });
  }

  /** A second name for a file. */
  link(from: string, to: string): void {
    const node = this.find(from, false);
    const place = this.place(to, false);
    if (node.kind === 'directory') throw new FileError('EPERM');
    if (place.node !== undefined) throw new FileError('EEXIST');
    this.#attach(place, node);
    node.links += 1;
  }

  /** Removes a file, or a directory that is empty. */
  remove(path: string): void {
    const place = this.place(path, false);
    const { node } = place;
    if (node === undefined) throw new FileError('ENOENT');
    if (place.name === '') throw new FileError('EBUSY');
    if (node.kind === 'directory' && node.entries.size > 0) throw new FileError('ENOTEMPTY');
    if (place.parent.frozen || (node.kind === 'directory' && node.frozen)) throw new FileError('EROFS');
    place.parent.entries.delete(place.name);
    place.parent.mtimeMs = this.#now();
    this.#forget(node);
  }

  /** rename(2): replaces a file, or an empty directory by a directory. */
  rename(from: string, to: string): void {
    const source = this.place(from, false);
    const target = this.place(to, false);
    const { node } = source;
    if (node === undefined) throw new FileError('ENOENT');
    if (node === target.node) return;
    if (source.name === '' || target.name === '') throw new FileError('EBUSY');
    if (source.parent.frozen || target.parent.frozen) throw new FileError('EROFS');
    if (`${target.path}/`.startsWith(`${source.path}/`)) throw new FileError('EINVAL');
    if (target.node?.kind === 'directory' && node.kind !== 'directory') throw new FileError('EISDIR');
    if (target.node !== undefined && target.node.kind !== 'directory' && node.kind === 'directory') {
      throw new FileError('ENOTDIR');
    }
    if (target.node !== undefined) this.remove(to);
    source.parent.entries.delete(source.name);
    this.#attach(target, node);
  }

  #attach({ parent, name }: Place, node: FileNode): void {
    if (parent.links === 0) throw new FileError('ENOENT');
    if (parent.frozen) throw new FileError('EROFS');
    parent.entries.set(name, node);
    parent.mtimeMs = this.#now();
  }

  #add(place: Place, node: FileNode): FileNode {
    if (this.#nodes >= MAX_NODES) throw new FileError('ENOSPC');
    this.#attach(place, node);
    this.#nodes += 1;
    return node;
  }

  #forget(node: FileNode): void {
    node.links -= 1;
    if (node.links > 0) return;
    node.links = 0;
    this.#nodes -= 1;
    if (node.kind === 'file') this.#used -= node.content.size;
  }

  #empty(file: RegularFile): void {
    this.#used -= file.content.size;
    file.content.clear();
    file.mtimeMs = this.#now();
    file.program = undefined;
  }

  #file(mode: number): RegularFile {
    return { kind: 'file', content: new Content(), program: undefined, ...this.#common(mode) };
  }

  #directory(mode: number): Directory {
    return { kind: 'directory', entries: new Map(), frozen: false, ...this.#common(mode) };
  }

  #common(mode: number) {
    this.#last += 1;
    return { ino: this.#last, mode, uid: 0, gid: 0, mtimeMs: this.#now(), links: 1 };
  }
}

function pathOf(names: readonly string[]): string {
  return `/${names.filter((name) => name !== '').join('/')}`;
}
