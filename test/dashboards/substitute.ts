// What Grafana does before it asks Prometheus: variables become values, a variable query becomes a question for the values of a label.

import type { Dashboard } from '@grafana/schema';
import type { Prometheus, Range } from './prometheus.ts';
import { SCRAPE_SECONDS } from './prometheus.ts';

type Variable = NonNullable<NonNullable<Dashboard['templating']>['list']>[number];

/** The value of each variable, as it is put into a query. */
export type Values = ReadonlyMap<string, string>;

/**
 * Asks for the values of all variables in their order, each with what the ones before have become, and chooses "All". @returns what each is
 * replaced by, and how many values it had.
 */
export async function chooseAll(
  { templating }: Dashboard,
  prometheus: Prometheus,
  range: Range,
): Promise<{ readonly values: Values; readonly found: ReadonlyMap<string, readonly string[]> }> {
  const values = new Map<string, string>();
  const found = new Map<string, readonly string[]>();
  for (const variable of templating?.list ?? []) {
    if (variable.type !== 'query') continue;
    const { match, label } = readLabelValues(substitute(queryOf(variable), values, range.step));
    const all = await prometheus.labelValues(label, match, range);
    found.set(variable.name, all);
    values.set(variable.name, variable.allValue ?? `(${all.map(escapeRegExp).join('|')})`);
  }
  return { values, found };
}

/** A query with its variables replaced. `step` in seconds. @throws TypeError when one is left. */
export function substitute(query: string, values: Values, step: number): string {
  const window = Math.max(4 * SCRAPE_SECONDS, step + SCRAPE_SECONDS);
  const replaced = query
    .replaceAll('$__rate_interval', `${window}s`)
    .replace(/\$\{?(\w+)\}?/g, (whole, name: string) => {
      const value = values.get(name);
      if (value === undefined) throw new TypeError(`${whole} is no variable of the dashboard: ${query}`);
      return value;
    });
  return replaced;
}

function queryOf({ query }: Variable): string {
  return typeof query === 'string' ? query : String(query?.['query'] ?? '');
}

/** `label_values(SERIES, LABEL)`, as Grafana's Prometheus data source reads it. */
function readLabelValues(query: string): { readonly match: string; readonly label: string } {
  const [, match = '', label = ''] = /^label_values\((.+),\s*(\w+)\)$/.exec(query) ?? [];
  if (label === '') throw new TypeError(`not a query for the values of a label: ${query}`);
  return { match, label };
}

/** As Grafana escapes values in a regular expression for Prometheus: the backslash once more for PromQL's string. */
function escapeRegExp(value: string): string {
  return value.replace(/[\\^$.*+?()[\]{}|]/g, '\\\\$&');
}
