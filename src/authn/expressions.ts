// Refuses every expression, until src/cel is there.
import type { JwtConfig } from '../config/config.ts';
import type { MappedUser } from './identity.ts';
export type Evaluation<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly problem: string };
export interface Rule<T> {
  readonly path: string;
  readonly message: string;
  readonly evaluate: (subject: T) => Evaluation<boolean>;
}
type Claims = Readonly<Record<string, unknown>>;
export interface Expressions {
  readonly username: ((claims: Claims) => Evaluation<string>) | undefined;
  readonly groups: ((claims: Claims) => Evaluation<readonly string[]>) | undefined;
  readonly uid: ((claims: Claims) => Evaluation<string>) | undefined;
  readonly extra: readonly {
    readonly key: string;
    readonly evaluate: (claims: Claims) => Evaluation<readonly string[]>;
  }[];
  readonly claimRules: readonly Rule<Claims>[];
  readonly userRules: readonly Rule<MappedUser>[];
}
export function compileExpressions(
  rules: Pick<JwtConfig, 'claimMappings' | 'claimValidationRules' | 'userValidationRules'>,
): Expressions {
  if (/"(?:valueE|e)xpression":"[^"]/.test(JSON.stringify(rules)))
    throw new TypeError('expressions are not there yet');
  return { username: undefined, groups: undefined, uid: undefined, extra: [], claimRules: [], userRules: [] };
}
