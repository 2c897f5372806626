// Which fields an object has, and which differ between two (structured-merge-diff typed.ToFieldSet, Compare and Validate).

import type { Schema } from '../schema/fieldtype.ts';
import { elementText, type FieldPath, type FieldSet, fieldSetOf } from './fieldset.ts';
import { equal, isList, isRecord, own } from './jsonvalue.ts';
import { type Place, type Shape, shapeOf } from './shape.ts';

/** What differs from one object to another. */
export interface Comparison {
  readonly added: FieldSet;
  readonly modified: FieldSet;
  readonly removed: FieldSet;
}

type MapShape = Extract<Shape, { is: 'map' }>;
type ListShape = Extract<Shape, { is: 'list' }>;

/** The fields that `value` says something about: its leaves, the items of its lists, the keys of its maps. */
export function fieldsOf(schema: Schema, place: Place, value: unknown): FieldSet {
  const paths: FieldPath[] = [];
  collect({ schema, paths }, place, value, []);
  return fieldSetOf(paths);
}

interface Found {
  readonly schema: Schema;
  readonly paths: FieldPath[];
}

function collect(found: Found, place: Place, value: unknown, path: FieldPath): void {
  const { schema, paths } = found;
  const shape = shapeOf(schema, place, value);
  if (shape.is === 'leaf') {
    paths.push(path);
  } else if (shape.is === 'map' && isRecord(value)) {
    for (const [key, one] of Object.entries(value)) {
      const here = [...path, `f:${key}`];
      collect(found, shape.at(key), one, here);
      const bare = one === null || (isRecord(one) && Object.keys(one).length === 0);
      if (bare || !shape.named(key)) paths.push(here);
    }
  } else if (shape.is === 'list' && isList(value)) {
    const groups = itemsByElement(shape, value);
    for (const [element, items] of groups) {
      const here = [...path, element];
      if (items.length === 1) collect(found, shape.of, items[0], here);
      paths.push(here);
    }
  }
}

/** The items of a list under their path elements, in order; items without one are left out. */
export function itemsByElement(shape: ListShape, items: readonly unknown[]): Map<string, unknown[]> {
  const groups = new Map<string, unknown[]>();
  for (const item of items) {
    const found = shape.element(item);
    if (!('element' in found)) continue;
    const group = groups.get(found.element);
    if (group === undefined) groups.set(found.element, [item]);
    else group.push(item);
  }
  return groups;
}

interface Difference {
  readonly schema: Schema;
  readonly added: FieldPath[];
  readonly modified: FieldPath[];
  readonly removed: FieldPath[];
}

/** Which fields `after` adds, changes and lacks. A missing value is undefined; null is a value. */
export function compare(schema: Schema, place: Place, before: unknown, after: unknown): Comparison {
  const found: Difference = { schema, added: [], modified: [], removed: [] };
  compareAt(found, place, [before, after], []);
  return {
    added: fieldSetOf(found.added),
    modified: fieldSetOf(found.modified),
    removed: fieldSetOf(found.removed),
  };
}

type Pair = readonly [before: unknown, after: unknown];

function compareAt(found: Difference, place: Place, [before, after]: Pair, path: FieldPath): void {
  const shape = shapeOf(found.schema, place, after ?? before);
  if (shape.is === 'map' && isRecord(before ?? {}) && isRecord(after ?? {}) && !bothEmpty(before, after)) {
    compareMaps(found, shape, [before, after], path);
    if (before === undefined && !(shape.struct && alwaysThere(path))) found.added.push(path);
    if (after === undefined) found.removed.push(path);
  } else if (
    shape.is === 'list' &&
    isList(before ?? []) &&
    isList(after ?? []) &&
    !bothEmpty(before, after)
  ) {
    compareLists(found, shape, [before, after], path);
    // A required list has no omitempty in Go: there is an empty one before.
    if (before === undefined && place?.required !== true) found.added.push(path);
    if (after === undefined) found.removed.push(path);
  } else if (before === undefined) {
    found.added.push(path);
  } else if (after === undefined) {
    found.removed.push(path);
  } else if (!equal(before, after)) {
    found.modified.push(path);
  }
}

// Structs that Go's types have by value: an object without them has them empty, so they are never new. All others are pointers. The schema
// does not tell the two apart.
const BY_VALUE: ReadonlySet<string> = new Set(
  [
    'metadata',
    'spec',
    'status',
    'template',
    'strategy',
    'resources',
    'state',
    'lastState',
    'loadBalancer',
    'involvedObject',
    'regarding',
    'source',
    'roleRef',
  ].map((field) => `f:${field}`),
);

function alwaysThere(path: FieldPath): boolean {
  return BY_VALUE.has(path.at(-1) ?? '');
}

function bothEmpty(before: unknown, after: unknown): boolean {
  return [before, after].every(
    (value) => value === undefined || value === null || Object.keys(value).length === 0,
  );
}

function compareMaps(found: Difference, shape: MapShape, [before, after]: Pair, path: FieldPath): void {
  const [left, right] = [isRecord(before) ? before : {}, isRecord(after) ? after : {}];
  for (const key of new Set([...Object.keys(left), ...Object.keys(right)])) {
    compareAt(found, shape.at(key), [own(left, key), own(right, key)], [...path, `f:${key}`]);
  }
}

function compareLists(found: Difference, shape: ListShape, [before, after]: Pair, path: FieldPath): void {
  const left = itemsByElement(shape, isList(before) ? before : []);
  const right = itemsByElement(shape, isList(after) ? after : []);
  for (const element of new Set([...left.keys(), ...right.keys()])) {
    const here = [...path, element];
    const [lefts, rights] = [left.get(element) ?? [], right.get(element) ?? []];
    if (lefts.length > 1 || rights.length > 1) {
      // Items that share a key can't be told apart: they are one leaf.
      const of = lefts.length === 0 ? found.added : rights.length === 0 ? found.removed : found.modified;
      if (!equal(lefts, rights)) of.push(here);
      continue;
    }
    compareAt(found, shape.of, [lefts[0], rights[0]], here);
    if (lefts.length === 0) found.added.push(here);
  }
}

/**
 * What of `value` the schema refuses, each as `.path: problem`: unknown fields, values of the wrong type, items without key or with the
 * same key twice. An unknown field ends its map, an item without key its list.
 */
export function problemsOf(schema: Schema, place: Place, value: unknown): string[] {
  if (value === null || place === undefined) return [];
  const shape = shapeOf(schema, place, value);
  if (shape.is === 'leaf') return scalarProblems(place, value);
  if (shape.is === 'list') {
    return isList(value)
      ? listProblems(schema, shape, value)
      : [`: expected list, got ${JSON.stringify(value)}`];
  }
  if (!isRecord(value)) return [`: expected map, got ${JSON.stringify(value)}`];
  const problems: string[] = [];
  for (const [key, one] of Object.entries(value)) {
    if (shape.struct && !shape.named(key)) return [...problems, `.${key}: field not declared in schema`];
    problems.push(...problemsOf(schema, shape.at(key), one).map((problem) => `.${key}${problem}`));
  }
  return problems;
}

function listProblems(schema: Schema, shape: ListShape, items: readonly unknown[]): string[] {
  const seen = new Set<string>();
  const problems: string[] = [];
  for (const [at, item] of items.entries()) {
    const found = shape.element(item);
    if ('problem' in found) return [...problems, `: element ${at}: ${found.problem}`];
    const shown = elementText(found.element);
    if (seen.has(found.element)) problems.push(`: duplicate entries for key ${shown}`);
    seen.add(found.element);
    problems.push(...problemsOf(schema, shape.of, item).map((problem) => `${shown}${problem}`));
  }
  return problems;
}

const EXPECTED: Readonly<Record<string, readonly [name: string, ...types: string[]]>> = {
  string: ['string', 'string'],
  bytes: ['string', 'string'],
  time: ['string', 'string'],
  microTime: ['string', 'string'],
  integer: ['numeric (int or float)', 'number'],
  long: ['numeric (int or float)', 'number'],
  number: ['numeric (int or float)', 'number'],
  boolean: ['boolean', 'boolean'],
  quantity: ['any scalar', 'string', 'number'],
  intOrString: ['any scalar', 'string', 'number'],
};

function scalarProblems(place: NonNullable<Place>, value: unknown): string[] {
  const { type } = place;
  if (type.is === 'list') return isList(value) ? [] : [`: expected list, got ${JSON.stringify(value)}`];
  if (type.is !== 'scalar') return isRecord(value) ? [] : [`: expected map, got ${JSON.stringify(value)}`];
  const expected = EXPECTED[type.scalar];
  if (expected === undefined || expected.slice(1).includes(typeof value)) return [];
  return [`: expected ${expected[0]}, got ${JSON.stringify(value)}`];
}
