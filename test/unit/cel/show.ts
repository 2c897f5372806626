// A value as cel-go's types.Format prints it, which is how the facts were recorded.

import { Budget } from '../../../src/cel/budget.ts';
import { entriesOf, isMap } from '../../../src/cel/collections.ts';
import { formatDuration, formatTimestamp } from '../../../src/cel/library/instants.ts';
import { URLValue } from '../../../src/cel/library/urls.ts';
import {
  Duration,
  LazyObject,
  Optional,
  Timestamp,
  TypeValue,
  typeNameOf,
  Uint,
  type Value,
} from '../../../src/cel/value.ts';

/** Its type and the value. */
export function show(value: Value): string {
  return `${typeNameOf(value)} ${print(value)}`;
}

function print(value: Value): string {
  if (typeof value === 'string') return quote(value);
  if (typeof value === 'number') return printDouble(value);
  if (Array.isArray(value)) return `[${value.map(print).join(', ')}]`;
  if (value instanceof Uint) return `${value.value}u`;
  if (value instanceof Timestamp) return `timestamp("${formatTimestamp(value)}")`;
  if (value instanceof Duration) return `duration("${formatDuration(value)}")`;
  if (value instanceof TypeValue) return value.name;
  if (value instanceof URLValue) return value.text;
  if (value instanceof Uint8Array) return `b"${[...value].map(printByte).join('')}"`;
  if (value instanceof Optional) {
    return value.value === undefined ? 'optional.none()' : `optional.of(${print(value.value)})`;
  }
  if (value !== null && typeof value === 'object' && !(value instanceof LazyObject) && isMap(value)) {
    const entries = entriesOf(new Budget(), value).map(([key, inner]) => `${print(key)}: ${print(inner)}`);
    return `{${entries.sort().join(', ')}}`;
  }
  return String(value);
}

function quote(text: string): string {
  return JSON.stringify(text).replace(
    /[\u180e\u200b\ufeff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

function printDouble(value: number): string {
  if (!Number.isFinite(value)) return `double("${value}")`;
  return Number.isInteger(value) ? `${BigInt(value)}.0` : String(value);
}

function printByte(byte: number): string {
  return `\\${byte.toString(8).padStart(3, '0')}`;
}
