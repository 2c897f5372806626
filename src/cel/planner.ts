// A checked tree → functions that evaluate it. All decisions that don't depend on values are made here, once; what is left for each request
// is calls of closures. Whatever can repeat spends from the budget (budget.ts).

import { get, getOptional, has } from './access.ts';
import type { Checked } from './checker.ts';
import { Fault, type Overload } from './declare.ts';
import { planFold } from './fold.ts';
import { type Plan, type Planning, Slots } from './frame.ts';
import { planConditional, planInvocation, planLogical, planNotStrictlyFalse, planOr } from './invoke.ts';
import type { Scope } from './scope.ts';
import type { Call, Element, Expr, ListLiteral, MapLiteral, Select } from './syntax.ts';
import { DYN, runtimeName, type Type } from './types.ts';
import { adopt, MapValue, mapKey, Optional, TypeValue, typeNameOf, type Value } from './value.ts';

/** A plan, and the slots in which the application's variables go. */
export interface Planned {
  readonly plan: Plan;
  readonly variables: readonly (readonly [name: string, slot: number])[];
  readonly slots: number;
}

/** Plans a tree that has no issues. */
export function planTree(expr: Expr, checked: Checked, scope: Scope): Planned {
  const planner = new Planner(checked, scope);
  const plan = planner.plan(expr);
  return { plan, variables: planner.slots.variables, slots: planner.slots.count };
}

class Planner implements Planning {
  readonly slots = new Slots();
  readonly #checked: Checked;
  readonly #scope: Scope;

  constructor(checked: Checked, scope: Scope) {
    this.#checked = checked;
    this.#scope = scope;
  }

  plan(expr: Expr): Plan {
    switch (expr.kind) {
      case 'literal': {
        const { value } = expr;
        return () => value;
      }
      case 'ident':
        return this.#name(expr, expr.name);
      case 'select':
        return this.#select(expr);
      case 'call':
        return this.#call(expr);
      case 'list':
        return this.#list(expr);
      case 'map':
        return this.#map(expr);
      case 'comprehension':
        return planFold(this, expr);
      case 'struct':
        throw new TypeError('a message literal was planned');
    }
  }

  /** A variable, or a type's name as a value. */
  #name(expr: Expr, name: string): Plan {
    const type = this.#scope.variable(name);
    const typeName = this.#scope.typeName(name);
    if (!this.slots.isLocal(name) && type === undefined && typeName !== undefined) {
      const value = new TypeValue(runtimeName(typeName.parameters[0] ?? DYN));
      return () => value;
    }
    const slot = this.slots.find(name);
    const read: Plan = ({ slots }) => {
      const value = slots[slot];
      if (value === undefined) throw new Fault(`no such attribute(s): ${name}`);
      if (value instanceof Fault) throw value;
      return value;
    };
    return adopting(read, this.#checked.types.get(expr));
  }

  #select(expr: Select): Plan {
    const name = this.#checked.names.get(expr);
    if (name !== undefined) return this.#name(expr, name);
    const operand = this.plan(expr.operand);
    const { field } = expr;
    if (expr.test) return (frame) => has(operand(frame), field);
    return adopting((frame) => get(operand(frame), field), this.#checked.types.get(expr));
  }

  #call(call: Call): Plan {
    const namespaced = this.#checked.names.get(call);
    const receiver = call.target === undefined || namespaced !== undefined ? [] : [call.target];
    const [first, second, third] = [...receiver, ...call.args].map((arg) => this.plan(arg));
    if (call.name === '@not_strictly_false' && first !== undefined) return planNotStrictlyFalse(first);
    if (call.name === '_&&_' || call.name === '_||_') {
      return planLogical(
        call.args.map((arg) => this.plan(arg)),
        call.name === '_||_',
      );
    }
    if (first !== undefined && second !== undefined) {
      if (call.name === '_[_]') return (frame) => get(first(frame), second(frame));
      if (call.name === '_[?_]' || call.name === '_?._')
        return (frame) => getOptional(first(frame), second(frame));
      if (call.name === '_?_:_' && third !== undefined) return planConditional(first, second, third);
      if (receiver.length > 0 && (call.name === 'or' || call.name === 'orValue')) {
        return planOr(first, second, call.name === 'orValue');
      }
    }
    const overloads: readonly Overload[] = this.#checked.overloads.get(call) ?? [];
    const args = [...receiver, ...call.args].map((arg) => this.plan(arg));
    return planInvocation(namespaced ?? call.name, overloads, args);
  }

  #list(expr: ListLiteral): Plan {
    const elements = expr.elements.map((element) => this.#element(element));
    const plain = elements.every(({ optional }) => !optional);
    if (elements.length > 0 && plain && expr.elements.every(({ value }) => value.kind === 'literal')) {
      const constant = expr.elements.map(({ value }) => (value.kind === 'literal' ? value.value : null));
      return () => constant;
    }
    return (frame) => {
      frame.budget.spend(1 + elements.length);
      const values: Value[] = [];
      for (const element of elements) {
        const value = readElement(element.plan(frame), element.optional);
        if (value !== undefined) values.push(value);
      }
      return values;
    };
  }

  #map(expr: MapLiteral): Plan {
    const entries = expr.entries.map((entry) => ({ key: this.plan(entry.key), ...this.#element(entry) }));
    return (frame) => {
      frame.budget.spend(1 + entries.length);
      const result = new MapValue();
      for (const entry of entries) {
        const key = entry.key(frame);
        const value = readElement(entry.plan(frame), entry.optional);
        if (mapKey(key) === undefined) throw new Fault(`unsupported key type: ${typeNameOf(key)}`);
        if (value !== undefined) result.set(key, value);
      }
      return result;
    };
  }

  #element({ value, optional }: Element): { readonly plan: Plan; readonly optional: boolean } {
    return { plan: this.plan(value), optional };
  }
}

/** The value of an element, or undefined for one that is left out. */
function readElement(value: Value, optional: boolean): Value | undefined {
  if (!optional) return value;
  if (!(value instanceof Optional))
    throw new Fault(`cannot initialize optional entry from non-optional value`);
  return value.value;
}

/** Only for types that an application may give in another form. */
function adopting(plan: Plan, type: Type | undefined): Plan {
  if (type === undefined || (type.name !== 'int' && type.name !== 'timestamp')) return plan;
  return (frame) => adopt(plan(frame), type);
}
