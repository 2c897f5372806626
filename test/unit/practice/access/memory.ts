// A store for these tests: it only remembers and finds, as much as the authorizer asks of one.

import type { KubeObject } from '../../../../src/practice/objects/object.ts';
import type { Store, StoreKey } from '../../../../src/practice/objects/store.ts';

const RBAC = 'rbac.authorization.k8s.io';

/** A store of roles and bindings. `add` may be called at any time. */
export function memoryStore(
  objects: readonly KubeObject[] = [],
): Store & { add: (object: KubeObject) => void } {
  const kept = [...objects];
  const of = ({ group, resource }: StoreKey) =>
    kept.filter(
      ({ apiVersion, kind }) => apiVersion === `${group}/v1` && `${kind.toLowerCase()}s` === resource,
    );
  const never = (): never => {
    throw new TypeError('the tests of access only read');
  };
  return {
    add: (object) => kept.push(object),
    resourceVersion: () => kept.length,
    list: (key, namespace) =>
      of(key).filter(({ metadata }) => namespace === '' || metadata.namespace === namespace),
    get: (key, namespace, name) =>
      of(key).find(({ metadata }) => metadata.name === name && (metadata.namespace ?? '') === namespace),
    create: never,
    update: never,
    remove: never,
    watch: never,
  };
}

/** A Role, or without a namespace a ClusterRole. */
export function role(name: string, rules: readonly object[], namespace?: string): KubeObject {
  const metadata = { name, ...(namespace === undefined ? {} : { namespace }) };
  return {
    apiVersion: `${RBAC}/v1`,
    kind: namespace === undefined ? 'ClusterRole' : 'Role',
    metadata,
    rules,
  };
}

/** A RoleBinding, or without a namespace a ClusterRoleBinding; `to` is e.g. `Role/reader`. */
export function binding(
  name: string,
  to: string,
  subjects: readonly object[],
  namespace?: string,
): KubeObject {
  const [kind, ...rest] = to.split('/');
  return {
    apiVersion: `${RBAC}/v1`,
    kind: namespace === undefined ? 'ClusterRoleBinding' : 'RoleBinding',
    metadata: { name, ...(namespace === undefined ? {} : { namespace }) },
    roleRef: { apiGroup: RBAC, kind, name: rest.join('/') },
    subjects,
  };
}

/** Subjects. */
export const user = (name: string): object => ({ kind: 'User', apiGroup: RBAC, name });
export const group = (name: string): object => ({ kind: 'Group', apiGroup: RBAC, name });
export const account = (name: string, namespace?: string): object => ({
  kind: 'ServiceAccount',
  name,
  ...(namespace === undefined ? {} : { namespace }),
});
