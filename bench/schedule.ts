// In which order things are measured: interleaved, A B C A B C, so that whatever else the machine does meets all of them, and rotated from
// round to round, so that nobody always comes after the same neighbour.

/** The order of one round: begins with another one each round. `round` counts from 0. */
export function rotated<T>(items: readonly T[], round: number): readonly T[] {
  const start = items.length === 0 ? 0 : round % items.length;
  return [...items.slice(start), ...items.slice(0, start)];
}
