// The annotation of kubectl's client-side apply, as server-side apply by the manager `kubectl` treats it: fields that were applied that way
// and are still so may be taken over without a conflict, and the annotation is kept up to date, so that going back works
// (apimachinery pkg/util/managedfields/internal/lastapplied*.go).

import type { KubeObject } from '../objects/object.ts';
import type { Schema } from '../schema/fieldtype.ts';
import { compare, fieldsOf, problemsOf } from './fields.ts';
import { difference, type FieldSet, NO_FIELDS, union } from './fieldset.ts';
import { isList, isRecord } from './jsonvalue.ts';
import { placeOf } from './shape.ts';

const ANNOTATION = 'kubectl.kubernetes.io/last-applied-configuration';

/** The manager of `kubectl apply --server-side`, unless it was told another name. */
export const KUBECTL = 'kubectl';

/** The fields that client-side apply set and that are still as it set them; none when the annotation is missing or broken. */
export function stillAsLastApplied(schema: Schema, live: KubeObject): FieldSet {
  const applied = parse(live.metadata.annotations?.[ANNOTATION]);
  if (!isRecord(applied) || applied['apiVersion'] !== live.apiVersion) return NO_FIELDS;
  const place = placeOf(schema, live.apiVersion, live.kind);
  if (problemsOf(schema, place, applied).length > 0) return NO_FIELDS;
  const { added, modified, removed } = compare(schema, place, applied, live);
  const differing = union(union(added, modified), removed);
  return difference(fieldsOf(schema, place, applied), differing);
}

function parse(text: string | undefined): unknown {
  try {
    return text === undefined ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** `object` with the annotation saying `applied`, when it has the annotation at all. */
export function withLastApplied(object: KubeObject, applied: KubeObject): KubeObject {
  const { annotations } = object.metadata;
  if (annotations === undefined || !annotations[ANNOTATION]) return object;
  const text = `${goJson(withoutAnnotation(applied))}\n`;
  if (annotations[ANNOTATION] === text) return object;
  return {
    ...object,
    metadata: { ...object.metadata, annotations: { ...annotations, [ANNOTATION]: text } },
  };
}

function withoutAnnotation(applied: KubeObject): KubeObject {
  const { annotations, ...metadata } = applied.metadata;
  if (annotations === undefined) return applied;
  const rest = Object.entries(annotations).filter(([key]) => key !== ANNOTATION);
  return {
    ...applied,
    metadata: rest.length === 0 ? metadata : { ...metadata, annotations: Object.fromEntries(rest) },
  };
}

// As Go writes JSON: keys sorted, and what HTML could mistake escaped.
function goJson(value: unknown): string {
  const text = JSON.stringify(value, (_, one: unknown) => {
    if (!isRecord(one) || isList(one)) return one;
    return Object.fromEntries(Object.entries(one).sort(([left], [right]) => (left < right ? -1 : 1)));
  });
  return text.replace(
    /[<>&\u2028\u2029]/g,
    (found) => `\\u${found.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
