// The node's keys: one authority for the cluster, one for authenticating proxies, the service account key, and a kubeconfig for each
// component. Written under the run's folder, readable by root alone, gone with it.

import { generateKeyPairSync } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type CertificateAuthority,
  type CertificatePair,
  type CertificateRequest,
  makeCA,
} from '../../src/certificates.ts';
import { GATE_USER } from './cluster.ts';

const PRIVATE = { mode: 0o600 };

/** The service network's first address, which the API server gives to itself. */
const SERVICE_ADDRESS = '10.96.0.1';

/** Clients of the API server, each with a kubeconfig `<name>.kubeconfig`. */
const CLIENTS: readonly (CertificateRequest & { readonly name: string })[] = [
  { name: 'admin', commonName: 'admin', organizations: ['system:masters'] },
  { name: 'controller', commonName: 'system:kube-controller-manager' },
  { name: 'scheduler', commonName: 'system:kube-scheduler' },
  { name: 'kubelet', commonName: 'system:node:node1', organizations: ['system:nodes'] },
  { name: 'gate', commonName: GATE_USER },
];

/** What the rest needs of the keys; all else is found by its file's name. */
export interface Pki {
  readonly folder: string;
  readonly ca: CertificateAuthority;
  readonly admin: CertificatePair;
  readonly frontProxy: CertificatePair;
  /** The path of a client's kubeconfig. */
  readonly kubeconfig: (name: 'admin' | 'controller' | 'scheduler' | 'kubelet' | 'gate') => string;
}

/** Makes all keys of a node whose API server listens on `server`. */
export async function makePki(dir: string, nodeAddress: string, server: string): Promise<Pki> {
  const folder = join(dir, 'pki');
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const [ca, frontProxyCa] = await Promise.all([makeCA('postern-test'), makeCA('postern-test-front-proxy')]);
  const save = async (name: string, pair: CertificatePair): Promise<CertificatePair> => {
    await writeFile(join(folder, `${name}.crt`), pair.certPem);
    await writeFile(join(folder, `${name}.key`), pair.keyPem, PRIVATE);
    return pair;
  };
  const issue = async (name: string, request: CertificateRequest, issuer = ca): Promise<CertificatePair> =>
    await save(name, await issuer.issue(request));
  await Promise.all([save('ca', ca), save('front-proxy-ca', frontProxyCa), saveServiceAccountKey(folder)]);
  await issue('apiserver', {
    commonName: 'kube-apiserver',
    dnsNames: ['localhost', 'kubernetes', 'kubernetes.default', 'kubernetes.default.svc'],
    ipAddresses: ['127.0.0.1', nodeAddress, SERVICE_ADDRESS],
  });
  await issue('kubelet-server', { commonName: 'node1', dnsNames: ['node1'], ipAddresses: [nodeAddress] });
  await issue('apiserver-kubelet', {
    commonName: 'kube-apiserver-kubelet',
    organizations: ['system:masters'],
    client: true,
  });
  const frontProxy = await issue(
    'front-proxy-client',
    { commonName: 'front-proxy-client', client: true },
    frontProxyCa,
  );
  const kubeconfig = (name: string): string => join(dir, `${name}.kubeconfig`);
  let admin: CertificatePair | undefined;
  for (const { name, ...request } of CLIENTS) {
    const pair = await issue(name, { ...request, client: true });
    await writeFile(
      kubeconfig(name),
      makeKubeconfig({ server, caPem: ca.certPem, user: name, pair }),
      PRIVATE,
    );
    if (name === 'admin') admin = pair;
  }
  if (admin === undefined) throw new TypeError('no admin among the clients');
  return { folder, ca, admin, frontProxy, kubeconfig };
}

/** A kubeconfig with everything in it, for a client certificate or a bearer token. */
export function makeKubeconfig(settings: {
  readonly server: string;
  readonly caPem: string;
  readonly user: string;
  readonly pair?: CertificatePair;
  readonly token?: string;
}): string {
  const base64 = (text: string): string => Buffer.from(text).toString('base64');
  const user =
    settings.pair === undefined
      ? { token: settings.token }
      : {
          'client-certificate-data': base64(settings.pair.certPem),
          'client-key-data': base64(settings.pair.keyPem),
        };
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [
      {
        name: 'test',
        cluster: { server: settings.server, 'certificate-authority-data': base64(settings.caPem) },
      },
    ],
    users: [{ name: settings.user, user }],
    contexts: [{ name: 'test', context: { cluster: 'test', user: settings.user } }],
    'current-context': 'test',
  };
  return `${JSON.stringify(config, undefined, 2)}\n`;
}

async function saveServiceAccountKey(folder: string): Promise<void> {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  await writeFile(join(folder, 'sa.key'), privateKey.export({ type: 'sec1', format: 'pem' }), PRIVATE);
  await writeFile(join(folder, 'sa.pub'), publicKey.export({ type: 'spki', format: 'pem' }));
}
