// Operators and what belongs to all values: arithmetic with overflow as an error, order, equality, `in`, size, type (cel-go
// common/stdlib/standard.go). Their bounds are the budget's, and MAX_TEXT for what
// concatenation may make.

import type { Budget } from '../budget.ts';
import { isMap, type MapLike, sizeOf } from '../collections.ts';
import { Fault, fn, type Library, method, type Overload } from '../declare.ts';
import { compare, isEqual } from '../equality.ts';
import {
  type Duration,
  MapValue,
  type Timestamp,
  TypeValue,
  typeNameOf,
  Uint,
  type Value,
} from '../value.ts';
import { checkDuration, checkTimestamp } from './instants.ts';

/** The longest string or bytes that an expression may make. */
export const MAX_TEXT = 1_048_576;

const MAX_INT = 2n ** 63n - 1n;
const MIN_INT = -(2n ** 63n);
const MAX_UINT = 2n ** 64n - 1n;

export const operators: Library = [
  // What the planner does itself; here for their types.
  fn('_?_:_', ['bool', 'A', 'A'], 'A'),
  fn('_&&_', ['bool', 'bool'], 'bool'),
  fn('_||_', ['bool', 'bool'], 'bool'),
  fn('@not_strictly_false', ['bool'], 'bool'),
  fn('_[_]', ['list(A)', 'int'], 'A'),
  fn('_[_]', ['map(A, B)', 'A'], 'B'),

  fn('!_', ['bool'], 'bool', (_: Budget, value: boolean) => !value),
  fn('_==_', ['A', 'A'], 'bool', (budget: Budget, a: Value, b: Value) => isEqual(budget, a, b)),
  fn('_!=_', ['A', 'A'], 'bool', (budget: Budget, a: Value, b: Value) => !isEqual(budget, a, b)),
  ...order('_<_', (sign) => sign < 0),
  ...order('_<=_', (sign) => sign <= 0),
  ...order('_>_', (sign) => sign > 0),
  ...order('_>=_', (sign) => sign >= 0),

  fn('_+_', ['int', 'int'], 'int', (_: Budget, a: bigint, b: bigint) => int(a + b)),
  fn('_+_', ['uint', 'uint'], 'uint', (_: Budget, a: Uint, b: Uint) => uint(a.value + b.value)),
  fn('_+_', ['double', 'double'], 'double', (_: Budget, a: number, b: number) => a + b),
  fn('_+_', ['string', 'string'], 'string', (budget: Budget, a: string, b: string) => {
    checkLength(budget, a.length + b.length);
    return a + b;
  }),
  fn('_+_', ['bytes', 'bytes'], 'bytes', (budget: Budget, a: Uint8Array, b: Uint8Array) => {
    checkLength(budget, a.length + b.length);
    return Buffer.concat([a, b]);
  }),
  fn('_+_', ['list(A)', 'list(A)'], 'list(A)', (budget: Budget, a: readonly Value[], b: readonly Value[]) => {
    budget.spend(a.length + b.length);
    // Nothing more than the other: the same list, as in cel-go.
    if (a.length === 0) return b;
    return b.length === 0 ? a : [...a, ...b];
  }),
  fn('_+_', ['duration', 'duration'], 'duration', (_: Budget, a: Duration, b: Duration) =>
    checkDuration(a.nanos + b.nanos),
  ),
  fn('_+_', ['timestamp', 'duration'], 'timestamp', (_: Budget, a: Timestamp, b: Duration) =>
    checkTimestamp(a.nanos + b.nanos),
  ),
  fn('_+_', ['duration', 'timestamp'], 'timestamp', (_: Budget, a: Duration, b: Timestamp) =>
    checkTimestamp(a.nanos + b.nanos),
  ),

  fn('_-_', ['int', 'int'], 'int', (_: Budget, a: bigint, b: bigint) => int(a - b)),
  fn('_-_', ['uint', 'uint'], 'uint', (_: Budget, a: Uint, b: Uint) => uint(a.value - b.value)),
  fn('_-_', ['double', 'double'], 'double', (_: Budget, a: number, b: number) => a - b),
  fn('_-_', ['duration', 'duration'], 'duration', (_: Budget, a: Duration, b: Duration) =>
    checkDuration(a.nanos - b.nanos),
  ),
  fn('_-_', ['timestamp', 'duration'], 'timestamp', (_: Budget, a: Timestamp, b: Duration) =>
    checkTimestamp(a.nanos - b.nanos),
  ),
  fn('_-_', ['timestamp', 'timestamp'], 'duration', (_: Budget, a: Timestamp, b: Timestamp) =>
    checkDuration(a.nanos - b.nanos),
  ),
  fn('-_', ['int'], 'int', (_: Budget, a: bigint) => int(-a)),
  fn('-_', ['double'], 'double', (_: Budget, a: number) => -a),

  fn('_*_', ['int', 'int'], 'int', (_: Budget, a: bigint, b: bigint) => int(a * b)),
  fn('_*_', ['uint', 'uint'], 'uint', (_: Budget, a: Uint, b: Uint) => uint(a.value * b.value)),
  fn('_*_', ['double', 'double'], 'double', (_: Budget, a: number, b: number) => a * b),
  fn('_/_', ['int', 'int'], 'int', (_: Budget, a: bigint, b: bigint) => int(a / divisor(b))),
  fn('_/_', ['uint', 'uint'], 'uint', (_: Budget, a: Uint, b: Uint) => uint(a.value / divisor(b.value))),
  fn('_/_', ['double', 'double'], 'double', (_: Budget, a: number, b: number) => a / b),
  fn('_%_', ['int', 'int'], 'int', (_: Budget, a: bigint, b: bigint) => a % divisor(b, 'modulus by zero')),
  fn('_%_', ['uint', 'uint'], 'uint', (_: Budget, a: Uint, b: Uint) =>
    uint(a.value % divisor(b.value, 'modulus by zero')),
  ),

  fn('@in', ['A', 'list(A)'], 'bool', (budget: Budget, item: Value, items: readonly Value[]) =>
    includes(budget, items, item),
  ),
  fn('@in', ['A', 'map(A, B)'], 'bool', (_: Budget, key: Value, map: MapLike) =>
    map instanceof MapValue ? map.get(key) !== undefined : typeof key === 'string' && Object.hasOwn(map, key),
  ),
  ...[fn, method].flatMap((declare) => [
    declare('size', ['string'], 'int', (budget: Budget, text: string) =>
      BigInt(countCharacters(budget, text)),
    ),
    declare('size', ['bytes'], 'int', (_: Budget, bytes: Uint8Array) => BigInt(bytes.length)),
    declare('size', ['list(A)'], 'int', (_: Budget, items: readonly Value[]) => BigInt(items.length)),
    declare('size', ['map(A, B)'], 'int', (budget: Budget, map: MapLike) => BigInt(sizeOf(budget, map))),
  ]),
  fn('type', ['A'], 'type(A)', (_: Budget, value: Value) => new TypeValue(typeNameOf(value))),

  // Of folds: they change what only the fold can see.
  fn('@append', ['list(T)', 'T'], 'list(T)', (_: Budget, items: Value[], item: Value) => {
    items.push(item);
    return items;
  }),
  fn(
    'cel.@mapInsert',
    ['map(K, V)', 'K', 'V'],
    'map(K, V)',
    (_: Budget, map: MapValue, key: Value, value: Value) => insert(map, key, value),
  ),
  fn(
    'cel.@mapInsert',
    ['map(K, V)', 'map(K, V)'],
    'map(K, V)',
    (budget: Budget, map: MapValue, more: MapLike) => {
      if (!isMap(more)) throw new Fault('no such overload');
      budget.spend(sizeOf(budget, more));
      const entries = more instanceof MapValue ? more.entries() : Object.entries(more);
      for (const [key, value] of entries) insert(map, key, value ?? null);
      return map;
    },
  ),
];

/** A string's length in code points, as CEL counts. */
export function countCharacters(budget: Budget, text: string): number {
  budget.spendOn(text.length);
  let count = 0;
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    if (unit < 0xdc00 || unit > 0xdfff) count++;
  }
  return count;
}

/** Whether an element is equal. */
export function includes(budget: Budget, items: readonly Value[], item: Value): boolean {
  budget.spend(items.length);
  return items.includes(item) || items.some((other) => isEqual(budget, item, other));
}

/** Pays for a string or bytes about to be made. Throws Fault when it would be longer than MAX_TEXT. */
export function checkLength(budget: Budget, length: number): void {
  if (length > MAX_TEXT) throw new Fault(`string of ${length} characters exceeds limit: ${MAX_TEXT}`);
  budget.spendOn(length);
}

/** An int, or the overflow error. */
export function int(value: bigint): bigint {
  if (value > MAX_INT || value < MIN_INT) throw new Fault('integer overflow');
  return value;
}

/** A uint, or the overflow error. */
export function uint(value: bigint): Uint {
  if (value > MAX_UINT || value < 0n) throw new Fault('unsigned integer overflow');
  return new Uint(value);
}

function divisor(value: bigint, message = 'division by zero'): bigint {
  if (value === 0n) throw new Fault(message);
  return value;
}

function insert(map: MapValue, key: Value, value: Value): MapValue {
  if (!map.insert(key, value)) throw new Fault(`insert failed: key ${String(key)} already exists`);
  return map;
}

function order(name: string, holds: (sign: number) => boolean): readonly Overload[] {
  const numbers = ['int', 'uint', 'double'];
  const pairs = numbers.flatMap((a) => numbers.map((b) => [a, b] as const));
  const others = ['bool', 'string', 'bytes', 'timestamp', 'duration'].map((type) => [type, type] as const);
  return [...pairs, ...others].map((types) =>
    fn(name, types, 'bool', (budget: Budget, a: Value, b: Value) => {
      if (typeof a === 'string') budget.spendOn(a.length);
      return holds(compare(a, b));
    }),
  );
}
