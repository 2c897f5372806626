// Writes our types as the schemas of OpenAPI 2 and 3, with the x-kubernetes- extensions that kubectl, helm and client-go read (patch
// strategy, list and map types, group-version-kind), as k8s.io/kube-openapi does.

import type { Field, FieldType, Scalar, StructType } from './fieldtype.ts';
import { KINDS, SCHEMA } from './schema.ts';

/** JSON of a document. */
export type Json = Readonly<Record<string, unknown>>;

/** OpenAPI 2 (/openapi/v2) or 3 (/openapi/v3). */
export type Dialect = 2 | 3;

const TIME = 'io.k8s.apimachinery.pkg.apis.meta.v1.Time';
const MICRO_TIME = 'io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime';
const QUANTITY = 'io.k8s.apimachinery.pkg.api.resource.Quantity';
const INT_OR_STRING = 'io.k8s.apimachinery.pkg.util.intstr.IntOrString';
/** The name of the body of a PATCH. */
export const PATCH_BODY = 'io.k8s.apimachinery.pkg.apis.meta.v1.Patch';

const INLINE: Readonly<Partial<Record<Scalar, Json>>> = {
  string: { type: 'string' },
  integer: { type: 'integer', format: 'int32' },
  long: { type: 'integer', format: 'int64' },
  number: { type: 'number', format: 'double' },
  boolean: { type: 'boolean' },
  bytes: { type: 'string', format: 'byte' },
  any: { type: 'object' },
};

const NAMED: Readonly<Partial<Record<Scalar, string>>> = {
  time: TIME,
  microTime: MICRO_TIME,
  quantity: QUANTITY,
  intOrString: INT_OR_STRING,
};

const GROUP_VERSION_KINDS: ReadonlyMap<string, readonly Json[]> = Map.groupBy(
  KINDS.map(({ struct, ...gvk }) => ({ struct, ...gvk })),
  ({ struct }) => struct,
);

/** The scalars that have a name of their own, and the body of a PATCH. */
function namedScalars(dialect: Dialect): Readonly<Record<string, Json>> {
  const either = (first: string): Json => ({ oneOf: [{ type: first }, { type: 'string' }] });
  return {
    [TIME]: { description: 'A time as in RFC 3339.', type: 'string', format: 'date-time' },
    [MICRO_TIME]: {
      description: 'A time as in RFC 3339, with microseconds.',
      type: 'string',
      format: 'date-time',
    },
    [QUANTITY]: {
      description: 'An amount with its unit, such as 100m, 1.5 or 2Gi.',
      ...(dialect === 2 ? { type: 'string' } : either('number')),
    },
    [INT_OR_STRING]: {
      description: 'A whole number or a string.',
      format: 'int-or-string',
      ...(dialect === 2 ? { type: 'string' } : either('integer')),
    },
    [PATCH_BODY]: {
      description: 'The body of a PATCH; what it is depends on its media type.',
      type: 'object',
    },
  };
}

/** Where a document of this dialect keeps its schemas, ending in /. */
export function schemaRef(dialect: Dialect, name: string): Json {
  return { $ref: `#/${dialect === 2 ? 'definitions' : 'components/schemas'}/${name}` };
}

/** The schemas of these structs and of all that they lead to, by name, sorted. */
export function schemasOf(dialect: Dialect, roots: Iterable<string>): Readonly<Record<string, Json>> {
  const named = namedScalars(dialect);
  const found = new Map<string, Json>([[PATCH_BODY, named[PATCH_BODY] ?? {}]]);
  const visit = (name: string): void => {
    if (found.has(name)) return;
    const scalar = named[name];
    const type = SCHEMA.structs.get(name);
    if (scalar !== undefined) found.set(name, scalar);
    if (type === undefined) return;
    found.set(name, structSchema(dialect, type));
    for (const field of Object.values(type.fields)) {
      const inner = innermost(field.type);
      if (inner !== undefined) visit(inner);
    }
  };
  for (const name of roots) visit(name);
  return Object.fromEntries([...found].sort(([a], [b]) => (a < b ? -1 : 1)));
}

function innermost(type: FieldType): string | undefined {
  switch (type.is) {
    case 'struct':
      return type.name;
    case 'scalar':
      return NAMED[type.scalar];
    default:
      return innermost(type.of);
  }
}

function structSchema(dialect: Dialect, type: StructType): Json {
  const fields = Object.entries(type.fields).sort(([a], [b]) => (a < b ? -1 : 1));
  const required = fields.filter(([, field]) => field.required === true).map(([name]) => name);
  const kinds = GROUP_VERSION_KINDS.get(type.name)?.map(({ group, version, kind }) => ({
    group,
    kind,
    version,
  }));
  return {
    description: type.does,
    type: 'object',
    ...(required.length === 0 ? {} : { required }),
    properties: Object.fromEntries(fields.map(([name, field]) => [name, fieldSchema(dialect, field)])),
    ...(kinds === undefined ? {} : { 'x-kubernetes-group-version-kind': kinds }),
    ...(type.atomic === true ? { 'x-kubernetes-map-type': 'atomic' } : {}),
  };
}

function fieldSchema(dialect: Dialect, field: Field): Json {
  const base = typeSchema(dialect, field.type);
  // Beside $ref, OpenAPI 3 ignores what else is there.
  const shown = dialect === 3 && '$ref' in base ? { allOf: [base] } : base;
  const atomicMap = field.atomic === true && field.type.is === 'map';
  return {
    description: field.does,
    ...shown,
    ...(dialect === 3 && field.defaultValue !== undefined ? { default: field.defaultValue } : {}),
    ...listExtensions(field),
    ...(atomicMap ? { 'x-kubernetes-map-type': 'atomic' } : {}),
  };
}

function listExtensions({ type, retainKeys }: Field): Json {
  const retain = retainKeys === true ? ['retainKeys'] : [];
  if (type.is !== 'list') return retain.length === 0 ? {} : { 'x-kubernetes-patch-strategy': 'retainKeys' };
  if (type.merge === undefined) return { 'x-kubernetes-list-type': 'atomic' };
  const strategy = { 'x-kubernetes-patch-strategy': ['merge', ...retain].join(',') };
  if (type.merge === 'set') return { 'x-kubernetes-list-type': 'set', ...strategy };
  const { keys, patchKey = keys[0] } = type.merge;
  return {
    'x-kubernetes-list-map-keys': keys,
    'x-kubernetes-list-type': 'map',
    'x-kubernetes-patch-merge-key': patchKey,
    ...strategy,
  };
}

function typeSchema(dialect: Dialect, type: FieldType): Json {
  switch (type.is) {
    case 'struct':
      return schemaRef(dialect, type.name);
    case 'scalar':
      return INLINE[type.scalar] ?? schemaRef(dialect, NAMED[type.scalar] ?? '');
    case 'list':
      return { type: 'array', items: typeSchema(dialect, type.of) };
    case 'map':
      return { type: 'object', additionalProperties: typeSchema(dialect, type.of) };
  }
}
