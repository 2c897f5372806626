// The expressions of rules: CEL (src/cel) over `request`, `user`, `claims`, `source` and `time`. What they may read is declared here, so that a
// field that doesn't exist is an error of the configuration.

import { createEnvironment, USER } from '../cel/environment.ts';
import type { Attributes } from '../kube/attributes.ts';
import type { UserInfo } from '../kube/userinfo.ts';

/** What an expression sees, by the names that it uses. */
export interface RuleVariables {
  readonly request: Attributes & { readonly cluster: string; readonly reason: string };
  readonly user: UserInfo;
  readonly claims: Readonly<Record<string, unknown>>;
  readonly source: { readonly address: string };
  readonly time: Date;
}

/** Its value, or why there is none. */
export type ExpressionOutcome = boolean | { readonly error: string };

/** A compiled expression, or why it is none. */
export type CompiledExpression =
  | { readonly ok: true; readonly evaluate: (variables: RuleVariables) => ExpressionOutcome }
  | { readonly ok: false; readonly error: string };

const ENVIRONMENT = createEnvironment({
  request: {
    verb: 'string',
    isResourceRequest: 'bool',
    apiGroup: 'string',
    apiVersion: 'string',
    resource: 'string',
    subresource: 'string',
    namespace: 'string',
    name: 'string',
    path: 'string',
    isInteractive: 'bool',
    command: 'list<string>',
    cluster: 'string',
    reason: 'string',
  } satisfies Readonly<Record<keyof RuleVariables['request'], string>>,
  user: USER,
  // Looser than in kube-apiserver's file, where a loop needs dyn(): these expressions are the gate's own.
  claims: 'map<string, dyn>',
  source: { address: 'string' },
  time: 'google.protobuf.Timestamp',
});

/** Compiles one. Results are bool, or what only the request can tell (a claim). Never throws for a bad expression. */
export function compileRuleExpression(text: string): CompiledExpression {
  const compiled = ENVIRONMENT.compile(text, ['bool', 'dyn']);
  if (!compiled.ok) return { ok: false, error: compiled.message };
  const { expression } = compiled;
  return {
    ok: true,
    evaluate: (variables) => {
      // An interface has no index signature; what is in it is what was declared.
      const result = expression.evaluate(variables as unknown as Readonly<Record<string, unknown>>);
      if (!result.ok) return { error: result.message };
      return typeof result.value === 'boolean' ? result.value : { error: 'the result is not a bool' };
    },
  };
}
