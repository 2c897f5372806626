// The short words in which the API's types are written: each makes one field or one struct of fieldtype.ts. Names are shortened: core.v1.Pod
// is io.k8s.api.core.v1.Pod, and meta.v1 is apimachinery's.

import type { Field, FieldType, Scalar, StructType } from './fieldtype.ts';

/** Fields of a struct by name. */
export type Fields = Readonly<Record<string, Field>>;

/** The types that are owned and replaced whole wherever they stand (x-kubernetes-map-type: atomic on the type). */
const ATOMIC: ReadonlySet<string> = new Set(
  [
    'meta.v1.OwnerReference',
    'meta.v1.LabelSelector',
    'core.v1.LocalObjectReference',
    'core.v1.ObjectReference',
    'core.v1.TypedLocalObjectReference',
    'core.v1.NodeSelector',
    'core.v1.NodeSelectorTerm',
    'core.v1.ConfigMapKeySelector',
    'core.v1.SecretKeySelector',
    'core.v1.FileKeySelector',
    'core.v1.ObjectFieldSelector',
    'core.v1.ResourceFieldSelector',
    'rbac.v1.RoleRef',
    'rbac.v1.Subject',
  ].map(fullName),
);

/** The OpenAPI name for a short one: core.v1.Pod, meta.v1.ObjectMeta. */
export function fullName(short: string): string {
  return short.startsWith('meta.') ? `io.k8s.apimachinery.pkg.apis.${short}` : `io.k8s.api.${short}`;
}

function scalar(name: Scalar): (does: string) => Field {
  return (does) => ({ type: { is: 'scalar', scalar: name }, does });
}

function list(of: FieldType, does: string): Field {
  return { type: { is: 'list', of }, does };
}

function structType(short: string): FieldType {
  return { is: 'struct', name: fullName(short) };
}

const STRING: FieldType = { is: 'scalar', scalar: 'string' };

/** A string. */
export const str = scalar('string');
/** A 32-bit whole number. */
export const int = scalar('integer');
/** A 64-bit whole number. */
export const long = scalar('long');
/** True or false. */
export const bool = scalar('boolean');
/** An RFC 3339 time, whole seconds. */
export const time = scalar('time');
/** An RFC 3339 time with microseconds. */
export const microTime = scalar('microTime');
/** 100m, 1Gi. */
export const quantity = scalar('quantity');
/** A number or a string, such as a port by number or name. */
export const intOrString = scalar('intOrString');
/** JSON that nobody looks into. */
export const any = scalar('any');

/** A struct. */
export function one(short: string, does: string): Field {
  const type = structType(short);
  return ATOMIC.has(fullName(short)) ? { type, does, atomic: true } : { type, does };
}

/** A list of structs, replaced whole. */
export function many(short: string, does: string): Field {
  return list(structType(short), does);
}

/** A list of structs, merged by these keys (separated by spaces). */
export function keyed(short: string, keys: string, does: string): Field {
  return { type: { is: 'list', of: structType(short), merge: { keys: keys.split(' ') } }, does };
}

/** A list of strings, replaced whole. */
export function strings(does: string): Field {
  return list(STRING, does);
}

/** A list of whole numbers, replaced whole. */
export function longs(does: string): Field {
  return list({ is: 'scalar', scalar: 'long' }, does);
}

/** A set of these scalars. */
export function set(of: Scalar, does: string): Field {
  return { type: { is: 'list', of: { is: 'scalar', scalar: of }, merge: 'set' }, does };
}

/** A map to these scalars. */
export function map(of: Scalar, does: string): Field {
  return { type: { is: 'map', of: { is: 'scalar', scalar: of } }, does };
}

/** A map of strings, replaced whole: a selector. */
export function atomicMap(does: string): Field {
  return { type: { is: 'map', of: STRING, atomic: true }, does, atomic: true };
}

/** A map to lists of strings. */
export function stringLists(does: string): Field {
  return { type: { is: 'map', of: { is: 'list', of: STRING } }, does };
}

/** The same field, required. */
export function need(field: Field): Field {
  return { ...field, required: true };
}

/** The same field, where a patch drops what it does not name. */
export function retain(field: Field): Field {
  return { ...field, retainKeys: true };
}

/** The same field with a default that counts as a list key. */
export function orElse(field: Field, defaultValue: string): Field {
  return { ...field, defaultValue };
}

/** A struct. */
export function struct(short: string, does: string, fields: Fields): StructType {
  const name = fullName(short);
  return ATOMIC.has(name) ? { name, does, fields, atomic: true } : { name, does, fields };
}

/** apiVersion and kind. */
export const TYPE_META: Fields = {
  apiVersion: str('Group and version that the object is written in.'),
  kind: str('What the object is, in CamelCase.'),
};

/** A struct that is a kind: with apiVersion, kind and metadata. */
export function kind(short: string, does: string, fields: Fields): StructType {
  const metadata = one('meta.v1.ObjectMeta', 'Name, labels and what else every object has.');
  return struct(short, does, { ...TYPE_META, metadata, ...fields });
}
