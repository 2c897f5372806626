// Protocol Buffers on the wire (protobuf.dev/programming-guides/encoding): a message taken apart into its numbered values. Trusts nothing: what
// is no message is a BadRequest, and one message holds only so many values.

import { type ApiFailure, badRequest } from '../objects/failure.ts';

/** Wire type of whole numbers and booleans. */
export const VARINT = 0;

/** Wire type of strings, bytes and messages. */
export const LENGTH_DELIMITED = 2;

const FIXED64 = 1;
const FIXED32 = 5;
const MAX_VARINT_BYTES = 10;
/** Of one message or packed list: an empty value takes two bytes to send and some hundred to hold. */
const MAX_VALUES = 100_000;

/** A varint, a fixed-width number, or what had a length. */
export type WireValue = bigint | number | Buffer;

/** The values of each field by its number, in the order of the bytes. */
export type WireMessage = ReadonlyMap<number, readonly WireValue[]>;

/** A 400 that says why the body cannot be read. */
export function malformed(why: string): ApiFailure {
  return badRequest(`the request body is not a Kubernetes protobuf object: ${why}`);
}

/** Takes a message apart. Groups, which Kubernetes does not use, are refused. @throws ApiFailure BadRequest. */
export function readMessage(bytes: Buffer): WireMessage {
  const fields = new Map<number, WireValue[]>();
  let at = 0;
  for (let count = 0; at < bytes.length; count++) {
    if (count === MAX_VALUES) throw malformed(`a message has more than ${MAX_VALUES} values`);
    const tag = readSize(bytes, at);
    const number = Math.floor(tag.value / 8);
    if (number === 0) throw malformed('field number 0');
    const { value, end } = readValue(bytes, tag.end, tag.value % 8);
    at = end;
    const before = fields.get(number);
    if (before === undefined) fields.set(number, [value]);
    else before.push(value);
  }
  return fields;
}

/** The numbers of a packed list. @throws ApiFailure BadRequest. */
export function readVarints(bytes: Buffer): readonly bigint[] {
  const values: bigint[] = [];
  for (let at = 0; at < bytes.length; ) {
    const { value, end } = readVarint(bytes, at);
    values.push(value);
    if (values.length > MAX_VALUES) throw malformed(`a list has more than ${MAX_VALUES} values`);
    at = end;
  }
  return values;
}

/** The bytes of a value. @throws ApiFailure BadRequest for a number. */
export function bytesOf(value: WireValue): Buffer {
  if (!Buffer.isBuffer(value)) throw malformed('a number where bytes belong');
  return value;
}

/** A whole number. @throws ApiFailure BadRequest for anything else. */
export function varintOf(value: WireValue): bigint {
  if (typeof value !== 'bigint') throw malformed('no whole number where one belongs');
  return value;
}

interface Read<T> {
  readonly value: T;
  /** Where the next thing begins. */
  readonly end: number;
}

function readValue(bytes: Buffer, at: number, wireType: number): Read<WireValue> {
  switch (wireType) {
    case VARINT:
      return readVarint(bytes, at);
    case LENGTH_DELIMITED: {
      const length = readSize(bytes, at);
      return { value: take(bytes, length.end, length.value), end: length.end + length.value };
    }
    case FIXED64:
      return { value: take(bytes, at, 8).readDoubleLE(), end: at + 8 };
    case FIXED32:
      return { value: take(bytes, at, 4).readFloatLE(), end: at + 4 };
    default:
      throw malformed(`wire type ${wireType}`);
  }
}

function take(bytes: Buffer, at: number, length: number): Buffer {
  if (length > bytes.length - at) throw malformed('a value is cut off');
  return bytes.subarray(at, at + length);
}

/** A tag or a length: below 2 ** 53, or it is more than any body has. */
function readSize(bytes: Buffer, at: number): Read<number> {
  const byte = bytes[at] ?? 0x80;
  if (byte < 0x80) return { value: byte, end: at + 1 };
  const { value, end } = readVarint(bytes, at);
  return { value: Number(value), end };
}

function readVarint(bytes: Buffer, start: number): Read<bigint> {
  let value = 0n;
  for (let at = start; at < start + MAX_VARINT_BYTES; at++) {
    const byte = bytes[at];
    if (byte === undefined) throw malformed('a number is cut off');
    value |= BigInt(byte & 0x7f) << BigInt(7 * (at - start));
    if (byte < 0x80) return { value, end: at + 1 };
  }
  throw malformed('a number is too long');
}
