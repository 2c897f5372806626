// Sets of fields in the FieldsV1 format: `f:spec` is a field, `k:{"name":"x"}` an item of a list that merges by key, `v:"x"` a member of a
// set; `.` says that the item itself belongs to the set, beside what is below it (sigs.k8s.io/structured-merge-diff fieldpath).

import { isRecord, type JsonRecord } from './jsonvalue.ts';

/**
 * A set of paths, as a tree. The elements of a path are kept in their FieldsV1 form, which is canonical: keys of `k:` are sorted.
 * No child is empty.
 */
export interface FieldSet {
  /** The elements that are in the set themselves. */
  readonly members: ReadonlySet<string>;
  /** What the set has below an element. */
  readonly children: ReadonlyMap<string, FieldSet>;
}

/** A path: its elements in FieldsV1 form. */
export type FieldPath = readonly string[];

/** The set without fields. */
export const NO_FIELDS: FieldSet = { members: new Set(), children: new Map() };

/** Whether there is no field in it. */
export function isEmpty(set: FieldSet): boolean {
  return set.members.size === 0 && set.children.size === 0;
}

interface Growing {
  readonly members: Set<string>;
  readonly children: Map<string, Growing>;
}

/** The set of these paths. The parents of a path are not in it; the empty path is no field. */
export function fieldSetOf(paths: Iterable<FieldPath>): FieldSet {
  const root: Growing = { members: new Set(), children: new Map() };
  for (const path of paths) {
    const last = path.at(-1);
    if (last === undefined) continue;
    let at = root;
    for (const element of path.slice(0, -1)) {
      const next = at.children.get(element) ?? { members: new Set(), children: new Map() };
      at.children.set(element, next);
      at = next;
    }
    at.members.add(last);
  }
  return root;
}

function below(set: FieldSet, element: string): FieldSet {
  return set.children.get(element) ?? NO_FIELDS;
}

function combine(
  elements: Iterable<string>,
  members: ReadonlySet<string>,
  of: (element: string) => FieldSet,
): FieldSet {
  const children = new Map<string, FieldSet>();
  for (const element of elements) {
    const child = of(element);
    if (!isEmpty(child)) children.set(element, child);
  }
  return { members, children };
}

function filtered(elements: ReadonlySet<string>, keep: (element: string) => boolean): Set<string> {
  return new Set([...elements].filter(keep));
}

/** The fields of either. */
export function union(left: FieldSet, right: FieldSet): FieldSet {
  const elements = new Set([...left.children.keys(), ...right.children.keys()]);
  return combine(elements, new Set([...left.members, ...right.members]), (element) =>
    union(below(left, element), below(right, element)),
  );
}

/** The fields of both. */
export function intersection(left: FieldSet, right: FieldSet): FieldSet {
  return combine(
    left.children.keys(),
    filtered(left.members, (one) => right.members.has(one)),
    (element) => intersection(below(left, element), below(right, element)),
  );
}

/** The fields of `left` that are not in `right`. What is below a field of `right` stays. */
export function difference(left: FieldSet, right: FieldSet): FieldSet {
  return combine(
    left.children.keys(),
    filtered(left.members, (one) => !right.members.has(one)),
    (element) => difference(below(left, element), below(right, element)),
  );
}

/** The fields of `left` that are neither in `right` nor below a field of it. */
export function without(left: FieldSet, right: FieldSet): FieldSet {
  return combine(
    left.children.keys(),
    filtered(left.members, (one) => !right.members.has(one)),
    (element) =>
      right.members.has(element) ? NO_FIELDS : without(below(left, element), below(right, element)),
  );
}

/** Whether `path` is in the set. */
export function has(set: FieldSet, path: FieldPath): boolean {
  const last = path.at(-1);
  if (last === undefined) return false;
  const parent = path.slice(0, -1).reduce(below, set);
  return parent.members.has(last);
}

const KINDS = 'fkvi';

function order(left: string, right: string): number {
  const byKind = KINDS.indexOf(left.charAt(0)) - KINDS.indexOf(right.charAt(0));
  if (byKind !== 0) return byKind;
  if (left.startsWith('f:')) return left < right ? -1 : left === right ? 0 : 1;
  return orderValues(JSON.parse(left.slice(2)), JSON.parse(right.slice(2)));
}

// Scalars: numbers come before strings, which come before booleans (value.Compare). Keys of a list item: field by field.
function orderValues(left: unknown, right: unknown): number {
  if (isRecord(left) && isRecord(right)) {
    const [lefts, rights] = [Object.entries(left).flat(), Object.entries(right).flat()];
    for (const [at, one] of lefts.entries()) {
      if (at >= rights.length) return 1;
      const step = orderValues(one, rights[at]);
      if (step !== 0) return step;
    }
    return lefts.length - rights.length;
  }
  const rank = (value: unknown) => ['number', 'string', 'boolean'].indexOf(typeof value);
  if (rank(left) !== rank(right)) return rank(left) - rank(right);
  if (left === right) return 0;
  return typeof left === 'number' && typeof right === 'number'
    ? left - right
    : String(left) < String(right)
      ? -1
      : 1;
}

function sorted(elements: Iterable<string>): string[] {
  return [...elements].sort(order);
}

/** Every path of the set, as Kubernetes walks it: the fields of a level, then what is below. */
export function pathsOf(set: FieldSet): FieldPath[] {
  const here = sorted(set.members).map((element) => [element]);
  const deeper = sorted(set.children.keys()).flatMap((element) =>
    pathsOf(below(set, element)).map((path) => [element, ...path]),
  );
  return [...here, ...deeper];
}

/** A path for people: `.spec.containers[name="a"].image`. */
export function pathText(path: FieldPath): string {
  return path.map(elementText).join('');
}

/** One element for people: `.image`, `[name="a"]`, `[="x"]`. */
export function elementText(element: string): string {
  const rest = element.slice(2);
  if (element.startsWith('f:')) return `.${rest}`;
  if (element.startsWith('v:')) return `[=${rest}]`;
  if (!element.startsWith('k:')) return `[${rest}]`;
  const keys = Object.entries<unknown>(JSON.parse(rest));
  return `[${keys.map(([key, value]) => `${key}=${JSON.stringify(value)}`).join(',')}]`;
}

/** The element of a list item with these key fields. */
export function keyElement(keys: JsonRecord): string {
  const entries = Object.entries(keys).sort(([left], [right]) => (left < right ? -1 : 1));
  return `k:${JSON.stringify(Object.fromEntries(entries))}`;
}

/** The set as FieldsV1, in Kubernetes' order: `.` first, fields by name, then items and members by value. */
export function toFieldsV1(set: FieldSet): Readonly<Record<string, unknown>> {
  const elements = sorted(new Set([...set.members, ...set.children.keys()]));
  const entries = elements.map((element) => {
    const child = toFieldsV1(below(set, element));
    return [element, set.members.has(element) && set.children.has(element) ? { '.': {}, ...child } : child];
  });
  return Object.fromEntries(entries);
}

/** @returns the set that FieldsV1 describes; elements of a kind that we do not know are left out. @throws SyntaxError, TypeError when malformed. */
export function fromFieldsV1(fields: unknown): FieldSet {
  if (!isRecord(fields)) throw new TypeError('FieldsV1 is an object');
  const members = new Set<string>();
  const children = new Map<string, FieldSet>();
  for (const [raw, inner] of Object.entries(fields)) {
    if (raw === '.') continue;
    const element = canonical(raw);
    if (element === undefined) continue;
    const child = fromFieldsV1(inner);
    if (isEmpty(child) || Object.hasOwn(inner as object, '.')) members.add(element);
    if (!isEmpty(child)) children.set(element, child);
  }
  return { members, children };
}

function canonical(raw: string): string | undefined {
  if (raw.charAt(1) !== ':') throw new SyntaxError('an element of FieldsV1 has a kind and a colon');
  if (raw.startsWith('f:')) return raw;
  if (!/^[kvi]/.test(raw)) return undefined;
  const value: unknown = JSON.parse(raw.slice(2));
  if (!raw.startsWith('k:')) return `${raw.slice(0, 2)}${JSON.stringify(value)}`;
  if (!isRecord(value)) throw new SyntaxError('k: has an object');
  return keyElement(value);
}
