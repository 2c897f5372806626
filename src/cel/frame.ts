// What one evaluation works on, and where its variables are.

import type { Budget } from './budget.ts';
import type { Fault } from './declare.ts';
import type { Expr } from './syntax.ts';
import type { Value } from './value.ts';

/** One evaluation. */
export interface Frame {
  /** Variables of the application and of folds, each in its slot. An accumulator may hold what went wrong so far. */
  readonly slots: (Value | Fault | undefined)[];
  readonly budget: Budget;
}

/** Evaluates one node. Throws Fault or Exhausted. */
export type Plan = (frame: Frame) => Value;

/** Gives each variable its slot while a tree is planned. */
export class Slots {
  readonly #globals = new Map<string, number>();
  readonly #locals: (readonly [name: string, slot: number])[] = [];
  #count = 0;

  /** How many slots there are. */
  get count(): number {
    return this.#count;
  }

  /** The application's variables that are used, with their slots. */
  get variables(): readonly (readonly [name: string, slot: number])[] {
    return [...this.#globals];
  }

  /** The slot of a name: the innermost fold's, else the application's. */
  find(name: string): number {
    const known = this.#locals.findLast(([local]) => local === name)?.[1] ?? this.#globals.get(name);
    if (known !== undefined) return known;
    this.#globals.set(name, this.#count);
    return this.#count++;
  }

  /** Whether a fold around the place has a variable of this name. */
  isLocal(name: string): boolean {
    return this.#locals.some(([local]) => local === name);
  }

  /** Opens a variable of a fold, until the same number of `close`. */
  open(name: string): number {
    this.#locals.push([name, this.#count]);
    return this.#count++;
  }

  close(): void {
    this.#locals.pop();
  }
}

/** The planning under way. */
export interface Planning {
  readonly slots: Slots;
  plan(expr: Expr): Plan;
}
