// Loops at run time. Each round spends from the budget, so that a loop inside a loop inside a loop ends with an error and not with the
// process.

import type { Budget } from './budget.ts';
import { entriesOf, isMap } from './collections.ts';
import { Fault } from './declare.ts';
import type { Frame, Plan, Planning } from './frame.ts';
import { absorb } from './invoke.ts';
import type { Comprehension } from './syntax.ts';
import { LazyObject, typeNameOf, type Value } from './value.ts';

/** Plans a fold over a list or a map. */
export function planFold(planning: Planning, expr: Comprehension): Plan {
  const { slots } = planning;
  const range = planning.plan(expr.range);
  const init = planning.plan(expr.accuInit);
  const accumulator = slots.open(expr.accuVar);
  if (expr.condition.kind === 'literal' && expr.condition.value === false) {
    const bound = planning.plan(expr.result);
    slots.close();
    return (frame) => {
      frame.slots[accumulator] = init(frame);
      return bound(frame);
    };
  }
  const first = slots.open(expr.iterVar);
  const second = expr.iterVar2 === undefined ? undefined : slots.open(expr.iterVar2);
  const condition = planning.plan(expr.condition);
  const step = planning.plan(expr.step);
  slots.close();
  if (second !== undefined) slots.close();
  const result = planning.plan(expr.result);
  slots.close();
  const round = expr.condition.kind === 'literal' ? step : tolerant(step);
  return (frame) => {
    const items = itemsOf(frame.budget, range(frame), second !== undefined);
    frame.slots[accumulator] = init(frame);
    for (let index = 0; index < items.first.length; index++) {
      frame.slots[first] = items.first[index];
      if (second !== undefined) frame.slots[second] = items.second[index];
      if (condition(frame) !== true) break;
      frame.budget.spend(1);
      frame.slots[accumulator] = round(frame);
    }
    return result(frame);
  };
}

/** In all() and exists() a fault is kept: a later element may still decide. */
function tolerant(step: Plan): (frame: Frame) => Value | Fault {
  return (frame) => {
    try {
      return step(frame);
    } catch (error) {
      return absorb(error);
    }
  };
}

/** What the variables go over: elements or keys; with two variables index and element, or key and value. */
interface Items {
  readonly first: readonly Value[];
  readonly second: readonly Value[];
}

function itemsOf(budget: Budget, range: Value, pairs: boolean): Items {
  if (Array.isArray(range)) {
    const elements = range as readonly Value[];
    if (pairs) budget.spendOn(elements.length);
    return pairs
      ? { first: elements.map((_, index) => BigInt(index)), second: elements }
      : { first: elements, second: [] };
  }
  const map = range instanceof LazyObject ? range.fields : range;
  if (!isMap(map)) throw new Fault(`got '${typeNameOf(range)}', expected iterable type`);
  const entries = entriesOf(budget, map);
  const values = entries.map(([, value]) => value);
  // With one variable, the API server's iterator of `claims` and `user` gives values where that of a map gives keys.
  if (range instanceof LazyObject && !pairs) return { first: values, second: [] };
  return { first: entries.map(([key]) => key), second: values };
}
