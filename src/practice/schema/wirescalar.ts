// Single values of Protocol Buffers as the JSON that Kubernetes writes for them: times, quantities, IntOrString, bytes and raw JSON have each
// their own message (generated.proto of apimachinery: meta/v1, api/resource, util/intstr).

import type { Scalar } from './fieldtype.ts';
import { bytesOf, malformed, readMessage, varintOf, type WireMessage, type WireValue } from './wire.ts';

/** intstr.String. */
const IS_STRING = 1n;
const MICROSECOND_NS = 1000n;
const SECOND_NS = 1_000_000_000n;
const MIN_TIME_S = Date.parse('0000-01-01T00:00:00Z') / 1000;
const MAX_TIME_S = Date.parse('9999-12-31T23:59:59Z') / 1000;
/** Of raw JSON; the fields of our types are far from it. */
const MAX_JSON_DEPTH = 200;

/** Whether several values in a row may be packed into one (protobuf.dev, "packed"). */
export function isPackable(scalar: Scalar): boolean {
  return scalar === 'integer' || scalar === 'long' || scalar === 'boolean';
}

/** What JSON has for a value; undefined where it has null (Go's zero time, empty raw JSON). @throws ApiFailure BadRequest. */
export function decodeScalar(scalar: Scalar, value: WireValue): unknown {
  switch (scalar) {
    case 'string':
      return bytesOf(value).toString();
    case 'bytes':
      return bytesOf(value).toString('base64');
    case 'boolean':
      return varintOf(value) !== 0n;
    case 'integer':
      return Number(BigInt.asIntN(32, varintOf(value)));
    case 'long':
      return Number(BigInt.asIntN(64, varintOf(value)));
    case 'number':
      if (typeof value !== 'number') throw malformed('no fraction where one belongs');
      return value;
    case 'time':
    case 'microTime':
      return decodeTime(bytesOf(value), scalar);
    case 'quantity':
      return textAt(readMessage(bytesOf(value)), 1) ?? '0';
    case 'intOrString':
      return decodeIntOrString(readMessage(bytesOf(value)));
    case 'any':
      return decodeJson(lastBytes(readMessage(bytesOf(value)), 1));
  }
}

/** What JSON has for a value that was not sent, in an entry of a map. */
export function zeroOf(scalar: Scalar): unknown {
  if (isPackable(scalar) || scalar === 'number') return scalar === 'boolean' ? false : 0;
  return decodeScalar(scalar, Buffer.alloc(0));
}

/** A string of a message; the last counts. */
export function textAt(message: WireMessage, number: number): string | undefined {
  return lastBytes(message, number)?.toString();
}

/** Bytes of a message; the last counts. */
export function lastBytes(message: WireMessage, number: number): Buffer | undefined {
  const value = message.get(number)?.at(-1);
  return value === undefined ? undefined : bytesOf(value);
}

function numberAt(message: WireMessage, number: number, bits: 32 | 64): bigint {
  const value = message.get(number)?.at(-1);
  return value === undefined ? 0n : BigInt.asIntN(bits, varintOf(value));
}

function decodeTime(bytes: Buffer, scalar: 'time' | 'microTime'): string | undefined {
  if (bytes.length === 0) return undefined;
  const message = readMessage(bytes);
  const seconds = Number(numberAt(message, 1, 64));
  const nanoseconds = numberAt(message, 2, 32);
  if (seconds < MIN_TIME_S || seconds > MAX_TIME_S || nanoseconds < 0n || nanoseconds >= SECOND_NS) {
    throw malformed('a time beyond the years 0 to 9999');
  }
  const whole = new Date(seconds * 1000).toISOString().slice(0, -'.000Z'.length);
  if (scalar === 'time') return `${whole}Z`;
  return `${whole}.${String(nanoseconds / MICROSECOND_NS).padStart(6, '0')}Z`;
}

function decodeIntOrString(message: WireMessage): string | number {
  if (numberAt(message, 1, 64) === IS_STRING) return textAt(message, 3) ?? '';
  return Number(numberAt(message, 2, 32));
}

function decodeJson(bytes: Buffer | undefined): unknown {
  if (bytes === undefined || bytes.length === 0) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString());
  } catch {
    throw malformed('raw JSON that is no JSON');
  }
  if (!isWithin(value, MAX_JSON_DEPTH)) throw malformed('raw JSON that is nested too deeply');
  return value ?? undefined;
}

function isWithin(value: unknown, depth: number): boolean {
  if (typeof value !== 'object' || value === null) return true;
  return depth > 0 && Object.values(value).every((inner) => isWithin(inner, depth - 1));
}
