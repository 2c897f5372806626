// A gate with the doors beside issuers open, client certificates with a revocation list and service accounts, and how a kubeconfig comes through them.

import { readFileSync } from 'node:fs';
import type { CertificatePair } from '../../src/certificates.ts';
import type { Context } from './context.ts';
import { type OwnGate, startOwnGate } from './gates.ts';
import { writeKubeconfig } from './people.ts';

/** The first gate's configuration and these doors. `ca` and `crl` are files that it watches. */
export function startDoorsGate(
  context: Context,
  name: string,
  { ca, crl }: { readonly ca: string; readonly crl: string },
): Promise<OwnGate> {
  const first = JSON.parse(readFileSync(context.gate.configFile, 'utf8')) as {
    readonly listen: object;
    readonly authentication: object;
  };
  return startOwnGate(context, name, {
    listen: { ...first.listen, clientCAFile: ca },
    authentication: {
      ...first.authentication,
      clientCertificates: { enabled: true, crlFile: crl },
      serviceAccounts: {},
    },
  });
}

/** A kubeconfig's user that comes with a client certificate. */
export function certificateUser({ certPem, keyPem }: CertificatePair): object {
  const base64 = (pem: string) => Buffer.from(pem).toString('base64');
  return { 'client-certificate-data': base64(certPem), 'client-key-data': base64(keyPem) };
}

/** Writes the kubeconfig of a user of this gate. @returns its file */
export function kubeconfigOfGate(context: Context, gate: OwnGate, name: string, user: object): string {
  const authority = Buffer.from(gate.trust.caPem).toString('base64');
  const cluster = { server: gate.url, 'certificate-authority-data': authority };
  return writeKubeconfig(context, name, { user, cluster });
}
