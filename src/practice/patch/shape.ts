// What a field is to a merge: a leaf that is replaced whole, fields of their own, or items under keys. Read off the schema; what the schema
// does not know is deduced from the value (maps have fields, lists are leaves), as structured-merge-diff does without a schema.

import type { Field, FieldType, Schema } from '../schema/fieldtype.ts';
import { keyElement } from './fieldset.ts';
import { isRecord, own } from './jsonvalue.ts';

/** The type at a place of an object; undefined where the schema says nothing. */
export type Place = Pick<Field, 'type' | 'atomic' | 'required'> | undefined;

/** How the value at a place is taken apart. */
export type Shape =
  | { readonly is: 'leaf' }
  | {
      readonly is: 'map';
      readonly at: (key: string) => Place;
      /** Whether the schema names this field: a struct's fields exist by themselves, a map's keys have to be owned. */
      readonly named: (key: string) => boolean;
      readonly struct: boolean;
    }
  | {
      readonly is: 'list';
      readonly of: Place;
      /** @returns the item's path element, or what is wrong with it. */
      readonly element: (item: unknown) => { readonly element: string } | { readonly problem: string };
    };

const LEAF: Shape = { is: 'leaf' };

/** The place of a whole object of this kind. */
export function placeOf(schema: Schema, apiVersion: string, kind: string): Place {
  const struct = schema.kindOf(apiVersion, kind);
  return struct === undefined ? undefined : { type: { is: 'struct', name: struct.name } };
}

/** How the value at `place` is taken apart; `value` is only looked at where the schema says nothing. */
export function shapeOf(schema: Schema, place: Place, value: unknown): Shape {
  if (place === undefined) {
    if (!isRecord(value)) return LEAF;
    return { is: 'map', at: () => undefined, named: () => false, struct: false };
  }
  if (place.atomic === true) return LEAF;
  const { type } = place;
  switch (type.is) {
    case 'scalar':
      return LEAF;
    case 'struct':
      return structShape(schema, type.name, value);
    case 'map':
      if (type.atomic === true) return LEAF;
      return { is: 'map', at: () => ({ type: type.of }), named: () => false, struct: false };
    case 'list':
      return listShape(schema, type);
  }
}

function structShape(schema: Schema, name: string, value: unknown): Shape {
  const struct = schema.structs.get(name);
  if (struct === undefined) return shapeOf(schema, undefined, value);
  if (struct.atomic === true) return LEAF;
  const { fields } = struct;
  const at = (key: string): Place => (Object.hasOwn(fields, key) ? fields[key] : undefined);
  return { is: 'map', at, named: (key) => Object.hasOwn(fields, key), struct: true };
}

function listShape(schema: Schema, type: Extract<FieldType, { is: 'list' }>): Shape {
  const { merge } = type;
  if (merge === undefined) return LEAF;
  const of: Place = { type: type.of };
  if (merge === 'set') return { is: 'list', of, element: memberElement };
  // A key that an item leaves out counts as its default: a port without a protocol is the TCP one.
  const fields = type.of.is === 'struct' ? schema.structs.get(type.of.name)?.fields : undefined;
  const keys = merge.keys.map((key) => [key, fields?.[key]?.defaultValue] as const);
  return { is: 'list', of, element: (item) => itemElement(keys, item) };
}

function memberElement(item: unknown): { element: string } | { problem: string } {
  if (typeof item === 'object') return { problem: 'a set has scalars only, no null, map or list' };
  return { element: `v:${JSON.stringify(item)}` };
}

function itemElement(
  keys: readonly (readonly [key: string, defaultValue: string | undefined])[],
  item: unknown,
): { element: string } | { problem: string } {
  if (!isRecord(item)) return { problem: 'an item of a list with keys has to be a map' };
  const found = keys
    .map(([key, defaultValue]) => [key, own(item, key) ?? defaultValue] as const)
    .filter(([, value]) => value !== undefined);
  if (found.length > 0) return { element: keyElement(Object.fromEntries(found)) };
  return { problem: `the item has none of its key fields (${keys.map(([key]) => key).join(', ')})` };
}
