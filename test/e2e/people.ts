// Kubeconfigs of callers that the tests invent: other tokens, another gate, no credential.

import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { PEOPLE } from '../cluster/front.ts';
import type { SignOptions } from '../fakes/issuer.ts';
import type { Context } from './context.ts';
import { askForToken } from './desk.ts';

interface Kubeconfig {
  readonly clusters: readonly { readonly name: string; readonly cluster: object }[];
  readonly users: readonly { readonly name: string; readonly user: object }[];
}

/** What differs from alice's kubeconfig. */
export interface Differences {
  /** Replaces the credential. */
  readonly user?: object;
  /** Replaces members of the cluster: `server`, `certificate-authority-data`. */
  readonly cluster?: Readonly<Record<string, string>>;
}

/** Writes a kubeconfig beside alice's, so that both share the discovery cache. @returns its file. */
export function writeKubeconfig(context: Context, name: string, { user, cluster }: Differences): string {
  const { alice } = context.kubeconfigs;
  const config = JSON.parse(readFileSync(alice, 'utf8')) as Kubeconfig;
  const file = join(dirname(alice), `${name}.kubeconfig`);
  const changed = {
    ...config,
    clusters: config.clusters.map((entry) => ({ ...entry, cluster: { ...entry.cluster, ...cluster } })),
    users: config.users.map((entry) => ({ ...entry, user: user ?? entry.user })),
  };
  writeFileSync(file, JSON.stringify(changed), { mode: 0o600 });
  return file;
}

/** A token with alice's claims and `claims`, signed by the gate's issuer. */
export function aliceToken(
  { issuer }: Context,
  claims: Readonly<Record<string, unknown>> = {},
  options: SignOptions = {},
): Promise<string> {
  return askForToken(issuer.deskUrl, { claims: { sub: 'alice-id', ...PEOPLE.alice, ...claims }, options });
}
