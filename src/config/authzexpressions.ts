// The expressions of rules: CEL over `request`, `user`, `claims`, `source` and `time`. (Provisional: becomes an environment of src/cel.)

import { CelScalar, celEnv, isCelError, mapType, objectType, parse, plan } from '@bufbuild/cel';
import { TimestampSchema, timestampFromMs } from '@bufbuild/protobuf/wkt';

/** What an expression sees. */
export interface RuleVariables {
  readonly request: Readonly<Record<string, unknown>>;
  readonly user: Readonly<Record<string, unknown>>;
  readonly claims: Readonly<Record<string, unknown>>;
  readonly source: { readonly address: string };
  /** ms since the epoch */
  readonly timeMs: number;
}

/** Its value, or why there is none. */
export type ExpressionOutcome = boolean | { readonly error: string };

/** A compiled expression, or why it is none. */
export type CompiledExpression =
  | { readonly ok: true; readonly evaluate: (variables: RuleVariables) => ExpressionOutcome }
  | { readonly ok: false; readonly error: string };

const dyn = mapType(CelScalar.STRING, CelScalar.DYN);
const ENV = celEnv({
  variables: { request: dyn, user: dyn, claims: dyn, source: dyn, time: objectType(TimestampSchema) },
});

/** Compiles one. Never throws. */
export function compileRuleExpression(text: string): CompiledExpression {
  try {
    const run = plan(ENV, parse(text));
    return {
      ok: true,
      evaluate: ({ timeMs, ...rest }) => {
        // biome-ignore lint/suspicious/noExplicitAny: provisional
        const value = run({ ...rest, time: timestampFromMs(timeMs) } as any);
        if (isCelError(value)) return { error: value.message };
        return typeof value === 'boolean' ? value : { error: 'is not a bool' };
      },
    };
  } catch (cause) {
    return { ok: false, error: cause instanceof Error ? cause.message : 'does not compile' };
  }
}
