// Kubernetes' protobuf bodies (apimachinery pkg/runtime/serializer/protobuf): four bytes `k8s\0`, then a runtime.Unknown with the kind and the
// object. kubectl 1.35 and other programs with typed clients send them, and do not try JSON after a 415. Read by the schema into the object that
// the same client would have sent as JSON, less its nulls. Trusts nothing; how deep it goes is bounded by the types, none of which holds itself.

import { badRequest } from '../objects/failure.ts';
import type { FieldType } from './fieldtype.ts';
import { SCHEMA } from './schema.ts';
import { bytesOf, malformed, readMessage, readVarints, type WireMessage, type WireValue } from './wire.ts';
import { type WireField, wireFields } from './wirenumbers.ts';
import { decodeScalar, isPackable, lastBytes, textAt, zeroOf } from './wirescalar.ts';

/** The media type of such bodies. */
export const PROTOBUF_MEDIA_TYPE = 'application/vnd.kubernetes.protobuf';

/** An object as its client sent it: nothing but the kind is sure. */
export interface DecodedObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly [field: string]: unknown;
}

const MAGIC = Buffer.from('k8s\0', 'latin1');
const EMPTY = Buffer.alloc(0);

/** The fields of the structs that were met; of one body, so that a list of many items reads the table once. */
type Tables = Map<string, readonly WireField[]>;

/**
 * Decodes an object of any kind of SCHEMA. Fields that the kind does not have are passed over, as the API server does; a kind that is not
 * known and all that is malformed is refused. @throws ApiFailure BadRequest, and nothing else.
 */
export function decodeProtobufObject(bytes: Buffer): DecodedObject {
  if (!MAGIC.equals(bytes.subarray(0, MAGIC.length))) throw malformed('it does not begin with k8s');
  const envelope = readMessage(bytes.subarray(MAGIC.length));
  if (textAt(envelope, 3)) throw malformed('its content is encoded');
  const typeMeta = readMessage(mergedBytes(envelope.get(1) ?? []));
  const apiVersion = textAt(typeMeta, 1) ?? '';
  const kind = textAt(typeMeta, 2) ?? '';
  if (kind === '' || apiVersion === '') throw malformed('it has no kind or apiVersion');
  const type = SCHEMA.kindOf(apiVersion, kind);
  if (type === undefined) {
    const [quotedKind, quotedVersion] = [JSON.stringify(kind), JSON.stringify(apiVersion)];
    throw badRequest(`no kind ${quotedKind} is registered for version ${quotedVersion}`);
  }
  const raw = lastBytes(envelope, 2) ?? EMPTY;
  return { apiVersion, kind, ...decodeStruct(new Map(), type.name, raw) };
}

function decodeStruct(tables: Tables, name: string, bytes: Buffer): Readonly<Record<string, unknown>> {
  const types = SCHEMA.structs.get(name)?.fields ?? {};
  const message = readMessage(bytes);
  const embedded = new Map<number, WireMessage>();
  const decoded: Record<string, unknown> = {};
  for (const field of fieldsOf(tables, name)) {
    const type = types[field.name]?.type;
    const values = valuesOf(message, embedded, field);
    if (type === undefined || values.length === 0) continue;
    if (!field.readable) throw badRequest(`${field.name} cannot be read from protobuf here: send JSON`);
    const value = decodeField(tables, type, values);
    if (value !== undefined && (field.keepsZero || !isZero(type, value))) decoded[field.name] = value;
  }
  return decoded;
}

function fieldsOf(tables: Tables, name: string): readonly WireField[] {
  const known = tables.get(name) ?? wireFields(name);
  tables.set(name, known);
  return known;
}

function valuesOf(
  message: WireMessage,
  embedded: Map<number, WireMessage>,
  { embeddedIn, number }: WireField,
): readonly WireValue[] {
  if (embeddedIn === undefined) return message.get(number) ?? [];
  const holder = embedded.get(embeddedIn) ?? readMessage(mergedBytes(message.get(embeddedIn) ?? []));
  embedded.set(embeddedIn, holder);
  return holder.get(number) ?? [];
}

/** A message that was sent in parts is their sum: the fields of all, one after the other. */
function mergedBytes(values: readonly WireValue[]): Buffer {
  const [first, ...others] = values;
  if (first === undefined) return EMPTY;
  return others.length === 0 ? bytesOf(first) : Buffer.concat(values.map(bytesOf));
}

/** The value of a field that was sent at least once. */
function decodeField(tables: Tables, type: FieldType, values: readonly WireValue[]): unknown {
  switch (type.is) {
    case 'list':
      return unpacked(type.of, values).map((value) => decodeItem(tables, type.of, value));
    case 'map':
      return Object.fromEntries(values.map((value) => decodeEntry(tables, type.of, bytesOf(value))));
    case 'struct':
      return decodeStruct(tables, type.name, mergedBytes(values));
    case 'scalar':
      return decodeScalar(type.scalar, values.at(-1) ?? EMPTY);
  }
}

function unpacked(of: FieldType, values: readonly WireValue[]): readonly WireValue[] {
  if (of.is !== 'scalar' || !isPackable(of.scalar)) return values;
  return values.flatMap((value) => (Buffer.isBuffer(value) ? readVarints(value) : value));
}

/** An item of a list or a map; a list or map therein is a message of its own, with its items as field 1. */
function decodeItem(tables: Tables, type: FieldType, value: WireValue): unknown {
  if (type.is === 'scalar') return decodeScalar(type.scalar, value);
  if (type.is === 'struct') return decodeStruct(tables, type.name, bytesOf(value));
  return decodeField(tables, type, readMessage(bytesOf(value)).get(1) ?? []);
}

function decodeEntry(tables: Tables, of: FieldType, bytes: Buffer): readonly [key: string, value: unknown] {
  const entry = readMessage(bytes);
  const value = entry.get(2)?.at(-1);
  const key = textAt(entry, 1) ?? '';
  if (value !== undefined) return [key, decodeItem(tables, of, value)];
  return [key, of.is === 'scalar' ? zeroOf(of.scalar) : decodeItem(tables, of, EMPTY)];
}

/** What omitempty leaves out: zeros of Go's own types, not of those with a message of their own. */
function isZero(type: FieldType, value: unknown): boolean {
  if (type.is !== 'scalar' || !(isPackable(type.scalar) || type.scalar === 'string')) return false;
  return value === '' || value === 0 || value === false;
}
