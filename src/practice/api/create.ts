// POST of a new object: into a namespace that is there and stays there, with what only the server may say about it taken off and put on.

import { ApiFailure, alreadyExists, badRequest, notFound } from '../objects/failure.ts';
import { formatTime } from '../objects/memory.ts';
import type { KubeObject, ObjectMeta } from '../objects/object.ts';
import type { Resource } from '../objects/resources.ts';
import type { Answer } from './answer.ts';
import type { Call } from './call.ts';
import type { Parts } from './parts.ts';
import { objectAnswer } from './render.ts';
import { namespaceOf } from './scope.ts';
import { finish, readObject, readOptions, type Write } from './write.ts';

/** Makes an object of the body. */
export async function create(parts: Parts, call: Call, resource: Resource): Promise<Answer> {
  const options = readOptions(call, 'CreateOptions');
  const object = await readObject(parts, call, resource, options);
  const made = make(parts, call, resource, { after: object, options });
  return objectAnswer(parts, call, resource, { object: made, status: 201 });
}

/** Stores a new object; server-side apply comes here too when there is none yet. */
export function make(parts: Parts, call: Call, resource: Resource, write: Omit<Write, 'before'>): KubeObject {
  const namespace = namespaceOf(call, resource);
  const { after } = write;
  const said = after.metadata.namespace ?? '';
  if (said !== '' && said !== namespace) {
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request');
  }
  if ((after.metadata.resourceVersion ?? '') !== '') {
    throw badRequest('resourceVersion should not be set on objects to be created');
  }
  if (namespace !== '') demandOpen(parts, resource, namespace, after.metadata.name ?? '');
  const fresh = { ...withoutStatus(after), metadata: newMeta(after.metadata, namespace) };
  const named = write.options.dryRun ? rehearse(parts, resource, fresh) : fresh;
  return finish(parts, call, resource, { ...write, after: atBirth(named) });
}

/** What the server alone says of an object is not taken from anybody. */
function newMeta(metadata: ObjectMeta, namespace: string): ObjectMeta {
  const {
    uid: _uid,
    resourceVersion: _version,
    generation: _generation,
    creationTimestamp: _created,
    deletionTimestamp: _deleted,
    deletionGracePeriodSeconds: _grace,
    namespace: _namespace,
    ...kept
  } = metadata;
  return { ...kept, ...(namespace === '' ? {} : { namespace }) };
}

/** @throws ApiFailure 404 for a namespace that is not there, 403 for one that is going. */
function demandOpen({ store }: Parts, resource: Resource, namespace: string, name: string): void {
  const home = store.get({ group: '', resource: 'namespaces' }, '', namespace);
  if (home === undefined) throw notFound({ group: '', resource: 'namespaces' }, namespace);
  if (home.metadata.deletionTimestamp === undefined) return;
  const { group } = resource;
  const qualified = group === '' ? resource.resource : `${resource.resource}.${group}`;
  const why = `unable to create new content in namespace ${namespace} because it is being terminated`;
  const subject = name === '' ? qualified : `${qualified} ${JSON.stringify(name)}`;
  throw new ApiFailure(403, 'Forbidden', `${subject} is forbidden: ${why}`, {
    ...(name === '' ? {} : { name }),
    ...(group === '' ? {} : { group }),
    kind: resource.resource,
    causes: [
      {
        reason: 'NamespaceTerminating',
        message: `namespace ${namespace} is being terminated`,
        field: 'metadata.namespace',
      },
    ],
  });
}

function withoutStatus(object: KubeObject): KubeObject {
  const { status: _status, ...rest } = object;
  return rest as KubeObject;
}

/** What kinds have from their first moment on (the strategies of kubernetes pkg/registry). */
function atBirth(object: KubeObject): KubeObject {
  const { kind, metadata } = object;
  if (kind === 'Pod') return { ...object, status: { phase: 'Pending' } };
  if (kind === 'Deployment' || kind === 'Service') {
    return { ...object, status: kind === 'Service' ? { loadBalancer: {} } : {} };
  }
  if (kind === 'ReplicaSet') return { ...object, status: { replicas: 0 } };
  if (kind !== 'Namespace') return object;
  const labels = { ...metadata.labels, 'kubernetes.io/metadata.name': metadata.name };
  const spec = { finalizers: ['kubernetes'] };
  return { ...object, metadata: { ...metadata, labels }, spec, status: { phase: 'Active' } };
}

/** What the store would have said and done. @throws ApiFailure AlreadyExists. */
function rehearse({ store, newUid, now }: Parts, resource: Resource, object: KubeObject): KubeObject {
  const { namespace = '', generateName = '' } = object.metadata;
  const uid = newUid();
  const name = object.metadata.name || `${generateName}${uid.slice(0, 5)}`;
  if (store.get(resource, namespace, name) !== undefined) throw alreadyExists(resource, name);
  const creationTimestamp = formatTime(now());
  return { ...object, metadata: { ...object.metadata, name, uid, creationTimestamp } };
}
