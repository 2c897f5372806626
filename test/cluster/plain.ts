// A second API server beside the node: kube-apiserver and etcd alone, on free ports of loopback, for tests of its authentication flags. No pod
// can run there; what is asked of it is who somebody is, and what it stores.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { mkdir, mkdtemp, symlink } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { type Answer, makeApiClient } from './api.ts';
import { ensureBinaries } from './binaries.ts';
import { etcdFlags } from './components.ts';
import { makePki, type Pki } from './pki.ts';
import { tailLog } from './processes.ts';

const READY_TIMEOUT_MS = 120_000;

/** An API server that has its address and keys already, and may be started once. */
export interface PlainApiServer {
  readonly server: string;
  readonly dir: string;
  readonly pki: Pki;
  /** Kubeconfig of an administrator. */
  readonly adminKubeconfig: string;
  /**
   * Starts it with more flags; `before` are words in front of its command, of a program that becomes it (unshare). Resolves when it is ready.
   * @throws Error with the end of its log
   */
  start(flags: readonly string[], before?: readonly string[]): Promise<void>;
  /** Ends what was started. */
  stop(): Promise<void>;
}

/** Prepares one in a folder of its own beneath `parent`. */
export async function preparePlainApiServer(parent: string, name: string): Promise<PlainApiServer> {
  const dir = await mkdtemp(join(parent, `${name}-`));
  await mkdir(join(dir, 'log'));
  const held = await holdPorts(3);
  const [client, peer, secure] = held.ports;
  const server = `https://127.0.0.1:${secure}`;
  const pki = await makePki(dir, '127.0.0.1', server);
  const children: ChildProcess[] = [];
  const launch = (program: string, path: string, flags: readonly string[]) => {
    const log = openSync(join(dir, 'log', `${program}.log`), 'a');
    children.push(spawn(path, flags, { stdio: ['ignore', log, log] }));
    closeSync(log);
  };
  const etcd = { client: `http://127.0.0.1:${client}`, peer: `http://127.0.0.1:${peer}` };
  return {
    server,
    dir,
    pki,
    adminKubeconfig: pki.kubeconfig('admin'),
    async start(flags, before = []) {
      const binaries = await ensureBinaries(() => undefined);
      // Others, a gate for instance, may have been given ports meanwhile, and must not be given these.
      await held.release();
      // The multi-call binary looks at its own name.
      const apiServer = join(dir, 'kube-apiserver');
      await symlink(binaries['kube-apiserver'], apiServer);
      launch('etcd', binaries.etcd, etcdFlags({ dir }, etcd));
      const own = apiServerFlags(pki, etcd.client, secure ?? 0);
      const [command = '', ...args] = [...before, apiServer, ...own, ...flags];
      launch('kube-apiserver', command, args);
      const ended = once(children[1] as ChildProcess, 'exit').then(() => {
        throw new Error(
          `kube-apiserver ended; the end of its log:\n${tailLog(join(dir, 'log'), 'kube-apiserver')}`,
        );
      });
      const aborted = new AbortController();
      const api = makeApiClient({ server, caPem: pki.ca.certPem, pair: pki.admin, signal: aborted.signal });
      const ready = api.waitFor('/readyz', ({ status }: Answer) => status === 200, READY_TIMEOUT_MS);
      ended.catch(() => undefined);
      await Promise.race([ready, ended]).finally(() => {
        aborted.abort();
        api.close();
      });
    },
    async stop() {
      await held.release();
      for (const child of children.reverse()) {
        if (child.exitCode !== null || child.signalCode !== null) continue;
        child.kill('SIGKILL');
        await once(child, 'exit');
      }
    },
  };
}

function apiServerFlags({ folder }: Pki, etcd: string, port: number): string[] {
  const file = (name: string): string => join(folder, name);
  return [
    `--etcd-servers=${etcd}`,
    '--bind-address=127.0.0.1',
    '--advertise-address=127.0.0.1',
    '--endpoint-reconciler-type=none',
    `--secure-port=${port}`,
    `--tls-cert-file=${file('apiserver.crt')}`,
    `--tls-private-key-file=${file('apiserver.key')}`,
    `--client-ca-file=${file('ca.crt')}`,
    `--service-account-key-file=${file('sa.pub')}`,
    `--service-account-signing-key-file=${file('sa.key')}`,
    '--service-account-issuer=https://kubernetes.default.svc',
    '--service-cluster-ip-range=10.97.0.0/16',
    '--authorization-mode=RBAC',
  ];
}

/** Ports of loopback that nobody else gets until they are released. */
async function holdPorts(count: number): Promise<{ ports: readonly number[]; release: () => Promise<void> }> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'));
  await Promise.all(servers.map((one) => once(one, 'listening')));
  const ports = servers.map((one) => (one.address() as AddressInfo).port);
  const release = async () => {
    await Promise.all(servers.map((one) => new Promise((resolve) => one.close(resolve))));
  };
  return { ports, release };
}
