// `npm run test:deploy`: builds the image, brings up a real cluster with services, installs the chart into it and runs kubectl through it, and
// leaves nothing behind. Progress goes to stderr, tap's report to stdout, then the plain line "N passed, N failed".

import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Cluster, Node } from '../cluster/cluster.ts';
import { runtimeSocket } from '../cluster/components.ts';
import { importArchive } from '../cluster/images.ts';
import { interruptedBySignals } from '../cluster/interrupt.ts';
import { ensureHelm, ensureKubectls } from '../cluster/kubectls.ts';
import { startCluster } from '../cluster/node.ts';
import { sayOnStderr, timed } from '../cluster/progress.ts';
import { type Desk, openDesk } from '../e2e/desk.ts';
import { type Issuer, startIssuer } from '../fakes/issuer.ts';
import { buildImage } from '../image/build.ts';
import { runTap } from '../run.ts';
import { adminOrFail, CONTEXT_VARIABLE, type Context, NAMESPACE } from './context.ts';
import { loadDefinitions } from './crds.ts';
import { ensureKubeProxy, startKubeProxy } from './kubeproxy.ts';

const HELP = `npm run test:deploy [-- FILES]

Builds Postern's image, brings up a real one-node Kubernetes cluster with kube-proxy, and runs the tests of the Helm chart
(test/deploy/*.test.ts, or FILES): every rendering against the API server, then a real install, upgrade, rollback and uninstall.
Needs root, Linux, Go, and Debian's packages of a node, iptables and buildah.
`;

const IMAGE = { repository: 'postern.test/postern', tag: 'chart' };

const { values, positionals } = parseArgs({ options: { help: { type: 'boolean' } }, allowPositionals: true });
if (values.help === true) process.stdout.write(HELP);
else process.exitCode = await main(positionals);

/** What has to be ended, last first. */
type Endings = (() => Promise<void> | void)[];

async function main(files: readonly string[]): Promise<number> {
  const interrupted = interruptedBySignals();
  const endings: Endings = [];
  try {
    const context = await prepare(interrupted, endings);
    const contextFile = join(context.dir, 'deploy-context.json');
    writeFileSync(contextFile, JSON.stringify(context));
    return await runTap(files.length > 0 ? files : ['test/deploy/*.test.ts'], {
      jobs: 1,
      timeoutSeconds: 600,
      env: { [CONTEXT_VARIABLE]: contextFile },
      signal: interrupted,
    });
  } catch (error) {
    sayOnStderr(`postern: ${error instanceof Error ? error.message : String(error)}`);
    return 1;
  } finally {
    for (const end of endings.reverse()) await end();
  }
}

async function prepare(signal: AbortSignal, endings: Endings): Promise<Context> {
  const kubectls = await ensureKubectls();
  const helm = await ensureHelm();
  const oldest = kubectls[0]?.path ?? '';
  const newest = kubectls.filter(({ version }) => !version.includes('machine')).at(-1)?.path ?? '';
  const proxy = await ensureKubeProxy(sayOnStderr);
  const definitions = await loadDefinitions(sayOnStderr);
  sayOnStderr('starting a node');
  const cluster = await startCluster({ signal });
  endings.push(() => timed(sayOnStderr, 'stopped, nothing left', cluster.stop));
  const { node } = cluster;
  if (node === undefined) throw new TypeError('the node is ours');
  endings.push(await timed(sayOnStderr, 'kube-proxy', () => startKubeProxy(proxy, { ...cluster, node })));
  await timed(sayOnStderr, "postern's image", () => bringImage(cluster));
  const { issuer, desk } = await startPeople(node, endings);
  const context: Context = {
    dir: cluster.dir,
    helm,
    oldHelm: join(dirname(oldest), 'helm'),
    kubectl: newest,
    adminKubeconfig: cluster.adminKubeconfig,
    nodeAddress: new URL(cluster.server).hostname,
    testImage: cluster.image,
    image: IMAGE,
    issuer: { url: issuer.url, caPem: issuer.caPem, deskUrl: desk.url },
  };
  await timed(sayOnStderr, 'kinds of other projects', () => makeKinds(context, definitions));
  return context;
}

/** Builds it and imports it, as a registry would bring it to the node. */
async function bringImage({ dir }: Cluster): Promise<void> {
  const { archive } = await buildImage({
    outFile: join(dir, 'postern.tar'),
    tag: `${IMAGE.repository}:${IMAGE.tag}`,
  });
  await importArchive(archive, runtimeSocket(dir));
}

/** The issuer listens where pods reach it: at our end of the node's link. */
async function startPeople(
  node: Node,
  endings: Endings,
): Promise<{ readonly issuer: Issuer; readonly desk: Desk }> {
  const issuer = await startIssuer({ host: node.hostAddress });
  endings.push(issuer.close);
  const desk = await openDesk(issuer, node);
  endings.push(desk.close);
  return { issuer, desk };
}

/** The definitions, and a namespace that takes no pod with more rights than Pod Security's `restricted` allows. */
async function makeKinds(context: Context, definitions: string): Promise<void> {
  await adminOrFail(context, ['create', '-f', '-'], { input: definitions });
  const labels = { 'pod-security.kubernetes.io/enforce': 'restricted' };
  const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE, labels } };
  await adminOrFail(context, ['create', '-f', '-'], { input: JSON.stringify(namespace) });
  await adminOrFail(context, ['wait', '--for=condition=Established', 'crd', '--all', '--timeout=30s']);
}
