// The rules of one configuration, compiled once, and the decision they make: the first rule whose conditions all fit decides. Pure and
// synchronous; the same facts give the same decision. What can't be evaluated denies.

import type { AuthorizationConfig, RuleConfig } from '../config/authzconfig.ts';
import { isDiscovery } from '../kube/attributes.ts';
import type { UserInfo } from '../kube/userinfo.ts';
import { type Condition, compileConditions, fitsWho } from './conditions.ts';
import { compileExpression, type Expression, type Judged } from './expressions.ts';
import type { Facts } from './facts.ts';
import { compileRequirements, type ExpressionFailure, type Lack, type Requirements } from './require.ts';

/**
 * What became of a request. `rule` is the name of the rule that decided, '' when none did.
 * - `allowed`: it may go on to the cluster's own authorization; `by` tells why.
 * - `denied`: by a rule, with its message, or by `default: Deny` (rule '').
 * - `lacking`: a rule requires what the request doesn't have.
 * - `failed`: an expression of the rule can't be evaluated for this request.
 */
export type Decision =
  | { readonly kind: 'allowed'; readonly rule: string; readonly by: 'rule' | 'default' | 'discovery' }
  | { readonly kind: 'denied'; readonly rule: string; readonly message: string }
  | {
      readonly kind: 'lacking';
      readonly rule: string;
      readonly lacks: readonly Lack[];
      readonly message: string;
    }
  | ({ readonly kind: 'failed'; readonly rule: string } & ExpressionFailure);

/** One rule, ready to judge. */
export interface CompiledRule {
  readonly config: RuleConfig;
  /** But for users and groups, which are judged once for a user. */
  readonly conditions: readonly Condition[];
  readonly when: Expression | undefined;
  readonly requirements: Requirements | undefined;
  /** What it decides when it matches and requires nothing. */
  readonly decision: Decision;
}

/** All of them. */
export interface Rules {
  readonly all: readonly CompiledRule[];
  /** Those that may be about this user, in order; remembered for each verified user. */
  readonly of: (user: UserInfo) => readonly CompiledRule[];
  /** What becomes of a request that none matches. */
  readonly otherwise: Decision;
}

/** Compiles a configuration's rules. @throws TypeError for an expression that does not compile; the configuration's check came before. */
export function compileRules(config: AuthorizationConfig): Rules {
  const all = config.rules.map(compileRule);
  const remembered = new WeakMap<UserInfo, readonly CompiledRule[]>();
  const who = all.map((rule) => ({ rule, fits: fitsWho(rule.config) }));
  const of = (user: UserInfo): readonly CompiledRule[] => {
    const known = remembered.get(user);
    if (known !== undefined) return known;
    const found = who.filter(({ fits }) => fits(user)).map(({ rule }) => rule);
    remembered.set(user, found);
    return found;
  };
  const otherwise: Decision =
    config.default === 'Allow'
      ? { kind: 'allowed', rule: '', by: 'default' }
      : { kind: 'denied', rule: '', message: '' };
  return { all, of, otherwise };
}

const DISCOVERY: Decision = { kind: 'allowed', rule: '', by: 'discovery' };

/** Decides a request, or, with facts that were kept, whether it would still be allowed under other rules. Never throws. */
export function decide(rules: Rules, facts: Facts): Decision {
  if (isDiscovery(facts.attributes)) return DISCOVERY;
  const judged: Judged = { facts, variables: undefined };
  for (const rule of rules.of(facts.user)) {
    if (!fitsAll(rule.conditions, facts)) continue;
    if (rule.when !== undefined) {
      const outcome = rule.when.test(judged);
      if (typeof outcome !== 'boolean')
        return failed(rule, { expression: rule.when.text, error: outcome.error });
      if (!outcome) continue;
    }
    return conclude(rule, judged);
  }
  return rules.otherwise;
}

/** Whether a request, or one that was let in under other rules, is allowed; without rules everything is. */
export function isAllowed(rules: Rules | undefined, facts: Facts): boolean {
  return rules === undefined || decide(rules, facts).kind === 'allowed';
}

/** Whether any request could be decided otherwise than without rules. */
export function judgesAnything({ all, otherwise }: Rules): boolean {
  return all.length > 0 || otherwise.kind !== 'allowed';
}

/** What a rule that matches decides. */
export function conclude(rule: CompiledRule, judged: Judged): Decision {
  if (rule.requirements === undefined) return rule.decision;
  const lacks = rule.requirements(judged);
  if ('expression' in lacks) return failed(rule, lacks);
  const { name, message } = rule.config;
  return lacks.length === 0 ? rule.decision : { kind: 'lacking', rule: name, lacks, message };
}

function fitsAll(conditions: readonly Condition[], facts: Facts): boolean {
  for (const condition of conditions) if (!condition.fits(facts)) return false;
  return true;
}

function failed(rule: CompiledRule, failure: ExpressionFailure): Decision {
  return { kind: 'failed', rule: rule.config.name, ...failure };
}

function compileRule(config: RuleConfig): CompiledRule {
  const { name, message, when } = config;
  const decision: Decision =
    config.decision === 'Deny'
      ? { kind: 'denied', rule: name, message }
      : { kind: 'allowed', rule: name, by: 'rule' };
  return {
    config,
    conditions: compileConditions(config),
    when: when === '' ? undefined : compileExpression(when),
    requirements: config.decision === 'Require' ? compileRequirements(config.require) : undefined,
    decision,
  };
}
