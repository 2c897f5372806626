// Why rules decide a request as they do: what became of each rule in turn, and at which condition those that don't match stopped. It goes
// the long way through the same compiled conditions as decide, for `postern check --as`.

import type { RuleConfig } from '../config/authzconfig.ts';
import { type Attributes, isDiscovery } from '../kube/attributes.ts';
import { type ConditionName, compileWho } from './conditions.ts';
import type { Judged } from './expressions.ts';
import type { Facts } from './facts.ts';
import { type CompiledRule, conclude, type Decision, decide, type Rules } from './rules.ts';

/** What became of one rule. `condition` is the key at which it stopped; `detail` says why, or what it decides. */
export interface RuleTrace {
  readonly rule: string;
  readonly outcome: 'matched' | 'not matched' | 'failed' | 'not looked at';
  readonly condition: ConditionName | 'when' | 'require' | '';
  readonly detail: string;
}

/** The decision, and every rule on the way to it. */
export interface Explanation {
  readonly decision: Decision;
  readonly rules: readonly RuleTrace[];
}

/** Explains a decision. */
export function explain(rules: Rules, facts: Facts): Explanation {
  const decision = decide(rules, facts);
  const judged: Judged = { facts, variables: undefined };
  const traces: RuleTrace[] = [];
  let decided = isDiscovery(facts.attributes);
  for (const rule of rules.all) {
    const trace: RuleTrace = decided
      ? { rule: rule.config.name, outcome: 'not looked at', condition: '', detail: '' }
      : traceRule(rule, judged);
    decided ||= trace.outcome !== 'not matched';
    traces.push(trace);
  }
  return { decision, rules: traces };
}

function traceRule(rule: CompiledRule, judged: Judged): RuleTrace {
  const { facts } = judged;
  const { name } = rule.config;
  const missed =
    compileWho(rule.config).find(({ fits }) => !fits(facts.user)) ??
    rule.conditions.find(({ fits }) => !fits(facts));
  if (missed !== undefined) {
    const detail = describeMiss(missed.name, rule.config, facts);
    return { rule: name, outcome: 'not matched', condition: missed.name, detail };
  }
  if (rule.when !== undefined) {
    const outcome = rule.when.test(judged);
    if (typeof outcome !== 'boolean')
      return {
        rule: name,
        outcome: 'failed',
        condition: 'when',
        detail: `${rule.when.text}: ${outcome.error}`,
      };
    if (!outcome)
      return { rule: name, outcome: 'not matched', condition: 'when', detail: `${rule.when.text} is false` };
  }
  return traceConclusion(name, conclude(rule, judged));
}

function traceConclusion(rule: string, decision: Decision): RuleTrace {
  switch (decision.kind) {
    case 'allowed':
      return { rule, outcome: 'matched', condition: '', detail: 'allows' };
    case 'denied':
      return { rule, outcome: 'matched', condition: '', detail: 'denies' };
    case 'lacking': {
      const lacks = decision.lacks.map(({ text }) => text).join('; and ');
      return { rule, outcome: 'matched', condition: 'require', detail: `requires ${lacks}` };
    }
    case 'failed':
      return {
        rule,
        outcome: 'failed',
        condition: 'require',
        detail: `${decision.expression}: ${decision.error}`,
      };
    default:
      decision satisfies never;
      throw new TypeError('unknown decision');
  }
}

/** What the request has, and what the rule asks for. */
function describeMiss(name: ConditionName, rule: RuleConfig, facts: Facts): string {
  const { attributes, user } = facts;
  switch (name) {
    case 'users':
      return none(user.username, rule.users);
    case 'userGroups':
      return user.groups.length === 0
        ? `the user has no groups; asked for ${list(rule.userGroups)}`
        : `${list(user.groups)}: none of them is ${list(rule.userGroups)}`;
    case 'issuers':
      return facts.issuer === '' ? 'the credential has no issuer' : none(facts.issuer, rule.issuers);
    case 'clusters':
      return none(facts.cluster, rule.clusters);
    case 'classes':
      return 'the request is not interactive';
    case 'verbs':
      return none(attributes.verb, rule.verbs);
    case 'nonResourceURLs':
      return attributes.isResourceRequest
        ? 'the request is for a resource'
        : none(attributes.path, rule.nonResourceURLs);
    case 'resources':
      return attributes.isResourceRequest
        ? `${describeResource(attributes)} is none of ${rule.resources.map(describeEntry).join(', ')}`
        : 'the request is for no resource';
    case 'namespaces':
      return attributes.isResourceRequest
        ? none(attributes.namespace, rule.namespaces)
        : 'the request is for no resource';
    case 'commands':
      return attributes.command.length === 0
        ? 'the request has no command'
        : `the command ${list(attributes.command)} is none of these`;
    default:
      name satisfies never;
      throw new TypeError('unknown condition');
  }
}

/** `apps deployments/scale "web"`. */
export function describeResource({ apiGroup, resource, subresource, name }: Attributes): string {
  const shown = subresource === '' ? resource : `${resource}/${subresource}`;
  return `${apiGroup === '' ? '' : `${apiGroup} `}${shown}${name === '' ? '' : ` ${JSON.stringify(name)}`}`;
}

function describeEntry({ group, resources, resourceNames }: RuleConfig['resources'][number]): string {
  const what = resources.length === 0 ? 'everything' : resources.join(' | ');
  const names = resourceNames.length === 0 ? '' : ` named ${list(resourceNames)}`;
  return `${group === '' ? '' : `${group} `}${what}${names}`;
}

function none(found: string, asked: readonly string[]): string {
  return `${JSON.stringify(found)} is none of ${list(asked)}`;
}

function list(texts: readonly string[]): string {
  return texts.map((text) => JSON.stringify(text)).join(', ');
}
