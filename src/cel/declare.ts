// How functions are declared: a table of overloads, each with its types as text and what it does. The checker picks from their types, the
// planner guards the call at run time by the same types, so an implementation may trust what it is given (but of the elements of a list only
// the first).

import type { Budget } from './budget.ts';
import { DYN, isDynamic, listOf, parseType, runtimeName, type Type } from './types.ts';
import { LazyObject, typeNameOf, type Value } from './value.ts';

/** Throw it from an implementation: the evaluation ends with this message, unless `||` or `&&` absorbs it. Not an Error: it has no stack. */
export class Fault {
  readonly message: string;
  constructor(message: string) {
    this.message = message;
  }
}

/** What a function does. It charges the budget for work that grows with its arguments. */
export type Implementation = (budget: Budget, ...args: Value[]) => Value;

export interface Overload {
  readonly name: string;
  /** Called as `target.name()`: the target is the first of `params`. */
  readonly member: boolean;
  readonly params: readonly Type[];
  readonly result: Type;
  /** Names of type parameters in it. */
  readonly typeParams: readonly string[];
  /** Whether a value may be given as the parameter of the same place. */
  readonly guards: readonly ((value: Value) => boolean)[];
  /** Undefined for what the planner does itself, such as `&&`. */
  readonly implementation: Implementation | undefined;
}

/** Functions of a library. */
export type Library = readonly Overload[];

/** Declares `name(params)`. The implementation's own parameter types must be those of `params`. */
export function fn<A extends readonly Value[]>(
  name: string,
  params: readonly string[],
  result: string,
  implementation?: (budget: Budget, ...args: A) => Value,
): Overload {
  return overload(name, false, params, { result, implementation });
}

/** Declares `target.name(params)`; `params` begins with the target. */
export function method<A extends readonly Value[]>(
  name: string,
  params: readonly string[],
  result: string,
  implementation?: (budget: Budget, ...args: A) => Value,
): Overload {
  return overload(name, true, params, { result, implementation });
}

/** The same function, for lists whatever they hold: what cel-go binds once for all overloads is not guarded by the types of elements. */
export function forAnyList(declared: Overload): Overload {
  const guards = declared.params.map((type) => guardOf(type.name === 'list' ? listOf(DYN) : type));
  return { ...declared, guards };
}

interface Rest<A extends readonly Value[]> {
  readonly result: string;
  readonly implementation: ((budget: Budget, ...args: A) => Value) | undefined;
}

function overload<A extends readonly Value[]>(
  name: string,
  member: boolean,
  texts: readonly string[],
  { result, implementation }: Rest<A>,
): Overload {
  const params = texts.map((text) => parseType(text));
  const resultType = parseType(result);
  return {
    name,
    member,
    params,
    result: resultType,
    typeParams: [...new Set([...params, resultType].flatMap(typeParamsOf))],
    guards: params.map(guardOf),
    // The guards hold what the annotation of the implementation says.
    implementation: implementation as unknown as Implementation | undefined,
  };
}

function typeParamsOf(type: Type): readonly string[] {
  return type.kind === 'param' ? [type.name] : type.parameters.flatMap(typeParamsOf);
}

function guardOf(type: Type): (value: Value) => boolean {
  if (type.kind === 'param' || type.kind === 'dyn' || type.kind === 'any') return () => true;
  if (type.name === 'string') return (value) => typeof value === 'string';
  if (type.name === 'bool') return (value) => typeof value === 'boolean';
  if (type.name === 'int') return (value) => typeof value === 'bigint';
  if (type.name === 'double') return (value) => typeof value === 'number';
  if (type.name === 'list') return guardOfList(type);
  const name = runtimeName(type);
  return (value) => typeof value === 'object' && !(value instanceof LazyObject) && typeNameOf(value) === name;
}

/** A list is judged by its first element, as cel-go does (common/types/types.go defaultIsAssignableRuntimeType). */
function guardOfList({ parameters: [element] }: Type): (value: Value) => boolean {
  const isKnown = element !== undefined && !isDynamic(element) && element.kind !== 'param';
  if (!isKnown) return (value) => Array.isArray(value);
  const guard = guardOf(element);
  return (value) => Array.isArray(value) && (value.length === 0 || guard(value[0] as Value));
}
