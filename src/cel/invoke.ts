// Calls at run time: the overload whose types fit, and the operators that don't look at all their arguments.

import { Fault, type Overload } from './declare.ts';
import type { Plan } from './frame.ts';
import { Optional, typeNameOf, type Value } from './value.ts';

/** A call of a function. The overloads are those that the checker found possible. */
export function planInvocation(name: string, overloads: readonly Overload[], args: readonly Plan[]): Plan {
  const [only] = overloads;
  if (overloads.length === 1 && only?.implementation !== undefined) {
    if (args.length === 1) return planUnary(name, only, args);
    if (args.length === 2) return planBinary(name, only, args);
  }
  return (frame) => {
    const values = args.map((arg) => arg(frame));
    frame.budget.spend(1);
    const { implementation } = overloads.find((overload) => accepts(overload, values)) ?? {};
    if (implementation === undefined) return noSuchOverload(name, values);
    return implementation(frame.budget, ...values);
  };
}

function planUnary(name: string, { implementation, guards }: Overload, [arg]: readonly Plan[]): Plan {
  const [guard] = guards;
  if (implementation === undefined || guard === undefined || arg === undefined) throw new TypeError(name);
  return (frame) => {
    const value = arg(frame);
    frame.budget.spend(1);
    return guard(value) ? implementation(frame.budget, value) : noSuchOverload(name, [value]);
  };
}

function planBinary(
  name: string,
  { implementation, guards }: Overload,
  [first, second]: readonly Plan[],
): Plan {
  const [guardFirst, guardSecond] = guards;
  if (implementation === undefined || guardFirst === undefined || guardSecond === undefined)
    throw new TypeError(name);
  if (first === undefined || second === undefined) throw new TypeError(name);
  return (frame) => {
    const a = first(frame);
    const b = second(frame);
    frame.budget.spend(1);
    return guardFirst(a) && guardSecond(b)
      ? implementation(frame.budget, a, b)
      : noSuchOverload(name, [a, b]);
  };
}

function accepts({ guards }: Overload, values: readonly Value[]): boolean {
  return guards.length === values.length && guards.every((guard, index) => guard(values[index] ?? null));
}

function noSuchOverload(name: string, values: readonly Value[]): never {
  throw new Fault(`no such overload: ${name}(${values.map(typeNameOf).join(', ')})`);
}

/** `&&` and `||`: a term that decides ends it, and an error before or after such a term doesn't count. */
export function planLogical(terms: readonly Plan[], decisive: boolean): Plan {
  return (frame) => {
    let fault: Fault | undefined;
    for (const term of terms) {
      frame.budget.spend(1);
      try {
        const value = term(frame);
        if (value === decisive) return value;
        if (typeof value !== 'boolean') fault ??= new Fault('no such overload');
      } catch (error) {
        fault ??= absorb(error);
      }
    }
    if (fault !== undefined) throw fault;
    return !decisive;
  };
}

/** The fault in what was thrown; anything else goes on. */
export function absorb(error: unknown): Fault {
  if (error instanceof Fault) return error;
  throw error;
}

/** Whether a fold goes on: as long as its accumulator isn't false, an error included. */
export function planNotStrictlyFalse(term: Plan): Plan {
  return (frame) => {
    try {
      return term(frame) !== false;
    } catch (error) {
      absorb(error);
      return true;
    }
  };
}

/** `condition ? then : otherwise`. */
export function planConditional(condition: Plan, then: Plan, otherwise: Plan): Plan {
  return (frame) => {
    const value = condition(frame);
    frame.budget.spend(1);
    if (typeof value !== 'boolean') throw new Fault('no such overload');
    return value ? then(frame) : otherwise(frame);
  };
}

/** `optional.or(optional)` and, with `unwrap`, `optional.orValue(value)`: the second is only evaluated when the first is none. */
export function planOr(first: Plan, second: Plan, unwrap: boolean): Plan {
  return (frame) => {
    const value = first(frame);
    frame.budget.spend(1);
    // What is no optional, which only a dyn can be, is its own answer.
    if (!(value instanceof Optional)) return value;
    if (value.value === undefined) return second(frame);
    return unwrap ? value.value : value;
  };
}
