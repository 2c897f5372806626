// What concerns several keys of `authorization`. A rule that says something without effect is an error or at least a warning: in a list of
// rules the one that never matches is the one that nobody misses until it would have been needed.

import { knownGroups } from '../kube/longrunning.ts';
import { compileRuleExpression } from './authzexpressions.ts';
import { type Findings, itemPath } from './findings.ts';
import { quote, suggest } from './quote.ts';
import type { Partially } from './rules.ts';
import type { FileConfig } from './schema.ts';
import { compilePattern } from './starpattern.ts';

type PartialConfig = Partially<FileConfig>;
type PartialRule = NonNullable<NonNullable<NonNullable<PartialConfig['authorization']>['rules']>[number]>;

const RULES = 'authorization.rules';
/** Keys that only resources have. */
const RESOURCE_KEYS = ['resources', 'namespaces', 'classes', 'commands'] as const;
const CONDITIONS = [
  'users',
  'userGroups',
  'issuers',
  'clusters',
  'verbs',
  'nonResourceURLs',
  'when',
  ...RESOURCE_KEYS,
] as const;
const CHANNEL = /\/(?:exec|attach|portforward)$/;
const ALWAYS_OPEN = /^\/(?:livez|readyz|healthz|version\/?|(?:openapi|apis?)(?:\/.*)?)$/;

/** Checks every rule; problems go to `findings`. */
export function checkAuthorization(config: PartialConfig, findings: Findings): void {
  const names = new Map<string, string>();
  let last = '';
  for (const [index, rule] of (config.authorization?.rules ?? []).entries()) {
    if (!rule) continue;
    const path = itemPath(RULES, index);
    checkName(rule, path, names, findings);
    checkDecision(rule, path, findings);
    checkKinds(rule, path, findings);
    checkReferences(rule, path, config, findings);
    checkResources(rule, path, findings);
    checkCommands(rule, path, findings);
    checkExpressions(rule, path, findings);
    if (last !== '') findings.warning(path, `is never reached: ${last} matches every request`);
    else if (!findings.failed(path) && CONDITIONS.every((key) => rule[key] === undefined)) last = path;
  }
}

function checkName(rule: PartialRule, path: string, names: Map<string, string>, findings: Findings): void {
  if (rule.name === undefined) return;
  const other = names.get(rule.name);
  if (other === undefined) names.set(rule.name, path);
  else
    findings.error(`${path}.name`, `${quote(rule.name)} is the name of ${other} already; names are unique`);
}

function checkDecision(rule: PartialRule, path: string, findings: Findings): void {
  const { decision, message, require } = rule;
  if (decision === undefined) return;
  if (decision === 'Deny' && message === undefined && !findings.failed(`${path}.message`)) {
    findings.error(`${path}.message`, 'missing: say what the person is to do instead', 'key');
  }
  if (decision === 'Allow' && message !== undefined)
    findings.error(`${path}.message`, 'nobody would read it: a rule with decision: Allow has no message');
  if (decision !== 'Require') {
    if (require !== undefined)
      findings.error(`${path}.require`, `has no meaning with decision: ${decision}; write decision: Require`);
    return;
  }
  const { claims, maxAuthAge = '0s', reason, expressions } = require ?? {};
  const isEmpty = !claims && !expressions && reason !== true && /^0(?:h|m|s|ms)$/.test(maxAuthAge);
  if (isEmpty && !findings.failed(`${path}.require`)) {
    findings.error(
      `${path}.require`,
      'missing: say what is required: claims, maxAuthAge, reason: true or expressions',
      'key',
    );
  }
}

/** As in audit policy: a rule is about resources, or about other paths, or says nothing of either. */
function checkKinds(rule: PartialRule, path: string, findings: Findings): void {
  if (rule.nonResourceURLs === undefined) return;
  const other = RESOURCE_KEYS.find((key) => rule[key] !== undefined);
  if (other !== undefined) {
    findings.error(
      `${path}.nonResourceURLs`,
      `no request is for a resource and for another path, so ${other} and nonResourceURLs exclude each other; write two rules`,
    );
    return;
  }
  const judgesGet = rule.verbs === undefined || rule.verbs.some((verb) => verb === 'get' || verb === '*');
  for (const [index, url] of rule.nonResourceURLs.entries()) {
    if (url === undefined || !judgesGet || !ALWAYS_OPEN.test(url)) continue;
    findings.warning(
      itemPath(`${path}.nonResourceURLs`, index),
      'has no effect on GET: discovery and health are open to every authenticated user, as in RBAC (system:discovery)',
    );
  }
}

function checkReferences(rule: PartialRule, path: string, config: PartialConfig, findings: Findings): void {
  const clusters = (config.clusters ?? []).flatMap((cluster) => cluster?.name ?? []);
  for (const [index, pattern] of (rule.clusters ?? []).entries()) {
    if (pattern === undefined || clusters.some(compilePattern(pattern))) continue;
    findings.error(
      itemPath(`${path}.clusters`, index),
      `fits none of clusters[].name;${suggest(pattern, clusters)} allowed: ${clusters.join(', ')}`,
    );
  }
  const entries = config.authentication?.jwt ?? [];
  const urls = entries.map((jwt) => jwt?.issuer?.url);
  // Presets and files bring issuers that are not seen here.
  if ((config.authentication?.configFile ?? '') !== '' || urls.includes(undefined)) return;
  for (const [index, issuer] of (rule.issuers ?? []).entries()) {
    if (issuer === undefined || urls.includes(issuer)) continue;
    findings.warning(
      itemPath(`${path}.issuers`, index),
      `no entry of authentication.jwt has the issuer.url ${quote(issuer)}`,
    );
  }
}

function checkResources(rule: PartialRule, path: string, findings: Findings): void {
  const entries = rule.resources ?? [];
  for (const [index, entry] of entries.entries()) {
    const at = itemPath(`${path}.resources`, index);
    if (entry?.resourceNames !== undefined && entry.resources === undefined && !findings.failed(at))
      findings.error(`${at}.resourceNames`, 'needs resources beside it: names of what?');
    for (const [position, pattern] of (entry?.resources ?? []).entries()) {
      const groups = knownGroups(pattern?.split('/')[0] ?? '');
      if (entry?.group === undefined || entry.group === '*' || groups.length === 0) continue;
      if (groups.includes(entry.group) || (entry.group.includes('.') && !entry.group.endsWith('.k8s.io')))
        continue;
      findings.warning(
        itemPath(`${at}.resources`, position),
        `is not in the API group ${quote(entry.group)}: write group: ${groups.map((group) => JSON.stringify(group)).join(' or ')}`,
      );
    }
  }
  const all = entries.flatMap((entry) => entry?.resources ?? ['*']);
  const areChannels = all.length > 0 && all.every((pattern) => CHANNEL.test(pattern ?? ''));
  if (areChannels && rule.verbs?.every((verb) => verb !== '*' && verb !== 'create') === true)
    findings.warning(
      `${path}.verbs`,
      'never fit: exec, attach and portforward are judged as create, whatever the method',
    );
}

function checkCommands(rule: PartialRule, path: string, findings: Findings): void {
  for (const [index, command] of (rule.commands ?? []).entries()) {
    const at = itemPath(`${path}.commands`, index);
    if (command === undefined || findings.failed(at)) continue;
    if ((command.prefix === undefined) === (command.argv === undefined))
      findings.error(at, 'write exactly one of prefix (the first words) and argv (the whole command)');
  }
}

function checkExpressions(rule: PartialRule, path: string, findings: Findings): void {
  const check = (expression: string | undefined, at: string): void => {
    if (expression === undefined || findings.failed(at)) return;
    const compiled = compileRuleExpression(expression);
    if (!compiled.ok) findings.error(at, compiled.error);
  };
  check(rule.when, `${path}.when`);
  for (const [index, entry] of (rule.require?.expressions ?? []).entries())
    check(entry?.expression, `${itemPath(`${path}.require.expressions`, index)}.expression`);
}
