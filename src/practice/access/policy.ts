// One rule of RBAC: what it says, and which requests it allows (k8s.io/kubernetes pkg/apis/rbac/v1 evaluation_helpers.go). A rule only ever
// allows; what it lacks or says in a way that cannot be read, it does not allow.

import type { RequestInfo } from '../../kube/requestinfo.ts';

/** The group of roles and bindings. */
export const RBAC_GROUP = 'rbac.authorization.k8s.io';

/** rbac.authorization.k8s.io/v1 PolicyRule; a list that is absent is empty. */
export interface PolicyRule {
  readonly verbs: readonly string[];
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  /** Empty means every name. */
  readonly resourceNames: readonly string[];
  readonly nonResourceURLs: readonly string[];
}

/** What is asked of the authorizer: a RequestInfo, or what a review names. */
export type AccessAttributes = Pick<
  RequestInfo,
  'verb' | 'isResourceRequest' | 'apiGroup' | 'resource' | 'subresource' | 'namespace' | 'name' | 'path'
>;

/** Reads the `rules` of a Role or ClusterRole. */
export function readRules(rules: unknown): readonly PolicyRule[] {
  if (!Array.isArray(rules)) return [];
  return rules.map((rule: unknown) => ({
    verbs: texts(rule, 'verbs'),
    apiGroups: texts(rule, 'apiGroups'),
    resources: texts(rule, 'resources'),
    resourceNames: texts(rule, 'resourceNames'),
    nonResourceURLs: texts(rule, 'nonResourceURLs'),
  }));
}

/**
 * Whether the rule allows the request. With resourceNames only a request that names one of them is allowed, so never a list, watch, create or
 * deletecollection without a name.
 */
export function ruleAllows(rule: PolicyRule, attributes: AccessAttributes): boolean {
  if (!has(rule.verbs, attributes.verb)) return false;
  if (!attributes.isResourceRequest) {
    return rule.nonResourceURLs.some((pattern) => coversPath(pattern, attributes.path));
  }
  const { apiGroup, resource, subresource, name } = attributes;
  return (
    has(rule.apiGroups, apiGroup) &&
    allowsResource(rule.resources, resource, subresource) &&
    (rule.resourceNames.length === 0 || rule.resourceNames.includes(name))
  );
}

/** Whether a list of a rule has the value, or `*`. */
export function has(list: readonly string[], value: string): boolean {
  return list.includes('*') || list.includes(value);
}

/** Whether a nonResourceURL, which may end in `*`, covers a path. */
export function coversPath(pattern: string, path: string): boolean {
  return pattern === path || (pattern.endsWith('*') && path.startsWith(pattern.replace(/\*+$/, '')));
}

/** `*` is everything, `pods` only pods themselves, `pods/exec` only that, `*\/scale` the scale of all. */
export function allowsResource(list: readonly string[], resource: string, subresource: string): boolean {
  if (subresource === '') return has(list, resource);
  return has(list, `${resource}/${subresource}`) || list.includes(`*/${subresource}`);
}

function texts(rule: unknown, field: string): readonly string[] {
  const value: unknown = typeof rule === 'object' && rule !== null ? Reflect.get(rule, field) : undefined;
  return Array.isArray(value) ? value.filter((one) => typeof one === 'string') : [];
}
