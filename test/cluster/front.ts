// The gate and an issuer in front of a cluster: the real program in a process of its own, configured by a file that is written out, and
// people's kubeconfigs whose token file is kept fresh, as a login helper would do.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, writeFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { makeCA } from '../../src/certificates.ts';
import { type Issuer, startIssuer } from '../fakes/issuer.ts';
import { type Cluster, EDITORS, ENGINEERS, TEST_NAMESPACE, VIEWERS } from './cluster.ts';
import type { Say } from './progress.ts';

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
/** Tokens are short-lived; what is written for people to use is renewed long before its end. */
const TOKEN_SECONDS = 3600;
const RENEW_MS = 10 * 60_000;
/** The path prefix under which the cluster is offered too, beside the root. */
export const PATH_PREFIX = '/clusters/lab';

/** Who may come: name and groups as the issuer states them. */
export const PEOPLE = {
  alice: { email: 'alice@example.com', groups: [ENGINEERS] },
  edith: { email: 'edith@example.com', groups: [EDITORS] },
  victor: { email: 'victor@example.com', groups: [VIEWERS] },
} as const;
export type Person = keyof typeof PEOPLE;

/** A gate in front of a cluster. */
export interface Front {
  /** https URL of the gate. */
  readonly server: string;
  readonly opsUrl: string;
  readonly caPem: string;
  readonly issuer: Issuer;
  /** The gate's configuration file and its folder (tls.crt, tls.key). */
  readonly configFile: string;
  /** The gate's log, one JSON line an event. */
  readonly logFile: string;
  readonly pid: number;
  /** Kubeconfig of alice, who goes through the gate with a short-lived token. */
  readonly kubeconfig: string;
  /** Kubeconfig of a person; `prefixed` uses the cluster's path prefix instead of the root. */
  readonly kubeconfigOf: (person: Person, options?: { readonly prefixed?: boolean }) => string;
  readonly tokenOf: (person: Person, expiresIn?: number) => Promise<string>;
  readonly stop: () => Promise<void>;
}

/** Starts an issuer and the gate in front of `cluster`, and writes people's kubeconfigs into its folder. */
export async function startGateInFront(
  cluster: Cluster,
  say: Say,
  more: Readonly<Record<string, unknown>> = {},
): Promise<Front> {
  const dir = join(cluster.dir, `front-${process.hrtime.bigint()}`);
  await mkdir(dir, { recursive: true, mode: 0o700 });
  const issuer = await startIssuer();
  const ca = await makeCA('gate CA');
  const serving = await ca.issue({
    commonName: 'postern',
    dnsNames: ['localhost'],
    ipAddresses: ['127.0.0.1'],
  });
  const configFile = join(dir, 'postern.yaml');
  const logFile = join(dir, 'gate.log');
  writeFileSync(join(dir, 'tls.crt'), serving.certPem);
  writeFileSync(join(dir, 'tls.key'), serving.keyPem, { mode: 0o600 });
  writeFileSync(configFile, configuration(cluster, issuer, more));
  const gate = await startGate(configFile, logFile);
  const tokenOf = (person: Person, expiresIn = TOKEN_SECONDS) =>
    issuer.sign({ sub: `${person}-id`, ...PEOPLE[person] }, { expiresIn });
  const renew = async () => {
    for (const person of Object.keys(PEOPLE) as Person[])
      writeFileSync(join(dir, `${person}.token`), await tokenOf(person), { mode: 0o600 });
  };
  await renew();
  const timer = setInterval(() => void renew(), RENEW_MS);
  timer.unref();
  const kubeconfigOf = (person: Person, { prefixed = false } = {}) => {
    const file = join(dir, `${person}${prefixed ? '-prefixed' : ''}.kubeconfig`);
    writeFileSync(
      file,
      kubeconfig(person, join(dir, `${person}.token`), gate.url + (prefixed ? PATH_PREFIX : ''), ca.certPem),
    );
    return file;
  };
  for (const person of Object.keys(PEOPLE) as Person[]) kubeconfigOf(person);
  say(`gate ${gate.url}, log ${logFile}`);
  return {
    server: gate.url,
    opsUrl: gate.opsUrl,
    caPem: ca.certPem,
    issuer,
    configFile,
    logFile,
    pid: gate.pid,
    kubeconfig: kubeconfigOf('alice'),
    kubeconfigOf,
    tokenOf,
    stop: async () => {
      clearInterval(timer);
      await gate.stop();
      await issuer.close();
    },
  };
}

function configuration(cluster: Cluster, issuer: Issuer, more: Readonly<Record<string, unknown>>): string {
  const config = {
    apiVersion: 'postern.dev/v1',
    kind: 'GateConfiguration',
    listen: { address: '127.0.0.1:0', tls: { certFile: 'tls.crt', keyFile: 'tls.key' } },
    ops: { address: '127.0.0.1:0' },
    clusters: [
      { name: 'lab', kubeconfig: cluster.gateKubeconfig },
      { name: 'lab-by-path', kubeconfig: cluster.gateKubeconfig, match: { pathPrefix: PATH_PREFIX } },
    ],
    authentication: {
      jwt: [
        {
          issuer: { url: issuer.url, audiences: ['postern'], certificateAuthority: issuer.caPem },
          claimMappings: {
            username: { claim: 'email', prefix: '' },
            groups: { claim: 'groups', prefix: '' },
            uid: { claim: 'sub' },
          },
        },
      ],
    },
    sessions: { drainTimeout: '5s' },
    ...more,
  };
  // JSON is YAML, and what is written can be read.
  return `${JSON.stringify(config, null, 2)}\n`;
}

interface GateProcess {
  readonly url: string;
  readonly opsUrl: string;
  readonly pid: number;
  readonly stop: () => Promise<void>;
}

/** Starts the program and waits for the log line that says where it serves. */
async function startGate(configFile: string, logFile: string): Promise<GateProcess> {
  const child = spawn(process.execPath, [MAIN, 'serve', '--config', configFile], {
    stdio: ['ignore', 'inherit', 'pipe'],
  });
  const log = createWriteStream(logFile);
  const lines = createInterface({ input: child.stderr });
  const exited = once(child, 'exit');
  const serving = new Promise<{ address: string; ops: string }>((resolve, reject) => {
    let last = '';
    lines.on('line', (line) => {
      log.write(`${line}\n`);
      last = line;
      if (line.includes('"msg":"serving"')) resolve(JSON.parse(line) as { address: string; ops: string });
    });
    void exited.then(() => reject(new Error(`the gate ended: ${last}`)));
  });
  const { address, ops } = await serving;
  return {
    url: address,
    opsUrl: ops,
    pid: child.pid ?? 0,
    stop: async () => {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM');
      await exited;
      log.end();
    },
  };
}

function kubeconfig(person: Person, tokenFile: string, server: string, caPem: string): string {
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [
      {
        name: 'gate',
        cluster: { server, 'certificate-authority-data': Buffer.from(caPem).toString('base64') },
      },
    ],
    users: [{ name: person, user: { tokenFile } }],
    contexts: [{ name: 'gate', context: { cluster: 'gate', user: person, namespace: TEST_NAMESPACE } }],
    'current-context': 'gate',
  });
}
