// Which rules a user has, by which binding: read from the store each time, so that a role is in force the moment it is written
// (k8s.io/kubernetes pkg/registry/rbac/validation/rule.go). ClusterRoleBindings count everywhere, RoleBindings in their namespace.

import { quote } from '../../kube/quote.ts';
import type { UserInfo } from '../../kube/userinfo.ts';
import type { KubeObject } from '../objects/object.ts';
import type { Store } from '../objects/store.ts';
import { type PolicyRule, RBAC_GROUP, readRules } from './policy.ts';

/** A rule that a user has. */
export interface Grant {
  /** E.g. `RoleBinding "x/ns" of Role "y" to Group "g"`. */
  readonly source: string;
  readonly rule: PolicyRule;
}

/** What a binding refers to. */
export interface RoleRef {
  readonly apiGroup: string;
  readonly kind: string;
  readonly name: string;
}

/** The rules of a user, and the bindings of theirs that lead nowhere. */
export interface Grants {
  readonly grants: readonly Grant[];
  readonly dangling: readonly RoleRef[];
}

interface Subject {
  readonly kind: string;
  readonly name: string;
  readonly namespace: string;
}

/** All that the user may do in the namespace; '' is what they may do everywhere. */
export function grantsOf(store: Store, user: UserInfo, namespace: string): Grants {
  const grants: Grant[] = [];
  const dangling: RoleRef[] = [];
  const bindings = [
    ...store.list({ group: RBAC_GROUP, resource: 'clusterrolebindings' }, ''),
    ...(namespace === '' ? [] : store.list({ group: RBAC_GROUP, resource: 'rolebindings' }, namespace)),
  ];
  for (const binding of bindings) {
    const home = binding.metadata.namespace ?? '';
    const subject = readSubjects(binding['subjects'], home).find((one) => isSubject(one, user));
    if (subject === undefined) continue;
    const roleRef = readRoleRef(binding);
    const rules = rulesOfRole(store, roleRef, home);
    if (rules === undefined) dangling.push(roleRef);
    const source = describe(binding, roleRef, subject);
    for (const rule of rules ?? []) grants.push({ source, rule });
  }
  return { grants, dangling };
}

/** The rules of what a binding in `namespace` ('' for a ClusterRoleBinding) refers to; undefined when there is no such role. */
export function rulesOfRole(
  store: Store,
  { kind, name }: RoleRef,
  namespace: string,
): readonly PolicyRule[] | undefined {
  if (kind !== 'Role' && kind !== 'ClusterRole') return undefined;
  const clusterWide = kind === 'ClusterRole';
  const key = { group: RBAC_GROUP, resource: clusterWide ? 'clusterroles' : 'roles' };
  const role = store.get(key, clusterWide ? '' : namespace, name);
  return role === undefined ? undefined : readRules(role['rules']);
}

/** The roleRef of a binding. */
export function readRoleRef(binding: KubeObject): RoleRef {
  const ref = binding['roleRef'];
  return {
    apiGroup: textAt(ref, 'apiGroup') || RBAC_GROUP,
    kind: textAt(ref, 'kind'),
    name: textAt(ref, 'name'),
  };
}

/** Why bindings lead nowhere, as the API server says it of `resource`; several are in brackets, none is ''. */
export function danglingText(dangling: readonly RoleRef[], resourceOf: (ref: RoleRef) => string): string {
  const texts = dangling.map((ref) =>
    ref.kind === 'Role' || ref.kind === 'ClusterRole'
      ? `${resourceOf(ref)}.${RBAC_GROUP} ${quote(ref.name)} not found`
      : `unsupported role reference kind: ${quote(ref.kind)}`,
  );
  const distinct = [...new Set(texts)];
  return distinct.length > 1 ? `[${distinct.join(', ')}]` : (distinct[0] ?? '');
}

function readSubjects(subjects: unknown, namespace: string): readonly Subject[] {
  if (!Array.isArray(subjects)) return [];
  return subjects.map((subject: unknown) => ({
    kind: textAt(subject, 'kind'),
    name: textAt(subject, 'name'),
    namespace: textAt(subject, 'namespace') || namespace,
  }));
}

function isSubject({ kind, name, namespace }: Subject, user: UserInfo): boolean {
  switch (kind) {
    case 'User':
      return user.username === name;
    case 'Group':
      return user.groups.includes(name);
    case 'ServiceAccount':
      return namespace !== '' && user.username === `system:serviceaccount:${namespace}:${name}`;
    default:
      return false;
  }
}

function describe({ kind, metadata }: KubeObject, roleRef: RoleRef, subject: Subject): string {
  const binding = kind === 'RoleBinding' ? `${metadata.name}/${metadata.namespace ?? ''}` : metadata.name;
  const person = subject.kind === 'ServiceAccount' ? `${subject.name}/${subject.namespace}` : subject.name;
  const role = `${roleRef.kind} ${quote(roleRef.name)}`;
  return `${kind} ${quote(binding)} of ${role} to ${subject.kind} ${quote(person)}`;
}

function textAt(value: unknown, field: string): string {
  const text: unknown = typeof value === 'object' && value !== null ? Reflect.get(value, field) : undefined;
  return typeof text === 'string' ? text : '';
}
