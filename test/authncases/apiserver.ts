// A real kube-apiserver on loopback with nothing but etcd beside it, started with --authentication-config: what the table's answers are
// measured by. The programs are those of the test cluster. Everybody who is authenticated may do everything: the question here is who.

import { type ChildProcess, spawn } from 'node:child_process';
import { createHash, generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { type CertificateAuthority, makeCA } from '../../src/certificates.ts';
import { type ApiClient, makeApiClient } from '../cluster/api.ts';
import { ensureBinaries } from '../cluster/binaries.ts';
import { etcdFlags } from '../cluster/components.ts';
import { makeKubeconfig } from '../cluster/pki.ts';

const READY_TIMEOUT_MS = 120_000;
/** A reload waits for every issuer, and looks at them every 10 s. */
const RELOAD_TIMEOUT_MS = 60_000;
const METRICS = 'apiserver_authentication_config_controller';
const REASON = /"Unable to authenticate the request" err="((?:[^"\\]|\\.)*)"/g;

export interface AuthenticatingServer {
  readonly port: number;
  readonly server: string;
  readonly caPem: string;
  /** Kubeconfig file of an account that may impersonate. */
  readonly gateKubeconfig: string;
  /** Replaces the file and resolves when the server uses it. @throws Error when it does not take it in time. */
  readonly use: (document: object) => Promise<void>;
  /** Replaces the file with one that must be refused; resolves with what the log says. */
  readonly refuse: (document: object) => Promise<string>;
  /** What the log says of refused requests since the last time it was asked. */
  readonly reasons: () => readonly string[];
  readonly stop: () => Promise<void>;
}

/**
 * Starts both in `dir`, with `document` as the file; issuers need not be there yet.
 * @throws Error with the end of the log of the one that failed.
 */
export async function startAuthenticatingServer(
  dir: string,
  document: object,
): Promise<AuthenticatingServer> {
  const binaries = await ensureBinaries();
  const ca = await makeCA('authncases');
  const ports = await freePorts(3);
  const [port = 0] = ports;
  const server = `https://127.0.0.1:${port}`;
  const file = join(dir, 'authentication.json');
  writeFileSync(file, JSON.stringify(document));
  await writeKeys(dir, ca, server);
  const processes = startProcesses(dir);
  const ending = new AbortController();
  const admin = await ca.issue({ commonName: 'admin', organizations: ['system:masters'], client: true });
  const api = makeApiClient({ server, caPem: ca.certPem, pair: admin, signal: ending.signal });
  const stop = async () => {
    ending.abort(new Error('stopped'));
    api.close();
    await processes.stop();
  };
  try {
    processes.start(
      'etcd',
      binaries.etcd,
      etcdFlags({ dir }, { client: loopback(ports[1]), peer: loopback(ports[2]) }),
    );
    processes.start('kube-apiserver', binaries['kube-apiserver'], apiServerFlags(dir, file, ports));
    const ready = api.waitFor('/readyz', ({ status }) => status === 200, READY_TIMEOUT_MS);
    await Promise.race([ready, processes.died]);
  } catch (error) {
    await stop();
    throw error;
  }
  const log = followLog(join(dir, 'kube-apiserver.log'));
  return {
    ...{ port, server, caPem: ca.certPem, gateKubeconfig: join(dir, 'gate.kubeconfig') },
    ...reloads(api, file, log.read),
    reasons: () =>
      [...log.read().matchAll(REASON)].map(([, reason = '']) => JSON.parse(`"${reason}"`) as string),
    stop,
  };
}

function reloads(api: ApiClient, file: string, readLog: () => string) {
  const readMetrics = async (): Promise<string> => String((await api.send('GET', '/metrics')).body);
  /** Replaces the file; resolves with whether it is used now, as soon as that is known. */
  const replace = async (document: object): Promise<boolean> => {
    const text = JSON.stringify(document);
    const hash = createHash('sha256').update(text).digest('hex');
    const before = countFailures(await readMetrics());
    readLog();
    writeFileSync(`${file}.next`, text);
    renameSync(`${file}.next`, file);
    let isUsed = false;
    const isDecided = ({ body }: { readonly body: unknown }): boolean => {
      isUsed = String(body).includes(`hash="sha256:${hash}"`);
      return isUsed || countFailures(String(body)) > before;
    };
    await api.waitFor('/metrics', isDecided, RELOAD_TIMEOUT_MS);
    return isUsed;
  };
  return {
    use: async (document: object) => {
      if (!(await replace(document))) throw new Error(`kube-apiserver refuses the file:\n${readLog()}`);
    },
    refuse: async (document: object) => {
      if (await replace(document)) throw new Error('kube-apiserver takes the file');
      return readLog();
    },
  };
}

function countFailures(metrics: string): number {
  const line = metrics
    .split('\n')
    .find((one) => one.startsWith(`${METRICS}_automatic_reloads_total{`) && one.includes('"failure"'));
  return Number(line?.split(' ').at(-1) ?? 0);
}

/** Free now; another process may be faster, which ends in an error that says so. */
async function freePorts(count: number): Promise<readonly number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'));
  await Promise.all(servers.map((server) => once(server, 'listening')));
  const ports = servers.map((server) => (server.address() as { port: number }).port);
  await Promise.all(servers.map((server) => once(server.close(), 'close')));
  return ports;
}

async function writeKeys(dir: string, ca: CertificateAuthority, server: string): Promise<void> {
  const serving = await ca.issue({ commonName: 'kube-apiserver', ipAddresses: ['127.0.0.1'] });
  const gate = await ca.issue({ commonName: 'postern-gate', client: true });
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const kubeconfig = makeKubeconfig({ server, caPem: ca.certPem, user: 'gate', pair: gate });
  for (const [name, content] of [
    ['ca.crt', ca.certPem],
    ['apiserver.crt', serving.certPem],
    ['apiserver.key', serving.keyPem],
    ['sa.key', privateKey.export({ type: 'sec1', format: 'pem' })],
    ['sa.pub', publicKey.export({ type: 'spki', format: 'pem' })],
    ['gate.kubeconfig', kubeconfig],
  ] as const)
    writeFileSync(join(dir, name), content, { mode: 0o600 });
}

function loopback(port: number | undefined): string {
  return `http://127.0.0.1:${port}`;
}

function apiServerFlags(dir: string, file: string, [port, etcd]: readonly number[]): readonly string[] {
  return [
    `--etcd-servers=http://127.0.0.1:${etcd}`,
    '--bind-address=127.0.0.1',
    `--secure-port=${port}`,
    '--endpoint-reconciler-type=none',
    `--tls-cert-file=${join(dir, 'apiserver.crt')}`,
    `--tls-private-key-file=${join(dir, 'apiserver.key')}`,
    `--client-ca-file=${join(dir, 'ca.crt')}`,
    `--service-account-key-file=${join(dir, 'sa.pub')}`,
    `--service-account-signing-key-file=${join(dir, 'sa.key')}`,
    '--service-account-issuer=https://kubernetes.default.svc',
    '--service-cluster-ip-range=10.96.0.0/16',
    '--authorization-mode=AlwaysAllow',
    `--authentication-config=${file}`,
  ];
}

/** Children in our own process group: who kills that ends them too. */
function startProcesses(dir: string) {
  const running: ChildProcess[] = [];
  let isEnding = false;
  const { promise: died, reject } = Promise.withResolvers<never>();
  died.catch(() => undefined);
  return {
    died,
    start(name: string, program: string, args: readonly string[]) {
      const path = join(dir, `${name}.log`);
      const log = openSync(path, 'a');
      // The binary holds all components and looks at its own name.
      const child = spawn(program, args, { argv0: name, stdio: ['ignore', log, log] });
      closeSync(log);
      running.push(child);
      child.once('error', reject);
      child.once('exit', (code) => {
        if (!isEnding)
          reject(new Error(`${name} ended with ${code}:\n${readFileSync(path, 'utf8').slice(-3000)}`));
      });
    },
    async stop() {
      isEnding = true;
      for (const child of running.reverse()) {
        if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) continue;
        const ended = once(child, 'exit');
        child.kill('SIGKILL');
        await ended;
      }
    },
  };
}

/** Reads what a log has gained. */
function followLog(file: string) {
  let offset = 0;
  return {
    read(): string {
      const bytes = readFileSync(file);
      const text = bytes.subarray(offset).toString();
      offset = bytes.length;
      return text;
    },
  };
}
