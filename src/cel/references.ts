// Which keys of a variable an expression names: what the API server's rule on claims.email and claims.email_verified looks at (apiserver
// pkg/apis/apiserver/validation/validation.go: hasSelectExp), and what it overlooks.

import { childrenOf, type Expr } from './syntax.ts';

/** Keys of a variable that are selected: `claims.email`, `claims.?email`, `has(claims.email)`. */
export function keysSelected(tree: Expr, variable: string): ReadonlySet<string> {
  return collect(tree, (expr) => {
    if (expr.kind === 'select') return isVariable(expr.operand, variable) ? expr.field : undefined;
    return expr.kind === 'call' && expr.name === '_?._' ? constantKey(expr.args, variable) : undefined;
  });
}

/** Those, and the ones that are indexed: `claims["email"]`, `claims[?"email"]`, and looked for: `"email" in claims`. */
export function keysRead(tree: Expr, variable: string): ReadonlySet<string> {
  const indexed = collect(tree, (expr) => {
    if (expr.kind !== 'call') return undefined;
    if (expr.name === '@in') return constantKey(expr.args.toReversed(), variable);
    return expr.name === '_[_]' || expr.name === '_[?_]' ? constantKey(expr.args, variable) : undefined;
  });
  return new Set([...keysSelected(tree, variable), ...indexed]);
}

function collect(tree: Expr, keyOf: (expr: Expr) => string | undefined): ReadonlySet<string> {
  const keys = new Set<string>();
  const visit = (expr: Expr): void => {
    const key = keyOf(expr);
    if (key !== undefined) keys.add(key);
    for (const child of childrenOf(expr)) visit(child);
  };
  visit(tree);
  return keys;
}

function constantKey([operand, key]: readonly Expr[], variable: string): string | undefined {
  if (!isVariable(operand, variable)) return undefined;
  return key?.kind === 'literal' && typeof key.value === 'string' ? key.value : undefined;
}

function isVariable(expr: Expr | undefined, name: string): boolean {
  return expr?.kind === 'ident' && expr.name === name;
}
