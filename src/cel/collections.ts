// Maps in their two forms: made by an expression, or an object of JSON that came from outside.

import { LazyObject, MapValue, type NativeObject, typeNameOf, type Value } from './value.ts';

export type MapLike = MapValue | NativeObject;

/** Whether a value is a map. What the API server gives as lazy.MapValue isn't. */
export function isMap(value: Value): value is MapLike {
  return value instanceof MapValue || (typeNameOf(value) === 'map' && !(value instanceof LazyObject));
}

/** How many entries a map has. */
export function sizeOf(value: MapLike): number {
  return value instanceof MapValue ? value.size : Object.keys(value).length;
}

/** A map's entries, in the order in which they were made. */
export function entriesOf(value: MapLike): readonly (readonly [key: Value, value: Value])[] {
  if (value instanceof MapValue) return [...value.entries()];
  return Object.entries(value).map(([key, inner]) => [key, inner ?? null] as const);
}
