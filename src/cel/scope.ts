// What names mean in an environment: variables with their types, object types with their fields, names of types, and functions.

import type { Library, Overload } from './declare.ts';
import { type Fields, parseType, struct, type Type, typeOf } from './types.ts';

/** A variable's type: CEL's name of it (`string`, `list<string>`, `map<string, dyn>`), or the fields of an object. */
export type Declaration = string | { readonly [field: string]: Declaration };

/** The type of the API server's `user`. */
export const USER_TYPE = 'kubernetes.UserInfo';

/** Names that stand for types in `type(x) == int`. */
const TYPE_NAMES: Readonly<Record<string, string>> = {
  bool: 'bool',
  bytes: 'bytes',
  double: 'double',
  int: 'int',
  list: 'list(A)',
  map: 'map(A, B)',
  null_type: 'null',
  string: 'string',
  type: 'type(A)',
  uint: 'uint',
  optional_type: 'optional(V)',
  'google.protobuf.Timestamp': 'timestamp',
  'google.protobuf.Duration': 'duration',
};

/** An environment's names. Built once, then only read. */
export class Scope {
  readonly #variables: ReadonlyMap<string, Type>;
  readonly #objects = new Map<string, Fields>();
  readonly #functions = new Map<string, Overload[]>();
  readonly #types: ReadonlyMap<string, Type>;

  constructor(
    variables: Readonly<Record<string, Declaration>>,
    library: Library,
    opaqueTypes: readonly string[],
  ) {
    this.#variables = this.#declare(variables, '');
    const opaque = opaqueTypes.map((name) => [name, parseType(name)] as const);
    const standard = Object.entries(TYPE_NAMES).map(([name, type]) => [name, parseType(type)] as const);
    this.#types = new Map([...standard, ...opaque]);
    for (const overload of library) {
      const known = this.#functions.get(overload.name);
      if (known === undefined) this.#functions.set(overload.name, [overload]);
      else known.push(overload);
    }
  }

  /** Reads types; an object gets the API server's name when it is a user, else the path of where it is declared. */
  #declare(declarations: Readonly<Record<string, Declaration>>, path: string): ReadonlyMap<string, Type> {
    const types = new Map<string, Type>();
    for (const [name, declaration] of Object.entries(declarations)) {
      if (typeof declaration === 'string') types.set(name, parseType(declaration));
      else {
        const object = path === '' && name === 'user' ? USER_TYPE : `${path}${name}`;
        this.#objects.set(object, this.#declare(declaration, `${object}.`));
        types.set(name, struct(object));
      }
    }
    return types;
  }

  variable(name: string): Type | undefined {
    return this.#variables.get(name);
  }

  /** The type that a name stands for, as the type of that name. */
  typeName(name: string): Type | undefined {
    const type = this.#types.get(name);
    return type === undefined ? undefined : typeOf(type);
  }

  /** The type of an object's field; undefined when the object has no such field. */
  field(object: string, name: string): Type | undefined {
    return this.#objects.get(object)?.get(name);
  }

  functions(name: string): readonly Overload[] | undefined {
    return this.#functions.get(name);
  }
}
