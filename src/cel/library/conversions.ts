// int(), string(), timestamp() and their like, and what may be asked of a string (cel-go common/stdlib/standard.go, common/types/*.go:
// ConvertToType).

import type { Budget } from '../budget.ts';
import { Fault, fn, type Library, method } from '../declare.ts';
import { Duration, type Timestamp, Uint, type Value } from '../value.ts';
import {
  checkTimestamp,
  formatDuration,
  formatTimestamp,
  parseDuration,
  parseTimestamp,
} from './instants.ts';
import { int, uint } from './operators.ts';

const NANOS_PER_SECOND = 1_000_000_000n;
const INTEGER = /^[+-]?[0-9]{1,40}$/;
const UNSIGNED = /^[0-9]{1,40}$/;
/** Only one way to read any text: with two the time would grow with the square of its length. */
const DECIMAL = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?$/;
const NAMED = /^([+-]?)(?:(inf|infinity)|nan)$/i;
const BOOLEANS: ReadonlyMap<string, boolean> = new Map([
  ...['1', 't', 'T', 'TRUE', 'true', 'True'].map((text) => [text, true] as const),
  ...['0', 'f', 'F', 'FALSE', 'false', 'False'].map((text) => [text, false] as const),
]);
/** 2⁶³ and 2⁶⁴: doubles from there on are no ints. */
const INT_END = 2 ** 63;
const UINT_END = 2 ** 64;

export const conversions: Library = [
  ...['bool', 'bytes', 'double', 'duration', 'int', 'string', 'timestamp', 'uint'].map((type) =>
    fn(type, [type], type, (_: Budget, value: Value) => value),
  ),
  fn('dyn', ['A'], 'dyn', (_: Budget, value: Value) => value),

  fn('bool', ['string'], 'bool', (_: Budget, text: string) => BOOLEANS.get(text) ?? fail('string', 'bool')),
  fn('bytes', ['string'], 'bytes', (budget: Budget, text: string) => {
    budget.spendOn(text.length);
    return Buffer.from(text);
  }),

  fn('double', ['int'], 'double', (_: Budget, value: bigint) => Number(value)),
  fn('double', ['uint'], 'double', (_: Budget, { value }: Uint) => Number(value)),
  fn('double', ['string'], 'double', (budget: Budget, text: string) => {
    budget.spendOn(text.length);
    return parseDouble(text) ?? fail('string', 'double');
  }),

  fn('int', ['double'], 'int', (_: Budget, value: number) => {
    if (!(value > -INT_END && value < INT_END)) throw new Fault('integer overflow');
    return BigInt(Math.trunc(value));
  }),
  fn('int', ['uint'], 'int', (_: Budget, { value }: Uint) => int(value)),
  fn('int', ['string'], 'int', (_: Budget, text: string) =>
    INTEGER.test(text) ? parsed(() => int(BigInt(text.replace(/^\+/, ''))), 'int') : fail('string', 'int'),
  ),
  fn('int', ['timestamp'], 'int', (_: Budget, { nanos }: Timestamp) => {
    const seconds = nanos / NANOS_PER_SECOND;
    return nanos < 0n && nanos % NANOS_PER_SECOND !== 0n ? seconds - 1n : seconds;
  }),
  fn('int', ['duration'], 'int', (_: Budget, { nanos }: Duration) => nanos),

  fn('uint', ['double'], 'uint', (_: Budget, value: number) => {
    if (!(value >= 0 && value < UINT_END)) throw new Fault('unsigned integer overflow');
    return new Uint(BigInt(Math.trunc(value)));
  }),
  fn('uint', ['int'], 'uint', (_: Budget, value: bigint) => uint(value)),
  fn('uint', ['string'], 'uint', (_: Budget, text: string) =>
    UNSIGNED.test(text) ? parsed(() => uint(BigInt(text)), 'uint') : fail('string', 'uint'),
  ),

  fn('string', ['bool'], 'string', (_: Budget, value: boolean) => `${value}`),
  fn('string', ['int'], 'string', (_: Budget, value: bigint) => `${value}`),
  fn('string', ['uint'], 'string', (_: Budget, { value }: Uint) => `${value}`),
  fn('string', ['double'], 'string', (_: Budget, value: number) => formatDouble(value)),
  fn('string', ['duration'], 'string', (_: Budget, value: Duration) => formatDuration(value)),
  fn('string', ['timestamp'], 'string', (_: Budget, value: Timestamp) => formatTimestamp(value)),
  fn('string', ['bytes'], 'string', (budget: Budget, bytes: Uint8Array) => {
    budget.spendOn(bytes.length);
    const text = Buffer.from(bytes).toString();
    // What isn't UTF-8 was replaced, and is then not the same bytes.
    if (!Buffer.from(text).equals(bytes)) throw new Fault('invalid UTF-8 in bytes, cannot convert to string');
    return text;
  }),

  fn('timestamp', ['int'], 'timestamp', (_: Budget, seconds: bigint) =>
    checkTimestamp(seconds * NANOS_PER_SECOND),
  ),
  fn(
    'timestamp',
    ['string'],
    'timestamp',
    (_: Budget, text: string) => parseTimestamp(text) ?? fail('string', 'google.protobuf.Timestamp'),
  ),
  fn('duration', ['int'], 'duration', (_: Budget, nanos: bigint) => new Duration(nanos)),
  fn(
    'duration',
    ['string'],
    'duration',
    (_: Budget, text: string) => parseDuration(text) ?? fail('string', 'google.protobuf.Duration'),
  ),

  method('contains', ['string', 'string'], 'bool', (budget: Budget, text: string, part: string) => {
    budget.spendOn(text.length);
    return text.includes(part);
  }),
  method('startsWith', ['string', 'string'], 'bool', (budget: Budget, text: string, part: string) => {
    budget.spendOn(part.length);
    return text.startsWith(part);
  }),
  method('endsWith', ['string', 'string'], 'bool', (budget: Budget, text: string, part: string) => {
    budget.spendOn(part.length);
    return text.endsWith(part);
  }),
];

/** As Go's strconv.ParseFloat for decimal notation, with inf and nan. */
export function parseDouble(text: string): number | undefined {
  if (DECIMAL.test(text)) {
    const value = Number(text);
    return Number.isFinite(value) ? value : undefined;
  }
  const found = NAMED.exec(text);
  if (found === null) return undefined;
  const [, sign, infinite] = found;
  if (infinite === undefined) return sign === '' ? Number.NaN : undefined;
  return sign === '-' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
}

/** As Go's %g: an exponent of two digits from 10⁶ up and below 10⁻⁴, the shortest digits that read back as the same. */
export function formatDouble(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf';
  if (Object.is(value, -0)) return '-0';
  const [digits = '', exponent = '0'] = value.toExponential().split('e');
  const power = Number(exponent);
  if (value === 0 || (power >= -4 && power < 6)) return String(value);
  const size = String(Math.abs(power)).padStart(2, '0');
  return `${digits}e${power < 0 ? '-' : '+'}${size}`;
}

function parsed<T>(read: () => T, type: string): T {
  try {
    return read();
  } catch {
    return fail('string', type);
  }
}

function fail(from: string, to: string): never {
  throw new Fault(`type conversion error from '${from}' to '${to}'`);
}
