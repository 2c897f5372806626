// Says in one line what a machine lacks to run a node: nothing is tried before all of it is there.

import { access, constants, readFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';

/** Programs a node is made of, and the Debian package each lies in. */
const PROGRAMS = [
  { program: 'containerd', debian: 'containerd' },
  { program: 'ctr', debian: 'containerd' },
  { program: 'runc', debian: 'runc' },
  { program: 'ip', debian: 'iproute2' },
  { program: 'busybox', debian: 'busybox-static' },
  { program: 'nsenter', debian: 'util-linux' },
  { program: 'unshare', debian: 'util-linux' },
  { program: 'mount', debian: 'mount' },
] as const;

/** Where Debian (and the CNI project) put the network plugins. */
export const CNI_FOLDERS = ['/usr/lib/cni', '/opt/cni/bin'] as const;

/** What was found on this machine. */
export interface Machine {
  readonly cniFolder: string;
  readonly busybox: string;
}

/**
 * Checks that a node can run here.
 * @throws Error in one line that names all that is missing and the command that installs it.
 */
export async function checkMachine(): Promise<Machine> {
  if (process.platform !== 'linux')
    throw new Error(`A node needs Linux; this is ${process.platform}. Use TEST_KUBECONFIG=FILE.`);
  if (process.getuid?.() !== 0) {
    throw new Error(
      'A node needs root (namespaces, cgroups, mounts): run as root, or name a cluster with TEST_KUBECONFIG=FILE.',
    );
  }
  const missing = new Set<string>();
  const found = new Map<string, string>();
  for (const { program, debian } of PROGRAMS) {
    const path = await findProgram(program);
    if (path === undefined) missing.add(debian);
    else found.set(program, path);
  }
  const cniFolder = await firstWith(CNI_FOLDERS, 'bridge');
  if (cniFolder === undefined) missing.add('containernetworking-plugins');
  const busybox = found.get('busybox');
  if (busybox !== undefined && !(await isStatic(busybox))) missing.add('busybox-static');
  if (missing.size > 0 || cniFolder === undefined || busybox === undefined) {
    throw new Error(`This machine lacks programs of a node: apt-get install -y ${[...missing].join(' ')}`);
  }
  await checkKernel();
  return { cniFolder, busybox };
}

async function findProgram(name: string): Promise<string | undefined> {
  return await firstWith((process.env['PATH'] ?? '').split(delimiter), name).then(
    (folder) => folder && join(folder, name),
  );
}

async function firstWith(folders: readonly string[], name: string): Promise<string | undefined> {
  for (const folder of folders) {
    const isThere = await access(join(folder, name), constants.X_OK).then(
      () => true,
      () => false,
    );
    if (isThere) return folder;
  }
  return undefined;
}

/** Whether an ELF file asks for no interpreter: a dynamic busybox would find no libraries in its image. */
async function isStatic(path: string): Promise<boolean> {
  return !(await readFile(path)).subarray(0, 4096).includes('/ld-');
}

async function checkKernel(): Promise<void> {
  const mounts = await readFile('/proc/mounts', 'utf8');
  if (!/^\S+ \S+ cgroup2? /m.test(mounts))
    throw new Error('No cgroups are mounted under /sys/fs/cgroup: pods need them.');
  const namespaces = await access('/proc/self/ns/net').then(
    () => true,
    () => false,
  );
  if (!namespaces)
    throw new Error('The kernel has no network namespaces (CONFIG_NET_NS): a node needs one of its own.');
}
