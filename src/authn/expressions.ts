// An entry's expressions, compiled once for each configuration: what they must give, and what it counts as, is that of apiserver's OIDC
// authenticator (plugin/pkg/authenticator/token/oidc/oidc.go convertCELValueToStringList, checkValidationRulesEvaluation). An evaluation that
// fails or gives the wrong type is a value, never an exception.

import { CLAIMS, createEnvironment, type Environment, type Expression, USER } from '../cel/environment.ts';
import { Optional, TextList, TypeValue } from '../cel/value.ts';
import type { JwtConfig, ValidationRule } from '../config/config.ts';
import type { MappedUser } from './identity.ts';

/** What an expression gave; or the end of a sentence that says what is wrong, without any value of the token. */
export type Evaluated<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly problem: string };

/** An expression over something. */
export type Evaluate<S, T> = (subject: S) => Evaluated<T>;

/** A rule; `name` says which for the log, `message` is for the caller. */
export interface Rule<S> {
  readonly name: string;
  readonly message: string;
  readonly evaluate: Evaluate<S, boolean>;
}

/** Claims as `prepare` makes them. */
export interface PreparedClaims {
  readonly claims: unknown;
}

/** The expressions of one entry; undefined where it has none. */
export interface Expressions {
  /** The claims of one token for all of the expressions over them. */
  readonly prepare: (claims: Readonly<Record<string, unknown>>) => PreparedClaims;
  readonly username: Evaluate<PreparedClaims, string> | undefined;
  readonly groups: Evaluate<PreparedClaims, readonly string[]> | undefined;
  readonly uid: Evaluate<PreparedClaims, string> | undefined;
  readonly extra: readonly {
    readonly key: string;
    readonly evaluate: Evaluate<PreparedClaims, readonly string[]>;
  }[];
  readonly claimRules: readonly Rule<PreparedClaims>[];
  readonly userRules: readonly Rule<MappedUser>[];
}

type Rules = Pick<JwtConfig, 'claimMappings' | 'claimValidationRules' | 'userValidationRules'>;

const NO_MAPPING_LIST =
  'gives a list as split, findAll and getQuery make it, which kube-apiserver does not take here: write .map(x, x) after it';
/** Characters of an expression that a log shows. */
const MAX_SHOWN = 200;

/** Compiles them. @throws TypeError for one that does not compile: the configuration's checks (config/expressions.ts) refuse those. */
export function compileExpressions(rules: Rules): Expressions {
  const overClaims = createEnvironment({ claims: CLAIMS });
  const overUser = createEnvironment({ user: USER });
  const { username, groups, uid, extra } = rules.claimMappings;
  const mapping = <T>(text: string, read: (value: unknown) => Evaluated<T>) =>
    text === '' ? undefined : compile(overClaims, text, { variablesOf: asClaims, read });
  return {
    prepare: (claims) => ({ claims }),
    username: mapping(username.expression, readString),
    groups: mapping(groups.expression, readStrings),
    uid: mapping(uid.expression, readString),
    extra: extra.map(({ key, valueExpression }) => ({
      key,
      evaluate: compile(overClaims, valueExpression, { variablesOf: asClaims, read: readStrings }),
    })),
    claimRules: rules.claimValidationRules.map((rule) =>
      compileRule(overClaims, 'claimValidationRules', rule, asClaims),
    ),
    userRules: rules.userValidationRules.map((rule) =>
      compileRule(overUser, 'userValidationRules', rule, asUser),
    ),
  };
}

type Variables = Readonly<Record<string, unknown>>;

function asClaims({ claims }: PreparedClaims): Variables {
  return { claims };
}

function asUser({ username, uid, groups, extra }: MappedUser): Variables {
  return { user: { username, uid, groups, extra } };
}

function compileRule<S>(
  environment: Environment,
  list: string,
  { expression, message }: ValidationRule,
  variablesOf: (subject: S) => Variables,
): Rule<S> {
  const name = `${list} expression ${JSON.stringify(expression.slice(0, MAX_SHOWN))}`;
  const evaluate = compile(environment, expression, { variablesOf, read: readBool, results: ['bool'] });
  return { name, message, evaluate };
}

interface Use<S, T> {
  readonly variablesOf: (subject: S) => Variables;
  readonly read: (value: unknown) => Evaluated<T>;
  readonly results?: readonly string[];
}

function compile<S, T>(environment: Environment, text: string, use: Use<S, T>): Evaluate<S, T> {
  const compiled = environment.compile(text, use.results);
  if (!compiled.ok) throw new TypeError(`an expression does not compile: ${compiled.message}`);
  const { expression }: { expression: Expression } = compiled;
  return (subject) => {
    const result = expression.evaluate(use.variablesOf(subject));
    return result.ok ? use.read(result.value) : { ok: false, problem: `failed: ${result.message}` };
  };
}

function readString(value: unknown): Evaluated<string> {
  return typeof value === 'string' ? { ok: true, value } : { ok: false, problem: 'does not give a string' };
}

/** A string or a list of strings; empty ones are left out, null is none. A list that is Go's []string is not one that the API server takes. */
function readStrings(value: unknown): Evaluated<readonly string[]> {
  if (value instanceof TextList) return { ok: false, problem: NO_MAPPING_LIST };
  const list: unknown = typeof value === 'string' ? [value] : (value ?? []);
  const texts = Array.isArray(list) ? list.map(textOf) : [undefined];
  if (!texts.every((text) => text !== undefined))
    return { ok: false, problem: 'does not give a string or a list of strings' };
  return { ok: true, value: texts.filter((text) => text !== '') };
}

/** What an element's Value() is in Go, when that is a string: a type's is its name, an optional's that of what is in it. */
function textOf(element: unknown): string | undefined {
  if (typeof element === 'string') return element;
  if (element instanceof TypeValue) return element.name;
  return element instanceof Optional ? textOf(element.value) : undefined;
}

function readBool(value: unknown): Evaluated<boolean> {
  return typeof value === 'boolean' ? { ok: true, value } : { ok: false, problem: 'does not give a bool' };
}
