// Ends a node and removes everything of it, from its folder alone: the process that started it does this in `stop`, and when that process
// was killed, the reaper does. May be called at any point of a start, twice, and by both; a step that finds nothing to do does nothing.

import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { readdir, readFile, rm, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { removeCgroup } from './cgroups.ts';
import { runName, runtimeSocket } from './components.ts';
import { restoreHost } from './host.ts';
import { nameNetwork } from './network.ts';
import { endProcess, findProcesses, killAll } from './proc.ts';
import { readPids } from './processes.ts';
import { run } from './run.ts';

const TERM_TIMEOUT_MS = 10_000;
const KILL_TIMEOUT_MS = 5_000;
const CTR_TIMEOUT_MS = 15_000;
/** Where kubelet links each container's log, and the CNI library keeps its results; neither can be told another place. */
const CONTAINER_LOGS = '/var/log/containers';
const CNI_RESULTS = '/var/lib/cni/results';

/** The file that marks a folder as a run's. */
interface RunFile {
  readonly id: string;
}

/** The file with the ids of the run's processes. */
export function pidsFile(dir: string): string {
  return join(dir, 'pids');
}

/** Marks `dir` as the folder of run `id`, before anything else is made. */
export async function markRun(dir: string, id: string): Promise<void> {
  const content: RunFile = { id };
  await writeFile(join(dir, 'run.json'), JSON.stringify(content));
}

/**
 * Ends the run of `dir` and removes it. The logs stay in `dir`/log with `keepLogs`.
 * @throws Error when something could not be removed, after all else was.
 */
export async function removeRun(dir: string, keepLogs: boolean): Promise<void> {
  const text = await readFile(join(dir, 'run.json'), 'utf8').catch(() => undefined);
  if (text === undefined) return;
  const { id }: RunFile = JSON.parse(text);
  const problems: unknown[] = [];
  const step = async (work: () => Promise<void>): Promise<void> => {
    await work().catch((error: unknown) => problems.push(error));
  };
  await step(() => endNamed(dir, (name) => name === 'kubelet'));
  const leftovers = await listLeftovers(dir, id);
  await step(() => endContainers(dir));
  await step(() => endNamed(dir, () => true));
  await step(() => killAll(findProcesses(['containerd-shim', runtimeSocket(dir)])));
  await step(() => removeCgroup(runName(id)));
  await step(() => removeLink(nameNetwork(dir, id).link));
  await step(() => unmountAll(dir));
  for (const path of leftovers) await step(() => rm(path, { force: true }));
  await step(() => restoreHost(id));
  if (problems.length > 0)
    throw new AggregateError(
      problems,
      `the test cluster in ${dir} did not end cleanly: ${problems.join('; ')}`,
    );
  await removeFolder(dir, keepLogs);
}

async function endNamed(dir: string, isMeant: (name: string) => boolean): Promise<void> {
  const meant = (await readPids(pidsFile(dir))).filter(({ name }) => isMeant(name)).reverse();
  for (const process of meant) {
    if (await endProcess(process, 'SIGTERM', TERM_TIMEOUT_MS)) continue;
    await endProcess(process, 'SIGKILL', KILL_TIMEOUT_MS);
  }
}

/** Containers end through containerd while it lives: its shims then end by themselves and take their sockets with them. */
async function endContainers(dir: string): Promise<void> {
  if (!existsSync(runtimeSocket(dir))) return;
  const ctr = (...args: readonly string[]) =>
    run('ctr', ['-a', runtimeSocket(dir), '-n', 'k8s.io', '--connect-timeout', '1s', ...args], {
      timeoutMs: CTR_TIMEOUT_MS,
    });
  const tasks = (await ctr('tasks', 'ls', '-q')).stdout.split('\n').filter(Boolean);
  await Promise.all(tasks.map((task) => ctr('tasks', 'rm', '--force', task)));
}

/** Files outside the run's folder: links to container logs, results of network plugins, sockets of shims. */
async function listLeftovers(dir: string, id: string): Promise<readonly string[]> {
  const list = async (folder: string): Promise<string[]> => await readdir(folder).catch(() => []);
  const sandboxes = await list(join(dir, 'containerd/root/io.containerd.grpc.v1.cri/sandboxes'));
  const tasks = join(dir, 'containerd/state/io.containerd.runtime.v2.task/k8s.io');
  const sockets = (await list(tasks)).flatMap((task) => {
    const file = join(tasks, task, 'address');
    const address = existsSync(file) ? readFileSync(file, 'utf8') : '';
    return address.startsWith('unix:///') ? [address.slice('unix://'.length)] : [];
  });
  const logs = (await list(CONTAINER_LOGS))
    .map((name) => join(CONTAINER_LOGS, name))
    .filter((path) => readTarget(path).startsWith(`${dir}/`));
  const results = (await list(CNI_RESULTS))
    .filter(
      (name) => name.startsWith(`${runName(id)}-`) || sandboxes.some((sandbox) => name.includes(sandbox)),
    )
    .map((name) => join(CNI_RESULTS, name));
  return [...sockets, ...logs, ...results];
}

function readTarget(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}

async function removeLink(link: string): Promise<void> {
  if (!existsSync(`/sys/class/net/${link}`)) return;
  const result = await run('ip', ['link', 'del', link]);
  if (result.code !== 0 && existsSync(`/sys/class/net/${link}`)) throw new Error(result.stderr.trim());
}

async function unmountAll(dir: string): Promise<void> {
  for (const mount of listMounts(dir)) await run('umount', ['-l', mount]);
  const left = listMounts(dir);
  if (left.length > 0) throw new Error(`still mounted: ${left.join(' ')}`);
}

/** Mounts under `dir`, the last made first. */
function listMounts(dir: string): readonly string[] {
  return readFileSync('/proc/mounts', 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[1] ?? '')
    .filter((path) => path.startsWith(`${dir}/`))
    .reverse();
}

async function removeFolder(dir: string, keepLogs: boolean): Promise<void> {
  for (const name of readdirSync(dir)) {
    const isMark = name === 'run.json'; // last: while it is there, the run can be removed again
    if (!isMark && !(keepLogs && name === 'log'))
      await rm(join(dir, name), { recursive: true, force: true, maxRetries: 3 });
  }
  await unlink(join(dir, 'run.json'));
  if (!keepLogs) await rm(dir, { recursive: true, force: true });
}
