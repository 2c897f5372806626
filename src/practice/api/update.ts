// PUT of an object, of its status or of its scale.

import type { Resource } from '../objects/resources.ts';
import type { Answer } from './answer.ts';
import type { Call } from './call.ts';
import { checkPlace, join } from './join.ts';
import type { Parts } from './parts.ts';
import { objectAnswer } from './render.ts';
import { updateScale } from './scale.ts';
import { findNamed } from './scope.ts';
import { finish, readObject, readOptions } from './write.ts';

/** Replaces an object by the body. */
export async function update(parts: Parts, call: Call, resource: Resource): Promise<Answer> {
  const options = readOptions(call, 'UpdateOptions');
  if (call.info.subresource === 'scale') return updateScale(parts, call, resource, options);
  const given = await readObject(parts, call, resource, options);
  checkPlace(call, resource, given);
  const before = findNamed(parts.store, call, resource);
  const after = join(call, resource, { before, given });
  const object = finish(parts, call, resource, {
    before,
    after,
    options,
    subresource: call.info.subresource,
  });
  return objectAnswer(parts, call, resource, { object });
}
