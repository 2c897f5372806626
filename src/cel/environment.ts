// Expressions in the Common Expression Language as the API server compiles and evaluates them (cel-go v0.26 with the libraries of apiserver
// pkg/cel/environment/base.go at 1.36). An expression is compiled once and holds no state; evaluating it never throws and always ends
// (budget.ts). docs/reference/cel.md says what is in and what is not.

import { Budget, Exhausted, type Limits } from './budget.ts';
import { check } from './checker.ts';
import { foldConstants } from './constants.ts';
import { Fault } from './declare.ts';
import { createLibraries, OPAQUE_TYPES } from './library/libraries.ts';
import { parse } from './parser.ts';
import { type Planned, planTree } from './planner.ts';
import { keysRead, keysSelected } from './references.ts';
import { type Declaration, Scope, USER_TYPE } from './scope.ts';
import { describeIssues, formatIssues, type Issue } from './source.ts';
import type { Expr } from './syntax.ts';
import { formatType, type Type } from './types.ts';
import { validate } from './validators.ts';
import { LazyObject, type NativeObject, type Value } from './value.ts';

/** What an evaluation came to; `message` is for the log: it may hold keys, never values. */
export type Evaluation =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly message: string };

/** A checked expression. */
export interface Expression {
  readonly text: string;
  /** The type of its results as far as it is known before: `string`, `bool`, `list(string)`; `any` and `dyn` when it isn't. */
  readonly type: string;
  /**
   * Evaluates it with variables by name. JSON goes in as it is, its numbers are doubles; a Date is a timestamp, a bigint an int. Results are
   * JavaScript's strings, booleans and arrays, bigint for int. Never throws: an error is a value, one that ran too long too.
   */
  evaluate(variables: Readonly<Record<string, unknown>>, limits?: Limits): Evaluation;
  /** The method that is called last, so that its result is the expression's; '' when something else is. */
  readonly lastMethod: string;
  /** The keys of a variable that it reads by name, however it is written. */
  keysRead(variable: string): ReadonlySet<string>;
  /** Those of them that are selected like fields, not by index: what the API server's rule on `claims.email` looks at. */
  keysSelected(variable: string): ReadonlySet<string>;
}

/** What compiling came to: `message` is one line, `LINE:COLUMN: problem; …`; `printed` is what kube-apiserver prints, with a drawing. */
export type Compiled =
  | { readonly ok: true; readonly expression: Expression }
  | { readonly ok: false; readonly message: string; readonly printed: string };

/** Compiles expressions over its variables. */
export interface Environment {
  /** Parses and checks types; `results` are the types that it may have, any when absent. An unknown type is `dyn` there. */
  compile(text: string, results?: readonly string[]): Compiled;
}

/** The API server's variable `claims`. A claim's type is `any`: it has to be dyn(claims.x) before `.exists()` and its like may go over it. */
export const CLAIMS: Declaration = 'map<string, any>';
/** The API server's variable `user` (pkg/authentication/cel/compile.go). */
export const USER: Declaration = {
  username: 'string',
  uid: 'string',
  groups: 'list<string>',
  extra: 'map<string, list<string>>',
};

const CLAIMS_TYPE = 'kubernetes.claims';

/** Variables that the API server gives as lazy.MapValue, with their types: they have fields, but no size, and can't stand right of `in`. */
type Lazy = ReadonlyMap<string, string>;

/** Makes an environment; once, it takes a few milliseconds. Throws TypeError for a declaration that isn't one. */
export function createEnvironment(variables: Readonly<Record<string, Declaration>>): Environment {
  const scope = new Scope(variables, createLibraries(), OPAQUE_TYPES);
  const lazy = new Map<string, string>();
  for (const [name, declaration] of Object.entries(variables)) {
    if (declaration === CLAIMS) lazy.set(name, CLAIMS_TYPE);
    if (declaration === USER) lazy.set(name, USER_TYPE);
  }
  return { compile: (text, results) => compile(text, scope, lazy, results) };
}

function compile(text: string, scope: Scope, lazy: Lazy, results: readonly string[] | undefined): Compiled {
  const parsed = parse(text);
  if (!parsed.ok) return refuse(text, [parsed.issue]);
  const tree = parsed.expr;
  const checked = check(tree, scope);
  const issues = checked.issues.length > 0 ? checked.issues : validate(tree, checked);
  if (issues.length > 0) return refuse(text, issues);
  const wrong = results === undefined ? undefined : describeResult(checked.type, results);
  if (wrong !== undefined) return { ok: false, message: wrong, printed: wrong };
  const problem = foldConstants(tree, checked);
  if (problem !== undefined) {
    return {
      ok: false,
      message: problem.message,
      printed: `program instantiation failed: ${problem.message}`,
    };
  }
  const planned = planTree(tree, checked, scope);
  return {
    ok: true,
    expression: createExpression(text, tree, planned, { lazy, type: formatType(checked.type) }),
  };
}

function refuse(text: string, issues: readonly Issue[]): Compiled {
  const printed = `compilation failed: ${formatIssues(text, issues)}`;
  return { ok: false, message: describeIssues(text, issues), printed };
}

function describeResult(type: Type, results: readonly string[]): string | undefined {
  const accepted = results.map((name) => name.replaceAll('<', '(').replaceAll('>', ')'));
  if (accepted.includes(formatType(type)) || (type.kind === 'any' && accepted.includes('dyn')))
    return undefined;
  const [only] = results;
  const wanted = results.length === 1 ? `${only}` : `one of [${results.join(' ')}]`;
  return `must evaluate to ${wanted}, this evaluates to ${formatType(type)}`;
}

interface Facts {
  readonly type: string;
  readonly lazy: Lazy;
}

function createExpression(text: string, tree: Expr, planned: Planned, { type, lazy }: Facts): Expression {
  const { plan, slots: count } = planned;
  const variables = planned.variables.map(([name, slot]) => ({ name, slot, lazyType: lazy.get(name) }));
  return {
    text,
    type,
    evaluate(given, limits) {
      const slots: (Value | Fault | undefined)[] = new Array(count).fill(undefined);
      for (const { name, slot, lazyType } of variables) {
        const value = Object.hasOwn(given, name) ? (given[name] as Value | undefined) : undefined;
        slots[slot] =
          lazyType === undefined || value === undefined
            ? value
            : new LazyObject(lazyType, value as NativeObject);
      }
      try {
        return { ok: true, value: plan({ slots, budget: new Budget(limits) }) };
      } catch (error) {
        if (error instanceof Fault || error instanceof Exhausted)
          return { ok: false, message: error.message };
        // Whatever it was, a request must not end by it.
        return { ok: false, message: `internal error: ${error instanceof Error ? error.name : 'unknown'}` };
      }
    },
    lastMethod: tree.kind === 'call' && tree.target !== undefined ? tree.name : '',
    keysRead: (variable) => keysRead(tree, variable),
    keysSelected: (variable) => keysSelected(tree, variable),
  };
}
