// When two values are equal, and which of two comes first (cel-go common/types/*.go, compare.go). Numbers of different types compare by
// value; values of different types are otherwise not equal, and have no order.

import type { Budget } from './budget.ts';
import { entriesOf, isMap, type MapLike, sizeOf } from './collections.ts';
import { Fault } from './declare.ts';
import { Duration, MapValue, Opaque, Optional, Timestamp, TypeValue, Uint, type Value } from './value.ts';

/** Whether `a == b`. Spends for each element that is looked at. */
export function isEqual(budget: Budget, a: Value, b: Value): boolean {
  if (a === b) return true;
  if (typeof a === 'string' || typeof b === 'string' || a === null || b === null) return false;
  const numberA = numberOf(a);
  if (numberA !== undefined) {
    const numberB = numberOf(b);
    return numberB !== undefined && compareNumbers(numberA, numberB) === 0;
  }
  budget.spend(1);
  if (Array.isArray(a)) return Array.isArray(b) && isEqualList(budget, a, b);
  if (isMap(a)) return isMap(b) && isEqualMap(budget, a, b);
  return isEqualObject(budget, a, b);
}

function isEqualObject(budget: Budget, a: Value, b: Value): boolean {
  if (a instanceof Timestamp) return b instanceof Timestamp && a.nanos === b.nanos;
  if (a instanceof Duration) return b instanceof Duration && a.nanos === b.nanos;
  if (a instanceof TypeValue) return b instanceof TypeValue && a.name === b.name;
  if (a instanceof Uint8Array) return b instanceof Uint8Array && Buffer.compare(a, b) === 0;
  if (a instanceof Optional) {
    if (!(b instanceof Optional)) return false;
    if (a.value === undefined || b.value === undefined) return a.value === b.value;
    return isEqual(budget, a.value, b.value);
  }
  return a instanceof Opaque && b instanceof Opaque && a.isEqual(b);
}

function isEqualList(budget: Budget, a: readonly Value[], b: readonly Value[]): boolean {
  return a.length === b.length && a.every((value, index) => isEqual(budget, value, b[index] ?? null));
}

function isEqualMap(budget: Budget, a: MapLike, b: MapLike): boolean {
  if (sizeOf(budget, a) !== sizeOf(budget, b)) return false;
  return entriesOf(budget, a).every(([key, value]) => {
    const other =
      b instanceof MapValue
        ? b.get(key)
        : typeof key === 'string' && Object.hasOwn(b, key)
          ? b[key]
          : undefined;
    return other !== undefined && isEqual(budget, value, other);
  });
}

/** Below zero when `a` comes first, NaN when neither does. Throws Fault for values without an order. */
export function compare(a: Value, b: Value): number {
  if (typeof a === 'string' && typeof b === 'string') return compareText(a, b);
  const numberA = numberOf(a);
  const numberB = numberOf(b);
  if (numberA !== undefined && numberB !== undefined) return compareNumbers(numberA, numberB);
  if (typeof a === 'boolean' && typeof b === 'boolean') return Number(a) - Number(b);
  if (a instanceof Timestamp && b instanceof Timestamp) return compareOrdered(a.nanos, b.nanos);
  if (a instanceof Duration && b instanceof Duration) return compareOrdered(a.nanos, b.nanos);
  if (a instanceof Uint8Array && b instanceof Uint8Array) return Buffer.compare(a, b);
  throw new Fault('no such overload');
}

/** By code points, as Go compares UTF-8; JavaScript's own order differs above U+FFFF. */
function compareText(a: string, b: string): number {
  if (a === b) return 0;
  const end = Math.min(a.length, b.length);
  let index = 0;
  while (index < end && a.charCodeAt(index) === b.charCodeAt(index)) index++;
  if (index === end) return a.length - b.length;
  return rank(a.charCodeAt(index)) - rank(b.charCodeAt(index));
}

/** Surrogates, which stand for what is above U+FFFF, after all other units. */
function rank(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit;
}

/** An int beside a double is compared as a double, as cel-go does it: 9007199254740993 equals 9007199254740992.0. */
function compareNumbers(a: bigint | number, b: bigint | number): number {
  if (typeof a === typeof b) return compareOrdered(a, b);
  return compareOrdered(Number(a), Number(b));
}

function compareOrdered<T extends bigint | number>(a: T, b: T): number {
  if (a < b) return -1;
  if (a > b) return 1;
  return a === b ? 0 : Number.NaN;
}

function numberOf(value: Value): bigint | number | undefined {
  if (typeof value === 'bigint' || typeof value === 'number') return value;
  return value instanceof Uint ? value.value : undefined;
}
