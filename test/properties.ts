// How the tests ask fast-check. What `npm test` and CI try is the same each time: a change is judged by what it changed, not by which cases were
// drawn. Looking for new ones is a run of its own, `POSTERN_SEARCH=100 npm test -- 'test/unit/**/*.test.ts'`: a hundred times as many, drawn afresh.
// What it finds goes into its test as an example, beside the mending.

import fc from 'fast-check';

/** Any number would do; it stays the same, so that a failure here is the same failure there. */
const SEED = 20_261_130;

/** A test says how many cases and which examples; what is drawn is the run's business. */
type Wanted<Ts> = Pick<fc.Parameters<Ts>, 'numRuns' | 'examples'>;

/**
 * fc.assert with this run's seed, and with `POSTERN_SEARCH` (default 1) times `numRuns` (default 100) cases.
 * @throws fast-check's error, which names the seed, the path and the smallest counterexample.
 */
export function holds<Ts>(property: fc.IProperty<Ts>, wanted: Wanted<Ts> = {}): void {
  fc.assert(property, drawn(wanted));
}

/** The same for properties that wait. */
export async function holdsInTime<Ts>(
  property: fc.IAsyncProperty<Ts>,
  wanted: Wanted<Ts> = {},
): Promise<void> {
  await fc.assert(property, drawn(wanted));
}

/** @throws RangeError when `POSTERN_SEARCH` is not a whole number above 0. */
function drawn<Ts>({ numRuns = 100, examples }: Wanted<Ts>): fc.Parameters<Ts> {
  const search = process.env['POSTERN_SEARCH'];
  const times = Number(search ?? 1);
  if (!Number.isInteger(times) || times < 1)
    throw new RangeError(`POSTERN_SEARCH is ${search}: not a whole number above 0`);
  return {
    numRuns: numRuns * times,
    ...(examples !== undefined && { examples }),
    ...(search === undefined && { seed: SEED }),
  };
}
