// What a kubelet changes on the machine outside of its own folder, as every kubelet does, and what puts it back: some kernel settings and
// folders at fixed places. Runs side by side share it, so the first one writes down how the machine was, each is listed beside that while
// it runs, and the last one to end restores it, unless a kubelet that is not ours runs.

import { existsSync, readdirSync, readFileSync, rmdirSync, rmSync } from 'node:fs';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Holds how the machine was before the first run, and a file for each run. */
const RUNS_FOLDER = '/run/postern-test-clusters';
const BEFORE_NAME = 'before.json';
const SETTINGS_FOLDER = '/proc/sys';
const SETTINGS = ['vm/overcommit_memory', 'vm/panic_on_oom', 'kernel/panic', 'kernel/panic_on_oops'];
/** Where kubelet and containerd put sockets and links whatever their configuration; removed when empty, children first. */
const DEVICE_PLUGINS = '/var/lib/kubelet/device-plugins';
const FOLDERS = [
  DEVICE_PLUGINS,
  '/var/lib/kubelet',
  '/var/log/containers',
  '/var/lib/cni/results',
  '/var/lib/cni',
  '/run/containerd/s',
  '/run/containerd',
];

/** Lists run `id`, and writes down how the machine is if it is the first. */
export async function saveHost(id: string): Promise<void> {
  const present = SETTINGS.filter((name) => existsSync(join(SETTINGS_FOLDER, name)));
  const settings = present.map((name) => [name, readFileSync(join(SETTINGS_FOLDER, name), 'utf8').trim()]);
  const missing = FOLDERS.filter((folder) => !existsSync(folder));
  const content = JSON.stringify({ settings: Object.fromEntries(settings), missing });
  await mkdir(RUNS_FOLDER, { recursive: true });
  await writeFile(join(RUNS_FOLDER, id), '');
  await writeFile(join(RUNS_FOLDER, BEFORE_NAME), content, { flag: 'wx' }).catch(
    (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    },
  );
}

/** Takes run `id` off the list, and puts the machine back as it was if it was the last. */
export async function restoreHost(id: string): Promise<void> {
  await rm(join(RUNS_FOLDER, id), { force: true });
  const others = (await readdir(RUNS_FOLDER).catch(() => [])).filter((name) => name !== BEFORE_NAME);
  const text = await readFile(join(RUNS_FOLDER, BEFORE_NAME), 'utf8').catch(() => undefined);
  if (text === undefined || others.length > 0 || isKubeletRunning()) return;
  const before: { readonly settings: Readonly<Record<string, string>>; readonly missing: readonly string[] } =
    JSON.parse(text);
  for (const [name, value] of Object.entries(before.settings)) {
    const path = join(SETTINGS_FOLDER, name);
    if ((await readFile(path, 'utf8')).trim() !== value) await writeFile(path, value);
  }
  if (before.missing.includes(DEVICE_PLUGINS)) rmSync(DEVICE_PLUGINS, { recursive: true, force: true });
  for (const folder of before.missing) removeEmpty(folder);
  await rm(RUNS_FOLDER, { recursive: true, force: true });
}

function isKubeletRunning(): boolean {
  return readdirSync('/proc').some((pid) => {
    try {
      return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/comm`, 'utf8') === 'kubelet\n';
    } catch {
      return false; // ended in between
    }
  });
}

function removeEmpty(folder: string): void {
  try {
    rmdirSync(folder);
  } catch {
    // not there, or in use by others
  }
}
