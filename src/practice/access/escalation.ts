// Nobody gives what they do not have: who writes a role, or binds one, has to hold all its rules in that place already, or the verb `escalate`
// on the role or `bind` on the role that is bound (k8s.io/kubernetes pkg/registry/rbac, component-helpers auth/rbac/validation).

import { isDeepStrictEqual } from 'node:util';
import { quote, quoteAll } from '../../kube/quote.ts';
import type { UserInfo } from '../../kube/userinfo.ts';
import { ApiFailure, notFound } from '../objects/failure.ts';
import type { KubeObject } from '../objects/object.ts';
import type { Store } from '../objects/store.ts';
import { type Authorizer, PRIVILEGED_GROUP } from './authorizer.ts';
import { refusal } from './forbidden.ts';
import { danglingText, grantsOf, readRoleRef, rulesOfRole } from './grants.ts';
import { type AccessAttributes, coversPath, has, type PolicyRule, RBAC_GROUP, readRules } from './policy.ts';

/** A write of a role or binding that is about to happen. */
export interface EscalationOptions {
  readonly store: Store;
  readonly authorizer: Authorizer;
  readonly user: UserInfo;
  /** Of the request: its group, resource, namespace and name ('' with POST). */
  readonly attributes: AccessAttributes;
  readonly object: KubeObject;
  /** What the object was before; absent when it is created. */
  readonly previous?: KubeObject;
}

/** Checks it before a write; other resources pass. @throws ApiFailure Forbidden, and NotFound when the role that is bound is missing. */
export function confirmNoEscalation(options: EscalationOptions): void {
  const { attributes, user, object, previous } = options;
  if (attributes.apiGroup !== RBAC_GROUP || user.groups.includes(PRIVILEGED_GROUP)) return;
  if (previous !== undefined && isDeepStrictEqual(essence(previous), essence(object))) return;
  const given = rulesGiven(options);
  if (given === undefined) return;
  const { grants, dangling } = grantsOf(options.store, user, attributes.namespace);
  const held = grants.map(({ rule }) => rule);
  const missing = given.flatMap(atoms).filter((atom) => !held.some((rule) => covers(rule, atom)));
  if (missing.length === 0) return;

  const person = `user ${quote(user.username)} (groups=${quoteAll(user.groups)})`;
  const rules = [...new Set(compact(missing).map(ruleText))].sort().join('\n');
  const problem = danglingText(dangling, () => attributes.resource);
  const more = problem === '' ? '' : `; resolution errors: [${problem}]`;
  throw refusal(
    { apiGroup: RBAC_GROUP, resource: attributes.resource, name: object.metadata.name ?? '' },
    `${person} is attempting to grant RBAC permissions not currently held:\n${rules}${more}`,
  );
}

/** The rules that the write gives to somebody; undefined when it gives none, or may give all. */
function rulesGiven({ store, authorizer, user, attributes, object }: EscalationOptions) {
  const { resource, namespace } = attributes;
  const ask = { ...attributes, isResourceRequest: true, subresource: '' };
  if (resource === 'roles' || resource === 'clusterroles') {
    const may = authorizer.authorize(user, { ...ask, verb: 'escalate' }).allowed;
    return may ? undefined : readRules(object['rules']);
  }
  if (resource !== 'rolebindings' && resource !== 'clusterrolebindings') return undefined;
  const ref = readRoleRef(object);
  if (ref.kind !== 'Role' && ref.kind !== 'ClusterRole') {
    throw new ApiFailure(500, '', `unsupported role reference kind: ${quote(ref.kind)}`);
  }
  const bound = ref.kind === 'Role' ? 'roles' : 'clusterroles';
  const bind = { ...ask, verb: 'bind', apiGroup: ref.apiGroup, resource: bound, name: ref.name };
  if (authorizer.authorize(user, bind).allowed) return undefined;
  const rules = rulesOfRole(store, ref, namespace);
  if (rules === undefined) throw notFound({ group: RBAC_GROUP, resource }, ref.name);
  return rules;
}

/** The object without what the garbage collector and the server itself change. */
function essence({ metadata, ...rest }: KubeObject): object {
  const {
    ownerReferences: _owners,
    finalizers: _finalizers,
    managedFields: _fields,
    resourceVersion: _version,
    ...kept
  } = metadata;
  return { ...rest, metadata: kept };
}

/** The rule as rules of one verb, one resource and one name each, which one rule of the user has to cover. */
function atoms(rule: PolicyRule): readonly PolicyRule[] {
  const { verbs, apiGroups, resources, resourceNames, nonResourceURLs } = rule;
  const none = { apiGroups: [], resources: [], resourceNames: [], nonResourceURLs: [] };
  const names = resourceNames.length === 0 ? [[]] : resourceNames.map((name) => [name]);
  const ofResources = apiGroups.flatMap((group) =>
    resources.flatMap((resource) =>
      verbs.flatMap((verb) =>
        names.map((name) => ({
          ...none,
          verbs: [verb],
          apiGroups: [group],
          resources: [resource],
          resourceNames: name,
        })),
      ),
    ),
  );
  const ofUrls = nonResourceURLs.flatMap((url) =>
    verbs.map((verb) => ({ ...none, verbs: [verb], nonResourceURLs: [url] })),
  );
  return [...ofResources, ...ofUrls];
}

function covers(rule: PolicyRule, atom: PolicyRule): boolean {
  return (
    atom.verbs.every((verb) => has(rule.verbs, verb)) &&
    atom.apiGroups.every((group) => has(rule.apiGroups, group)) &&
    atom.resources.every((resource) => coversResource(rule.resources, resource)) &&
    coversNames(rule.resourceNames, atom.resourceNames) &&
    atom.nonResourceURLs.every((url) => rule.nonResourceURLs.some((pattern) => coversPath(pattern, url)))
  );
}

function coversResource(list: readonly string[], resource: string): boolean {
  const slash = resource.indexOf('/');
  return has(list, resource) || (slash !== -1 && list.includes(`*${resource.slice(slash)}`));
}

/** A rule for all names covers each; one for some names does not cover all. */
function coversNames(held: readonly string[], given: readonly string[]): boolean {
  if (held.length === 0) return true;
  return given.length > 0 && given.every((name) => held.includes(name));
}

/** Puts the verbs of the same resource and name together. */
function compact(rules: readonly PolicyRule[]): readonly PolicyRule[] {
  const simple = new Map<string, PolicyRule>();
  const others: PolicyRule[] = [];
  for (const rule of rules) {
    if (rule.nonResourceURLs.length > 0) {
      others.push(rule);
      continue;
    }
    const key = JSON.stringify([rule.apiGroups, rule.resources, rule.resourceNames]);
    const known = simple.get(key);
    simple.set(key, known === undefined ? rule : { ...known, verbs: [...known.verbs, ...rule.verbs] });
  }
  return [...others, ...simple.values()];
}

function ruleText(rule: PolicyRule): string {
  const parts = [
    ['APIGroups', rule.apiGroups],
    ['Resources', rule.resources],
    ['NonResourceURLs', rule.nonResourceURLs],
    ['ResourceNames', rule.resourceNames],
    ['Verbs', rule.verbs],
  ] as const;
  const shown = parts.filter(([, values]) => values.length > 0);
  return `{${shown.map(([name, values]) => `${name}:${quoteAll(values)}`).join(', ')}}`;
}
