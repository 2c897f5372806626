// Looks at an object as the API server's decoder would (sigs.k8s.io/json, strict): which fields are unknown, and which values cannot be read
// into their type. The wording is the decoder's, because clients and people know it.

import type { FieldType, Scalar, Schema, StructType } from './fieldtype.ts';

/** What the decoder has to say. */
export interface DecodeFindings {
  readonly unknown: readonly string[];
  readonly wrong: readonly string[];
}

/** Where the decoder is. */
interface Place {
  /** With indices, for unknown fields: `spec.containers[0]`. */
  readonly path: string;
  /** Without indices, for wrong values: `spec.containers`. */
  readonly stack: readonly string[];
  /** Go's name of the innermost struct. */
  readonly struct: string;
}

interface Walk {
  readonly schema: Schema;
  readonly unknown: string[];
  readonly wrong: string[];
}

const INT32_LIMIT = 2 ** 31;
const INT64_LIMIT = 2 ** 63;
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
const RFC3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/;
const RFC3339_LAYOUT = '2006-01-02T15:04:05Z07:00';
const RFC3339_MICRO_LAYOUT = '2006-01-02T15:04:05.000000Z07:00';
const QUANTITY = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[numkMGTPE]|[KMGTPE]i|[eE][+-]?\d+)?$/;
const QUANTITY_CHARACTERS = /^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$/;

const GO_NAMES: Readonly<Partial<Record<Scalar, string>>> = {
  string: 'string',
  integer: 'int32',
  long: 'int64',
  number: 'float64',
  boolean: 'bool',
  bytes: '[]uint8',
};

/** Decodes without making anything: finds what is unknown and what is wrong, in the order of the object. */
export function decode(object: unknown, type: StructType, schema: Schema): DecodeFindings {
  const walk: Walk = { schema, unknown: [], wrong: [] };
  checkStruct(walk, object, type.name, { path: '', stack: [], struct: '' });
  return { unknown: walk.unknown, wrong: walk.wrong };
}

function checkStruct(walk: Walk, value: unknown, name: string, place: Place): void {
  const type = walk.schema.structs.get(name);
  if (type === undefined) throw new TypeError(`no such struct: ${name}`);
  if (!isObject(value)) {
    mismatch(walk, value, place, goType({ is: 'struct', name }));
    return;
  }
  for (const [key, inner] of Object.entries(value)) {
    const path = place.path === '' ? key : `${place.path}.${key}`;
    const field = Object.hasOwn(type.fields, key) ? type.fields[key] : undefined;
    if (field === undefined) walk.unknown.push(`unknown field "${path}"`);
    else checkValue(walk, inner, field.type, { path, stack: [...place.stack, key], struct: lastWord(name) });
  }
}

function checkValue(walk: Walk, value: unknown, type: FieldType, place: Place): void {
  if (value === null || value === undefined) return;
  if (type.is === 'struct') checkStruct(walk, value, type.name, place);
  else if (type.is === 'scalar') checkScalar(walk, value, type.scalar, place);
  else if (type.is === 'list' ? !Array.isArray(value) : !isObject(value)) {
    mismatch(walk, value, place, goType(type));
  } else {
    for (const [key, item] of Object.entries(value)) {
      const path = type.is === 'list' ? `${place.path}[${key}]` : `${place.path}.${key}`;
      checkValue(walk, item, type.of, { ...place, path });
    }
  }
}

function checkScalar(walk: Walk, value: unknown, scalar: Scalar, place: Place): void {
  const goName = GO_NAMES[scalar];
  if (goName !== undefined && !fits(value, scalar)) mismatch(walk, value, place, goName);
  else {
    const problem = problemOf(value, scalar);
    if (problem !== undefined) walk.wrong.push(problem);
  }
}

function fits(value: unknown, scalar: Scalar): boolean {
  switch (scalar) {
    case 'integer':
      return isWhole(value, INT32_LIMIT);
    case 'long':
      return isWhole(value, INT64_LIMIT);
    case 'number':
      return typeof value === 'number';
    case 'boolean':
      return typeof value === 'boolean';
    default:
      return typeof value === 'string';
  }
}

function isWhole(value: unknown, limit: number): boolean {
  return typeof value === 'number' && Number.isInteger(value) && value >= -limit && value < limit;
}

/** What the types with a reader of their own say; they do not know in which field they are. */
function problemOf(value: unknown, scalar: Scalar): string | undefined {
  switch (scalar) {
    case 'time':
      return timeProblem(value, RFC3339_LAYOUT);
    case 'microTime':
      return timeProblem(value, RFC3339_MICRO_LAYOUT);
    case 'quantity':
      return quantityProblem(value);
    case 'intOrString':
      return typeof value === 'string' || isWhole(value, INT32_LIMIT) ? undefined : unnamed(value, 'int32');
    case 'bytes':
      return base64Problem(String(value));
    default:
      return undefined;
  }
}

function timeProblem(value: unknown, layout: string): string | undefined {
  if (typeof value !== 'string') return unnamed(value, 'string');
  if (RFC3339.test(value) && !Number.isNaN(Date.parse(value))) return undefined;
  return `parsing time ${JSON.stringify(value)} as "${layout}": cannot parse ${JSON.stringify(value)} as "2006"`;
}

function quantityProblem(value: unknown): string | undefined {
  const text = typeof value === 'number' || typeof value === 'string' ? String(value).trim() : '';
  if (QUANTITY.test(text)) return undefined;
  if (QUANTITY_CHARACTERS.test(text)) return "unable to parse quantity's suffix";
  return `quantities must match the regular expression '${QUANTITY_CHARACTERS.source}'`;
}

function base64Problem(text: string): string | undefined {
  const plain = text.replace(/[\r\n]/g, '');
  if (BASE64.test(plain)) return undefined;
  const strange = plain.search(/[^A-Za-z0-9+/]/);
  return `illegal base64 data at input byte ${strange === -1 ? plain.length - (plain.length % 4) : strange}`;
}

function mismatch(walk: Walk, value: unknown, { stack, struct }: Place, type: string): void {
  if (stack.length === 0) walk.wrong.push(unnamed(value, type));
  else {
    const field = `${struct}.${stack.join('.')}`;
    walk.wrong.push(`json: cannot unmarshal ${goValue(value)} into Go struct field ${field} of type ${type}`);
  }
}

function unnamed(value: unknown, type: string): string {
  return `json: cannot unmarshal ${goValue(value)} into Go value of type ${type}`;
}

/** What Go calls a JSON value; a number that should have been another number is said in full. */
function goValue(value: unknown): string {
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'boolean') return 'bool';
  if (typeof value !== 'number') return typeof value;
  return isWhole(value, INT32_LIMIT) ? 'number' : `number ${value}`;
}

function goType(type: FieldType): string {
  switch (type.is) {
    case 'struct':
      return type.name.split('.').slice(-2).join('.');
    case 'list':
      return `[]${goType(type.of)}`;
    case 'map':
      return `map[string]${goType(type.of)}`;
    case 'scalar':
      return GO_NAMES[type.scalar] ?? type.scalar;
  }
}

function lastWord(name: string): string {
  return name.slice(name.lastIndexOf('.') + 1);
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
