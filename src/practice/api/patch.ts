// PATCH, of all four types, on the object, its status or its scale. An apply makes the object when there is none.

import { conflict, type FailureCause, invalid, notFound } from '../objects/failure.ts';
import { formatTime } from '../objects/memory.ts';
import type { KubeObject } from '../objects/object.ts';
import { apiVersionOf, type Resource } from '../objects/resources.ts';
import type { Answer } from './answer.ts';
import { parseJson, parseYaml, unsupported } from './body.ts';
import { type Call, flag, header, mediaType, query } from './call.ts';
import { make } from './create.ts';
import { fromResource, toResource } from './events.ts';
import { checkPlace } from './join.ts';
import type { Parts } from './parts.ts';
import { objectAnswer } from './render.ts';
import { patchScale } from './scale.ts';
import { findNamed, namespaceOf } from './scope.ts';
import { replace } from './update.ts';
import { checkStrictly, readOptions, type WriteOptions, withKind } from './write.ts';

const APPLY = 'application/apply-patch+yaml';
const PATCH_TYPES = [
  'application/json-patch+json',
  'application/merge-patch+json',
  'application/strategic-merge-patch+json',
];

/** Changes an object by the body. */
export async function patch(parts: Parts, call: Call, resource: Resource): Promise<Answer> {
  const type = mediaType(header(call, 'content-type'));
  if (type !== APPLY && !PATCH_TYPES.includes(type)) throw unsupported([...PATCH_TYPES, APPLY]);
  const options = readOptions(call, 'PatchOptions');
  checkApplyOptions(call, type);
  const body = await call.readBody();
  const content = type === APPLY ? parseYaml(body) : parseJson(body);
  if (call.info.subresource === 'scale') return patchScale(parts, call, resource, { type, content, options });
  return type === APPLY
    ? apply(parts, call, resource, { content, options })
    : change(parts, call, resource, { type, content, options });
}

interface Change {
  readonly content: unknown;
  readonly options: WriteOptions;
}

function change(
  parts: Parts,
  call: Call,
  resource: Resource,
  { type, content, options }: Change & { readonly type: string },
): Answer {
  const before = findNamed(parts.store, call, resource);
  const live = toResource(resource, before);
  const patched = parts.applyPatch({ contentType: type, patch: content, live, schema: parts.schema });
  checkPlace(call, resource, patched);
  const given = fromResource(resource, checkStrictly(parts, call, patched, options));
  return replace(parts, call, resource, { before, given, options });
}

function apply(parts: Parts, call: Call, resource: Resource, { content, options }: Change): Answer {
  const { store, schema } = parts;
  const { subresource, name } = call.info;
  const applied = withPlace(call, resource, content);
  const before = store.get(resource, namespaceOf(call, resource), name);
  if (before === undefined) checkAbsent(call, resource, applied);
  const live = before === undefined ? {} : { live: toResource(resource, before) };
  const given = parts.serverSideApply({
    ...live,
    applied,
    manager: options.fieldManager,
    force: flag(call, 'force'),
    now: formatTime(parts.now()),
    schema,
    ...(subresource === '' ? {} : { subresource }),
  });
  const stored = fromResource(resource, given);
  if (before === undefined) {
    const object = make(parts, call, resource, { after: stored, options, tracked: true });
    return objectAnswer(parts, call, resource, { object, status: 201 });
  }
  return replace(parts, call, resource, { before, given: stored, options, tracked: true });
}

/** An apply that is about one certain object, or about a part of one, makes none. @throws ApiFailure NotFound, Conflict. */
function checkAbsent(call: Call, resource: Resource, { metadata }: KubeObject): void {
  if (call.info.subresource !== '') throw notFound(resource, call.info.name);
  if ((metadata.uid ?? '') === '') return;
  const why = `uid mismatch: the provided object specified uid ${metadata.uid}, and no existing object was found`;
  throw conflict(resource, call.info.name, why);
}

/** An applied object says what it is and names itself as the path does. */
function withPlace(call: Call, resource: Resource, content: unknown): KubeObject {
  const object = withKind(content, { apiVersion: apiVersionOf(resource), kind: resource.kind });
  const namespace = namespaceOf(call, resource);
  const metadata = {
    ...object.metadata,
    name: object.metadata.name ?? call.info.name,
    ...(namespace === '' ? {} : { namespace: object.metadata.namespace ?? namespace }),
  };
  const placed = { ...object, metadata };
  checkPlace(call, resource, placed);
  return placed;
}

function checkApplyOptions(call: Call, type: string): void {
  const causes: FailureCause[] = [];
  if (type === APPLY && query(call, 'fieldManager') === '') {
    const message = 'Required value: is required for apply patch';
    causes.push({ reason: 'FieldValueRequired', message, field: 'fieldManager' });
  }
  if (type !== APPLY && query(call, 'force') !== '') {
    const message = 'Forbidden: may not be specified for non-apply patch';
    causes.push({ reason: 'FieldValueForbidden', message, field: 'force' });
  }
  if (causes.length > 0) throw invalid('PatchOptions', 'meta.k8s.io', '', causes);
}
