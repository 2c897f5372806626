// A rule's conditions but for its expression, each compiled to a question of its own, cheapest first. Their names are the configuration's
// keys, so that an explanation can tell which of them did not fit.

import type { RuleConfig } from '../config/authzconfig.ts';
import { compilePatterns } from '../config/starpattern.ts';
import type { UserInfo } from '../kube/userinfo.ts';
import { compileCommands } from './command.ts';
import type { Facts } from './facts.ts';
import { compilePaths, compileResources } from './resources.ts';

/** The keys of a rule that can keep it from matching, in the order in which they are looked at. */
export type ConditionName =
  | 'users'
  | 'userGroups'
  | 'issuers'
  | 'clusters'
  | 'classes'
  | 'verbs'
  | 'nonResourceURLs'
  | 'resources'
  | 'namespaces'
  | 'commands';

/** One condition. */
export interface Condition {
  readonly name: ConditionName;
  readonly fits: (facts: Facts) => boolean;
}

/** Whether a rule is about a user: the conditions `users` and `userGroups`, both. */
export function fitsWho(rule: RuleConfig): (user: UserInfo) => boolean {
  const conditions = compileWho(rule);
  return (user) => conditions.every(({ fits }) => fits(user));
}

/** The conditions about the user, which are the same for all of a user's requests. */
export function compileWho({ users, userGroups }: RuleConfig) {
  const conditions: { readonly name: ConditionName; readonly fits: (user: UserInfo) => boolean }[] = [];
  if (users.length > 0) {
    const fits = compilePatterns(users);
    conditions.push({ name: 'users', fits: ({ username }) => fits(username) });
  }
  if (userGroups.length > 0) {
    const fits = compilePatterns(userGroups);
    conditions.push({ name: 'userGroups', fits: ({ groups }) => groups.some(fits) });
  }
  return conditions;
}

/** All others; a rule without any matches everything. */
export function compileConditions(rule: RuleConfig): readonly Condition[] {
  const conditions: Condition[] = [];
  const add = (name: ConditionName, given: readonly unknown[], compile: () => Condition['fits']): void => {
    if (given.length > 0) conditions.push({ name, fits: compile() });
  };
  add('issuers', rule.issuers, () => {
    const fits = new Set(rule.issuers);
    return ({ issuer }) => fits.has(issuer);
  });
  add('clusters', rule.clusters, () => {
    const fits = compilePatterns(rule.clusters);
    return ({ cluster }) => fits(cluster);
  });
  add(
    'classes',
    rule.classes,
    () =>
      ({ attributes }) =>
        attributes.isInteractive,
  );
  add('verbs', rule.verbs.includes('*') ? [] : rule.verbs, () => {
    const fits = new Set(rule.verbs);
    return ({ attributes }) => fits.has(attributes.verb);
  });
  add('nonResourceURLs', rule.nonResourceURLs, () => {
    const fits = compilePaths(rule.nonResourceURLs);
    return ({ attributes }) => fits(attributes);
  });
  add('resources', rule.resources, () => {
    const fits = compileResources(rule.resources);
    return ({ attributes }) => fits(attributes);
  });
  add('namespaces', rule.namespaces, () => {
    const fits = compilePatterns(rule.namespaces);
    return ({ attributes }) => attributes.isResourceRequest && fits(attributes.namespace);
  });
  add('commands', rule.commands, () => {
    const fits = compileCommands(rule.commands);
    return ({ attributes }) => fits(attributes);
  });
  return conditions;
}
