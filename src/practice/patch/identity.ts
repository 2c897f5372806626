// What a patch or an apply may not change: the API server's checks after patching, and the metadata that it keeps whatever a client says
// (apiserver handlers checkName, registry/rest BeforeUpdate and EnsureObjectNamespaceMatchesRequestNamespace).

import { badRequest, invalid } from '../objects/failure.ts';
import type { KubeObject, ObjectMeta } from '../objects/object.ts';

// Taken from the live object, whatever the patch did to them.
const KEPT = ['creationTimestamp', 'generation', 'deletionTimestamp'] as const;
// Taken from the live object when the patch removed them.
const RESTORED = ['namespace', 'uid', 'resourceVersion', 'deletionGracePeriodSeconds'] as const;

/**
 * `patched` with the metadata of `live` that no client changes. Its kind and apiVersion are the live object's.
 * @throws ApiFailure 400 for another name or namespace or none, 422 for another uid.
 */
export function checkIdentity(live: KubeObject, patched: KubeObject): KubeObject {
  const { name, namespace, uid } = live.metadata;
  const changed: Partial<ObjectMeta> = patched.metadata;
  if (changed.namespace && namespace && changed.namespace !== namespace) {
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request');
  }
  if (!changed.name) {
    throw badRequest(
      `the name of the object (${name} based on URL) was undeterminable: name must be provided`,
    );
  }
  if (changed.name !== name) {
    throw badRequest(`the name of the object (${changed.name}) does not match the name on the URL (${name})`);
  }
  if (changed.uid && uid && changed.uid !== uid) {
    const group = live.apiVersion.includes('/') ? live.apiVersion.replace(/\/.*/, '') : '';
    const message = `Invalid value: ${JSON.stringify(changed.uid)}: field is immutable`;
    throw invalid(live.kind, group, name, [{ reason: 'FieldValueInvalid', message, field: 'metadata.uid' }]);
  }
  return { ...patched, apiVersion: live.apiVersion, kind: live.kind, metadata: restored(live, patched) };
}

function restored(live: KubeObject, patched: KubeObject): ObjectMeta {
  const metadata: Record<string, unknown> = { ...patched.metadata };
  for (const field of KEPT) {
    if (live.metadata[field] === undefined) delete metadata[field];
    else metadata[field] = live.metadata[field];
  }
  for (const field of RESTORED) {
    if (live.metadata[field] !== undefined) metadata[field] ??= live.metadata[field];
  }
  // A cluster-wide object has no namespace, whatever the client says.
  if (live.metadata.namespace === undefined) delete metadata['namespace'];
  return { ...metadata, name: live.metadata.name };
}
