// Brings up one real Kubernetes node of our own: etcd, kube-apiserver, kube-controller-manager, kube-scheduler, containerd and kubelet, in
// a network namespace of its own. Runs side by side share nothing but the kernel and the cache of binaries. Needs root.

import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, realpath, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Answer, type ApiClient, makeApiClient } from './api.ts';
import { type Binaries, ensureBinaries } from './binaries.ts';
import { makeCgroup } from './cgroups.ts';
import { type Cluster, type Node, TEST_NAMESPACE } from './cluster.ts';
import * as components from './components.ts';
import { saveHost } from './host.ts';
import { importImages, TEST_IMAGE } from './images.ts';
import { checkMachine, type Machine } from './machine.ts';
import { makeNetwork } from './network.ts';
import { makePki } from './pki.ts';
import { makeProcesses, type Processes } from './processes.ts';
import { type Say, sayOnStderr, timed } from './progress.ts';
import { makeTestObjects } from './rbac.ts';
import { startReaper } from './reaper.ts';
import { markRun, pidsFile, removeRun } from './remove.ts';
import { run } from './run.ts';
import { once, rejectOnAbort, stopOnSignals } from './signals.ts';

const READY_TIMEOUT_MS = 120_000;
/** Unix socket paths end at 107 bytes; the longest below a run's folder has 60. */
const MAX_DIR_BYTES = 45;

/** How to start. */
export interface ClusterOptions {
  /** The run's folder (default: a new one in the system's temporary folder). Its `log` stays when it was named here. */
  readonly dir?: string;
  /** Added to kube-apiserver's. */
  readonly apiServerFlags?: readonly string[];
  /** Aborts the start. When absent, SIGINT, SIGTERM and SIGHUP stop the cluster and end this process; when present, that is the caller's. */
  readonly signal?: AbortSignal;
  /** Where progress goes (default: stderr). */
  readonly say?: Say;
}

/**
 * Starts a node and waits until pods can run on it: about 10 s, plus the build of its programs the first time.
 * @throws Error in one line for what the machine lacks, or with the end of the log of the program that failed; nothing is left then.
 */
export async function startCluster(options: ClusterOptions = {}): Promise<Cluster> {
  const say = options.say ?? sayOnStderr;
  const machine = await checkMachine();
  const binaries = await ensureBinaries(say);
  options.signal?.throwIfAborted();
  const id = randomBytes(4).toString('hex');
  const dir = await makeFolder(options.dir);
  await markRun(dir, id);
  await saveHost(id);
  const reaper = startReaper(dir, options.dir !== undefined);
  let isUp = false;
  const processes = makeProcesses({
    netns: join(dir, 'netns'),
    logFolder: join(dir, 'log'),
    pidsFile: pidsFile(dir),
    onExit: (name, reason) => {
      if (isUp) say(`test cluster: ${name} ${reason}; its log is ${join(dir, 'log', `${name}.log`)}`);
    },
  });
  const ending = new AbortController();
  let starting: Promise<unknown> = Promise.resolve();
  const stop = once(async () => {
    processes.expectExits();
    ending.abort(new Error('the test cluster was stopped while it started'));
    await starting.catch(() => undefined); // or it would go on making what is being removed
    await removeRun(dir, options.dir !== undefined).finally(() => {
      releaseSignals();
      reaper.kill();
    });
  });
  const releaseSignals = options.signal === undefined ? stopOnSignals(say, stop) : () => undefined;
  const aborted = rejectOnAbort(options.signal);
  try {
    const { signal } = ending;
    const { apiServerFlags = [] } = options;
    const ready = bringUp({ dir, id, say, machine, binaries, processes, apiServerFlags, signal });
    starting = ready;
    ready.catch(() => undefined); // when another of the three was first
    const cluster = { ...(await Promise.race([ready, processes.died, aborted])), stop };
    isUp = true;
    return cluster;
  } catch (error) {
    await stop();
    throw error;
  }
}

async function makeFolder(wanted: string | undefined): Promise<string> {
  if (wanted !== undefined) await mkdir(wanted, { recursive: true });
  const dir = await realpath(wanted ?? (await mkdtemp(join(tmpdir(), 'postern-'))));
  if (Buffer.byteLength(dir) > MAX_DIR_BYTES || /["\s]/.test(dir)) {
    throw new Error(
      `The folder of a test cluster needs a short name without spaces (sockets lie in it): ${dir}`,
    );
  }
  if (existsSync(join(dir, 'run.json'))) throw new Error(`Another test cluster uses ${dir}.`);
  return dir;
}

interface Start {
  readonly dir: string;
  readonly id: string;
  readonly say: Say;
  readonly machine: Machine;
  readonly binaries: Binaries;
  readonly processes: Processes;
  readonly apiServerFlags: readonly string[];
  /** Aborted when the start is given up. */
  readonly signal: AbortSignal;
}

async function bringUp(start: Start): Promise<Omit<Cluster, 'stop'>> {
  const { dir, id, say, machine, processes, signal } = start;
  const network = await timed(say, 'network', () => makeNetwork(dir, id));
  const server = `https://${network.nodeAddress}:${components.API_PORT}`;
  const pki = await timed(say, 'keys', () => makePki(dir, network.nodeAddress, server));
  const settings = {
    dir,
    id,
    network,
    pki,
    cniFolder: machine.cniFolder,
    apiServerFlags: start.apiServerFlags,
  };
  signal.throwIfAborted();
  await components.writeConfiguration(settings);
  await makeCgroup(components.runName(id));
  const launch = await linkBinaries(start);
  const api = makeApiClient({ server, caPem: pki.ca.certPem, pair: pki.admin, signal });
  const isOk = ({ status }: Answer): boolean => status === 200;
  try {
    launch('etcd', components.etcdFlags(settings));
    launch('kube-apiserver', components.apiServerFlags(settings));
    processes.start('containerd', 'containerd', ['-c', join(dir, 'containerd.toml')]);
    const images = timed(say, 'containerd and images', () => waitForImages(dir, machine, signal));
    const apiServer = timed(say, 'etcd and kube-apiserver', () =>
      api.waitFor('/readyz', isOk, READY_TIMEOUT_MS),
    );
    await Promise.all([images, apiServer]);
    signal.throwIfAborted();
    launch('kube-controller-manager', components.controllerFlags(settings));
    launch('kube-scheduler', components.schedulerFlags(settings));
    launch('kubelet', components.kubeletFlags(settings));
    await timed(say, 'controllers and node', () => waitForNode(api));
  } finally {
    api.close();
  }
  const node: Node = {
    netns: network.netns,
    hostAddress: network.hostAddress,
    auditLog: join(dir, 'log/audit.log'),
    logFolder: join(dir, 'log'),
    exec: (command, args, runOptions) =>
      run('nsenter', [`--net=${network.netns}`, '--', command, ...args], runOptions),
    issueClient: (user, groups = []) =>
      pki.ca.issue({ commonName: user, organizations: groups, client: true }),
    frontProxy: pki.frontProxy,
    restartApiServer: async () => {
      await processes.restart('kube-apiserver');
      const again = makeApiClient({ server, caPem: pki.ca.certPem, pair: pki.admin, signal });
      await again.waitFor('/readyz', isOk, READY_TIMEOUT_MS).finally(() => again.close());
    },
  };
  const [adminKubeconfig, gateKubeconfig] = [pki.kubeconfig('admin'), pki.kubeconfig('gate')];
  return { dir, server, caPem: pki.ca.certPem, adminKubeconfig, gateKubeconfig, image: TEST_IMAGE, node };
}

async function linkBinaries({
  dir,
  binaries,
  processes,
}: Start): Promise<(name: keyof Binaries, flags: readonly string[]) => void> {
  await mkdir(join(dir, 'bin'));
  for (const [name, path] of Object.entries(binaries)) await symlink(path, join(dir, 'bin', name));
  return (name, flags) => processes.start(name, join(dir, 'bin', name), flags);
}

async function waitForImages(dir: string, machine: Machine, signal: AbortSignal): Promise<void> {
  const socket = components.runtimeSocket(dir);
  for (const deadline = Date.now() + READY_TIMEOUT_MS; ; ) {
    const version = await run('ctr', ['-a', socket, '--connect-timeout', '200ms', 'version'], {
      timeoutMs: 5_000,
    });
    signal.throwIfAborted();
    if (version.code === 0) break;
    if (Date.now() > deadline) throw new Error(`containerd does not answer: ${version.stderr.trim()}`);
  }
  await importImages(dir, machine.busybox, socket);
}

/** Pods can start when the node is ready and the namespace has its default service account and the authority's config map. */
async function waitForNode(api: ApiClient): Promise<void> {
  for (const { collection, object } of makeTestObjects('User')) {
    const answer = await api.send('POST', collection, object);
    if (answer.status !== 201)
      throw new Error(`POST ${collection}: ${answer.status} ${JSON.stringify(answer.body)}`);
  }
  const namespace = `/api/v1/namespaces/${TEST_NAMESPACE}`;
  const isThere = ({ status }: Answer): boolean => status === 200;
  const isReady = ({ body }: Answer): boolean =>
    readConditions(body).some(({ type, status }) => type === 'Ready' && status === 'True');
  await Promise.all([
    api.waitFor(`/api/v1/nodes/${components.NODE_NAME}`, isReady, READY_TIMEOUT_MS),
    api.waitFor(`${namespace}/serviceaccounts/default`, isThere, READY_TIMEOUT_MS),
    api.waitFor(`${namespace}/configmaps/kube-root-ca.crt`, isThere, READY_TIMEOUT_MS),
  ]);
}

function readConditions(node: unknown): readonly { readonly type: string; readonly status: string }[] {
  const { status } = node as { status?: { conditions?: { type: string; status: string }[] } };
  return status?.conditions ?? [];
}
