// Maps in their two forms: made by an expression, or an object of JSON that came from outside.

import type { Budget } from './budget.ts';
import { Fault } from './declare.ts';
import { LazyObject, MapValue, type NativeObject, typeNameOf, Unreadable, type Value } from './value.ts';

export type MapLike = MapValue | NativeObject;

/** Whether a value is a map. What the API server gives as lazy.MapValue isn't. */
export function isMap(value: Value): value is MapLike {
  return value instanceof MapValue || (typeNameOf(value) === 'map' && !(value instanceof LazyObject));
}

/** How many entries a map has. An object has to be counted, which costs. */
export function sizeOf(budget: Budget, value: MapLike): number {
  if (value instanceof MapValue) return value.size;
  const { length } = Object.keys(value);
  budget.spendOn(length);
  return length;
}

/** A map's entries, in the order in which they were made. Throws Fault when one can't be read. */
export function entriesOf(budget: Budget, value: MapLike): readonly (readonly [key: Value, value: Value])[] {
  budget.spendOn(sizeOf(budget, value));
  if (value instanceof MapValue) return [...value.entries()];
  return Object.entries(value).map(([key, inner]) => {
    if (inner instanceof Unreadable) throw new Fault(inner.message);
    return [key, inner ?? null] as const;
  });
}
