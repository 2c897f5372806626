// The few statistics of a benchmark on a shared machine: medians and ranges instead of means, because one disturbed round must not move
// the figure, and ratios taken within a round, because what disturbs the machine then disturbs both.

/** A median with what it is the middle of. */
export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
  readonly count: number;
}

/** The median of numbers (of an even count: the mean of the middle two). @throws TypeError for none. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted[sorted.length >> 1];
  if (middle === undefined) throw new TypeError('the median of nothing');
  if (sorted.length % 2 === 1) return middle;
  return (middle + (sorted[(sorted.length >> 1) - 1] ?? middle)) / 2;
}

/** Median and range; undefined for no values. */
export function spread(values: readonly number[]): Spread | undefined {
  if (values.length === 0) return undefined;
  return { median: median(values), min: Math.min(...values), max: Math.max(...values), count: values.length };
}

/** Ratios of one series to another round by round; a round that either lacks, or whose divisor is not above 0, counts for nothing. */
export function ratios(
  ours: ReadonlyMap<number, number>,
  theirs: ReadonlyMap<number, number>,
): readonly number[] {
  return [...ours].flatMap(([round, value]) => {
    const divisor = theirs.get(round);
    return divisor === undefined || divisor <= 0 ? [] : [value / divisor];
  });
}
