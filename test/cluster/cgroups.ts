// The run's own cgroup in every hierarchy (v1, v2 or both mounted), above all of its pods: it keeps runs side by side apart, and at the end
// tells which processes are left, whatever their names.

import { existsSync, readdirSync, readFileSync, rmdirSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { killAll } from './proc.ts';

const TRIES = 50;
const TRY_MS = 100;
const V2_CONTROLLERS = ['cpu', 'cpuset', 'memory', 'pids', 'io', 'hugetlb'];

/** Makes cgroup `name` in every hierarchy. */
export async function makeCgroup(name: string): Promise<void> {
  for (const { folder, isV2 } of findHierarchies()) {
    await mkdir(join(folder, name), { recursive: true });
    if (!isV2) continue;
    for (const controller of V2_CONTROLLERS) {
      // A controller that the kernel lacks, or that v1 holds, is kubelet's to judge.
      await writeFile(join(folder, 'cgroup.subtree_control'), `+${controller}`).catch(() => undefined);
    }
  }
}

/** Kills what still runs in cgroup `name` and removes it everywhere. */
export async function removeCgroup(name: string): Promise<void> {
  const folders = findHierarchies()
    .map(({ folder }) => join(folder, name))
    .filter((folder) => existsSync(folder))
    .flatMap(listDeepestFirst);
  await killAll([...new Set(folders.flatMap(readMembers))]);
  let left = folders;
  for (let i = 0; i < TRIES && left.length > 0; i++) {
    left = left.filter((folder) => !tryRemove(folder));
    if (left.length > 0) await delay(TRY_MS);
  }
  if (left.length > 0) throw new Error(`cgroups are still in use: ${left.join(' ')}`);
}

function findHierarchies(): readonly { readonly folder: string; readonly isV2: boolean }[] {
  return readFileSync('/proc/mounts', 'utf8')
    .split('\n')
    .map((line) => line.split(' '))
    .flatMap(([, folder, type]) =>
      folder && (type === 'cgroup' || type === 'cgroup2') ? [{ folder, isV2: type === 'cgroup2' }] : [],
    );
}

function listDeepestFirst(folder: string): readonly string[] {
  const children = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return [...children.flatMap((child) => listDeepestFirst(join(folder, child.name))), folder];
}

function readMembers(folder: string): readonly number[] {
  try {
    return readFileSync(join(folder, 'cgroup.procs'), 'utf8').split('\n').filter(Boolean).map(Number);
  } catch {
    return []; // threaded, or gone in between
  }
}

function tryRemove(folder: string): boolean {
  try {
    rmdirSync(folder);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'ENOENT';
  }
}
