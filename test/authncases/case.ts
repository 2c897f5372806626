// What a case of the authentication table is: an entry of kube-apiserver's AuthenticationConfiguration, a token, and who that makes the
// caller. The answers are those that kube-apiserver 1.36 gave (test/e2e/authn-cases.test.ts asks it again); where Postern differs on purpose the
// row says so and why.

import type { ErrorCode } from '../../src/errors.ts';

/** The user that a token becomes, without the group `system:authenticated`, which the API server adds to everybody. */
export interface ExpectedUser {
  readonly kind: 'user';
  readonly username: string;
  readonly uid: string;
  readonly groups: readonly string[];
  readonly extra: Readonly<Record<string, readonly string[]>>;
}

/** A refusal: 401 at the API server, and what its code says at Postern. */
export interface ExpectedRefusal {
  readonly kind: 'refused';
  readonly code: ErrorCode;
  /** What the API server's log says of it, so that nothing is refused for another reason than the row's. */
  readonly reason: string;
}

export type Expected = ExpectedUser | ExpectedRefusal;

/** What Postern answers instead, and why. */
export interface Difference {
  readonly expected: ExpectedUser | Omit<ExpectedRefusal, 'reason'>;
  readonly why: string;
  /** Not on purpose: the row is to become like the others, and fails when it does. */
  readonly isOpen?: true;
}

export type Claims = Readonly<Record<string, unknown>>;

/** How a token is signed. */
export interface Signing {
  /** Default RS256. */
  readonly alg?: string;
  /** Default is the key's own; null leaves it out. */
  readonly kid?: string | null;
  /** More header members. */
  readonly header?: Readonly<Record<string, unknown>>;
  /** Signed with a key that the issuer does not publish, under the published key's id. */
  readonly byStranger?: boolean;
}

/** Makes the tokens of one issuer. Claims have the defaults iss, aud (postern), sub (jane), iat and exp; undefined leaves one out. */
export interface TokenMaker {
  readonly issuer: string;
  /** An issuer that no entry names: its URL, and tokens signed by it. */
  readonly other: { readonly issuer: string; readonly sign: (claims?: Claims) => Promise<string> };
  /** Seconds since the epoch. */
  readonly now: number;
  readonly sign: (claims?: Claims, signing?: Signing) => Promise<string>;
  /** Signs a payload as it is. */
  readonly signText: (payload: string, signing?: Signing) => Promise<string>;
  /** The defaults with `claims` over them. */
  readonly complete: (claims?: Claims) => Claims;
  /** The PEM of the key that the issuer publishes for RS256. */
  readonly publicPem: () => Promise<string>;
  /** Lets the issuer answer at a path of its own, for distributed claims; what comes back is the URL. */
  readonly publish: (name: string, answer: { readonly status?: number; readonly body: string }) => string;
}

/** Claims of a token that is otherwise fine, or the token. */
export type Given = Claims | ((make: TokenMaker) => string | Promise<string>);

/** [the fact, what is given, what kube-apiserver makes of it, what Postern does instead] */
export type Row = readonly [fact: string, given: Given, expected: Expected, differs?: Difference];

/** The part of an entry that a scenario sets; the rest is as `completeEntry` (batches.ts) has it. */
export interface Entry {
  /** Over url, certificateAuthority and audiences: given the URL that the issuer has. */
  readonly issuer?: (url: string) => Readonly<Record<string, unknown>>;
  readonly claimMappings?: Readonly<Record<string, unknown>>;
  readonly claimValidationRules?: readonly Readonly<Record<string, unknown>>[];
  readonly userValidationRules?: readonly Readonly<Record<string, unknown>>[];
}

/** An entry, and the tokens that come to it. */
export interface Scenario {
  readonly about: string;
  /** Where the facts are from: a file of k8s.io/apiserver or github.com/coreos/go-oidc, with the function or the test's row. */
  readonly source: string;
  readonly entry: Entry;
  readonly rows: readonly Row[];
}

/** Scenarios about one thing. */
export interface Topic {
  readonly name: string;
  readonly scenarios: readonly Scenario[];
}

/** Somebody. */
export function user(
  username: string,
  more: Partial<Omit<ExpectedUser, 'kind' | 'username'>> = {},
): ExpectedUser {
  return { kind: 'user', username, uid: '', groups: [], extra: {}, ...more };
}

/** Nobody: with Postern's code and what kube-apiserver logs. */
export function refused(code: ErrorCode, reason: string): ExpectedRefusal {
  return { kind: 'refused', code, reason };
}

/** Postern refuses what the API server takes. */
export function posternRefuses(code: ErrorCode, why: string): Difference {
  return { expected: { kind: 'refused', code }, why };
}

/** Postern makes another user of it. */
export function posternMakes(expected: ExpectedUser, why: string): Difference {
  return { expected, why };
}

/** Postern is wrong here, and that is known: `why` says what it does. */
export function disagrees(expected: Difference['expected'], why: string): Difference {
  return { expected, why, isOpen: true };
}

/** The user name's mapping: an expression with a prefix would be refused, a claim without one too. */
export function username(claim: string, prefix = ''): Readonly<Record<string, unknown>> {
  return { username: { claim, prefix } };
}

/** An entry whose user name is `sub` and whose extra `example.org/value` is an expression: to look at what that gives. */
export function value(valueExpression: string): Entry {
  return { claimMappings: { ...username('sub'), extra: [{ key: VALUE_KEY, valueExpression }] } };
}

/** An entry that refuses unless an expression over the claims is true. */
export function rule(expression: string, message = ''): Entry {
  return { claimValidationRules: [message === '' ? { expression } : { expression, message }] };
}

/** jane with `values` under the key of `value`; without any, the key is absent. */
export function withValue(...values: readonly string[]): ExpectedUser {
  return user('jane', { extra: values.length === 0 ? {} : { [VALUE_KEY]: values } });
}

const VALUE_KEY = 'example.org/value';
