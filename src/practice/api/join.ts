// How a new content is joined to what is stored: each side of the API changes only its own part, and what only the server says stays (registry
// strategies of kubernetes: spec without status, status without spec).

import { badRequest, conflict } from '../objects/failure.ts';
import type { KubeObject, ObjectMeta } from '../objects/object.ts';
import type { Resource } from '../objects/resources.ts';
import type { Call } from './call.ts';
import { namespaceOf } from './scope.ts';

/** What the object becomes: the given content, with everything kept that this way does not change. @throws ApiFailure Conflict. */
export function join(
  call: Call,
  resource: Resource,
  { before, given }: { readonly before: KubeObject; readonly given: KubeObject },
): KubeObject {
  checkPreconditions(resource, before, given);
  const { managedFields } = given.metadata;
  const fields = managedFields === undefined ? {} : { managedFields };
  if (call.info.subresource === 'status') {
    // As in the real strategies, a status may come with metadata, which stays as it was but for who owns what.
    const metadata = { ...before.metadata, ...fields };
    return withPart({ ...before, metadata }, 'status', given['status']);
  }
  const metadata = joinMeta(before.metadata, given.metadata);
  const hasStatus = resource.subresources.some(({ name }) => name === 'status');
  const joined = { ...given, metadata };
  return hasStatus ? withPart(joined, 'status', before['status']) : joined;
}

/** @throws ApiFailure 400 when the object is another than the path's. */
export function checkPlace(call: Call, resource: Resource, { metadata }: KubeObject): void {
  const name = metadata.name ?? '';
  if (name !== call.info.name) {
    throw badRequest(
      name === ''
        ? `the name of the object (${call.info.name} based on URL) was undeterminable: name must be provided`
        : `the name of the object (${name}) does not match the name on the URL (${call.info.name})`,
    );
  }
  const namespace = metadata.namespace ?? '';
  if (resource.namespaced && namespace !== '' && namespace !== namespaceOf(call, resource)) {
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request');
  }
}

function checkPreconditions(resource: Resource, { metadata }: KubeObject, given: KubeObject): void {
  const { uid = '', resourceVersion = '', name } = given.metadata;
  if (uid !== '' && uid !== metadata.uid) {
    const why = `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${metadata.uid}`;
    throw conflict(resource, name, why);
  }
  if (resourceVersion !== '' && resourceVersion !== metadata.resourceVersion) {
    throw conflict(
      resource,
      name,
      'the object has been modified; please apply your changes to the latest version and try again',
    );
  }
}

/** What only the server says stays. */
function joinMeta(before: ObjectMeta, given: ObjectMeta): ObjectMeta {
  const { managedFields: ownBefore, ...old } = before;
  const { managedFields = ownBefore, generateName = old.generateName, ...rest } = given;
  const server = {
    namespace: old.namespace,
    uid: old.uid,
    resourceVersion: old.resourceVersion,
    generation: old.generation,
    creationTimestamp: old.creationTimestamp,
    deletionTimestamp: old.deletionTimestamp,
    deletionGracePeriodSeconds: old.deletionGracePeriodSeconds,
    managedFields,
    generateName,
  };
  const entries = Object.entries({ ...rest, ...server }).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as unknown as ObjectMeta;
}

function withPart(object: KubeObject, part: string, value: unknown): KubeObject {
  const { [part]: _old, ...rest } = object;
  return (value === undefined ? rest : { ...rest, [part]: value }) as KubeObject;
}
