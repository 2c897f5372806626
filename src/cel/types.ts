// Types of expressions and how they are written, in declarations and in messages (cel-go common/types/types.go, checker/format.go).

/** A family of types, which decides how two of them compare. */
export type Kind =
  | 'primitive'
  | 'null'
  | 'dyn'
  | 'any'
  | 'error'
  | 'param'
  | 'list'
  | 'map'
  | 'type'
  | 'struct'
  | 'opaque';

export interface Type {
  readonly kind: Kind;
  /** As messages print it; values carry the same name (see typeNameOf), or the one in RUNTIME_NAMES. */
  readonly name: string;
  readonly parameters: readonly Type[];
}

/** Fields of an object type by name. */
export type Fields = ReadonlyMap<string, Type>;

export const BOOL: Type = simple('primitive', 'bool');
export const INT: Type = simple('primitive', 'int');
export const UINT: Type = simple('primitive', 'uint');
export const DOUBLE: Type = simple('primitive', 'double');
export const STRING: Type = simple('primitive', 'string');
export const BYTES: Type = simple('primitive', 'bytes');
export const TIMESTAMP: Type = simple('primitive', 'timestamp');
export const DURATION: Type = simple('primitive', 'duration');
export const NULL: Type = simple('null', 'null');
export const DYN: Type = simple('dyn', 'dyn');
/** As the values of claims are declared: behaves as dyn, prints as any. */
export const ANY: Type = simple('any', 'any');
export const ERROR: Type = simple('error', '!error!');

const BY_NAME: ReadonlyMap<string, Type> = new Map([
  ...[BOOL, INT, UINT, DOUBLE, STRING, BYTES, TIMESTAMP, DURATION, NULL, DYN, ANY].map(
    (type) => [type.name, type] as const,
  ),
  ['google.protobuf.Timestamp', TIMESTAMP],
  ['google.protobuf.Duration', DURATION],
]);
/** Where a value's type name differs from the one in a signature. */
const RUNTIME_NAMES: ReadonlyMap<string, string> = new Map([
  ['timestamp', 'google.protobuf.Timestamp'],
  ['duration', 'google.protobuf.Duration'],
  ['null', 'null_type'],
]);
const WORD = /^[A-Za-z_][A-Za-z0-9_.]*/;
const PARAMETER = /^[A-Z]$/;

export function listOf(element: Type): Type {
  return { kind: 'list', name: 'list', parameters: [element] };
}

export function mapOf(key: Type, value: Type): Type {
  return { kind: 'map', name: 'map', parameters: [key, value] };
}

export function typeOf(type: Type): Type {
  return { kind: 'type', name: 'type', parameters: [type] };
}

export function optionalOf(type: Type): Type {
  return { kind: 'opaque', name: 'optional_type', parameters: [type] };
}

export function param(name: string): Type {
  return simple('param', name);
}

export function struct(name: string): Type {
  return simple('struct', name);
}

/** The name that values of this type carry at run time. */
export function runtimeName(type: Type): string {
  return RUNTIME_NAMES.get(type.name) ?? type.name;
}

/** Whether nothing is known about values of this type before they are there. */
export function isDynamic(type: Type): boolean {
  return type.kind === 'dyn' || type.kind === 'any' || type.kind === 'error';
}

/** As cel-go prints it: `map(string, any)`. */
export function formatType(type: Type): string {
  if (type.parameters.length === 0) return type.name;
  return `${type.name}(${type.parameters.map(formatType).join(', ')})`;
}

/** What an optional holds, and whether the type was one. */
export function unwrapOptional(type: Type): { readonly type: Type; readonly optional: boolean } {
  const [inner] = type.parameters;
  if (type.name === 'optional_type' && inner !== undefined) return { type: inner, optional: true };
  return { type, optional: false };
}

/** Reads a type as declarations write it, `map(string, list(T))` or `map<string, list<T>>`; a single capital is a parameter. */
export function parseType(text: string): Type {
  const { type, rest } = readType(text.trim().replaceAll('<', '(').replaceAll('>', ')'));
  if (rest !== '') throw new TypeError(`no type: ${text}`);
  return type;
}

function readType(text: string): { readonly type: Type; readonly rest: string } {
  const name = WORD.exec(text)?.[0];
  if (name === undefined) throw new TypeError(`no type: ${text}`);
  let rest = text.slice(name.length);
  const parameters: Type[] = [];
  if (rest.startsWith('(')) {
    do {
      const read = readType(rest.slice(1).trimStart());
      parameters.push(read.type);
      rest = read.rest;
    } while (rest.startsWith(','));
    if (!rest.startsWith(')')) throw new TypeError(`no type: ${text}`);
    rest = rest.slice(1);
  }
  return { type: namedType(name, parameters), rest };
}

function namedType(name: string, [first = DYN, second = DYN]: readonly Type[]): Type {
  const known = BY_NAME.get(name);
  if (known !== undefined) return known;
  if (name === 'list') return listOf(first);
  if (name === 'map') return mapOf(first, second);
  if (name === 'type') return typeOf(first);
  if (name === 'optional') return optionalOf(first);
  return PARAMETER.test(name) ? param(name) : simple('opaque', name);
}

function simple(kind: Kind, name: string): Type {
  return { kind, name, parameters: [] };
}
