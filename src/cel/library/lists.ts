// Lists: Kubernetes' own (apiserver pkg/cel/library/lists.go), cel-go's at version 3 (ext/lists.go), and its sets (ext/sets.go).

import type { Budget } from '../budget.ts';
import { Fault, fn, forAnyList, type Library, method, type Overload } from '../declare.ts';
import { compare, isEqual } from '../equality.ts';
import { absorb } from '../invoke.ts';
import { Duration, typeNameOf, Uint, type Value } from '../value.ts';
import { checkDuration } from './instants.ts';
import { includes, int, uint } from './operators.ts';

type Items = readonly Value[];

const COMPARABLE = ['int', 'uint', 'double', 'bool', 'duration', 'timestamp', 'string', 'bytes'];
/** The longest list that lists.range makes; a list of a million steps could not be looked at anyhow. */
const MAX_RANGE = 100_000n;

export const lists: Library = [
  ...COMPARABLE.map((type) => method('isSorted', [`list(${type})`], 'bool', isSorted)),
  sum('int', 0n, (a: bigint, b: bigint) => int(a + b)),
  sum('uint', new Uint(0n), (a: Uint, b: Uint) => uint(a.value + b.value)),
  sum('double', 0, (a: number, b: number) => a + b),
  sum('duration', new Duration(0n), (a: Duration, b: Duration) => checkDuration(a.nanos + b.nanos)),
  ...COMPARABLE.flatMap((type) => [extreme('min', type, -1), extreme('max', type, 1)]),
  method('indexOf', ['list(A)', 'A'], 'int', (budget: Budget, items: Items, item: Value) => {
    budget.spend(items.length);
    return BigInt(items.findIndex((other) => isEqual(budget, item, other)));
  }),
  method('lastIndexOf', ['list(A)', 'A'], 'int', (budget: Budget, items: Items, item: Value) => {
    budget.spend(items.length);
    return BigInt(items.findLastIndex((other) => isEqual(budget, item, other)));
  }),

  method('slice', ['list(T)', 'int', 'int'], 'list(T)', slice),
  forAnyList(
    method('flatten', ['list(list(T))'], 'list(T)', (budget: Budget, items: Items) =>
      flatten(budget, items, 1n),
    ),
  ),
  method('flatten', ['list(dyn)', 'int'], 'list(dyn)', flatten),
  ...COMPARABLE.map((type) =>
    forAnyList(
      method('sort', [`list(${type})`], `list(${type})`, (budget: Budget, items: Items) =>
        sortBy(budget, items, items),
      ),
    ),
  ),
  ...COMPARABLE.map((type) =>
    forAnyList(method('@sortByAssociatedKeys', ['list(T)', `list(${type})`], 'list(T)', sortBy)),
  ),
  method('reverse', ['list(T)'], 'list(T)', (budget: Budget, items: Items) => {
    budget.spend(items.length);
    return items.toReversed();
  }),
  method('distinct', ['list(T)'], 'list(T)', (budget: Budget, items: Items) => {
    if (items.length === 0) return items;
    const kept: Value[] = [];
    for (const item of items) if (!includes(budget, kept, item)) kept.push(item);
    return kept;
  }),
  fn('lists.range', ['int'], 'list(int)', (budget: Budget, end: bigint) => {
    if (end > MAX_RANGE) throw new Fault(`list of ${end} elements exceeds limit: ${MAX_RANGE}`);
    const length = Math.max(0, Number(end));
    budget.spend(length);
    return Array.from({ length }, (_, index) => BigInt(index));
  }),

  fn('sets.contains', ['list(T)', 'list(T)'], 'bool', containsAll),
  fn(
    'sets.equivalent',
    ['list(T)', 'list(T)'],
    'bool',
    (budget: Budget, a: Items, b: Items) => containsAll(budget, a, b) && containsAll(budget, b, a),
  ),
  fn('sets.intersects', ['list(T)', 'list(T)'], 'bool', (budget: Budget, a: Items, b: Items) =>
    a.some((item) => includes(budget, b, item)),
  ),
];

function isSorted(budget: Budget, items: Items): boolean {
  budget.spend(items.length);
  return items.every((item, index) => !(orderOf(items[index - 1] ?? item, item) > 0));
}

/** `add` is only given values of the type. */
function sum<T extends Value>(type: string, zero: T, add: (a: T, b: T) => T): Overload {
  const name = typeNameOf(zero);
  return method('sum', [`list(${type})`], type, (budget: Budget, items: Items) => {
    budget.spend(items.length);
    let total = zero;
    for (const item of items) {
      if (typeNameOf(item) !== name) throw new Fault('no such overload');
      total = add(total, item as T);
    }
    return total;
  });
}

function extreme(name: string, type: string, sign: number): Overload {
  return method(name, [`list(${type})`], type, (budget: Budget, items: Items) => {
    budget.spend(items.length);
    let [found] = items;
    if (found === undefined) throw new Fault(`${name} called on empty list`);
    for (const item of items) if (orderOf(found, item) * sign < 0) found = item;
    return found;
  });
}

/** As compare, but elements of different types are in no order (NaN): the API server goes over them. Throws Fault for what has no order at all. */
function orderOf(before: Value, item: Value): number {
  if (!hasOrder(item)) throw new Fault('no such overload');
  return hasOrder(before, item) ? compare(before, item) : Number.NaN;
}

/** Whether there is an order between two values, or between a value and its like. */
function hasOrder(a: Value, b = a): boolean {
  try {
    compare(a, b);
    return true;
  } catch (error) {
    absorb(error);
    return false;
  }
}

function slice(budget: Budget, items: Items, start: bigint, end: bigint): Items {
  const call = `cannot slice(${start}, ${end})`;
  if (start < 0n || end < 0n) throw new Fault(`${call}, negative indexes not supported`);
  if (start > end) throw new Fault(`${call}, start index must be less than or equal to end index`);
  if (end > BigInt(items.length)) throw new Fault(`${call}, list is length ${items.length}`);
  budget.spend(Number(end - start));
  return items.slice(Number(start), Number(end));
}

function flatten(budget: Budget, items: Items, depth: bigint): Items {
  if (depth < 0n) throw new Fault('level must be non-negative');
  budget.spend(items.length);
  const flat: Value[] = [];
  for (const item of items) {
    if (!Array.isArray(item) || depth === 0n) flat.push(item);
    else for (const inner of flatten(budget, item, depth - 1n)) flat.push(inner);
  }
  return flat;
}

/** Sorts items by their keys, which all have the same type. */
function sortBy(budget: Budget, items: Items, keys: Items): Items {
  budget.spend(items.length * Math.ceil(Math.log2(items.length + 2)));
  const [first] = keys;
  if (first === undefined) return items;
  if (!hasOrder(first)) throw new Fault('list elements must be comparable');
  const name = typeNameOf(first);
  if (!keys.every((key) => typeNameOf(key) === name))
    throw new Fault('list elements must have the same type');
  const order = items.map((_, index) => index).sort((a, b) => compare(keys[a] ?? null, keys[b] ?? null) || 0);
  return order.map((index) => items[index] ?? null);
}

function containsAll(budget: Budget, items: Items, wanted: Items): boolean {
  return wanted.every((item) => includes(budget, items, item));
}
