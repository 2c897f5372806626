// What an expression is after parsing: a tree in which macros (has, all, map, …) are expanded already, as cel-go hands it to its checker
// (cel-spec doc/langdef.md, cel/expr/syntax.proto). Every node knows where it stands, for messages, and how deep it is, so that nobody who
// walks the tree can run out of stack.

import type { Value } from './value.ts';

/** What all nodes have. */
interface Node {
  /** Offset in the text, in UTF-16 units: where cel-go points in a message about this node (an operator, not its left side). */
  readonly at: number;
  /** 1 for a leaf. */
  readonly depth: number;
}

export interface Literal extends Node {
  readonly kind: 'literal';
  readonly value: Value;
}
export interface Ident extends Node {
  readonly kind: 'ident';
  readonly name: string;
}
/** `operand.field`, or with `test` has(operand.field). */
export interface Select extends Node {
  readonly kind: 'select';
  readonly operand: Expr;
  readonly field: string;
  readonly test: boolean;
}
/** A function, an operator (`_+_`, `_?._`, …) or, with a target, a method. */
export interface Call extends Node {
  readonly kind: 'call';
  readonly name: string;
  readonly target: Expr | undefined;
  readonly args: readonly Expr[];
}
/** One element of a list; `optional` is `[?x]`. */
export interface Element {
  readonly value: Expr;
  readonly optional: boolean;
}
export interface ListLiteral extends Node {
  readonly kind: 'list';
  readonly elements: readonly Element[];
}
/** One entry of a map; `optional` is `{?k: v}`. */
export interface Entry extends Element {
  readonly key: Expr;
}
export interface MapLiteral extends Node {
  readonly kind: 'map';
  readonly entries: readonly Entry[];
}
/** `Name{field: value}`: no type can be made this way here, the checker says so. */
export interface StructLiteral extends Node {
  readonly kind: 'struct';
  readonly name: string;
}
/** A fold, which is what all loops are. `iterVar2` is the element where `iterVar` is its index or key. */
export interface Comprehension extends Node {
  readonly kind: 'comprehension';
  readonly range: Expr;
  readonly iterVar: string;
  readonly iterVar2: string | undefined;
  readonly accuVar: string;
  readonly accuInit: Expr;
  readonly condition: Expr;
  readonly step: Expr;
  readonly result: Expr;
}

export type Expr = Literal | Ident | Select | Call | ListLiteral | MapLiteral | StructLiteral | Comprehension;

export function literal(at: number, value: Value): Literal {
  return { kind: 'literal', at, depth: 1, value };
}

export function ident(at: number, name: string): Ident {
  return { kind: 'ident', at, depth: 1, name };
}

export function select(at: number, operand: Expr, field: string, test = false): Select {
  return { kind: 'select', at, depth: operand.depth + 1, operand, field, test };
}

export function call(at: number, name: string, args: readonly Expr[], target?: Expr): Call {
  const depth = 1 + deepest(target === undefined ? args : [target, ...args]);
  return { kind: 'call', at, depth, name, target, args };
}

export function list(at: number, elements: readonly Element[]): ListLiteral {
  return { kind: 'list', at, depth: 1 + deepest(elements.map(({ value }) => value)), elements };
}

export function map(at: number, entries: readonly Entry[]): MapLiteral {
  return { kind: 'map', at, depth: 1 + deepest(entries.flatMap(({ key, value }) => [key, value])), entries };
}

export function struct(at: number, name: string): StructLiteral {
  return { kind: 'struct', at, depth: 1, name };
}

export function comprehension(parts: Omit<Comprehension, 'kind' | 'depth'>): Comprehension {
  const depth = 1 + deepest([parts.range, parts.accuInit, parts.condition, parts.step, parts.result]);
  return { kind: 'comprehension', depth, ...parts };
}

/** The nodes directly below, from left to right. */
export function childrenOf(expr: Expr): readonly Expr[] {
  switch (expr.kind) {
    case 'literal':
    case 'ident':
    case 'struct':
      return [];
    case 'select':
      return [expr.operand];
    case 'call':
      return expr.target === undefined ? expr.args : [expr.target, ...expr.args];
    case 'list':
      return expr.elements.map(({ value }) => value);
    case 'map':
      return expr.entries.flatMap(({ key, value }) => [key, value]);
    case 'comprehension':
      return [expr.range, expr.accuInit, expr.condition, expr.step, expr.result];
  }
}

/** `a.b.c` for a chain of plain selections that starts at a name, else undefined. */
export function qualifiedName(expr: Expr): string | undefined {
  if (expr.kind === 'ident') return expr.name;
  if (expr.kind !== 'select' || expr.test) return undefined;
  const operand = qualifiedName(expr.operand);
  return operand === undefined ? undefined : `${operand}.${expr.field}`;
}

function deepest(children: readonly Expr[]): number {
  let depth = 0;
  for (const child of children) depth = Math.max(depth, child.depth);
  return depth;
}
