// What a rule with `decision: Require` asks for, and what of it a request lacks. Each lack is told with what to do about it, to a person who
// may well be able to: sign in again, with a second factor, or say why.

import type { RequirementConfig } from '../config/authzconfig.ts';
import { formatDuration } from '../config/units.ts';
import { quote } from '../kube/quote.ts';
import { compileExpression, type Expression, type Judged } from './expressions.ts';
import type { Facts } from './facts.ts';

/** An `auth_time` may lie ahead by so much: the issuer's clock is another than ours. ms */
export const AUTH_TIME_LEEWAY_MS = 10_000;

/** One thing that is missing. */
export interface Lack {
  readonly kind: 'claim' | 'authTime' | 'reason' | 'expression';
  /** For the caller: the end of "rule x requires …". */
  readonly text: string;
}

/** What is missing, in the order of the configuration; or the expression that failed, and how. */
export type Requirements = (judged: Judged) => readonly Lack[] | ExpressionFailure;

/** An expression that could not be evaluated for this request. */
export interface ExpressionFailure {
  readonly expression: string;
  readonly error: string;
}

/** Compiles a rule's requirements. @throws TypeError for an expression that does not compile; the configuration's check came before. */
export function compileRequirements(config: RequirementConfig): Requirements {
  const { claims, maxAuthAgeMs, reason } = config;
  const expressions = config.expressions.map(({ expression, message }) => ({
    compiled: compileExpression(expression),
    message,
  }));
  return (judged) => {
    const { facts } = judged;
    const lacks: Lack[] = [];
    for (const { claim, anyOf } of claims) {
      if (!holdsAny(facts.claims[claim], anyOf)) lacks.push({ kind: 'claim', text: claimText(claim, anyOf) });
    }
    if (maxAuthAgeMs > 0) {
      const text = authTimeText(facts, maxAuthAgeMs);
      if (text !== '') lacks.push({ kind: 'authTime', text });
    }
    if (reason && facts.reason === '') lacks.push({ kind: 'reason', text: REASON_TEXT });
    return addExpressions(expressions, judged, lacks);
  };
}

const REASON_TEXT =
  'a reason: repeat the command with --server URL/reason/TEXT, where URL is the server in your kubeconfig';

function addExpressions(
  expressions: readonly { readonly compiled: Expression; readonly message: string }[],
  judged: Judged,
  lacks: Lack[],
): readonly Lack[] | ExpressionFailure {
  for (const { compiled, message } of expressions) {
    const outcome = compiled.test(judged);
    if (typeof outcome !== 'boolean') return { expression: compiled.text, error: outcome.error };
    if (!outcome) lacks.push({ kind: 'expression', text: message });
  }
  return lacks;
}

/** A claim that is absent, or neither a string nor a list, holds nothing. */
function holdsAny(claim: unknown, values: readonly string[]): boolean {
  if (typeof claim === 'string') return values.includes(claim);
  return Array.isArray(claim) && claim.some((one) => typeof one === 'string' && values.includes(one));
}

function claimText(claim: string, anyOf: readonly string[]): string {
  const values = anyOf.map(quote).join(' or ');
  return `that the claim ${quote(claim)} of your token holds ${values}: sign in again in the way that gives it${claim === 'amr' || claim === 'acr' ? ', usually with a second factor' : ''}`;
}

/** What is wrong with `auth_time` (seconds since the epoch), or ''. */
function authTimeText({ claims, timeMs }: Facts, maxAuthAgeMs: number): string {
  const authTime = claims['auth_time'];
  const asked = `a sign-in no longer than ${formatDuration(maxAuthAgeMs)} ago`;
  if (typeof authTime !== 'number' || !Number.isFinite(authTime))
    return `${asked}, and your token does not say when you signed in (claim "auth_time")`;
  const ageMs = timeMs - authTime * 1000;
  if (ageMs < -AUTH_TIME_LEEWAY_MS)
    return `${asked}, and your token says that it lies ahead: check the clocks`;
  if (ageMs <= maxAuthAgeMs) return '';
  return `${asked}, and yours was ${roughly(ageMs)} ago: sign in again`;
}

/** Whole minutes, or seconds below one; days are days. */
function roughly(ageMs: number): string {
  const minutes = Math.floor(ageMs / 60_000);
  if (minutes < 1) return `${Math.floor(ageMs / 1000)}s`;
  if (minutes >= 48 * 60) return `${Math.floor(minutes / 1440)} days`;
  return formatDuration(minutes * 60_000);
}
