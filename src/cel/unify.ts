// Which type may stand where another is expected, with type parameters found on the way (cel-go checker/types.go). A failed try leaves no
// trace: bindings are kept in a trail and taken back.

import { DYN, isDynamic, type Type } from './types.ts';

/** What is known of type parameters so far. */
export class Substitution {
  readonly #bound = new Map<string, Type>();
  readonly #trail: (readonly [name: string, before: Type | undefined])[] = [];
  #fresh = 0;

  /** A parameter that no other type shares. */
  freshParameter(): Type {
    return { kind: 'param', name: `_var${this.#fresh++}`, parameters: [] };
  }

  /** The type with all that is known put in; what is unknown becomes dyn when `final`. */
  apply(type: Type, final = false): Type {
    if (type.kind === 'param') {
      const bound = this.#bound.get(type.name);
      if (bound !== undefined) return this.apply(bound, final);
      return final ? DYN : type;
    }
    if (type.parameters.length === 0) return type;
    return { ...type, parameters: type.parameters.map((parameter) => this.apply(parameter, final)) };
  }

  /** Whether each `from` may be given where the `to` of the same place is expected. */
  assign(from: readonly Type[], to: readonly Type[]): boolean {
    const mark = this.#trail.length;
    if (this.#assignAll(from, to)) return true;
    while (this.#trail.length > mark) this.#undo();
    return false;
  }

  #undo(): void {
    const last = this.#trail.pop();
    if (last === undefined) return;
    const [name, before] = last;
    if (before === undefined) this.#bound.delete(name);
    else this.#bound.set(name, before);
  }

  #assignAll(from: readonly Type[], to: readonly Type[]): boolean {
    return from.length === to.length && from.every((type, index) => this.#assignOne(type, to[index] ?? DYN));
  }

  #assignOne(from: Type, to: Type): boolean {
    if (to.kind === 'param') {
      const { valid, known } = this.#bind(from, to);
      if (valid) return true;
      if (known) return false;
    }
    if (from.kind === 'param') return this.#bind(to, from).valid;
    if (isDynamic(from) || isDynamic(to)) return true;
    if (from.kind === 'null') return isNullable(to);
    if (to.kind === 'null') return isNullable(from);
    if (from.kind === 'type') return to.kind === 'type';
    return from.kind === to.kind && from.name === to.name && this.#assignAll(from.parameters, to.parameters);
  }

  /** Makes `parameter` stand for `type`, or for the more general of it and what it stood for. */
  #bind(type: Type, parameter: Type): { readonly valid: boolean; readonly known: boolean } {
    if (isSame(type, parameter)) return { valid: true, known: true };
    const bound = this.#bound.get(parameter.name);
    if (bound === undefined) {
      if (this.#occurs(parameter, type)) return { valid: false, known: false };
      this.#set(parameter, type);
      return { valid: true, known: false };
    }
    if (isSame(type, bound)) return { valid: true, known: true };
    if (!this.#assignOne(type, bound)) return { valid: false, known: true };
    const general = mostGeneral(type, bound);
    if (!this.#occurs(parameter, general)) this.#set(parameter, general);
    return { valid: true, known: true };
  }

  #set(parameter: Type, type: Type): void {
    this.#trail.push([parameter.name, this.#bound.get(parameter.name)]);
    this.#bound.set(parameter.name, type);
  }

  #occurs(parameter: Type, within: Type): boolean {
    if (within.kind !== 'param') return within.parameters.some((inner) => this.#occurs(parameter, inner));
    if (within.name === parameter.name) return true;
    const bound = this.#bound.get(within.name);
    return bound !== undefined && this.#occurs(parameter, bound);
  }
}

/** Replaces the parameters of a declaration, by name. */
export function instantiate(type: Type, parameters: ReadonlyMap<string, Type>): Type {
  if (type.kind === 'param') return parameters.get(type.name) ?? type;
  if (type.parameters.length === 0) return type;
  return { ...type, parameters: type.parameters.map((inner) => instantiate(inner, parameters)) };
}

/** The more general of two types that were found to fit. */
export function mostGeneral(a: Type, b: Type): Type {
  return isEqualOrLessSpecific(a, b) ? a : b;
}

/** Whether two types are the same to the last parameter. */
export function isSame(a: Type, b: Type): boolean {
  if (a === b) return true;
  if (a.kind !== b.kind || a.name !== b.name || a.parameters.length !== b.parameters.length) return false;
  return a.parameters.every((type, index) => isSame(type, b.parameters[index] ?? DYN));
}

function isEqualOrLessSpecific(a: Type, b: Type): boolean {
  if (a.kind === 'dyn' || a.kind === 'any' || a.kind === 'param') return true;
  if (b.kind === 'dyn' || b.kind === 'any' || b.kind === 'param') return false;
  if (a.kind !== b.kind || a.name !== b.name || a.parameters.length !== b.parameters.length) return false;
  if (a.kind === 'type') return true;
  return a.parameters.every((type, index) => isEqualOrLessSpecific(type, b.parameters[index] ?? DYN));
}

/** Types whose values may be null: objects, times, opaque types; not strings, numbers, lists and maps. */
function isNullable(type: Type): boolean {
  return (
    type.kind === 'null' ||
    type.kind === 'opaque' ||
    type.kind === 'struct' ||
    type.name === 'timestamp' ||
    type.name === 'duration'
  );
}
