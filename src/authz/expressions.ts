// A rule's expressions over the facts of a request. What they see is made once for each request, when the first of them is asked.

import {
  compileRuleExpression,
  type ExpressionOutcome,
  type RuleVariables,
} from '../config/authzexpressions.ts';
import type { Facts } from './facts.ts';

/** A compiled expression. */
export interface Expression {
  readonly text: string;
  /** true or false; an error is never either. Never throws. */
  readonly test: (facts: Facts) => ExpressionOutcome;
}

/** Compiles one. @throws TypeError when it doesn't compile: the configuration's check came before. */
export function compileExpression(text: string): Expression {
  const compiled = compileRuleExpression(text);
  if (!compiled.ok)
    throw new TypeError(`an expression that passed the checks does not compile: ${compiled.error}`);
  return { text, test: (facts) => compiled.evaluate(variablesOf(facts)) };
}

function variablesOf(facts: Facts): RuleVariables {
  const { attributes, user, cluster, reason, claims, sourceAddress, timeMs } = facts;
  return {
    request: { ...attributes, cluster, reason },
    user: { username: user.username, uid: user.uid, groups: user.groups, extra: user.extra },
    claims,
    source: { address: sourceAddress },
    timeMs,
  };
}
