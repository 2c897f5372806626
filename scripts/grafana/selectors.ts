// The parts of queries that all panels share: which series a dashboard looks at, over which window, and how a share is made of two rates.

/** Series of the chosen jobs and namespaces. */
export const GATES = 'job=~"$job",namespace=~"$namespace"';
/** Of these, the ones about the chosen clusters (API servers). */
export const CLUSTERS = `${GATES},cluster=~"$cluster"`;
/** Of these, single processes. */
export const INSTANCES = `${GATES},instance=~"$instance"`;

/** `sum by (labels) (rate(metric{selector}[window]))`. */
export function rate(metric: string, selector: string, by: readonly string[] = []): string {
  const labels = by.length === 0 ? '' : ` by (${by.join(', ')})`;
  return `sum${labels} (rate(${metric}{${selector}}[$__rate_interval]))`;
}

/** What a quantile of a histogram is, for each of `by`. */
export function quantile(
  q: number,
  histogram: { readonly metric: string; readonly selector: string },
  by: readonly string[] = [],
): string {
  return `histogram_quantile(${q}, ${rate(`${histogram.metric}_bucket`, histogram.selector, ['le', ...by])})`;
}

/** `part` of `whole`, 0 where there is no part yet, nothing where there is no whole. */
export function share(part: string, whole: string): string {
  return `(${part} or 0 * ${whole}) / (${whole} > 0)`;
}
