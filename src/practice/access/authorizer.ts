// RBAC, as kube-apiserver evaluates it with `--authorization-mode=RBAC` (plugin/pkg/auth/authorizer/rbac), from the roles and bindings that are
// in the store at that moment. Nothing is refused by a rule: what no rule allows is not allowed.

import type { UserInfo } from '../../kube/userinfo.ts';
import type { Store } from '../objects/store.ts';
import { danglingText, grantsOf, type RoleRef } from './grants.ts';
import { type AccessAttributes, ruleAllows } from './policy.ts';

/** Its members may do everything, whatever the roles say. */
export const PRIVILEGED_GROUP = 'system:masters';

/** What the authorizer says. */
export interface Decision {
  readonly allowed: boolean;
  /** Which binding allows it, or which bindings could not be followed; may be ''. */
  readonly reason: string;
}

/** authorization.k8s.io/v1 ResourceRule. */
export interface ResourceRule {
  readonly verbs: readonly string[];
  readonly apiGroups?: readonly string[];
  readonly resources?: readonly string[];
  readonly resourceNames?: readonly string[];
}

/** authorization.k8s.io/v1 NonResourceRule. */
export interface NonResourceRule {
  readonly verbs: readonly string[];
  readonly nonResourceURLs?: readonly string[];
}

/** What a user may do in a namespace. */
export interface UserRules {
  readonly resourceRules: readonly ResourceRule[];
  readonly nonResourceRules: readonly NonResourceRule[];
  /** Which bindings could not be followed; '' if all could. */
  readonly error: string;
}

/** Decides who may do what. */
export interface Authorizer {
  readonly authorize: (user: UserInfo, attributes: AccessAttributes) => Decision;
  readonly rulesFor: (user: UserInfo, namespace: string) => UserRules;
}

/** Makes an authorizer that reads roles and bindings from the store. */
export function createAuthorizer(store: Store): Authorizer {
  return {
    authorize: (user, attributes) => authorize(store, user, attributes),
    rulesFor: (user, namespace) => rulesFor(store, user, namespace),
  };
}

function authorize(store: Store, user: UserInfo, attributes: AccessAttributes): Decision {
  if (user.groups.includes(PRIVILEGED_GROUP)) return { allowed: true, reason: '' };
  const namespace = attributes.isResourceRequest ? attributes.namespace : '';
  const { grants, dangling } = grantsOf(store, user, namespace);
  const grant = grants.find(({ rule }) => ruleAllows(rule, attributes));
  if (grant !== undefined) return { allowed: true, reason: `RBAC: allowed by ${grant.source}` };
  const problem = danglingText(dangling, singular);
  return { allowed: false, reason: problem === '' ? '' : `RBAC: ${problem}` };
}

function rulesFor(store: Store, user: UserInfo, namespace: string): UserRules {
  const { grants, dangling } = grantsOf(store, user, namespace);
  const rules = grants.map(({ rule }) => rule);
  return {
    resourceRules: rules
      .filter(({ resources }) => resources.length > 0)
      .map(({ verbs, apiGroups, resources, resourceNames }) => ({
        verbs,
        ...(apiGroups.length === 0 ? {} : { apiGroups }),
        resources,
        ...(resourceNames.length === 0 ? {} : { resourceNames }),
      })),
    nonResourceRules: rules
      .filter(({ nonResourceURLs }) => nonResourceURLs.length > 0)
      .map(({ verbs, nonResourceURLs }) => ({ verbs, nonResourceURLs })),
    error: danglingText(dangling, singular),
  };
}

function singular({ kind }: RoleRef): string {
  return kind.toLowerCase();
}
