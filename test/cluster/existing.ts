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

const DEFAULT_IMAGE = 'busybox:1.36';
/** How long the gate's token is good for: longer than any test run. */
const TOKEN_DURATION = '24h';
const TIMEOUT_MS = 60_000;

/**
 * Prepares the cluster that `kubeconfig` names.
 * @throws Error when it does not answer, or already has a namespace of the tests' name: another run may be using it.
 */
export async function useExistingCluster(kubeconfig: string, say: Say = sayOnStderr): Promise<Cluster> {
  const adminKubeconfig = resolve(kubeconfig);
  const { path } = await ensureKubectl(say);
  const kubectl = (args: readonly string[], input = ''): Promise<string> =>
    runOrFail(path, ['--kubeconfig', adminKubeconfig, ...args], { input, timeoutMs: TIMEOUT_MS });
  const objects = makeTestObjects('ServiceAccount').map(({ object }) => object);
  const list = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects });
  const namespaces = await kubectl(['get', 'namespaces', '--output=name']);
  if (namespaces.split('\n').includes(`namespace/${TEST_NAMESPACE}`)) {
    throw new Error(
      `The cluster already has a namespace ${TEST_NAMESPACE}: kubectl delete namespace ${TEST_NAMESPACE}`,
    );
  }
  const dir = await realpath(await mkdtemp(join(tmpdir(), 'postern-')));
  let stopped: Promise<void> | undefined;
  const stop = (): Promise<void> => {
    stopped ??= kubectl(['delete', '--filename=-', '--ignore-not-found'], list)
      .then(() => undefined)
      .finally(() => rm(dir, { recursive: true, force: true }));
    return stopped;
  };
  try {
    await timed(say, `objects in ${kubeconfig}`, () => kubectl(['create', '--filename=-'], list));
    const token = (
      await kubectl([
        'create',
        'token',
        GATE_USER,
        '--namespace',
        TEST_NAMESPACE,
        '--duration',
        TOKEN_DURATION,
      ])
    ).trim();
    const { server, caPem } = await readCluster(kubectl);
    const gateKubeconfig = join(dir, 'gate.kubeconfig');
    await writeFile(gateKubeconfig, makeKubeconfig({ server, caPem, user: GATE_USER, token }), {
      mode: 0o600,
    });
    const image = process.env['TEST_IMAGE'] ?? DEFAULT_IMAGE;
    const images = { shell: image, sleep: image };
    return { dir, server, caPem, adminKubeconfig, gateKubeconfig, images, node: undefined, stop };
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
