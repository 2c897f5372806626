// Which overloads of a function a call may mean, by the types of its arguments (cel-go checker/checker.go: checkCall, resolveOverload).

import type { Overload } from './declare.ts';
import type { Scope } from './scope.ts';
import { type Call, type Expr, qualifiedName } from './syntax.ts';
import { BOOL, DYN, ERROR, formatType, type Type } from './types.ts';
import { instantiate, isSame, type Substitution } from './unify.ts';

/** The check under way, as far as calls need it. */
export interface Checking {
  readonly scope: Scope;
  readonly substitution: Substitution;
  readonly overloads: Map<Expr, readonly Overload[]>;
  readonly names: Map<Expr, string>;
  check(expr: Expr): Type;
  selectField(expr: Expr, operand: Expr, field: string, optional: boolean): Type;
  fail(expr: Expr, message: string): Type;
  undeclared(expr: Expr, name: string): Type;
  mismatch(expr: Expr, expected: Type, found: Type): Type;
}

/** The type of a call's result. What it may mean at run time is noted with the checker. */
export function checkCall(checker: Checking, call: Call): Type {
  if (call.name === '_?._') return checkOptionalSelect(checker, call);
  const args = call.args.map((arg) => checker.check(arg));
  if (call.target === undefined) return resolveFunction(checker, call, call.name, args);
  const prefix = qualifiedName(call.target);
  const namespaced = prefix === undefined ? undefined : `${prefix}.${call.name}`;
  if (namespaced !== undefined && checker.scope.functions(namespaced) !== undefined) {
    checker.names.set(call, namespaced);
    return resolveFunction(checker, call, namespaced, args);
  }
  const target = checker.check(call.target);
  const overloads = checker.scope.functions(call.name);
  if (overloads === undefined) return checker.undeclared(call, call.name);
  const members = overloads.filter(({ member }) => member);
  return resolve(checker, { call, name: call.name, overloads: members, types: [target, ...args] });
}

function checkOptionalSelect(checker: Checking, call: Call): Type {
  const [operand, field] = call.args;
  if (operand === undefined || field?.kind !== 'literal' || typeof field.value !== 'string') return ERROR;
  return checker.selectField(call, operand, field.value, true);
}

function resolveFunction(checker: Checking, call: Call, name: string, types: readonly Type[]): Type {
  const overloads = checker.scope.functions(name);
  if (overloads === undefined) return checker.undeclared(call, name);
  if (name === '_&&_' || name === '_||_') return checkLogical(checker, call.args, types);
  return resolve(checker, { call, name, overloads: overloads.filter(({ member }) => !member), types });
}

/** Every term is a bool, however many there are. */
function checkLogical(checker: Checking, args: readonly Expr[], types: readonly Type[]): Type {
  let result = BOOL;
  for (const [index, type] of types.entries()) {
    const arg = args[index];
    if (arg !== undefined && !checker.substitution.assign([type], [BOOL]))
      result = checker.mismatch(arg, BOOL, type);
  }
  return result;
}

interface Resolution {
  readonly call: Call;
  readonly name: string;
  readonly overloads: readonly Overload[];
  /** Types of the arguments, a target first. */
  readonly types: readonly Type[];
}

function resolve(checker: Checking, { call, name, overloads, types }: Resolution): Type {
  const matching: Overload[] = [];
  let result: Type | undefined;
  for (const overload of overloads) {
    const type = tryOverload(checker, overload, types);
    if (type === undefined) continue;
    matching.push(overload);
    if (result === undefined) result = type;
    else if (result.kind !== 'dyn' && !isSame(type, result)) result = DYN;
  }
  if (result === undefined) {
    const signature = signatureOf(checker, call, types);
    return checker.fail(call, `found no matching overload for '${name}' applied to '${signature}'`);
  }
  checker.overloads.set(call, matching);
  return result;
}

/** The result's type when the arguments fit, with what they tell about type parameters. */
function tryOverload(checker: Checking, overload: Overload, types: readonly Type[]): Type | undefined {
  const { substitution } = checker;
  const fresh = new Map(overload.typeParams.map((name) => [name, substitution.freshParameter()]));
  const params = overload.params.map((type) => instantiate(type, fresh));
  if (!substitution.assign(types, params)) return undefined;
  return substitution.apply(instantiate(overload.result, fresh));
}

function signatureOf(checker: Checking, call: Call, types: readonly Type[]): string {
  const [target, ...args] = types.map((type) => formatType(checker.substitution.apply(type, true)));
  const isMember = call.target !== undefined && !checker.names.has(call);
  return isMember
    ? `${target}.(${args.join(', ')})`
    : `(${[target, ...args].filter((x) => x !== undefined).join(', ')})`;
}
