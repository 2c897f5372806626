// The demo's one directory: everything that it writes lies here, for this user only (0700), and goes when the demo goes. A small shell waits
// beside it for the end of this process, so that even SIGKILL leaves nothing; on a system without sh only an orderly end removes it.

import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmdirSync,
  rmSync,
  type Stats,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';

/** What may lie in the directory; nothing else is ever removed. `cache` is kubectl's, where it is told to keep it here. */
const OURS = [
  'postern.yaml',
  'cluster.kubeconfig',
  'kubeconfig',
  'ca.crt',
  'tls.crt',
  'tls.key',
  'tokens',
  'cache',
] as const;

/** Reads until the demo's end of the pipe is gone; then removes the names it was given, and the directory if that leaves it empty. */
const JANITOR =
  'd=$1; keep=$2; shift 2; cat >/dev/null; cd -- "$d" && rm -rf -- "$@"; cd / && [ "$keep" = keep ] || rmdir -- "$d"';

/** A name of a file in the directory. */
export type OwnName = (typeof OURS)[number] | `tokens/${string}`;

/** The directory. */
export interface Folder {
  readonly path: string;
  /** Writes a file (0600) whole or not at all. @returns its absolute path. */
  readonly write: (name: OwnName, content: string) => string;
  /** Removes what the demo made; idempotent and synchronous, so that it can be a process' last act. */
  readonly close: () => void;
}

/** The directory that was asked for can't be used; the message says why and what to do. */
export class FolderRefused extends Error {}

/** Makes the directory: `dir`, which must be new or empty, or a new one among the system's temporary files. @throws FolderRefused. */
export function openFolder(dir?: string): Folder {
  const path = resolve(dir ?? join(tmpdir(), `postern-demo-${randomBytes(6).toString('hex')}`));
  const existed = dir !== undefined && isEmptyDirectory(path);
  // Before there is anything to remove: it has to outlive this process whatever happens next.
  const janitor = startJanitor(path, existed);
  try {
    if (!existsSync(dirname(path))) mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    // Not one that somebody has made since it was looked at.
    if (!existed) mkdirSync(path, { mode: 0o700 });
    mkdirSync(join(path, 'tokens'), { mode: 0o700 });
  } catch (cause) {
    // Nothing in it is ours to remove.
    janitor?.kill();
    janitor?.stdin?.end();
    throw new FolderRefused(`the directory ${path} can't be made: ${(cause as Error).message}`);
  }
  let closed = false;
  return {
    path,
    write: (name, content) => {
      const file = join(path, name);
      writeFileSync(`${file}.new`, content, { mode: 0o600 });
      renameSync(`${file}.new`, file);
      return file;
    },
    close: () => {
      if (closed) return;
      closed = true;
      removeOurs(path, existed);
      janitor?.stdin?.end();
    },
  };
}

function isEmptyDirectory(path: string): boolean {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined) return false;
  if (!found.isDirectory()) throw new FolderRefused(`${path} is not a directory: name a new or an empty one`);
  if (readdirSync(path).length > 0)
    throw new FolderRefused(`the directory ${path} is not empty: name a new or an empty one`);
  refuseShared(path, found);
  return true;
}

/** The gate takes up what its configuration there becomes, and kubectl believes the authority there: nobody else may write it. */
function refuseShared(path: string, { uid, gid, mode }: Stats): void {
  if (process.getuid !== undefined && uid !== process.getuid())
    throw new FolderRefused(`the directory ${path} belongs to another user: name a new one`);
  const byGroup = (mode & 0o020) !== 0 && gid !== process.getgid?.();
  if (process.platform !== 'win32' && (byGroup || (mode & 0o002) !== 0))
    throw new FolderRefused(
      `others may write into the directory ${path} (mode ${(mode & 0o777).toString(8)}): name a new one`,
    );
}

function startJanitor(path: string, keep: boolean): ChildProcess | undefined {
  if (process.platform === 'win32') return undefined;
  const names = OURS.flatMap((name) => [name, `${name}.new`]);
  const janitor = spawn('/bin/sh', ['-c', JANITOR, 'postern-demo', path, keep ? 'keep' : '', ...names], {
    // A session of its own: what ends this process' group must not end it.
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
    cwd: '/',
  });
  janitor.on('error', () => undefined);
  janitor.stdin?.on('error', () => undefined);
  (janitor.stdin as { unref?: () => void } | null)?.unref?.();
  janitor.unref();
  return janitor;
}

function removeOurs(path: string, keep: boolean): void {
  for (const name of OURS)
    for (const file of [name, `${name}.new`]) rmSync(join(path, file), { recursive: true, force: true });
  if (keep) return;
  try {
    rmdirSync(path);
  } catch {
    // Something lies in it that is not ours: it stays.
  }
}
