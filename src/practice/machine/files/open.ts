// Opens what a path names as a source or a sink of bytes: files, devices, and /proc's made texts.

import { randomBytes } from 'node:crypto';
import type { Sink, Source, Stdio } from '../process.ts';
import type { Device, FileNode, RegularFile } from './node.ts';
import { FileError } from './node.ts';
import type { FileTree } from './tree.ts';

const BLOCK_BYTES = 64 * 1024;
const ZEROS = Buffer.alloc(BLOCK_BYTES);

/** Reads nothing. */
export const EMPTY_SOURCE: Source = { read: async () => undefined, unread: () => {}, terminal: undefined };

/** Forgets what it is given. */
export const NULL_SINK: Sink = { write: async () => {}, terminal: undefined };

/** A file that is read from an offset, which others may see move: `tail -f` and `dd skip=` use it too. */
export class FileSource implements Source {
  readonly terminal = undefined;
  readonly #file: RegularFile;
  offset = 0;

  constructor(file: RegularFile) {
    this.#file = file;
  }

  async read(): Promise<Buffer | undefined> {
    // A file that was emptied meanwhile is read from its start again.
    if (this.offset > this.#file.content.size) this.offset = 0;
    const chunk = this.#file.content.read(this.offset);
    this.offset += chunk?.length ?? 0;
    return chunk;
  }

  unread(chunk: Buffer): void {
    this.offset -= chunk.length;
  }
}

/** Opens for reading. @throws FileError. */
export function openSource(files: FileTree, path: string, own: Stdio): Source {
  return sourceOf(files.find(path), own);
}

/** Opens a node for reading. @throws FileError. */
export function sourceOf(node: FileNode, own: Stdio): Source {
  switch (node.kind) {
    case 'file':
      return new FileSource(node);
    case 'generated':
      return textSource(Buffer.from(node.text()));
    case 'device':
      return deviceSource(node, own);
    case 'directory':
      throw new FileError('EISDIR');
    case 'symlink':
      throw new FileError('ELOOP');
  }
}

/** Opens for writing, making the file where it lacks. @throws FileError. */
export function openSink(files: FileTree, path: string, keep: boolean, own: Stdio): Sink {
  const node = files.open(path, keep);
  if (node.kind === 'device') return deviceSink(node, own);
  if (node.kind !== 'file') throw new FileError('EISDIR');
  return {
    terminal: undefined,
    write: async (chunk, signal) => {
      signal.throwIfAborted();
      files.append(node, chunk);
    },
  };
}

/** Reads the given bytes. */
export function textSource(bytes: Buffer): Source {
  const chunks = bytes.length === 0 ? [] : [bytes];
  return {
    terminal: undefined,
    read: async () => chunks.shift(),
    unread: (chunk) => {
      if (chunk.length > 0) chunks.unshift(chunk);
    },
  };
}

function deviceSource({ device }: Device, own: Stdio): Source {
  const endless = (read: () => Buffer): Source => ({
    terminal: undefined,
    unread: () => {},
    read: async (signal) => {
      signal.throwIfAborted();
      return read();
    },
  });
  switch (device) {
    case 'zero':
    case 'full':
      return endless(() => ZEROS);
    case 'urandom':
      return endless(() => randomBytes(BLOCK_BYTES));
    case 'stdin':
      return own.stdin;
    case 'tty':
      if (own.stdin.terminal === undefined) throw new FileError('ENXIO');
      return own.stdin;
    case 'null':
    case 'stdout':
    case 'stderr':
      return EMPTY_SOURCE;
  }
}

function deviceSink({ device }: Device, own: Stdio): Sink {
  switch (device) {
    case 'full':
      return {
        terminal: undefined,
        write: async () => {
          throw new FileError('ENOSPC');
        },
      };
    case 'stdout':
      return own.stdout;
    case 'stderr':
      return own.stderr;
    case 'tty':
      for (const sink of [own.stdout, own.stderr]) if (sink.terminal !== undefined) return sink;
      throw new FileError('ENXIO');
    case 'null':
    case 'zero':
    case 'urandom':
    case 'stdin':
      return NULL_SINK;
  }
}
