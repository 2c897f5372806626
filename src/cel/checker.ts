// Types of a whole tree, and what is wrong with them, in cel-go's words (checker/checker.go, errors.go). Goes on after an error, so that one
// look names them all.

import { type Checking, checkCall } from './calls.ts';
import type { Overload } from './declare.ts';
import type { Scope } from './scope.ts';
import type { Issue } from './source.ts';
import {
  type Comprehension,
  type Element,
  type Expr,
  type ListLiteral,
  type MapLiteral,
  qualifiedName,
  type Select,
} from './syntax.ts';
import {
  BOOL,
  BYTES,
  DOUBLE,
  DYN,
  ERROR,
  formatType,
  INT,
  isDynamic,
  listOf,
  mapOf,
  NULL,
  optionalOf,
  STRING,
  type Type,
  UINT,
  unwrapOptional,
} from './types.ts';
import { mostGeneral, Substitution } from './unify.ts';
import { typeNameOf } from './value.ts';

const LITERALS: ReadonlyMap<string, Type> = new Map([
  ['bool', BOOL],
  ['bytes', BYTES],
  ['double', DOUBLE],
  ['int', INT],
  ['null_type', NULL],
  ['string', STRING],
  ['uint', UINT],
]);

/** What is known of a tree whose types are right. */
export interface Checked {
  readonly type: Type;
  /** The type of each node. */
  readonly types: ReadonlyMap<Expr, Type>;
  /** For each call, the overloads that its arguments may be meant for. */
  readonly overloads: ReadonlyMap<Expr, readonly Overload[]>;
  /** Names and chains of selections that stand for a variable or a type as a whole. */
  readonly names: ReadonlyMap<Expr, string>;
  /** Empty when the tree is right. */
  readonly issues: readonly Issue[];
}

/** Checks a tree. Never throws. */
export function check(expr: Expr, scope: Scope): Checked {
  const checker = new Checker(scope);
  const type = checker.check(expr);
  const { types, overloads, names, issues, substitution } = checker;
  for (const [node, open] of types) types.set(node, substitution.apply(open, true));
  return { type: substitution.apply(type, true), types, overloads, names, issues };
}

/** A check under way. */
class Checker implements Checking {
  readonly scope: Scope;
  readonly types = new Map<Expr, Type>();
  readonly overloads = new Map<Expr, readonly Overload[]>();
  readonly names = new Map<Expr, string>();
  readonly issues: Issue[] = [];
  readonly substitution = new Substitution();
  /** Variables of the folds around the place, the innermost last. */
  readonly #locals: (readonly [name: string, type: Type])[] = [];

  constructor(scope: Scope) {
    this.scope = scope;
  }

  /** Finds and remembers the type of a node. */
  check(expr: Expr): Type {
    const type = this.#typeOf(expr);
    this.types.set(expr, type);
    return type;
  }

  /** Notes what is wrong; the type of the wrong node is ERROR. */
  fail(expr: Expr, message: string): Type {
    this.issues.push({ at: expr.at, message });
    return ERROR;
  }

  undeclared(expr: Expr, name: string): Type {
    return this.fail(expr, `undeclared reference to '${name}' (in container '')`);
  }

  mismatch(expr: Expr, expected: Type, found: Type): Type {
    return this.fail(expr, `expected type '${this.#format(expected)}' but found '${this.#format(found)}'`);
  }

  #typeOf(expr: Expr): Type {
    switch (expr.kind) {
      case 'literal':
        return LITERALS.get(typeNameOf(expr.value)) ?? ERROR;
      case 'ident':
        return this.#lookup(expr, expr.name) ?? this.undeclared(expr, expr.name);
      case 'select':
        return this.#select(expr);
      case 'call':
        return checkCall(this, expr);
      case 'list':
        return this.#list(expr);
      case 'map':
        return this.#map(expr);
      case 'struct':
        if (this.scope.typeName(expr.name) === undefined) return this.undeclared(expr, expr.name);
        return this.fail(expr, `'${expr.name}' is not a message type`);
      case 'comprehension':
        return this.#comprehension(expr);
    }
  }

  #lookup(expr: Expr, name: string): Type | undefined {
    const local = this.#locals.findLast(([known]) => known === name)?.[1];
    const type = local ?? this.scope.variable(name) ?? this.scope.typeName(name);
    if (type !== undefined) this.names.set(expr, name);
    return type;
  }

  #select(expr: Select): Type {
    const name = qualifiedName(expr);
    const whole = name === undefined ? undefined : this.#lookup(expr, name);
    if (whole !== undefined) return whole;
    const type = this.selectField(expr, expr.operand, expr.field, false);
    return expr.test ? BOOL : type;
  }

  /** The type of `operand.field`, an optional when either was one. */
  selectField(expr: Expr, operand: Expr, field: string, optional: boolean): Type {
    const { type: target, optional: wasOptional } = unwrapOptional(
      this.substitution.apply(this.check(operand)),
    );
    const type = this.substitution.apply(this.#fieldType(expr, target, field));
    return optional || wasOptional ? optionalOf(type) : type;
  }

  #fieldType(expr: Expr, target: Type, field: string): Type {
    if (target.kind === 'map') return target.parameters[1] ?? DYN;
    if (target.kind === 'struct') {
      return this.scope.field(target.name, field) ?? this.fail(expr, `undefined field '${field}'`);
    }
    if (target.kind === 'param') this.substitution.assign([DYN], [target]);
    else if (!isDynamic(target))
      this.fail(expr, `type '${formatType(target)}' does not support field selection`);
    return DYN;
  }

  #list(expr: ListLiteral): Type {
    let joined: Type | undefined;
    for (const element of expr.elements) joined = this.#join(joined, this.#elementType(element));
    return listOf(joined ?? this.substitution.freshParameter());
  }

  #map(expr: MapLiteral): Type {
    let keys: Type | undefined;
    let values: Type | undefined;
    for (const entry of expr.entries) {
      keys = this.#join(keys, this.check(entry.key));
      values = this.#join(values, this.#elementType(entry));
    }
    return mapOf(keys ?? this.substitution.freshParameter(), values ?? this.substitution.freshParameter());
  }

  #elementType({ value, optional: marked }: Element): Type {
    const checked = this.check(value);
    if (!marked) return checked;
    const { type, optional } = unwrapOptional(checked);
    if (!optional && !isDynamic(type)) this.mismatch(value, optionalOf(type), type);
    return type;
  }

  /** Elements of different types make a dyn; validators.ts says where that isn't allowed. */
  #join(previous: Type | undefined, current: Type): Type {
    if (previous === undefined) return current;
    return this.substitution.assign([previous], [current]) ? mostGeneral(previous, current) : DYN;
  }

  #comprehension(expr: Comprehension): Type {
    const range = this.substitution.apply(this.check(expr.range));
    const accumulator = this.check(expr.accuInit);
    const variables = this.#iterationTypes(expr, range);
    this.#locals.push([expr.accuVar, accumulator]);
    const depth = this.#locals.length;
    this.#locals.push([expr.iterVar, variables[0]]);
    if (expr.iterVar2 !== undefined) this.#locals.push([expr.iterVar2, variables[1]]);
    this.#expectType(expr.condition, BOOL);
    this.#expectType(expr.step, accumulator);
    this.#locals.length = depth;
    const result = this.substitution.apply(this.check(expr.result));
    this.#locals.length = depth - 1;
    return result;
  }

  /** Types of the first and the second variable. */
  #iterationTypes({ range: expr, iterVar2 }: Comprehension, range: Type): readonly [Type, Type] {
    const [first = DYN, second = DYN] = range.parameters;
    if (range.kind === 'list') return iterVar2 === undefined ? [first, DYN] : [INT, first];
    if (range.kind === 'map') return [first, second];
    if (range.kind === 'param') this.substitution.assign([DYN], [range]);
    else if (range.kind !== 'dyn' && range.kind !== 'error') {
      // Not even `any`, which is what a claim is: the API server asks for dyn(claims.x) here.
      const type = this.fail(
        expr,
        `expression of type '${this.#format(range)}' cannot be range of a comprehension (must be list, map, or dynamic)`,
      );
      return [type, type];
    }
    return [DYN, DYN];
  }

  #expectType(expr: Expr, expected: Type): void {
    const type = this.check(expr);
    if (!this.substitution.assign([expected], [type])) this.mismatch(expr, expected, type);
  }

  #format(type: Type): string {
    return formatType(this.substitution.apply(type));
  }
}
