// The command lines and configuration files of the node's programs. The ports are fixed: they lie in the node's own network namespace.
// Each setting that is not Kubernetes' default is here because a plain machine (cgroup v1, root without CAP_SYS_RESOURCE, no registry, no
// DNS) needs it, or because a test reads it (the audit log).

import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PAUSE_IMAGE } from './images.ts';
import type { Network } from './network.ts';
import type { Pki } from './pki.ts';

/** The API server's port. */
export const API_PORT = 6443;
/** The one node's name. */
export const NODE_NAME = 'node1';

const ETCD_CLIENT = 'http://127.0.0.1:2379';
const ETCD_PEER = 'http://127.0.0.1:2380';

/** What the command lines are made from. */
export interface NodeSettings {
  readonly dir: string;
  /** The run's id: names its cgroup and its pod network. */
  readonly id: string;
  readonly network: Network;
  readonly pki: Pki;
  readonly cniFolder: string;
  /** Added after our own, so that they win. */
  readonly apiServerFlags: readonly string[];
}

/** containerd's socket, one for each run. */
export function runtimeSocket(dir: string): string {
  return join(dir, 'run/containerd.sock');
}

/** The name of the run's cgroup and of its pod network. */
export function runName(id: string): string {
  return `postern-${id}`;
}

/** Flags of etcd; its URLs are a node's own unless others are given. */
export function etcdFlags(
  { dir }: Pick<NodeSettings, 'dir'>,
  { client, peer } = { client: ETCD_CLIENT, peer: ETCD_PEER },
): readonly string[] {
  return [
    `--data-dir=${join(dir, 'etcd')}`,
    `--listen-client-urls=${client}`,
    `--advertise-client-urls=${client}`,
    `--listen-peer-urls=${peer}`,
    `--initial-advertise-peer-urls=${peer}`,
    `--initial-cluster=default=${peer}`,
    '--unsafe-no-fsync',
  ];
}

/** Flags of kube-apiserver. */
export function apiServerFlags({
  dir,
  network,
  pki,
  apiServerFlags: added,
}: NodeSettings): readonly string[] {
  const file = (name: string): string => join(pki.folder, name);
  return [
    `--etcd-servers=${ETCD_CLIENT}`,
    `--secure-port=${API_PORT}`,
    `--advertise-address=${network.nodeAddress}`,
    `--tls-cert-file=${file('apiserver.crt')}`,
    `--tls-private-key-file=${file('apiserver.key')}`,
    `--client-ca-file=${file('ca.crt')}`,
    `--service-account-key-file=${file('sa.pub')}`,
    `--service-account-signing-key-file=${file('sa.key')}`,
    '--service-account-issuer=https://kubernetes.default.svc',
    '--service-cluster-ip-range=10.96.0.0/16',
    '--authorization-mode=Node,RBAC',
    '--allow-privileged=true',
    `--kubelet-client-certificate=${file('apiserver-kubelet.crt')}`,
    `--kubelet-client-key=${file('apiserver-kubelet.key')}`,
    `--kubelet-certificate-authority=${file('ca.crt')}`,
    '--kubelet-preferred-address-types=InternalIP',
    `--requestheader-client-ca-file=${file('front-proxy-ca.crt')}`,
    '--requestheader-allowed-names=front-proxy-client',
    '--requestheader-username-headers=X-Remote-User',
    '--requestheader-group-headers=X-Remote-Group',
    '--requestheader-extra-headers-prefix=X-Remote-Extra-',
    '--requestheader-uid-headers=X-Remote-Uid',
    `--audit-policy-file=${join(dir, 'audit-policy.json')}`,
    `--audit-log-path=${join(dir, 'log/audit.log')}`,
    ...added,
  ];
}

/** Flags of kube-controller-manager. */
export function controllerFlags({ pki }: NodeSettings): readonly string[] {
  return [
    `--kubeconfig=${pki.kubeconfig('controller')}`,
    `--service-account-private-key-file=${join(pki.folder, 'sa.key')}`,
    `--root-ca-file=${join(pki.folder, 'ca.crt')}`,
    '--leader-elect=false',
    '--use-service-account-credentials',
    '--controllers=*,-cloud-node-lifecycle-controller,-node-ipam-controller',
  ];
}

/** Flags of kube-scheduler. */
export function schedulerFlags({ pki }: NodeSettings): readonly string[] {
  return [`--kubeconfig=${pki.kubeconfig('scheduler')}`, '--leader-elect=false'];
}

/** Flags of kubelet. */
export function kubeletFlags({ dir, network, pki }: NodeSettings): readonly string[] {
  return [
    `--config=${join(dir, 'kubelet.json')}`,
    `--kubeconfig=${pki.kubeconfig('kubelet')}`,
    `--hostname-override=${NODE_NAME}`,
    `--node-ip=${network.nodeAddress}`,
    `--root-dir=${join(dir, 'kubelet')}`,
  ];
}

/** Writes the configuration files of containerd, its network plugins, kubelet and the audit policy. */
export async function writeConfiguration(settings: NodeSettings): Promise<void> {
  const { dir } = settings;
  for (const folder of ['cni', 'containerd', 'etcd', 'kubelet', 'log', 'run']) {
    await mkdir(join(dir, folder), { recursive: true });
  }
  const policy = {
    apiVersion: 'audit.k8s.io/v1',
    kind: 'Policy',
    omitStages: ['RequestReceived'],
    rules: [{ level: 'Metadata' }],
  };
  await writeFile(join(dir, 'audit-policy.json'), JSON.stringify(policy));
  await writeFile(join(dir, 'containerd.toml'), containerdConfig(settings));
  await writeFile(join(dir, 'cni/10-pods.conflist'), JSON.stringify(cniConfig(settings)));
  await writeFile(join(dir, 'kubelet.json'), JSON.stringify(kubeletConfig(settings)));
}

/** State that containerd, runc and the plugins keep in fixed places by default all lies under the run's folder. */
function containerdConfig({ dir, cniFolder }: NodeSettings): string {
  const cri = 'plugins."io.containerd.grpc.v1.cri"';
  return `version = 2
root = "${dir}/containerd/root"
state = "${dir}/containerd/state"
disabled_plugins = ["io.containerd.internal.v1.tracing", "io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.zfs",
  "io.containerd.snapshotter.v1.devmapper", "io.containerd.snapshotter.v1.aufs"]
[grpc]
  address = "${runtimeSocket(dir)}"
[plugins."io.containerd.internal.v1.opt"]
  path = "${dir}/containerd/opt"
[${cri}]
  sandbox_image = "${PAUSE_IMAGE}"
  restrict_oom_score_adj = true
  netns_mounts_under_state_dir = true
  [${cri}.cni]
    bin_dir = "${cniFolder}"
    conf_dir = "${dir}/cni"
  [${cri}.containerd]
    snapshotter = "native"
    [${cri}.containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
      [${cri}.containerd.runtimes.runc.options]
        Root = "${dir}/containerd/runc"
`;
}

function cniConfig({ dir, id, network }: NodeSettings): object {
  const ipam = {
    type: 'host-local',
    dataDir: join(dir, 'run/ipam'),
    ranges: [[{ subnet: network.podSubnet }]],
    routes: [{ dst: '0.0.0.0/0' }],
  };
  const bridge = { type: 'bridge', bridge: 'pods0', isGateway: true, ipMasq: false, ipam };
  return { cniVersion: '1.0.0', name: runName(id), plugins: [bridge, { type: 'loopback' }] };
}

function kubeletConfig({ dir, id, pki }: NodeSettings): object {
  return {
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    kind: 'KubeletConfiguration',
    authentication: {
      anonymous: { enabled: false },
      webhook: { enabled: true },
      x509: { clientCAFile: join(pki.folder, 'ca.crt') },
    },
    authorization: { mode: 'Webhook' },
    cgroupDriver: 'cgroupfs',
    cgroupRoot: `/${runName(id)}`,
    cgroupsPerQOS: true,
    enforceNodeAllocatable: [],
    failCgroupV1: false,
    failSwapOn: false,
    makeIPTablesUtilChains: false,
    tlsCertFile: join(pki.folder, 'kubelet-server.crt'),
    tlsPrivateKeyFile: join(pki.folder, 'kubelet-server.key'),
    containerRuntimeEndpoint: `unix://${runtimeSocket(dir)}`,
    podLogsDir: join(dir, 'pods'),
    volumePluginDir: join(dir, 'kubelet/volume-plugins'),
    resolvConf: '',
    imageGCHighThresholdPercent: 100,
    imageGCLowThresholdPercent: 99,
    evictionHard: {
      'nodefs.available': '0%',
      'imagefs.available': '0%',
      'nodefs.inodesFree': '0%',
      'memory.available': '50Mi',
    },
    oomScoreAdj: 0,
  };
}
