// A control group with a limit of memory, as a container has one, for a process that a test starts. Version 2 where the machine has its memory controller
// there, else version 1 (Kubernetes nodes have either).

import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = '/sys/fs/cgroup';

export interface MemoryGroup {
  /** What goes before the command of a process that is to be in it. */
  readonly prefix: readonly string[];
  /** The most that was in use, and what is now. Bytes */
  peak(): number;
  now(): number;
  /** How often the kernel has killed a process of it for lack of memory. */
  kills(): number;
  /** Removes it, once its processes have ended. */
  remove(): void;
}

/** Makes one; undefined where this process may not. */
export function makeMemoryGroup(limitBytes: number): MemoryGroup | undefined {
  const isV2 =
    existsSync(join(ROOT, 'cgroup.controllers')) &&
    readFileSync(join(ROOT, 'cgroup.subtree_control'), 'utf8').includes('memory');
  const dir = join(ROOT, isV2 ? '' : 'memory', `postern-chaos-${process.pid}`);
  try {
    mkdirSync(dir);
    writeFileSync(join(dir, isV2 ? 'memory.max' : 'memory.limit_in_bytes'), String(limitBytes));
  } catch {
    return undefined;
  }
  const read = (file: string) => readFileSync(join(dir, file), 'utf8');
  const [peak, now, events] = isV2
    ? ['memory.peak', 'memory.current', 'memory.events']
    : ['memory.max_usage_in_bytes', 'memory.usage_in_bytes', 'memory.oom_control'];
  return {
    prefix: ['sh', '-c', 'echo $$ > "$1" && shift && exec "$@"', 'sh', join(dir, 'cgroup.procs')],
    peak: () => Number(read(peak)),
    now: () => Number(read(now)),
    kills: () => Number(/^oom_kill (\d+)/m.exec(read(events))?.[1] ?? 0),
    remove: () => rmdirSync(dir),
  };
}
