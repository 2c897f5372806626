// Merging one object into another and taking fields away, by the schema (structured-merge-diff typed.Merge and RemoveItems). Nothing is
// changed in place: results share with the left side whatever stays.

import type { Schema } from '../schema/fieldtype.ts';
import { itemsByElement } from './fields.ts';
import { type FieldSet, isEmpty } from './fieldset.ts';
import { equal, isList, isRecord, own } from './jsonvalue.ts';
import { type Place, type Shape, shapeOf } from './shape.ts';

type MapShape = Extract<Shape, { is: 'map' }>;
type ListShape = Extract<Shape, { is: 'list' }>;

/** `left` with all that `right` says: maps and lists with keys item by item, the rest replaced. A null of `right` stays null. */
export function mergeTyped(schema: Schema, place: Place, left: unknown, right: unknown): unknown {
  if (left === undefined || right === undefined) return right ?? left;
  const shape = shapeOf(schema, place, right ?? left);
  if (shape.is === 'map' && isRecord(left) && isRecord(right)) return mergeMaps(schema, shape, left, right);
  if (shape.is === 'list' && isList(left) && isList(right)) return mergeLists(schema, shape, left, right);
  return equal(left, right) ? left : right;
}

function mergeMaps(
  schema: Schema,
  shape: MapShape,
  left: Readonly<Record<string, unknown>>,
  right: Readonly<Record<string, unknown>>,
): unknown {
  const keys = [...new Set([...Object.keys(left), ...Object.keys(right)])];
  const entries = keys.map((key) => {
    return [key, mergeTyped(schema, shape.at(key), own(left, key), own(right, key))] as const;
  });
  return entries.every(([key, value]) => value === own(left, key)) ? left : Object.fromEntries(entries);
}

function mergeLists(
  schema: Schema,
  shape: ListShape,
  left: readonly unknown[],
  right: readonly unknown[],
): unknown {
  const [lefts, rights] = [itemsByElement(shape, left), itemsByElement(shape, right)];
  const items = mergeOrder([...lefts.keys()], [...rights.keys()]).flatMap((element) => {
    const [mine = [], theirs] = [lefts.get(element), rights.get(element)];
    if (theirs === undefined) return mine;
    // Items with the same key twice can't be merged: what is applied takes their place.
    return [mergeTyped(schema, shape.of, mine.length === 1 ? mine[0] : undefined, theirs[0])];
  });
  const same = items.length === left.length && items.every((item, at) => item === left[at]);
  return same ? left : items;
}

/**
 * The order of a merged list: the right side's order for all that it has; what only the left side has stays behind the item that it was
 * behind.
 */
export function mergeOrder(left: readonly string[], right: readonly string[]): string[] {
  const inRight = new Set(right);
  const shared = right.filter((element) => left.includes(element));
  const order: string[] = [];
  const taken = new Set<string>();
  const takeRight = (element: string) => {
    order.push(element);
    taken.add(element);
    if (shared[0] === element) shared.shift();
  };
  let [l, r] = [0, 0];
  while (l < left.length || r < right.length) {
    const [mine, theirs] = [left[l], right[r]];
    if (mine !== undefined && theirs !== undefined && inRight.has(mine)) {
      // A shared item out of its turn is placed when the right side comes to it.
      if (mine !== theirs && shared.length > 0 && shared[0] !== mine) {
        l += 1;
        continue;
      }
    }
    if (mine !== undefined && !inRight.has(mine)) {
      order.push(mine);
      l += 1;
      continue;
    }
    if (mine !== undefined && (mine === theirs || taken.has(mine))) l += 1;
    if (theirs !== undefined) {
      takeRight(theirs);
      r += 1;
    }
  }
  return order;
}

/** `value` without these fields. @returns undefined when nothing is left of a map or a list. */
export function removeFields(schema: Schema, place: Place, value: unknown, fields: FieldSet): unknown {
  if (isEmpty(fields)) return value;
  const shape = shapeOf(schema, place, value);
  if (shape.is === 'map' && isRecord(value)) return removeFromMap(schema, shape, value, fields);
  if (shape.is === 'list' && isList(value)) return removeFromList(schema, shape, value, fields);
  return value;
}

function removeFromMap(
  schema: Schema,
  shape: MapShape,
  value: Readonly<Record<string, unknown>>,
  fields: FieldSet,
): unknown {
  const entries = Object.entries(value).flatMap(([key, one]) => {
    const element = `f:${key}`;
    if (fields.members.has(element)) return [];
    const deeper = fields.children.get(element);
    const rest = deeper === undefined ? one : removeFields(schema, shape.at(key), one, deeper);
    return rest === undefined ? [] : [[key, rest] as const];
  });
  if (entries.length === 0) return undefined;
  const same =
    entries.length === Object.keys(value).length && entries.every(([key, one]) => one === value[key]);
  return same ? value : Object.fromEntries(entries);
}

function removeFromList(
  schema: Schema,
  shape: ListShape,
  value: readonly unknown[],
  fields: FieldSet,
): unknown {
  const items = value.flatMap((item) => {
    const found = shape.element(item);
    if (!('element' in found)) return [item];
    if (fields.members.has(found.element)) return [];
    const deeper = fields.children.get(found.element);
    const rest = deeper === undefined ? item : removeFields(schema, shape.of, item, deeper);
    return rest === undefined ? [] : [rest];
  });
  if (items.length === 0) return undefined;
  return items.length === value.length && items.every((item, at) => item === value[at]) ? value : items;
}

/**
 * The set with the structs' own fields in it wherever it has something below them: `a.b.c` brings `a.b` when that is a named field, not when
 * it is the key of a map.
 */
export function withNamedFields(schema: Schema, place: Place, set: FieldSet): FieldSet {
  // Only the shape of places that the schema knows is asked here, so the value may be empty.
  const shape = shapeOf(schema, place, {});
  const members = new Set(set.members);
  const children = new Map<string, FieldSet>();
  for (const [element, child] of set.children) {
    const key = element.startsWith('f:') ? element.slice(2) : undefined;
    if (key !== undefined && shape.is === 'map' && shape.named(key)) members.add(element);
    const inner =
      shape.is === 'map' && key !== undefined ? shape.at(key) : shape.is === 'list' ? shape.of : undefined;
    children.set(element, withNamedFields(schema, inner, child));
  }
  return { members, children };
}
