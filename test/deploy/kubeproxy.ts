// kube-proxy for the one-node cluster, which has none by itself: built from the Go modules of the same Kubernetes, run in the node's network
// namespace with the iptables of Debian. With it services answer as anywhere: pods reach the API server at its cluster IP, we reach node ports.

import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { appendFileSync, closeSync, openSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { KUBERNETES_VERSION } from '../cluster/binaries.ts';
import { cached } from '../cluster/cache.ts';
import type { Cluster, Node } from '../cluster/cluster.ts';
import { readStartTime } from '../cluster/proc.ts';
import { announced, type Say } from '../cluster/progress.ts';
import { pidsFile } from '../cluster/remove.ts';
import { run, runOrFail } from '../cluster/run.ts';
import { until } from '../e2e/wait.ts';

const SOURCE = join(import.meta.dirname, 'kubeproxy');

/** The binary, from the cache or built now: about a minute when the cluster's own programs were built before. */
export async function ensureKubeProxy(say: Say): Promise<string> {
  if ((await run('iptables-save', ['--version'])).code !== 0)
    throw new Error('This machine has no iptables, with which kube-proxy works: apt-get install -y iptables');
  const goMod = readFileSync(join(SOURCE, 'go.mod'));
  if (!goMod.includes(` v${KUBERNETES_VERSION}\n`))
    throw new TypeError(`kubeproxy/go.mod does not require v${KUBERNETES_VERSION}: change both together`);
  const hash = createHash('sha256')
    .update(goMod)
    .update(readFileSync(join(SOURCE, 'main.go')));
  const key = join('kubeproxy', `${KUBERNETES_VERSION}-${hash.digest('hex').slice(0, 12)}`);
  const folder = await cached(key, async (draft) => {
    const args = ['build', '-trimpath', '-buildvcs=false', '-mod=readonly', '-ldflags', '-s -w'];
    await announced(say, `building kube-proxy ${KUBERNETES_VERSION}`, () =>
      runOrFail('go', [...args, '-o', join(draft, 'kube-proxy'), '.'], { cwd: SOURCE }),
    );
  });
  return join(folder, 'kube-proxy');
}

/** Starts it; resolves with what ends it when the API server's own service answers in the node. */
export async function startKubeProxy(
  binary: string,
  cluster: Pick<Cluster, 'dir' | 'adminKubeconfig'> & { readonly node: Node },
): Promise<() => Promise<void>> {
  const { dir, node } = cluster;
  const config = join(dir, 'kube-proxy.json');
  await writeFile(config, JSON.stringify(configuration(cluster.adminKubeconfig)));
  const log = openSync(join(node.logFolder, 'kube-proxy.log'), 'a');
  const args = [`--net=${node.netns}`, '--', binary, `--config=${config}`, '--hostname-override=node1'];
  const child = spawn('nsenter', args, { detached: true, stdio: ['ignore', log, log] });
  closeSync(log);
  const ended = once(child, 'exit');
  // Written down as the node's own are, so that it goes with them whatever becomes of this process.
  if (child.pid !== undefined)
    appendFileSync(pidsFile(dir), `${child.pid} ${readStartTime(child.pid) ?? 0} kube-proxy\n`);
  await until('kube-proxy to carry the service "kubernetes"', async () => {
    if (child.exitCode !== null)
      throw new Error(`kube-proxy ended by itself; its log is in ${node.logFolder}`);
    const { stdout } = await node.exec('iptables-save', ['-t', 'nat']);
    return /KUBE-SVC-\S+ .*default\/kubernetes:https/.test(stdout);
  });
  return async () => {
    child.kill('SIGTERM');
    await ended;
  };
}

/** No limits of connection tracking and no localhost node ports: those are settings of the whole machine. */
function configuration(kubeconfig: string): object {
  return {
    apiVersion: 'kubeproxy.config.k8s.io/v1alpha1',
    kind: 'KubeProxyConfiguration',
    mode: 'iptables',
    clientConnection: { kubeconfig },
    detectLocalMode: 'BridgeInterface',
    detectLocal: { bridgeInterface: 'pods0' },
    iptables: { localhostNodePorts: false, minSyncPeriod: '0s' },
    conntrack: { maxPerCore: 0, min: 0, tcpEstablishedTimeout: '0s', tcpCloseWaitTimeout: '0s' },
    healthzBindAddress: '127.0.0.1:10256',
    metricsBindAddress: '127.0.0.1:10249',
  };
}
