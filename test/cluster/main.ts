// `npm run cluster`: a real cluster with the gate and an issuer in front, kept up until Ctrl-C, for trying things by hand. Progress goes to
// stderr, what to try to stdout.

import { parseArgs } from 'node:util';
import { type Cluster, SLEEP_COMMAND, TEST_NAMESPACE } from './cluster.ts';
import { useExistingCluster } from './existing.ts';
import { type Front, startGateInFront } from './front.ts';
import { interruptedBySignals } from './interrupt.ts';
import { ensureKubectl } from './kubectls.ts';
import { startCluster } from './node.ts';
import { sayOnStderr, timed } from './progress.ts';

const HELP = `npm run cluster [-- options]

Brings up a real one-node Kubernetes cluster (etcd, kube-apiserver, kube-controller-manager, kube-scheduler, containerd, kubelet), then an
issuer and the gate in front of it, prints a kubeconfig and commands to try, and stays until Ctrl-C. Nothing is left behind then.
Needs root, Debian's packages of a node (it names those that are missing) and Go, with which the Kubernetes programs are built once.

  --without-gate             the cluster alone
  --dir DIR                  keep the run's files in DIR, and its logs after the end (default: a temporary folder)
  --apiserver-flag FLAG      add a flag to kube-apiserver, e.g. --apiserver-flag=--v=4; may be repeated
  --help                     this text

TEST_KUBECONFIG=FILE         use an existing cluster (kind, minikube) instead of starting a node; TEST_IMAGE=NAME names its busybox
KUBEBUILDER_ASSETS=DIR       take kube-apiserver and etcd from there
`;

const OPTIONS = {
  help: { type: 'boolean' },
  'without-gate': { type: 'boolean' },
  dir: { type: 'string' },
  'apiserver-flag': { type: 'string', multiple: true },
} as const;

type Values = ReturnType<typeof parseArgs<{ options: typeof OPTIONS }>>['values'];

const ended = interruptedBySignals();
try {
  await main();
} catch (error) {
  process.exitCode = 1;
  sayOnStderr(`postern: ${error instanceof Error ? error.message : String(error)}`);
}

async function main(): Promise<void> {
  const { values } = parseArgs({ options: OPTIONS });
  if (values.help === true) {
    process.stdout.write(HELP);
    return;
  }
  const startedAt = performance.now();
  const kubectl = await ensureKubectl();
  const cluster = await start(values);
  let front: Front | undefined;
  try {
    if (values['without-gate'] !== true) {
      front = await timed(sayOnStderr, 'issuer and gate', () => startGateInFront(cluster, sayOnStderr));
    }
    sayOnStderr(`ready after ${((performance.now() - startedAt) / 1000).toFixed(1)} s`);
    process.stdout.write(describe(cluster, front, kubectl.path));
    await waitForEnd();
    sayOnStderr('stopping …');
  } finally {
    await front?.stop();
    await timed(sayOnStderr, 'stopped, nothing left', cluster.stop);
  }
}

async function start(values: Values): Promise<Cluster> {
  const existing = process.env['TEST_KUBECONFIG'];
  if (existing !== undefined && existing !== '') return await useExistingCluster(existing, { signal: ended });
  sayOnStderr('starting a node');
  return await startCluster({
    ...(values.dir === undefined ? {} : { dir: values.dir }),
    apiServerFlags: values['apiserver-flag'] ?? [],
    signal: ended,
  });
}

/** Resolves on Ctrl-C. The timer keeps the process alive where nothing else does. */
async function waitForEnd(): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setInterval(() => undefined, 60_000);
  ended.addEventListener('abort', () => resolve(), { once: true });
  if (ended.aborted) resolve();
  await promise;
  clearInterval(timer);
}

function describeFront(cluster: Cluster, front: Front): string[] {
  return [
    '',
    'That is alice, who may do everything. edith may edit and victor may only look, in the namespace e2e:',
    `  k --kubeconfig ${front.kubeconfigOf('victor')} exec hello -- id`,
    'What the gate saw, and its metrics:',
    `  tail -f ${front.logFile}`,
    `  curl -s ${front.opsUrl}/metrics | grep ^postern_`,
    `Its configuration: ${front.configFile}`,
    `Past the gate, as administrator: --kubeconfig ${cluster.adminKubeconfig}`,
  ];
}

function describe(cluster: Cluster, front: Front | undefined, kubectl: string): string {
  const kubeconfig = front?.kubeconfig ?? cluster.adminKubeconfig;
  const sleep = SLEEP_COMMAND.map((word) => (word.includes(' ') ? `'${word}'` : word)).join(' ');
  const lines = [
    '',
    front === undefined
      ? `API server ${cluster.server}`
      : `gate ${front.server}, API server ${cluster.server}`,
    '',
    'Try, in another terminal:',
    `  export KUBECONFIG=${kubeconfig}`,
    `  alias k='${kubectl} --namespace ${TEST_NAMESPACE}'`,
    `  k run hello --image=${cluster.image} -- ${sleep} && k wait --for=condition=Ready pod/hello`,
    '  k exec -it hello -- sh',
    '  k get pods -w',
    `  k run it -it --rm --restart=Never --image=${cluster.image}`,
    ...(front === undefined ? [] : describeFront(cluster, front)),
    ...(cluster.node === undefined
      ? []
      : [`Logs, and the API server's audit log: ${cluster.node.logFolder}`]),
    '',
    'Ctrl-C ends it.',
    '',
  ];
  return lines.join('\n');
}
