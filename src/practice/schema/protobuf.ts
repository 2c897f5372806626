// A small writer of Protocol Buffers (protobuf.dev/programming-guides/encoding): what the OpenAPI 2 document needs, which is strings, booleans
// and messages in messages.

import { LENGTH_DELIMITED, VARINT } from './wire.ts';

/** Writes the value of one field, with its tag; nothing for a value that is not of its type. */
export type FieldEncoder = (value: unknown) => Buffer;

/** A message's fields by the names that they have in JSON. */
export type MessageFields = Readonly<Record<string, FieldEncoder>>;

const EMPTY = Buffer.alloc(0);

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  while (rest > 0x7f) {
    bytes.push((rest & 0x7f) | 0x80);
    rest = Math.floor(rest / 0x80);
  }
  return Buffer.from([...bytes, rest]);
}

/** A field of bytes: a string, or a message that is already written. */
export function delimited(number: number, content: Buffer): Buffer {
  return Buffer.concat([varint((number << 3) | LENGTH_DELIMITED), varint(content.length), content]);
}

/** A string. */
export function text(number: number): FieldEncoder {
  return (value) => (typeof value === 'string' ? delimited(number, Buffer.from(value)) : EMPTY);
}

/** A boolean; false is the default and is not written. */
export function flag(number: number): FieldEncoder {
  return (value) => (value === true ? Buffer.concat([varint((number << 3) | VARINT), varint(1)]) : EMPTY);
}

/** A message. `fields` is a function so that messages can hold themselves. */
export function message(number: number, fields: () => MessageFields): FieldEncoder {
  return (value) => delimited(number, encodeFields(value, fields()));
}

/** Each item of an array. */
export function each(encode: FieldEncoder): FieldEncoder {
  return (value) => (Array.isArray(value) ? Buffer.concat(value.map(encode)) : EMPTY);
}

/** Wraps what `inner` writes in a message of its own, as a `oneof` or a list in a field needs. */
export function inside(number: number, inner: FieldEncoder): FieldEncoder {
  return (value) => delimited(number, inner(value));
}

/** Each entry of an object as a message of name (1) and value (2). */
export function entries(number: number, encodeValue: FieldEncoder): FieldEncoder {
  const name = text(1);
  return (value) =>
    Buffer.concat(
      Object.entries(value ?? {}).map(([key, one]) =>
        delimited(number, Buffer.concat([name(key), encodeValue(one)])),
      ),
    );
}

/** The fields of a JSON object, in the order of `fields`; what it has beside them is left out. */
export function encodeFields(value: unknown, fields: MessageFields): Buffer {
  if (typeof value !== 'object' || value === null) return EMPTY;
  const given = new Map<string, unknown>(Object.entries(value));
  const written = Object.entries(fields).map(([name, encode]) =>
    given.has(name) ? encode(given.get(name)) : EMPTY,
  );
  return Buffer.concat(written);
}
