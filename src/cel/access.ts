// Reading a field, an element or an entry, with and without an answer for what isn't there (cel-go interpreter/attributes.go; for claims and
// user the API server's oidc.go and pkg/cel/escaping.go).

import { Fault } from './declare.ts';
import {
  LazyObject,
  MapValue,
  mapKey,
  type NativeObject,
  NONE,
  Optional,
  typeNameOf,
  Uint,
  Unreadable,
  type Value,
} from './value.ts';

const ESCAPE = /__[^_]+__/g;
const ESCAPES: ReadonlyMap<string, string> = new Map([
  ['__underscores__', '__'],
  ['__dot__', '.'],
  ['__dash__', '-'],
  ['__slash__', '/'],
]);
const RESERVED: ReadonlySet<string> = new Set(
  'true false null in as break const continue else for function if import let loop package namespace return var void while'.split(
    ' ',
  ),
);

/** `operand.field`, or `operand[key]` for a constant or computed key. Throws Fault when it isn't there. */
export function get(operand: Value, key: Value): Value {
  if (operand instanceof Optional) return getOptional(operand, key);
  const value = find(operand, key);
  if (value !== undefined) return value;
  if (Array.isArray(operand)) {
    throw new Fault(
      indexOf(key) === undefined ? 'no such overload' : `index out of bounds: ${formatKey(key)}`,
    );
  }
  throw new Fault(`no such key: ${formatKey(key)}`);
}

/** `operand.?field` and `operand[?key]`: an optional, none when it isn't there. */
export function getOptional(operand: Value, key: Value): Optional {
  if (operand instanceof Optional)
    return operand.value === undefined ? NONE : getOptional(operand.value, key);
  const value = isObject(operand) ? find(operand, key) : undefined;
  return value === undefined ? NONE : new Optional(value);
}

/** has(operand.field). */
export function has(operand: Value, field: string): boolean {
  if (operand instanceof Optional) return operand.value !== undefined && has(operand.value, field);
  return isObject(operand) && find(operand, field) !== undefined;
}

/** Whether it can have something; asking a string for a field is no error, it has none. */
function isObject(value: Value): boolean {
  return Array.isArray(value) || value instanceof LazyObject || typeNameOf(value) === 'map';
}

/** What is there, else undefined. Throws Fault for a value that has neither fields nor elements. */
export function find(operand: Value, key: Value): Value | undefined {
  if (Array.isArray(operand)) {
    const index = indexOf(key);
    if (index === undefined) throw new Fault(`unsupported index type '${typeNameOf(key)}' in list`);
    return (operand as readonly Value[])[index];
  }
  if (operand instanceof MapValue) {
    if (mapKey(key) === undefined) throw new Fault(`unsupported key type: ${typeNameOf(key)}`);
    return operand.get(key);
  }
  if (operand instanceof LazyObject) {
    // At the top the API server finds nothing under a name with a wrong escape; below it takes such a name as it is.
    const name = typeof key === 'string' ? unescapeName(key) : undefined;
    return name === undefined ? undefined : own(operand.fields, name);
  }
  if (typeNameOf(operand) === 'map') return findInObject(operand as NativeObject, key);
  throw new Fault(`no such key: ${formatKey(key)}`);
}

/** An own property of an object, by its name or by its escaped name. */
function findInObject(object: NativeObject, key: Value): Value | undefined {
  if (typeof key !== 'string') return undefined;
  return own(object, unescapeName(key) ?? key);
}

function own(object: NativeObject, name: string): Value | undefined {
  const value = Object.hasOwn(object, name) ? object[name] : undefined;
  if (value instanceof Unreadable) throw new Fault(value.message);
  return value;
}

/** `kubernetes__dot__io` → `kubernetes.io`; undefined for a name with an escape that doesn't exist. */
export function unescapeName(name: string): string | undefined {
  if (!name.includes('__')) return name;
  let valid = true;
  const unescaped = name.replace(ESCAPE, (sequence) => {
    const known = ESCAPES.get(sequence);
    if (known !== undefined) return known;
    const word = sequence.slice(2, -2);
    valid &&= RESERVED.has(word) && sequence.length === name.length;
    return word;
  });
  return valid ? unescaped : undefined;
}

/** Numbers of any type can be an index when they are whole. */
function indexOf(key: Value): number | undefined {
  if (typeof key === 'bigint') return Number(key);
  if (key instanceof Uint) return Number(key.value);
  return typeof key === 'number' && Number.isInteger(key) ? key : undefined;
}

function formatKey(key: Value): string {
  if (key instanceof Uint) return `${key.value}`;
  return String(key);
}
