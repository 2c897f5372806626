// The values of expressions, as JavaScript has them: string, boolean, null; int is a bigint, double a number (so are all JSON numbers in
// claims, as the API server reads them), bytes a Uint8Array, a list an array, a map a MapValue or, from claims, the plain object itself.

import type { Type } from './types.ts';

export type Value =
  | null
  | boolean
  | bigint
  | number
  | string
  | Uint8Array
  | Uint
  | Timestamp
  | Duration
  | TypeValue
  | Optional
  | Opaque
  | MapValue
  | LazyObject
  | Unreadable
  | NativeObject
  | readonly Value[];

/** An object of JSON: keys are its own properties. */
export interface NativeObject {
  readonly [key: string]: Value | undefined;
}

/** An unsigned 64-bit integer. */
export class Uint {
  readonly value: bigint;
  constructor(value: bigint) {
    this.value = value;
  }
}

/** Nanoseconds since 1970, from year 1 to 9999. */
export class Timestamp {
  readonly nanos: bigint;
  constructor(nanos: bigint) {
    this.nanos = nanos;
  }
}

/** A length of time in nanoseconds, 64 bits. */
export class Duration {
  readonly nanos: bigint;
  constructor(nanos: bigint) {
    this.nanos = nanos;
  }
}

/** A type as a value: what type(x) gives. */
export class TypeValue {
  readonly name: string;
  constructor(name: string) {
    this.name = name;
  }
}

/** optional.of(value), or optional.none() when undefined. */
export class Optional {
  readonly value: Value | undefined;
  constructor(value: Value | undefined) {
    this.value = value;
  }
}

/** The one optional without a value. */
export const NONE: Optional = new Optional(undefined);

/** A value of one of Kubernetes' own types: url, ip, quantity, … */
export abstract class Opaque {
  /** The type's name. */
  abstract readonly type: string;
  /** Whether another opaque value, of whatever type, is the same. */
  abstract isEqual(other: Opaque): boolean;
}

/** A top-level variable that the API server gives as lazy.MapValue (`claims`, `user`): fields only, it has no size and is not searched. */
export class LazyObject {
  readonly type: string;
  readonly fields: NativeObject;
  constructor(type: string, fields: NativeObject) {
    this.type = type;
    this.fields = fields;
  }
}

/** A claim whose JSON the API server cannot read, which it finds out when somebody asks for the claim: `message` is the error then. */
export class Unreadable {
  readonly message: string;
  constructor(message: string) {
    this.message = message;
  }
}

/**
 * A list that the API server holds as Go's []string: what split, findAll, getQuery and validate give. To an expression it is a list like any
 * other, and lists made of it are ordinary; only what takes an expression's result may have to tell them apart.
 */
export class TextList extends Array<string> {
  static override get [Symbol.species](): ArrayConstructor {
    return Array;
  }
}

type Key = string | boolean | bigint | number;

/** A map made by an expression. Keys that are equal numbers are one key, whatever their type. */
export class MapValue {
  readonly #entries = new Map<Key, readonly [key: Value, value: Value]>();

  get size(): number {
    return this.#entries.size;
  }

  get(key: Value): Value | undefined {
    const normal = mapKey(key);
    return normal === undefined ? undefined : this.#entries.get(normal)?.[1];
  }

  /** For whoever makes the map, before others see it. False when the key is there already, or can't be one. */
  insert(key: Value, value: Value): boolean {
    const normal = mapKey(key);
    if (normal === undefined || this.#entries.has(normal)) return false;
    this.#entries.set(normal, [key, value]);
    return true;
  }

  /** As insert, but a key that is there already gets the new value. */
  set(key: Value, value: Value): void {
    const normal = mapKey(key);
    if (normal !== undefined) this.#entries.set(normal, [key, value]);
  }

  entries(): Iterable<readonly [key: Value, value: Value]> {
    return this.#entries.values();
  }
}

/** The key under which a map keeps what belongs to this value; undefined when it can't be a key. */
export function mapKey(key: Value): Key | undefined {
  if (typeof key === 'string' || typeof key === 'boolean' || typeof key === 'bigint') return key;
  if (key instanceof Uint) return key.value;
  if (typeof key === 'number') return Number.isInteger(key) ? BigInt(key) : key;
  return undefined;
}

/** The name of a value's type, as messages and type() have it. */
export function typeNameOf(value: Value): string {
  switch (typeof value) {
    case 'string':
      return 'string';
    case 'boolean':
      return 'bool';
    case 'bigint':
      return 'int';
    case 'number':
      return 'double';
    default:
      return typeNameOfObject(value);
  }
}

function typeNameOfObject(value: Exclude<Value, string | boolean | bigint | number>): string {
  if (value === null) return 'null_type';
  if (Array.isArray(value)) return 'list';
  if (value instanceof Uint) return 'uint';
  if (value instanceof Opaque) return value.type;
  if (value instanceof Optional) return 'optional_type';
  if (value instanceof Timestamp) return 'google.protobuf.Timestamp';
  if (value instanceof Duration) return 'google.protobuf.Duration';
  if (value instanceof Uint8Array) return 'bytes';
  if (value instanceof TypeValue) return 'type';
  if (value instanceof LazyObject) return value.type;
  return 'map';
}

/** What an application passes for a variable or a field of this type: Date is a timestamp, and an integer number an int. */
export function adopt(value: Value | Date, type: Type): Value {
  if (value instanceof Date) return new Timestamp(BigInt(value.getTime()) * 1_000_000n);
  if (type.name === 'int' && typeof value === 'number' && Number.isSafeInteger(value)) return BigInt(value);
  return value;
}
