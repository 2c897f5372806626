// Which API server a request is for: by the path prefix that it begins with, else by its Host, else the one that takes everything.
// The same value decides and is forwarded: the prefix is compared with the raw bytes, and what remains is all that later steps see.

import type { ReviewingCluster } from './authn/door.ts';
import type { Onward } from './onward/onward.ts';
import type { Upstream } from './proxy/upstream.ts';

/** One configured cluster, connected. */
export interface Cluster {
  readonly name: string;
  readonly match: { readonly pathPrefix: string; readonly hosts: readonly string[] };
  readonly upstream: Upstream;
  /** Judges tokens of its own service accounts. */
  readonly reviewer: ReviewingCluster;
  readonly onward: Onward;
}

/** Finds the cluster and the target without its prefix; undefined when none matches. The longest prefix wins. */
export function matchCluster<C extends Pick<Cluster, 'match'>>(
  clusters: readonly C[],
  authority: string,
  rawTarget: string,
): { cluster: C; rest: string } | undefined {
  let best: C | undefined;
  for (const cluster of clusters) {
    const { pathPrefix } = cluster.match;
    if (
      pathPrefix !== '' &&
      hasPrefix(rawTarget, pathPrefix) &&
      pathPrefix.length > (best?.match.pathPrefix.length ?? 0)
    )
      best = cluster;
  }
  if (best !== undefined) {
    const rest = rawTarget.slice(best.match.pathPrefix.length);
    return { cluster: best, rest: rest.startsWith('/') ? rest : `/${rest}` };
  }
  const host = hostName(authority);
  const byHost = clusters.find(({ match }) => match.hosts.includes(host));
  const chosen = byHost ?? clusters.find(({ match }) => match.pathPrefix === '' && match.hosts.length === 0);
  return chosen === undefined ? undefined : { cluster: chosen, rest: rawTarget };
}

function hasPrefix(target: string, prefix: string): boolean {
  if (!target.startsWith(prefix)) return false;
  const next = target.charAt(prefix.length);
  return next === '' || next === '/' || next === '?';
}

/** Lower case, without port and trailing dot. */
function hostName(authority: string): string {
  const bracket = authority.lastIndexOf(']');
  const colon = authority.indexOf(':', bracket + 1);
  const name = (colon === -1 ? authority : authority.slice(0, colon)).toLowerCase();
  return name.endsWith('.') ? name.slice(0, -1) : name;
}
