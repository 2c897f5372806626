// metadata.managedFields: who owns which fields, read and written (apimachinery pkg/util/managedfields).

import type { KubeObject, ManagedFieldsEntry } from '../objects/object.ts';
import { difference, type FieldSet, fieldSetOf, fromFieldsV1, toFieldsV1, union } from './fieldset.ts';
import { equal, isList, isRecord, type JsonRecord } from './jsonvalue.ts';

/** One entry of managedFields. */
export interface Owner {
  readonly manager: string;
  readonly operation: 'Apply' | 'Update';
  readonly apiVersion: string;
  readonly subresource: string;
  /** RFC 3339; missing when the manager took ownership without changing anything. */
  readonly time: string | undefined;
  readonly fields: FieldSet;
}

/** The entries by who they are (`ownerId`). */
export type Owners = ReadonlyMap<string, Owner>;

/** Who an entry is: two of the same identity are one. An applier is the same whatever version it applies. */
export function ownerId(owner: Omit<Owner, 'time' | 'fields'>): string {
  const { manager, operation, apiVersion, subresource } = owner;
  return JSON.stringify({
    manager,
    operation,
    ...(operation === 'Apply' ? {} : { apiVersion }),
    ...(subresource === '' ? {} : { subresource }),
  });
}

const UNTRACKED = fieldSetOf([
  ['f:apiVersion'],
  ['f:kind'],
  ['f:metadata'],
  ...[
    'name',
    'namespace',
    'creationTimestamp',
    'selfLink',
    'uid',
    'clusterName',
    'generation',
    'managedFields',
    'resourceVersion',
  ].map((field) => ['f:metadata', `f:${field}`]),
]);

/** Without what nobody owns: the type, the identity and what the server itself keeps. */
export function trackable(fields: FieldSet): FieldSet {
  return difference(fields, UNTRACKED);
}

/**
 * What a request to this endpoint can't change, so nobody comes to own it there: the status at the resource itself, the spec at its
 * status (GetResetFields of the registries).
 */
export function ignoredAt(subresource: string): FieldSet {
  if (subresource === '') return fieldSetOf([['f:status']]);
  return fieldSetOf(subresource === 'status' ? [['f:spec']] : []);
}

/** @returns the entries, or undefined when one of them is not valid. */
export function readOwners(entries: unknown): Owners | undefined {
  if (entries === undefined || entries === null) return new Map();
  if (!isList(entries)) return undefined;
  const owners = new Map<string, Owner>();
  for (const entry of entries) {
    const owner = isRecord(entry) ? readOwner(entry) : undefined;
    if (owner === undefined) return undefined;
    owners.set(ownerId(owner), owner);
  }
  return owners;
}

function readOwner(entry: JsonRecord): Owner | undefined {
  const { manager = '', operation, apiVersion, subresource = '', time, fieldsType, fieldsV1 } = entry;
  if (operation !== 'Apply' && operation !== 'Update') return undefined;
  if (typeof apiVersion !== 'string' || apiVersion === '' || fieldsType !== 'FieldsV1') return undefined;
  if (typeof manager !== 'string' || typeof subresource !== 'string') return undefined;
  try {
    const fields = fromFieldsV1(fieldsV1 ?? {});
    const when = typeof time === 'string' ? time : undefined;
    return { manager, operation, apiVersion, subresource, time: when, fields };
  } catch {
    return undefined;
  }
}

/** Whether a client asks to forget all owners: an empty list, or one empty entry. */
export function isReset(entries: unknown): boolean {
  if (!isList(entries)) return false;
  const [first] = entries;
  return entries.length === 0 || (entries.length === 1 && isRecord(first) && Object.keys(first).length === 0);
}

/** The object with these owners as its managedFields; the same object when that is what it says already. */
export function withOwners(object: KubeObject, owners: Owners): KubeObject {
  const entries = [...owners.values()].sort(byOperationAndTime).map(toEntry);
  const { managedFields: before, ...rest } = object.metadata;
  if (entries.length === 0) return before === undefined ? object : { ...object, metadata: rest };
  if (before !== undefined && equal(before, entries)) return object;
  return { ...object, metadata: { ...object.metadata, managedFields: entries } };
}

function toEntry({ manager, operation, apiVersion, subresource, time, fields }: Owner): ManagedFieldsEntry {
  return {
    manager,
    operation,
    apiVersion,
    ...(time === undefined ? {} : { time }),
    fieldsType: 'FieldsV1',
    fieldsV1: toFieldsV1(fields),
    ...(subresource === '' ? {} : { subresource }),
  };
}

function byOperationAndTime(left: Owner, right: Owner): number {
  const seconds = ({ time }: Owner) => (time === undefined ? 0 : Math.floor(Date.parse(time) / 1000));
  const texts = (owner: Owner) => [owner.manager, owner.apiVersion, owner.subresource];
  if (left.operation !== right.operation) return left.operation < right.operation ? -1 : 1;
  if (seconds(left) !== seconds(right)) return seconds(left) - seconds(right);
  const [lefts, rights] = [texts(left), texts(right)];
  const at = lefts.findIndex((text, index) => text !== rights[index]);
  if (at === -1) return 0;
  return (lefts[at] ?? '') < (rights[at] ?? '') ? -1 : 1;
}

/** All fields that somebody owns. */
export function allOwned(owners: Owners): FieldSet {
  return [...owners.values()].reduce((all, { fields }) => union(all, fields), fieldSetOf([]));
}
