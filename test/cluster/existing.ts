// An existing cluster (kind, minikube, any other) in place of a node of our own: TEST_KUBECONFIG names a kubeconfig whose current context
// may do everything there. The tests' namespace, bindings and the gate's service account are made, and removed at the end. The cluster pulls
// its own images, so TEST_IMAGE can name another busybox.

import { mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { type Cluster, GATE_USER, TEST_NAMESPACE } from './cluster.ts';
import { ensureKubectl } from './kubectls.ts';
import { makeKubeconfig } from './pki.ts';
import { type Say, sayOnStderr, timed } from './progress.ts';
import { makeTestObjects } from './rbac.ts';
import { runOrFail } from './run.ts';
import { once, stopOnSignals } from './signals.ts';

const DEFAULT_IMAGE = 'busybox:1.36';
/** How long the gate's token is good for: longer than any test run. */
const TOKEN_DURATION = '24h';
const TIMEOUT_MS = 60_000;
/** Pods of the tests have their grace period. */
const DELETE_TIMEOUT_MS = 180_000;

/** As ClusterOptions: without `signal`, SIGINT, SIGTERM and SIGHUP remove the objects and end this process. */
export interface ExistingOptions {
  readonly signal?: AbortSignal;
  readonly say?: Say;
}

/**
 * Prepares the cluster that `kubeconfig` names.
 * @throws Error when it does not answer, or already has a namespace of the tests' name: another run may be using it.
 */
export async function useExistingCluster(
  kubeconfig: string,
  options: ExistingOptions = {},
): Promise<Cluster> {
  const say = options.say ?? sayOnStderr;
  const adminKubeconfig = resolve(kubeconfig);
  const { path } = await ensureKubectl(say);
  const kubectl = (args: readonly string[], input = '', timeoutMs = TIMEOUT_MS): Promise<string> =>
    runOrFail(path, ['--kubeconfig', adminKubeconfig, ...args], { input, timeoutMs });
  const objects = makeTestObjects('ServiceAccount').map(({ object }) => object);
  const list = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects });
  const namespaces = await kubectl(['get', 'namespaces', '--output=name']);
  if (namespaces.split('\n').includes(`namespace/${TEST_NAMESPACE}`)) {
    throw new Error(
      `The cluster already has a namespace ${TEST_NAMESPACE}: kubectl delete namespace ${TEST_NAMESPACE}`,
    );
  }
  const dir = await realpath(await mkdtemp(join(tmpdir(), 'postern-')));
  const stop = once(async () => {
    try {
      await kubectl(['delete', '--filename=-', '--ignore-not-found'], list, DELETE_TIMEOUT_MS);
    } finally {
      releaseSignals();
      await rm(dir, { recursive: true, force: true });
    }
  });
  const releaseSignals = options.signal === undefined ? stopOnSignals(say, stop) : () => undefined;
  try {
    options.signal?.throwIfAborted();
    await timed(say, `objects in ${kubeconfig}`, () => kubectl(['create', '--filename=-'], list));
    const account = [GATE_USER, '--namespace', TEST_NAMESPACE, '--duration', TOKEN_DURATION];
    const token = (await kubectl(['create', 'token', ...account])).trim();
    const { server, caPem } = await readCluster(kubectl);
    const gateKubeconfig = join(dir, 'gate.kubeconfig');
    const content = makeKubeconfig({ server, caPem, user: GATE_USER, token });
    await writeFile(gateKubeconfig, content, { mode: 0o600 });
    const image = process.env['TEST_IMAGE'] ?? DEFAULT_IMAGE;
    return { dir, server, caPem, adminKubeconfig, gateKubeconfig, image, node: undefined, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function readCluster(
  kubectl: (args: readonly string[]) => Promise<string>,
): Promise<{ readonly server: string; readonly caPem: string }> {
  const text = await kubectl(['config', 'view', '--minify', '--flatten', '--output=json']);
  const config: {
    readonly clusters?: readonly {
      readonly cluster?: { readonly server?: string; readonly 'certificate-authority-data'?: string };
    }[];
  } = JSON.parse(text);
  const cluster = config.clusters?.[0]?.cluster;
  const authority = cluster?.['certificate-authority-data'];
  if (cluster?.server === undefined || authority === undefined) {
    throw new Error('The current context of TEST_KUBECONFIG needs a server and a certificate authority.');
  }
  return { server: cluster.server, caPem: Buffer.from(authority, 'base64').toString() };
}
