// Expressions in the Common Expression Language as Kubernetes evaluates them (k8s.io/apiserver pkg/cel/environment at 1.36): parsed and
// type-checked when the configuration is read, evaluated per token or request. docs/reference/cel.md says which of Kubernetes' function
// libraries are here. Nothing that an expression does reaches the outside, and none takes longer than its limit.

import { type ASTNode, Environment as CelEnvironment, ParseError } from '@marcbachmann/cel-js';
import { registerAddresses } from './addresses.ts';
import { createGuard, type Guard } from './guard.ts';
import { registerLists } from './lists.ts';
import { registerPatterns } from './patterns.ts';
import { registerSets } from './sets.ts';
import { REPLACED_METHODS, registerStrings } from './strings.ts';
import { callsIn, keysRead, keysSelected, renameMethods, repeats } from './syntax.ts';
import { registerURLs } from './urls.ts';

/** A variable's type: CEL's name of it (`string`, `list<string>`, `map<string, dyn>`), or the fields of an object. */
export type Declaration = string | { readonly [field: string]: Declaration };

/** What an evaluation came to; `message` is for the log: it may hold keys, never values. */
export type Evaluation =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly message: string };

/** A checked expression. */
export interface Expression {
  readonly text: string;
  /** The type of its results as far as it is known before: `string`, `bool`, `list<string>`, `dyn` … */
  readonly type: string;
  /** Evaluates it. Never throws; an error, an endless loop included, is a value. Results are JS strings, booleans, arrays, bigints for int. */
  evaluate(variables: Readonly<Record<string, unknown>>): Evaluation;
  /** The keys of a variable that it reads by name. */
  keysRead(variable: string): ReadonlySet<string>;
  /** Those of them that are selected like fields, not by index: what apiserver's rule on `claims.email` looks at. */
  keysSelected(variable: string): ReadonlySet<string>;
}

/** What compiling came to; `message` begins with `LINE:COLUMN: ` where there is a place. */
export type Compiled =
  | { readonly ok: true; readonly expression: Expression }
  | { readonly ok: false; readonly message: string };

/** Compiles expressions over its variables. */
export interface Environment {
  /** Parses and type-checks; `results` are the types that it may have, any when absent. A `dyn` fits only where it is listed. */
  compile(text: string, results?: readonly string[]): Compiled;
}

/** The longest text of an expression. Characters. */
export const MAX_EXPRESSION_CHARS = 16 * 1024;
/** An expression with loops is ended after so long. ms */
export const EVALUATION_LIMIT_MS = 100;
const LIMITS = {
  maxAstNodes: 5000,
  maxDepth: 100,
  maxListElements: 1000,
  maxMapEntries: 1000,
  maxCallArguments: 32,
};
/** Methods of the library that Kubernetes does not have: what is written here must work there. */
const NOT_IN_KUBERNETES: ReadonlySet<string> = new Set(['json', 'hex', 'base64', 'at']);

/** The authentication expressions' variables: pkg/authentication/cel/compile.go. */
export const CLAIMS: Declaration = 'map<string, dyn>';
export const USER: Declaration = {
  username: 'string',
  uid: 'string',
  groups: 'list<string>',
  extra: 'map<string, list<string>>',
};

/** Makes an environment; once, it takes a millisecond. */
export function createEnvironment(variables: Readonly<Record<string, Declaration>>): Environment {
  const cel = new CelEnvironment({
    unlistedVariablesAreDyn: false,
    homogeneousAggregateLiterals: true,
    enableOptionalTypes: true,
    limits: LIMITS,
  });
  for (const register of [
    registerStrings,
    registerPatterns,
    registerLists,
    registerSets,
    registerAddresses,
    registerURLs,
  ])
    register(cel);
  for (const [name, type] of Object.entries(variables)) {
    if (typeof type === 'string') cel.registerVariable(name, type);
    else cel.registerVariable({ name, schema: type });
  }
  const guard = createGuard(EVALUATION_LIMIT_MS);
  return { compile: (text, results) => compile(cel, guard, text, results) };
}

function compile(
  cel: CelEnvironment,
  guard: Guard,
  text: string,
  results: readonly string[] | undefined,
): Compiled {
  if (text.trim() === '') return refuse('the expression is empty');
  if (text.length > MAX_EXPRESSION_CHARS)
    return refuse(`the expression is longer than ${MAX_EXPRESSION_CHARS} characters`);
  try {
    const { ast } = cel.parse(text);
    // Facts first: the check that follows takes macros of the tree apart.
    const facts = { repeats: repeats(ast), calls: callsIn(ast) };
    for (const name of facts.calls)
      if (NOT_IN_KUBERNETES.has(name) || [...REPLACED_METHODS.values()].includes(name))
        return refuse(`undeclared reference to '${name}'`);
    const renamed = renameMethods(text, ast, REPLACED_METHODS);
    const checked = cel.check(text);
    if (!checked.valid) return refuse(describe(checked.error, text));
    const type = checked.type ?? 'dyn';
    if (results !== undefined && !results.includes(type)) return refuse(wrongResult(type, results));
    return { ok: true, expression: createExpression({ cel, guard, text, renamed, type, ...facts }) };
  } catch (error) {
    if (error instanceof ParseError) return refuse(describe(error, text));
    throw error;
  }
}

function createExpression(from: {
  readonly cel: CelEnvironment;
  readonly guard: Guard;
  readonly text: string;
  readonly renamed: string;
  readonly type: string;
  readonly repeats: boolean;
}): Expression {
  const { cel, guard, text, type } = from;
  const run = cel.parse(from.renamed);
  const tree: ASTNode = cel.parse(text).ast;
  if ([...callsIn(cel.parse(from.renamed).ast)].some((name) => REPLACED_METHODS.has(name)))
    throw new TypeError('a method was not replaced');
  return {
    text,
    type,
    evaluate(variables) {
      try {
        const value: unknown = from.repeats ? guard(() => run(variables)) : run(variables);
        return { ok: true, value };
      } catch (error) {
        return { ok: false, message: summary(error) };
      }
    },
    keysRead: (variable) => keysRead(tree, variable),
    keysSelected: (variable) => keysSelected(tree, variable),
  };
}

function refuse(message: string): Compiled {
  return { ok: false, message };
}

function wrongResult(type: string, results: readonly string[]): string {
  const wanted =
    results.length === 1 ? `must evaluate to ${results[0]}` : `must evaluate to one of ${results.join(', ')}`;
  return `${wanted}, this evaluates to ${type}`;
}

/** One line: the place, and what is wrong there. */
function describe(error: unknown, text: string): string {
  const start = (error as { node?: { start?: number }; range?: { start?: number } } | undefined)?.range
    ?.start;
  if (start === undefined) return summary(error);
  const before = text.slice(0, start).split('\n');
  return `${before.length}:${(before.at(-1)?.length ?? 0) + 1}: ${summary(error)}`;
}

/** The library's messages go on with a drawing of the place: only their first line is a sentence. */
function summary(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.split('\n', 1)[0] ?? '';
}
