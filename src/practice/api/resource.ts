// From a request about a resource to the verb that serves it: the table of resources says which there are and what each can do.

import { methodNotAllowed } from '../objects/failure.ts';
import { apiVersionOf, findResource, type Resource, type Subresource } from '../objects/resources.ts';
import { type Answer, noSuchPath } from './answer.ts';
import { readValue } from './body.ts';
import type { Call } from './call.ts';
import { create } from './create.ts';
import { remove, removeCollection } from './delete.ts';
import { get, list } from './list.ts';
import { logs } from './logs.ts';
import type { Parts } from './parts.ts';
import { patch } from './patch.ts';
import { valueAnswer } from './render.ts';
import { getScale } from './scale.ts';
import { checkSession, upgradeRequired } from './sessions.ts';
import { update } from './update.ts';
import { watch } from './watch.ts';
import { withKind } from './write.ts';

const READS: ReadonlySet<string> = new Set(['list', 'watch']);

/** Answers a request about a resource. */
export async function resourceAnswer(parts: Parts, call: Call): Promise<Answer> {
  const { info } = call;
  const resource = findResource(info.apiGroup, info.apiVersion, info.resource);
  if (
    resource === undefined ||
    (!resource.namespaced && info.namespace !== '' && resource.kind !== 'Namespace')
  )
    return noSuchPath();
  if (info.subresource === '') return verbAnswer(parts, call, resource);
  const subresource = resource.subresources.find(({ name }) => name === info.subresource);
  if (subresource === undefined || info.parts.length > 3) return noSuchPath();
  return subresourceAnswer(parts, call, resource, subresource);
}

async function verbAnswer(parts: Parts, call: Call, resource: Resource): Promise<Answer> {
  const { verb, name, namespace } = call.info;
  if (!resource.verbs.includes(verb)) throw methodNotAllowed();
  if (isReview(resource)) return review(parts, call, resource);
  // Only reading goes over all namespaces, and nothing in one can be named without it.
  if (resource.namespaced && namespace === '' && !READS.has(verb)) {
    if (name !== '') return noSuchPath();
    throw methodNotAllowed();
  }
  switch (verb) {
    case 'get':
      return get(parts, call, resource);
    case 'list':
      return list(parts, call, resource);
    case 'watch':
      return watch(parts, call, resource);
    case 'create':
      if (name !== '') throw methodNotAllowed();
      return create(parts, call, resource);
    case 'update':
      if (name === '') throw methodNotAllowed();
      return update(parts, call, resource);
    case 'patch':
      if (name === '') throw methodNotAllowed();
      return patch(parts, call, resource);
    case 'delete':
      return remove(parts, call, resource);
    case 'deletecollection':
      return removeCollection(parts, call, resource);
    default:
      throw methodNotAllowed();
  }
}

async function subresourceAnswer(
  parts: Parts,
  call: Call,
  resource: Resource,
  { name, verbs }: Subresource,
): Promise<Answer> {
  const { verb } = call.info;
  if (!verbs.includes(verb)) throw methodNotAllowed();
  if (name === 'log') return logs(parts, call, resource);
  if (name !== 'status' && name !== 'scale') {
    checkSession(parts, call, resource);
    throw upgradeRequired();
  }
  if (verb === 'get') return name === 'scale' ? getScale(parts, call, resource) : get(parts, call, resource);
  return verb === 'patch' ? patch(parts, call, resource) : update(parts, call, resource);
}

function isReview({ kind }: Resource): boolean {
  return kind.startsWith('SelfSubject');
}

async function review(parts: Parts, call: Call, resource: Resource): Promise<Answer> {
  const value = await readValue(call, parts.decodeProtobuf);
  const body = withKind(value, { apiVersion: apiVersionOf(resource), kind: resource.kind });
  return valueAnswer(call, parts.reviewSelf(resource.resource, body, call.user), 201);
}
