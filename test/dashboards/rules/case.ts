// A case for an alert: what was scraped, at what time it is looked at, and what then fires. promtool begins at the epoch; samples are a minute
// apart and written in its notation (`0+5x10`: from 0 in steps of 5 for 10 minutes; `_x10`: nothing).

/** An alert that fires: its own labels, and the words that people read. */
export interface Fired {
  readonly severity: 'critical' | 'warning';
  readonly labels: Readonly<Record<string, string>>;
  readonly summary: string;
  readonly description: string;
}

export interface AlertCase {
  readonly alert: string;
  /** What is the matter, or why it is nothing. */
  readonly when: string;
  /** Series and their samples. */
  readonly series: Readonly<Record<string, string>>;
  /** As promtool writes it: `10m`. */
  readonly at: string;
  /** Empty: it must not fire. */
  readonly fires: readonly Fired[];
}

/** Labels of a scraped gate, written as in a series. */
export const GATE = 'namespace="postern",job="postern",instance="a"';
export const OTHER_GATE = 'namespace="postern",job="postern",instance="b"';
/** … and of something else that is scraped. */
export const STRANGER = 'namespace="shop",job="shop",instance="s"';

export const ONE = { namespace: 'postern', job: 'postern', instance: 'a' };
export const ALL = { namespace: 'postern', job: 'postern' };
export const PROD = { ...ALL, cluster: 'prod' };
