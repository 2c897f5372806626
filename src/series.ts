// The counters that alerts look at begin with 0 for every cluster and issuer of a configuration: the first event is then a rise, where a series
// that begins with 1 would show Prometheus none.

import type { Metrics } from './metrics.ts';
import { UPSTREAM_REASONS } from './observe.ts';

/** What the series of a configuration are named after. */
export interface SeriesOwners {
  readonly clusters: readonly { readonly name: string }[];
  readonly authenticator: { issuers(): readonly { readonly issuer: string }[] };
}

const UPGRADED_KINDS = ['exec', 'attach', 'portforward'] as const;

/** Begins them; those that have begun stay as they are. */
export function beginSeries({ clusters, authenticator }: SeriesOwners, metrics: Metrics): void {
  for (const { name: cluster } of clusters) {
    for (const reason of UPSTREAM_REASONS.values()) metrics.upstreamErrors.inc({ cluster, reason }, 0);
    for (const kind of UPGRADED_KINDS) metrics.upgradeMissing.inc({ cluster, kind }, 0);
  }
  for (const { issuer } of authenticator.issuers())
    for (const outcome of ['ok', 'failed']) metrics.jwksRefresh.inc({ issuer, outcome }, 0);
  for (const outcome of ['ok', 'rejected', 'unavailable'])
    metrics.authentication.inc({ source: 'authorization', outcome }, 0);
}
