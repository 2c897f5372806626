// The vocabulary in which the types of the API are written down: enough for OpenAPI, strict decoding, strategic merge and server-side apply,
// all from one definition.

/** A scalar: how it is checked and how OpenAPI names it. `time` is RFC 3339, `quantity` is 100m or 1Gi, `any` is JSON that nobody looks into. */
export type Scalar =
  | 'string'
  | 'integer'
  | 'long'
  | 'number'
  | 'boolean'
  | 'bytes'
  | 'time'
  | 'microTime'
  | 'quantity'
  | 'intOrString'
  | 'any';

/**
 * The type of a field. A list without `merge` is atomic: replaced whole.
 * `merge: 'set'` is a set of scalars; `keys` merge by these fields (x-kubernetes-list-map-keys), `patchKey` is strategic merge's own single
 * key (x-kubernetes-patch-merge-key), the first of `keys` unless said otherwise.
 */
export type FieldType =
  | { readonly is: 'scalar'; readonly scalar: Scalar }
  | { readonly is: 'struct'; readonly name: string }
  | { readonly is: 'list'; readonly of: FieldType; readonly merge?: 'set' | ListKeys }
  | { readonly is: 'map'; readonly of: FieldType; readonly atomic?: boolean };

/** How a list of structs is merged. */
export interface ListKeys {
  readonly keys: readonly string[];
  readonly patchKey?: string;
}

/** A field of a struct. */
export interface Field {
  readonly type: FieldType;
  readonly required?: boolean;
  /** In our own words; shown by `kubectl explain`. */
  readonly does: string;
  /** patchStrategy retainKeys: fields that the patch does not name are dropped (Deployment's strategy, Volume sources). */
  readonly retainKeys?: boolean;
  /** x-kubernetes-map-type: atomic. */
  readonly atomic?: boolean;
  /** What an absent list key counts as when items are matched (protocol of ports: TCP). */
  readonly defaultValue?: string;
}

/** A struct by its OpenAPI name, e.g. io.k8s.api.core.v1.PodSpec. */
export interface StructType {
  readonly name: string;
  readonly does: string;
  readonly fields: Readonly<Record<string, Field>>;
  /** x-kubernetes-map-type: atomic, of the type itself: wherever it stands (as a field or in a list), it is owned and replaced whole. */
  readonly atomic?: boolean;
}

/** All structs by name, and the struct of each kind. */
export interface Schema {
  readonly structs: ReadonlyMap<string, StructType>;
  /** @returns the struct's name for e.g. ('apps/v1', 'Deployment'); undefined when the kind is not ours. */
  readonly kindOf: (apiVersion: string, kind: string) => StructType | undefined;
}
