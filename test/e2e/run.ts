// `npm run test:cluster`: brings up a real cluster and the gate in front of it, runs the end-to-end tests through it, and leaves nothing
// behind. Progress goes to stderr, tap's report to stdout, then the plain line "N passed, N failed".

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type Cluster, TEST_NAMESPACE } from '../cluster/cluster.ts';
import { useExistingCluster } from '../cluster/existing.ts';
import { type Front, PEOPLE, type Person, startGateInFront } from '../cluster/front.ts';
import { interruptedBySignals } from '../cluster/interrupt.ts';
import { ensureHelm, ensureKubectls } from '../cluster/kubectls.ts';
import { startCluster } from '../cluster/node.ts';
import { sayOnStderr, timed } from '../cluster/progress.ts';
import { runTap } from '../run.ts';
import { CONTEXT_VARIABLE, type Context } from './context.ts';
import { type Desk, openDesk } from './desk.ts';
import { buildPrograms } from './programs.ts';

const HELP = `npm run test:cluster [-- options] [FILES]

Brings up a real one-node Kubernetes cluster with the gate in front and runs the end-to-end tests (test/e2e/*.test.ts, or FILES) through it.

  --full     every kubectl version in every case, 1 GiB copies, 10 minutes of silence: hours, not minutes
  --help     this text

TEST_KUBECONFIG=FILE   use an existing cluster (kind, minikube) instead of starting a node; TEST_IMAGE=NAME names its busybox
`;

const { values, positionals } = parseArgs({
  options: { full: { type: 'boolean' }, help: { type: 'boolean' } },
  allowPositionals: true,
});
if (values.help === true) process.stdout.write(HELP);
else process.exitCode = await main(values.full === true, positionals);

async function main(full: boolean, files: readonly string[]): Promise<number> {
  const interrupted = interruptedBySignals();
  let cluster: Cluster | undefined;
  let front: Front | undefined;
  let desk: Desk | undefined;
  try {
    const kubectls = await ensureKubectls();
    const helm = await ensureHelm();
    const programs = await buildPrograms(sayOnStderr);
    cluster = await start(interrupted);
    front = await startGateInFront(cluster, sayOnStderr);
    desk = await openDesk(front.issuer, cluster.node);
    const issuer = { url: front.issuer.url, deskUrl: desk.url };
    const form = full ? 'full' : 'short';
    const context = describe(cluster, front, { form, issuer, kubectls, helm, ...programs });
    const contextFile = join(cluster.dir, 'e2e-context.json');
    writeFileSync(contextFile, JSON.stringify(context));
    const chosen = files.length > 0 ? files : ['test/e2e/*.test.ts'];
    return await runTap(chosen, {
      jobs: 1,
      timeoutSeconds: full ? 7200 : 900,
      env: { [CONTEXT_VARIABLE]: contextFile },
      signal: interrupted,
    });
  } catch (error) {
    sayOnStderr(`postern: ${error instanceof Error ? error.message : String(error)}`);
    return 1;
  } finally {
    desk?.close();
    await front?.stop();
    if (cluster !== undefined) await timed(sayOnStderr, 'stopped, nothing left', cluster.stop);
  }
}

async function start(signal: AbortSignal): Promise<Cluster> {
  const existing = process.env['TEST_KUBECONFIG'];
  if (existing !== undefined && existing !== '') return await useExistingCluster(existing, { signal });
  sayOnStderr('starting a node');
  return await startCluster({ signal });
}

function describe(
  cluster: Cluster,
  front: Front,
  more: Pick<Context, 'form' | 'issuer' | 'kubectls' | 'helm' | 'goclient' | 'terminal' | 'authenticator'>,
): Context {
  const people = Object.keys(PEOPLE) as Person[];
  return {
    ...more,
    dir: cluster.dir,
    namespace: TEST_NAMESPACE,
    image: cluster.image,
    adminKubeconfig: cluster.adminKubeconfig,
    gateKubeconfig: cluster.gateKubeconfig,
    kubeconfigs: Object.fromEntries(people.map((person) => [person, front.kubeconfigOf(person)])) as Record<
      Person,
      string
    >,
    prefixedKubeconfig: front.kubeconfigOf('alice', { prefixed: true }),
    gate: {
      server: front.server,
      opsUrl: front.opsUrl,
      caPem: front.caPem,
      configFile: front.configFile,
      logFile: front.logFile,
      pid: front.pid,
    },
    auditLog: cluster.node?.auditLog ?? '',
  };
}
