// Calls whose arguments are all constants and that can only fail: the API server evaluates them when it compiles (cel-go's OptOptimize) and
// refuses the expression then.

import { Budget, Exhausted } from './budget.ts';
import type { Checked } from './checker.ts';
import { Fault } from './declare.ts';
import { describePattern } from './library/patterns.ts';
import { childrenOf, type Expr } from './syntax.ts';
import { typeNameOf } from './value.ts';

const CONVERSIONS: ReadonlySet<string> = new Set(['bool', 'bytes', 'double', 'int', 'string', 'uint']);
const PATTERNS: ReadonlySet<string> = new Set(['find', 'findAll']);

/** The first such call's fault, if any. */
export function foldConstants(tree: Expr, checked: Checked): Fault | undefined {
  const fault = faultOf(tree, checked);
  if (fault !== undefined) return fault;
  for (const child of childrenOf(tree)) {
    const found = foldConstants(child, checked);
    if (found !== undefined) return found;
  }
  return undefined;
}

function faultOf(expr: Expr, checked: Checked): Fault | undefined {
  const [arg] = expr.kind === 'call' ? expr.args : [];
  if (expr.kind !== 'call' || arg?.kind !== 'literal') return undefined;
  if (expr.target !== undefined && PATTERNS.has(expr.name) && typeof arg.value === 'string') {
    const problem = describePattern(arg.value);
    return problem === undefined ? undefined : new Fault(problem);
  }
  if (expr.target !== undefined || !CONVERSIONS.has(expr.name)) return undefined;
  const { value } = arg;
  const overload = checked.overloads.get(expr)?.find(({ guards }) => guards[0]?.(value) === true);
  if (overload === undefined) return new Fault(`no such overload: ${expr.name}(${typeNameOf(value)})`);
  try {
    overload.implementation?.(new Budget(), value);
    return undefined;
  } catch (error) {
    if (error instanceof Fault) return error;
    if (error instanceof Exhausted) return new Fault(error.message);
    throw error;
  }
}
