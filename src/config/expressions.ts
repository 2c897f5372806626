// The expressions of a jwt entry, compiled to see whether they do: k8s.io/apiserver pkg/authentication/cel/compile.go. And its rule that an
// email address in the name was verified (pkg/apis/apiserver/validation usesEmailClaim, usesEmailVerifiedClaim).

import { CLAIMS, createEnvironment, type Environment, type Expression, USER } from '../cel/environment.ts';
import type { FileAuthenticator } from './authenticationschema.ts';
import { type Findings, itemPath } from './findings.ts';
import { scrub } from './quote.ts';
import type { Partially } from './rules.ts';

type Entry = Partially<FileAuthenticator>;

/** What these give is Go's []string there, which a mapping does not take. What else gives one is told when a token comes. */
const UNTAKEN_LISTS: ReadonlySet<string> = new Set(['split', 'findAll']);
const UNTAKEN = 'which does not take lists as split and findAll give them: write .map(x, x) after it';

/** What expressions may speak of. */
export interface Environments {
  readonly claims: Environment;
  readonly user: Environment;
}

/** Makes the environments of authentication, once for all entries. */
export function createEnvironments(): Environments {
  return { claims: createEnvironment({ claims: CLAIMS }), user: createEnvironment({ user: USER }) };
}

/** Checks every expression of the entry at `path`. Mappings may give any type, since claims have any; rules must give a bool. */
export function checkExpressions(
  entry: Entry,
  path: string,
  { claims, user }: Environments,
  findings: Findings,
): void {
  const check = (environment: Environment, at: string, text: string | undefined, results?: string[]) => {
    // What was refused already, an expression that stands there twice for example, is not compiled.
    if (text === undefined || text === '' || findings.failed(at)) return undefined;
    const compiled = environment.compile(text, results);
    if (compiled.ok) return compiled.expression;
    findings.error(at, `does not compile: ${scrub(compiled.message)}`);
    return undefined;
  };
  const checkList = (environment: Environment, at: string, text: string | undefined) => {
    const expression = check(environment, at, text);
    if (expression !== undefined && UNTAKEN_LISTS.has(expression.lastMethod))
      findings.warning(at, `refuses whoever comes, here and at kube-apiserver, ${UNTAKEN}`);
    return expression;
  };
  const { username, groups, uid, extra = [] } = entry.claimMappings ?? {};
  const mappings = `${path}.claimMappings`;
  const name = check(claims, `${mappings}.username.expression`, alone(username));
  checkList(claims, `${mappings}.groups.expression`, alone(groups));
  check(claims, `${mappings}.uid.expression`, alone(uid));
  const others = [
    ...extra.map((one, index) =>
      checkList(claims, `${itemPath(`${mappings}.extra`, index)}.valueExpression`, one?.valueExpression),
    ),
    ...(entry.claimValidationRules ?? []).map((rule, index) =>
      check(claims, `${itemPath(`${path}.claimValidationRules`, index)}.expression`, alone(rule), ['bool']),
    ),
  ];
  for (const [index, rule] of (entry.userValidationRules ?? []).entries())
    check(user, `${itemPath(`${path}.userValidationRules`, index)}.expression`, rule?.expression, ['bool']);
  const isComplete =
    !findings.failed(`${mappings}.extra`) && !findings.failed(`${path}.claimValidationRules`);
  if (name !== undefined && isComplete) checkEmail(name, others, `${mappings}.username.expression`, findings);
}

/** Beside a claim it is one too many, and that is all there is to say of it. */
function alone(
  given: { readonly claim?: string | undefined; readonly expression?: string | undefined } | undefined,
): string | undefined {
  return (given?.claim ?? '') === '' ? given?.expression : undefined;
}

/** As kube-apiserver sees it: by selection only. What is read by index gets past that rule, so it is a warning. */
function checkEmail(
  name: Expression,
  others: readonly (Expression | undefined)[],
  path: string,
  findings: Findings,
): void {
  const all = [name, ...others];
  const verifies =
    'claims.email_verified must be used here, in an extra or in a rule: otherwise whoever can write an address into a profile has its name';
  if (name.keysSelected('claims').has('email')) {
    if (!all.some((one) => one?.keysSelected('claims').has('email_verified') === true))
      findings.error(path, `uses claims.email; ${verifies}`);
  } else if (name.keysRead('claims').has('email')) {
    if (!all.some((one) => one?.keysRead('claims').has('email_verified') === true))
      findings.warning(path, `uses claims["email"], which kube-apiserver does not notice; ${verifies}`);
  }
}
