// Kubernetes' lists library (isSorted, sum, min, max, indexOf, lastIndexOf) and CEL's, version 3 (slice, flatten, distinct, sort, reverse, first, last,
// lists.range).

import { type Environment, Optional } from '@marcbachmann/cel-js';

/** No range is longer. */
const MAX_RANGE = 10_000n;

type Comparable = bigint | number | string | boolean;

/** Registers them. `k8sIndexOf` and `k8sLastIndexOf` are what strings.ts makes of `indexOf` and `lastIndexOf`. */
export function registerLists(cel: Environment): void {
  cel.registerFunction('list.isSorted(): bool', (list: readonly Comparable[]) =>
    list.every((value, i) => i === 0 || compare(list[i - 1] as Comparable, value) <= 0),
  );
  cel.registerFunction('list<int>.sum(): int', (list: readonly bigint[]) =>
    list.reduce((sum, one) => sum + one, 0n),
  );
  cel.registerFunction('list<double>.sum(): double', (list: readonly number[]) =>
    list.reduce((sum, one) => sum + one, 0),
  );
  cel.registerFunction('list<A>.min(): A', (list: readonly Comparable[]) => extreme(list, 'min', -1));
  cel.registerFunction('list<A>.max(): A', (list: readonly Comparable[]) => extreme(list, 'max', 1));
  // Under both names: the checker sees the text as it is written, the evaluation what strings.ts makes of it.
  for (const name of ['indexOf', 'k8sIndexOf'])
    cel.registerFunction(`list<A>.${name}(A): int`, (list: readonly unknown[], one: unknown) =>
      BigInt(list.indexOf(one)),
    );
  for (const name of ['lastIndexOf', 'k8sLastIndexOf'])
    cel.registerFunction(`list<A>.${name}(A): int`, (list: readonly unknown[], one: unknown) =>
      BigInt(list.lastIndexOf(one)),
    );
  registerShapes(cel);
}

function registerShapes(cel: Environment): void {
  cel.registerFunction(
    'list<A>.slice(int, int): list<A>',
    (list: readonly unknown[], from: bigint, to: bigint) => {
      if (from < 0n || to > BigInt(list.length) || from > to)
        throw new Error(`cannot slice(${from}, ${to}) a list of ${list.length}`);
      return list.slice(Number(from), Number(to));
    },
  );
  cel.registerFunction('list<A>.distinct(): list<A>', (list: readonly unknown[]) => [...new Set(list)]);
  cel.registerFunction('list<A>.reverse(): list<A>', (list: readonly unknown[]) => [...list].reverse());
  cel.registerFunction('list<A>.sort(): list<A>', (list: readonly Comparable[]) => [...list].sort(compare));
  cel.registerFunction('list<A>.first(): optional<A>', (list: readonly unknown[]) => Optional.of(list[0]));
  cel.registerFunction('list<A>.last(): optional<A>', (list: readonly unknown[]) => Optional.of(list.at(-1)));
  cel.registerFunction('list.flatten(): list<dyn>', (list: readonly unknown[]) => list.flat(1));
  cel.registerType('ListsNamespace', ListsNamespace);
  cel.registerConstant('lists', 'ListsNamespace', new ListsNamespace());
  cel.registerFunction('ListsNamespace.range(int): list<int>', (_: unknown, count: bigint) => {
    if (count < 0n || count > MAX_RANGE) throw new Error(`lists.range takes 0 to ${MAX_RANGE}`);
    return Array.from({ length: Number(count) }, (_one, i) => BigInt(i));
  });
}

class ListsNamespace {}

function extreme(list: readonly Comparable[], name: string, sign: number): Comparable {
  const [first, ...others] = list;
  if (first === undefined) throw new Error(`${name} called on empty list`);
  return others.reduce((best, one) => (compare(one, best) * sign > 0 ? one : best), first);
}

/** Strings by their code points, as Go by their bytes. */
function compare(one: Comparable, other: Comparable): number {
  if (typeof one === 'string' && typeof other === 'string')
    return Buffer.compare(Buffer.from(one), Buffer.from(other));
  if (typeof one !== typeof other) throw new Error('values of different types have no order');
  return one < other ? -1 : one > other ? 1 : 0;
}
