// The kubeconfigs that the demo writes: one for people, with a context each, and the gate's own account at the practice cluster.

import { stringify } from 'yaml';

/** A person's context. */
export interface PersonContext {
  readonly name: string;
  /** Absolute: kubectl reads the token from it again and again. */
  readonly tokenFile: string;
}

/** A kubeconfig with a context for each person; the first is the current one. */
export function renderPeopleKubeconfig(
  server: string,
  caPem: string,
  people: readonly PersonContext[],
): string {
  return stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'postern-demo', cluster: clusterOf(server, caPem) }],
    users: people.map(({ name, tokenFile }) => ({ name, user: { tokenFile } })),
    contexts: people.map(({ name }) => ({
      name,
      context: { cluster: 'postern-demo', user: name, namespace: 'default' },
    })),
    'current-context': people[0]?.name ?? '',
  });
}

/** The kubeconfig with which the gate comes to the practice cluster. */
export function renderGateKubeconfig(server: string, caPem: string, token: string): string {
  return stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'practice', cluster: clusterOf(server, caPem) }],
    users: [{ name: 'postern', user: { token } }],
    contexts: [{ name: 'practice', context: { cluster: 'practice', user: 'postern' } }],
    'current-context': 'practice',
  });
}

function clusterOf(server: string, caPem: string) {
  return { server, 'certificate-authority-data': Buffer.from(caPem).toString('base64') };
}
