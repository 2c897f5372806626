// Checks an object against its type before it is stored: unknown fields (for fieldValidation), values that cannot be decoded (400), and
// required fields that are missing (422). The caller chooses what becomes an error, a warning or nothing.

import type { FailureCause } from '../objects/failure.ts';
import { decode } from './decode.ts';
import type { FieldType, Schema, StructType } from './fieldtype.ts';
import { findMissing } from './required.ts';

/** What `checkFields` found, in the order of the object. */
export interface FieldFindings {
  /** As strict decoding words it: `unknown field "spec.containers[0].foo"`. */
  readonly unknown: readonly string[];
  /** As Go's decoder words it: `json: cannot unmarshal string into Go struct field ...`; the API server answers with the first. */
  readonly wrong: readonly string[];
  /** Required fields that are absent or empty. */
  readonly missing: readonly FailureCause[];
}

/** Finds what is unknown, wrong and missing in an object of the type. Never throws for any `object`. */
export function checkFields(object: unknown, type: StructType, schema: Schema): FieldFindings {
  return { ...decode(object, type, schema), missing: findMissing(object, type, schema) };
}

/**
 * The struct at a path of field names, lists and maps stepped into: (Pod, ['spec', 'containers']) is Container.
 * @returns undefined when there is no such field, or no struct there.
 */
export function structAt(type: StructType, path: readonly string[], schema: Schema): StructType | undefined {
  let at: StructType | undefined = type;
  for (const name of path) {
    const known: boolean = at !== undefined && Object.hasOwn(at.fields, name);
    let inner: FieldType | undefined = known ? at?.fields[name]?.type : undefined;
    while (inner?.is === 'list' || inner?.is === 'map') inner = inner.of;
    at = inner?.is === 'struct' ? schema.structs.get(inner.name) : undefined;
  }
  return at;
}
