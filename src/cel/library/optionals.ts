// Optional values: optional.of(x), x.orValue(y), a.?b (cel-go cel/library.go: OptionalTypes at its newest version). The selections, or() and
// orValue() are the planner's own.

import type { Budget } from '../budget.ts';
import { isMap, sizeOf } from '../collections.ts';
import { Fault, fn, type Library, method } from '../declare.ts';
import { Duration, NONE, Optional, Timestamp, Uint, type Value } from '../value.ts';

/** 0001-01-01T00:00:00Z: Go's zero time. */
const ZERO_TIME = -62_135_596_800_000_000_000n;

export const optionals: Library = [
  fn('optional.of', ['V'], 'optional(V)', (_: Budget, value: Value) => new Optional(value)),
  fn('optional.ofNonZeroValue', ['V'], 'optional(V)', (budget: Budget, value: Value) =>
    isZero(budget, value) ? NONE : new Optional(value),
  ),
  fn('optional.none', [], 'optional(V)', () => NONE),
  method('value', ['optional(V)'], 'V', (_: Budget, { value }: Optional) => {
    if (value === undefined) throw new Fault('optional.none() dereference');
    return value;
  }),
  method('hasValue', ['optional(V)'], 'bool', (_: Budget, { value }: Optional) => value !== undefined),
  method('or', ['optional(V)', 'optional(V)'], 'optional(V)'),
  method('orValue', ['optional(V)', 'V'], 'V'),

  fn('_[?_]', ['list(V)', 'int'], 'optional(V)'),
  fn('_[?_]', ['optional(list(V))', 'int'], 'optional(V)'),
  fn('_[?_]', ['map(K, V)', 'K'], 'optional(V)'),
  fn('_[?_]', ['optional(map(K, V))', 'K'], 'optional(V)'),
  fn('_[_]', ['optional(list(V))', 'int'], 'optional(V)'),
  fn('_[_]', ['optional(map(K, V))', 'K'], 'optional(V)'),

  method('first', ['list(V)'], 'optional(V)', (_: Budget, items: readonly Value[]) => at(items, 0)),
  method('last', ['list(V)'], 'optional(V)', (_: Budget, items: readonly Value[]) =>
    at(items, items.length - 1),
  ),
  fn('optional.unwrap', ['list(optional(V))'], 'list(V)', unwrap),
  method('unwrapOpt', ['list(optional(V))'], 'list(V)', unwrap),
];

function at(items: readonly Value[], index: number): Optional {
  const value = items[index];
  return value === undefined ? NONE : new Optional(value);
}

function unwrap(budget: Budget, items: readonly Value[]): Value {
  budget.spend(items.length);
  const values: Value[] = [];
  for (const item of items) {
    if (!(item instanceof Optional)) throw new Fault('value is not optional');
    if (item.value !== undefined) values.push(item.value);
  }
  return values;
}

function isZero(budget: Budget, value: Value): boolean {
  if (value === null || value === '' || value === false || value === 0 || value === 0n) return true;
  if (value instanceof Uint) return value.value === 0n;
  if (value instanceof Duration) return value.nanos === 0n;
  if (value instanceof Timestamp) return value.nanos === ZERO_TIME;
  if (value instanceof Optional) return value.value === undefined || isZero(budget, value.value);
  if (Array.isArray(value) || value instanceof Uint8Array) return value.length === 0;
  return isMap(value) && sizeOf(budget, value) === 0;
}
