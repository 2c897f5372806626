// PUT of an object, of its status or of its scale, and what every change of a stored object ends with.

import type { KubeObject } from '../objects/object.ts';
import type { Resource } from '../objects/resources.ts';
import type { Answer } from './answer.ts';
import type { Call } from './call.ts';
import { checkPlace, join } from './join.ts';
import type { Parts } from './parts.ts';
import { objectAnswer } from './render.ts';
import { updateScale } from './scale.ts';
import { findNamed } from './scope.ts';
import { finish, readObject, readOptions, type Write } from './write.ts';

/** Replaces an object by the body. */
export async function update(parts: Parts, call: Call, resource: Resource): Promise<Answer> {
  const options = readOptions(call, 'UpdateOptions');
  if (call.info.subresource === 'scale') return updateScale(parts, call, resource, options);
  const given = await readObject(parts, call, resource, options);
  checkPlace(call, resource, given);
  const before = findNamed(parts.store, call, resource);
  return replace(parts, call, resource, { before, given, options });
}

/** A stored object, and what a client wants it to be, in the form in which it is stored. */
export interface Replacement extends Pick<Write, 'options' | 'tracked'> {
  readonly before: KubeObject;
  readonly given: KubeObject;
}

/** Stores what becomes of `before`, and answers with it; patches come here too. @throws ApiFailure Conflict, Invalid, Forbidden. */
export function replace(
  parts: Parts,
  call: Call,
  resource: Resource,
  { before, given, ...how }: Replacement,
): Answer {
  const after = join(call, resource, { before, given });
  const { subresource } = call.info;
  const object = finish(parts, call, resource, { ...how, before, after, subresource });
  return objectAnswer(parts, call, resource, { object });
}
