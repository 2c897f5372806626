// A rule's expressions over the facts of a request. They are asked last, when all else of their rule fits; what they see is made once for each
// request, when the first of them is asked.

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
  readonly test: (judged: Judged) => ExpressionOutcome;
}

/** A request while it is judged. */
export interface Judged {
  readonly facts: Facts;
  /** What its expressions see; undefined until one asks. */
  variables: RuleVariables | undefined;
}

/** Compiles one. @throws TypeError when it doesn't compile: the configuration's check came before. */
export function compileExpression(text: string): Expression {
  const compiled = compileRuleExpression(text);
  if (!compiled.ok)
    throw new TypeError(`an expression that passed the checks does not compile: ${compiled.error}`);
  return {
    text,
    test: (judged) => {
      judged.variables ??= variablesOf(judged.facts);
      return compiled.evaluate(judged.variables);
    },
  };
}

function variablesOf(facts: Facts): RuleVariables {
  const { attributes, user, cluster, reason, claims, sourceAddress, timeMs } = facts;
  return {
    request: { ...attributes, cluster, reason },
    user,
    claims,
    source: { address: sourceAddress },
    time: new Date(timeMs),
  };
}
