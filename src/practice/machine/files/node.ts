// What a file tree is made of, and what can go wrong in it, in the words of Linux.

import type { Content } from './content.ts';

interface Common {
  readonly ino: number;
  /** Permission bits, 0 to 0o7777. */
  mode: number;
  uid: number;
  gid: number;
  mtimeMs: number;
  /** How many names it has; 0 once it was removed. */
  links: number;
}

/** A file. `program` is the command that it stands for. */
export interface RegularFile extends Common {
  readonly kind: 'file';
  readonly content: Content;
  program: string | undefined;
}

/** A directory. `frozen` ones are volumes that refuse changes. */
export interface Directory extends Common {
  readonly kind: 'directory';
  readonly entries: Map<string, FileNode>;
  frozen: boolean;
}

/** A name for another path. */
export interface Symlink extends Common {
  readonly kind: 'symlink';
  readonly target: string;
}

/** What the machine has under /dev. */
export type DeviceName = 'null' | 'zero' | 'full' | 'urandom' | 'tty' | 'stdin' | 'stdout' | 'stderr';

/** A device. */
export interface Device extends Common {
  readonly kind: 'device';
  readonly device: DeviceName;
}

/** A file whose text is made when it is read, as under /proc. */
export interface Generated extends Common {
  readonly kind: 'generated';
  readonly text: () => string;
}

/** Anything that has a path. */
export type FileNode = RegularFile | Directory | Symlink | Device | Generated;

const WORDS = {
  ENOENT: 'No such file or directory',
  EEXIST: 'File exists',
  ENOTDIR: 'Not a directory',
  EISDIR: 'Is a directory',
  ENOTEMPTY: 'Directory not empty',
  EINVAL: 'Invalid argument',
  ELOOP: 'Too many levels of symbolic links',
  ENAMETOOLONG: 'File name too long',
  ENOSPC: 'No space left on device',
  EROFS: 'Read-only file system',
  EPERM: 'Operation not permitted',
  EACCES: 'Permission denied',
  EBUSY: 'Device or resource busy',
  ENXIO: 'No such device or address',
  EBADF: 'Bad file descriptor',
} as const;

/** A failed operation on a file; `message` is what strerror(3) says. */
export class FileError extends Error {
  readonly code: keyof typeof WORDS;

  constructor(code: keyof typeof WORDS) {
    super(WORDS[code]);
    this.name = 'FileError';
    this.code = code;
  }
}
