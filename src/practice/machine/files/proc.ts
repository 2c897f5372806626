// /proc/PID for each process that lives: what scripts ask for with `[ -d /proc/7 ]`, `ls /proc` and `cat /proc/7/cmdline`.

import type { ProcessEntry, Watcher } from '../process.ts';
import { FileError } from './node.ts';
import type { FileTree } from './tree.ts';

/** Keeps /proc/PID in a tree. Where it cannot (no room, or /proc was moved away) the process lives without. */
export function processFiles(files: FileTree): Watcher {
  return (entry) => {
    const path = `/proc/${entry.pid}`;
    const texts: Readonly<Record<string, () => string>> = {
      cmdline: () => entry.argv().join('\0').concat('\0'),
      comm: () => `${nameOf(entry)}\n`,
      status: () => statusOf(entry),
    };
    const made = quietly(() => {
      const folder = files.makeDirectory(path, 0o555);
      for (const [name, text] of Object.entries(texts)) files.makeGenerated(`${path}/${name}`, text);
      folder.frozen = true;
      return folder;
    });
    return () => {
      if (made === undefined) return;
      made.frozen = false;
      for (const name of Object.keys(texts)) quietly(() => files.remove(`${path}/${name}`));
      quietly(() => files.remove(path));
    };
  };
}

function quietly<T>(act: () => T): T | undefined {
  try {
    return act();
  } catch (error) {
    if (!(error instanceof FileError)) throw error;
    return undefined;
  }
}

/** As Linux cuts it. */
function nameOf({ argv }: ProcessEntry): string {
  return (argv()[0] ?? '').replace(/^.*\//, '').slice(0, 15);
}

function statusOf(entry: ProcessEntry): string {
  const rows = [
    ['Name', nameOf(entry)],
    ['State', 'S (sleeping)'],
    ['Tgid', entry.pid],
    ['Pid', entry.pid],
    ['PPid', entry.ppid],
    ['Uid', '0\t0\t0\t0'],
    ['Gid', '0\t0\t0\t0'],
    ['Threads', 1],
  ];
  return rows.map(([name, value]) => `${name}:\t${value}\n`).join('');
}
