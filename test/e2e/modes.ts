// What the tests of identity modes share: kubeconfigs for the gate's own side of each mode, and what both sides of the gate call somebody.

import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CertificatePair } from '../../src/certificates.ts';
import { makeKubeconfig } from '../cluster/pki.ts';
import { type Context, kubectl } from './context.ts';
import { newest } from './objects.ts';

/** Where an API server is, and who signed its certificate. */
export interface ApiServer {
  readonly server: string;
  readonly caPem: string;
}

/** The node's API server. */
export function nodeApiServer({ dir, gateKubeconfig }: Context): ApiServer {
  const { clusters } = JSON.parse(readFileSync(gateKubeconfig, 'utf8')) as {
    clusters: readonly { readonly cluster: { readonly server: string } }[];
  };
  const server = clusters[0]?.cluster.server ?? '';
  return { server, caPem: readFileSync(join(dir, 'pki/ca.crt'), 'utf8') };
}

/** A kubeconfig for a gate: with a client certificate, a token, or no credential at all. @returns its file */
export function gateKubeconfig(
  context: Context,
  { server, caPem }: ApiServer,
  credential: { readonly pair?: CertificatePair; readonly token?: string } = {},
): string {
  const file = join(mkdtempSync(join(context.dir, 'mode-')), 'kubeconfig');
  writeFileSync(file, makeKubeconfig({ server, caPem, user: 'gate', token: '', ...credential }), {
    mode: 0o600,
  });
  return file;
}

/** The node's front-proxy client certificate. */
export function frontProxy({ dir }: Context): CertificatePair {
  const read = (name: string) => readFileSync(join(dir, 'pki', name), 'utf8');
  return { certPem: read('front-proxy-client.crt'), keyPem: read('front-proxy-client.key') };
}

/** What the API server says who somebody is: `kubectl auth whoami`. @throws Error with kubectl's words */
export async function whoami(context: Context, kubeconfig: string, args: readonly string[] = []) {
  const asked = ['auth', 'whoami', '-o', 'json', ...args];
  const { code, stdout, stderr } = await kubectl(newest(context).path, kubeconfig, asked);
  if (code !== 0) throw new Error(stderr);
  const { status } = JSON.parse(stdout) as { status: { userInfo: Readonly<Record<string, unknown>> } };
  return status.userInfo;
}
