// The cluster of the soak with kubectl: the demo's practice API server in this process, or a real one that run.ts has started. In it runs the pod of
// the client-go harness, which prints a line a second and serves a page.

import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type CertificateAuthority, makeCA } from '../../src/certificates.ts';
import { startPracticeCluster } from '../../src/demo/practice.ts';
import { ENGINEERS, TEST_NAMESPACE } from '../cluster/cluster.ts';
import type { Kubectl } from '../cluster/kubectls.ts';
import { runOrFail } from '../cluster/run.ts';
import { kubeEnv } from '../e2e/context.ts';
import { type GateProcess, startGateProcess } from '../fakes/gateprocess.ts';
import { NODE_OPTIONS } from './growth.ts';

const POD_FILE = new URL('../e2e/goclient/pod.yaml', import.meta.url);
const POD_IMAGE = 'postern.test/busybox:1';
/** Renewed several times in their life, as a credential plugin does. s */
export const TOKEN_LIFE_S = 300;
const CLUSTER = 'lab';

/** A real cluster, as run.ts describes it in a file. */
export interface RealCluster {
  readonly server: string;
  readonly caPem: string;
  readonly adminKubeconfig: string;
  readonly gateKubeconfig: string;
  readonly image: string;
}

/** People who work there at the same time. */
export const PEOPLE = ['erin@example.com', 'olga@example.com', 'said@example.com'] as const;

/** The cluster and a gate in front of it. */
export interface Lab {
  readonly gate: GateProcess;
  readonly namespace: string;
  readonly pod: string;
  /** What the pod's page says, on which port. */
  readonly page: { readonly port: number; readonly text: string };
  /** The kubeconfig of one of PEOPLE; its token is in a file beside it. */
  readonly kubeconfigOf: (person: string) => string;
  /** Gives everybody a new token. */
  readonly renewTokens: () => Promise<void>;
  readonly stop: () => Promise<void>;
}

/** Starts it; resolves when the pod runs. `real` is a file of run.ts; '' is the practice API server. */
export async function startLab(real: string, kubectl: Kubectl): Promise<Lab> {
  const cluster = real === '' ? undefined : (JSON.parse(readFileSync(real, 'utf8')) as RealCluster);
  const practice = cluster === undefined ? await startPractice() : undefined;
  const port = Number(new URL(cluster?.server ?? practice?.url ?? '').port);
  const gate = await startGateProcess({
    upstreams: [
      {
        name: CLUSTER,
        upstream: { port, ca: { certPem: cluster?.caPem ?? practice?.caPem ?? '' } as CertificateAuthority },
        user: { token: practice?.token ?? '' },
      },
    ],
    before: (dir) => {
      if (cluster !== undefined)
        writeFileSync(join(dir, `${CLUSTER}.kubeconfig`), readFileSync(cluster.gateKubeconfig));
    },
    nodeOptions: NODE_OPTIONS,
  });
  const namespace = cluster === undefined ? 'default' : TEST_NAMESPACE;
  const fileOf = (person: string, suffix: string) =>
    join(gate.files.dir, `${person.replace(/@.*/, '')}.${suffix}`);
  const renewTokens = async () => {
    for (const person of PEOPLE) {
      const exp = Math.floor(Date.now() / 1000) + TOKEN_LIFE_S;
      const token = await gate.token({ sub: person, email: person, groups: [ENGINEERS], exp });
      // A kubectl that begins meanwhile must not read an empty file.
      writeFileSync(fileOf(person, 'token.next'), token);
      renameSync(fileOf(person, 'token.next'), fileOf(person, 'token'));
    }
  };
  await renewTokens();
  for (const person of PEOPLE)
    writeFileSync(
      fileOf(person, 'kubeconfig'),
      kubeconfig(gate, { tokenFile: fileOf(person, 'token'), namespace }),
    );
  const env = kubeEnv(fileOf(PEOPLE[0], 'kubeconfig'));
  const manifest = readFileSync(POD_FILE, 'utf8').replaceAll(POD_IMAGE, cluster?.image ?? POD_IMAGE);
  await runOrFail(kubectl.path, ['apply', '-f', '-'], { input: manifest, env });
  const ready = ['wait', '--for=condition=Ready', '--timeout=120s', 'pod/goclient'];
  await runOrFail(kubectl.path, ready, { env });
  return {
    ...{ gate, namespace, pod: 'goclient', page: { port: 8081, text: 'hello from httpd\n' } },
    kubeconfigOf: (person) => fileOf(person, 'kubeconfig'),
    renewTokens,
    async stop() {
      await gate.stop();
      await practice?.stop();
    },
  };
}

async function startPractice() {
  const ca = await makeCA('practice CA');
  const { certPem, keyPem } = await ca.issue({
    commonName: 'practice',
    dnsNames: ['localhost'],
    ipAddresses: ['127.0.0.1'],
  });
  const started = await startPracticeCluster({
    host: '127.0.0.1',
    tls: { cert: certPem, key: keyPem },
    caPem: ca.certPem,
    now: Date.now,
    onError: (error, what) => process.stderr.write(`the practice cluster: ${what}: ${String(error)}\n`),
  });
  return { ...started, caPem: ca.certPem };
}

function kubeconfig(
  { port, files }: GateProcess,
  { tokenFile, namespace }: { readonly tokenFile: string; readonly namespace: string },
): string {
  const cluster = {
    server: `https://127.0.0.1:${port}`,
    'certificate-authority-data': Buffer.from(files.ca.certPem).toString('base64'),
  };
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'gate', cluster }],
    users: [{ name: 'me', user: { tokenFile } }],
    contexts: [{ name: 'gate', context: { cluster: 'gate', user: 'me', namespace } }],
    'current-context': 'gate',
  });
}
