// Gives a process a part of a core and no more, by a cgroup of its own (cpu.max of version 2, cpu.cfs_quota_us of version 1): so one machine holds many
// small replicas. Wants root.

import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeCgroup, removeCgroup } from '../cluster/cgroups.ts';

/** Quotas are counted over so long; short, so that nobody waits long for the next. µs */
const PERIOD_US = 20_000;
/** The least that the kernel takes. µs */
const MIN_QUOTA_US = 1_000;
const HIERARCHIES = [
  '/sys/fs/cgroup',
  '/sys/fs/cgroup/cpu',
  '/sys/fs/cgroup/cpu,cpuacct',
  '/sys/fs/cgroup/unified',
];

export interface Shares {
  /** From now on the process has this part of a core at most. @throws Error where the kernel can't */
  give(pid: number, part: number): Promise<void>;
  /** Ends what is left in its cgroups, and removes them. */
  clear(): Promise<void>;
}

/** Has none yet; `name` begins the names of its cgroups. */
export function createShares(name: string): Shares {
  const made: string[] = [];
  return {
    async give(pid, part) {
      const group = `${name}-${made.length}`;
      made.push(group);
      await makeCgroup(group);
      const quota = Math.max(MIN_QUOTA_US, Math.round(part * PERIOD_US));
      const limited = HIERARCHIES.map((folder) => join(folder, group)).some((folder) =>
        limit(folder, quota, pid),
      );
      if (!limited) throw new Error('this machine has no cgroup that limits CPU time');
    },
    async clear() {
      for (const group of made) await removeCgroup(group);
    },
  };
}

function limit(folder: string, quota: number, pid: number): boolean {
  if (existsSync(join(folder, 'cpu.max'))) writeFileSync(join(folder, 'cpu.max'), `${quota} ${PERIOD_US}`);
  else if (existsSync(join(folder, 'cpu.cfs_quota_us'))) {
    writeFileSync(join(folder, 'cpu.cfs_period_us'), String(PERIOD_US));
    writeFileSync(join(folder, 'cpu.cfs_quota_us'), String(quota));
  } else return false;
  writeFileSync(join(folder, 'cgroup.procs'), String(pid));
  return true;
}
