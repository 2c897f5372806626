// The rules of sessions.registry: one place for the list, with an account that can keep it there.

import { type Findings, itemPath } from './findings.ts';
import { quote } from './quote.ts';

/** What the rules look at, as far as it passed the schema. */
export interface RegistryKeys {
  readonly clusters?:
    | readonly ({ readonly name?: string | undefined; readonly identity?: string | undefined } | undefined)[]
    | undefined;
  readonly sessions?:
    | {
        readonly registry?:
          | {
              readonly kubernetes?: { readonly cluster?: string | undefined } | undefined;
              readonly redis?: { readonly url?: string | undefined } | undefined;
            }
          | undefined;
      }
    | undefined;
}

const PATH = 'sessions.registry';
const LOOPBACK = /^redis:\/\/(?:[^/@]*@)?(?:localhost|127\.\d+\.\d+\.\d+|\[::1\])(?:[:/]|$)/;

/** Checks every rule; problems go to `findings`. */
export function checkRegistry({ clusters = [], sessions }: RegistryKeys, findings: Findings): void {
  const registry = sessions?.registry;
  if (registry === undefined) return;
  const { kubernetes, redis } = registry;
  const isWhole = !findings.failed(`${PATH}.kubernetes`) && !findings.failed(`${PATH}.redis`);
  if (kubernetes === undefined && redis === undefined && isWhole)
    findings.error(
      PATH,
      'names no place: write kubernetes: {namespace: postern} or redis: {url: rediss://HOST:PORT}',
    );
  if (kubernetes !== undefined && redis !== undefined)
    findings.error(`${PATH}.redis`, 'kubernetes and redis exclude each other; keep one');
  if (redis?.url?.startsWith('redis://') && !LOOPBACK.test(redis.url))
    findings.warning(
      `${PATH}.redis.url`,
      'is without TLS: who can read along sees names and the password, who can write ends sessions; use rediss://',
    );
  if (kubernetes !== undefined) checkCluster(kubernetes.cluster ?? '', clusters, findings);
}

function checkCluster(
  name: string,
  clusters: NonNullable<RegistryKeys['clusters']>,
  findings: Findings,
): void {
  const path = `${PATH}.kubernetes.cluster`;
  const names = clusters.map((cluster) => cluster?.name ?? '').filter((known) => known !== '');
  if (name === '' && clusters.length > 1) {
    findings.error(`${PATH}.kubernetes`, `which cluster? Write cluster: NAME, one of ${names.join(', ')}`);
    return;
  }
  const index = name === '' ? 0 : clusters.findIndex((cluster) => cluster?.name === name);
  const found = clusters[index];
  if (found === undefined) {
    if (name !== '')
      findings.error(path, `there is no cluster ${quote(name)}; expected one of ${names.join(', ')}`);
    return;
  }
  if (found.identity === 'Passthrough')
    findings.error(
      name === '' ? `${PATH}.kubernetes` : path,
      `${itemPath('clusters', index)} has identity: Passthrough, where Postern has no account of its own; name a cluster with identity: Impersonate or RequestHeader`,
    );
}
