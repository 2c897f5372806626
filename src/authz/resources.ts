// Which resources and paths a rule is about, with the meaning that an audit.k8s.io/v1 Policy gives the same words (apiserver
// pkg/audit/policy/checker.go): `pods` without subresources, `pods/log`, `*/scale`, `pods/*` with pods themselves, `*` for all.

import type { ResourceCondition } from '../config/authzconfig.ts';
import { compilePatterns, type Matcher } from '../config/starpattern.ts';
import type { Attributes } from '../kube/attributes.ts';

/** Whether the resource of a request is one of those. */
export type ResourceMatcher = (attributes: Attributes) => boolean;

/** Compiles the entries of `resources`; any of them fits. */
export function compileResources(entries: readonly ResourceCondition[]): ResourceMatcher {
  const compiled = entries.map(compileEntry);
  return (attributes) => {
    if (!attributes.isResourceRequest) return false;
    for (const fits of compiled) if (fits(attributes)) return true;
    return false;
  };
}

/** Compiles `nonResourceURLs`: exact, or a beginning with `*` at its end. */
export function compilePaths(urls: readonly string[]): ResourceMatcher {
  const fits = compilePatterns(urls);
  return ({ isResourceRequest, path }) => !isResourceRequest && fits(path);
}

function compileEntry({ group, resources, resourceNames }: ResourceCondition): ResourceMatcher {
  const fitsGroup: Matcher = group === '*' ? () => true : (text) => text === group;
  if (resources.length === 0) return ({ apiGroup }) => fitsGroup(apiGroup);
  const fitsName: Matcher = resourceNames.length === 0 ? () => true : compilePatterns(resourceNames);
  const fitsResource = compileNames(resources);
  return ({ apiGroup, resource, subresource, name }) =>
    fitsGroup(apiGroup) && fitsResource(resource, subresource) && fitsName(name);
}

function compileNames(patterns: readonly string[]): (resource: string, subresource: string) => boolean {
  if (patterns.includes('*')) return () => true;
  const whole = new Set<string>();
  const anyOf = new Set<string>();
  const ofAny = new Set<string>();
  const exact = new Map<string, Set<string>>();
  for (const pattern of patterns) {
    const [resource = '', subresource = ''] = pattern.split('/');
    if (subresource === '*') anyOf.add(resource);
    else if (resource === '*') ofAny.add(subresource);
    else if (subresource === '') whole.add(resource);
    else exact.set(resource, (exact.get(resource) ?? new Set()).add(subresource));
  }
  return (resource, subresource) =>
    anyOf.has(resource) ||
    (subresource === ''
      ? whole.has(resource)
      : ofAny.has(subresource) || exact.get(resource)?.has(subresource) === true);
}
