// The scale subresource of deployments and replica sets: how many there should be, as autoscaling/v1 Scale, read and written.

import { badRequest, type FailureCause, invalid } from '../objects/failure.ts';
import type { KubeObject } from '../objects/object.ts';
import type { Resource } from '../objects/resources.ts';
import type { Answer } from './answer.ts';
import { readValue } from './body.ts';
import type { Call } from './call.ts';
import { checkPlace } from './join.ts';
import type { Parts } from './parts.ts';
import { valueAnswer } from './render.ts';
import { findNamed } from './scope.ts';
import { finish, type WriteOptions, withKind } from './write.ts';

const SCALE = { apiVersion: 'autoscaling/v1', kind: 'Scale' };

/** GET. */
export function getScale(parts: Parts, call: Call, resource: Resource): Answer {
  return valueAnswer(call, scaleOf(findNamed(parts.store, call, resource)));
}

/** PUT. */
export async function updateScale(
  parts: Parts,
  call: Call,
  resource: Resource,
  options: WriteOptions,
): Promise<Answer> {
  const scale = withKind(await readValue(call, parts.decodeProtobuf), SCALE);
  checkPlace(call, resource, scale);
  return setScale(parts, call, resource, { scale, options });
}

/** PATCH; an apply of a scale is taken for a merge of what it says. */
export function patchScale(
  parts: Parts,
  call: Call,
  resource: Resource,
  { type, content, options }: { type: string; content: unknown; options: WriteOptions },
): Answer {
  const live = scaleOf(findNamed(parts.store, call, resource));
  const merging = /strategic|apply/.test(type) ? 'application/merge-patch+json' : type;
  const scale = parts.applyPatch({ contentType: merging, patch: content, live, schema: parts.schema });
  return setScale(parts, call, resource, { scale, options });
}

function setScale(
  parts: Parts,
  call: Call,
  resource: Resource,
  { scale, options }: { readonly scale: KubeObject; readonly options: WriteOptions },
): Answer {
  const before = findNamed(parts.store, call, resource);
  const replicas = (scale['spec'] as { replicas?: unknown } | undefined)?.replicas ?? 0;
  if (typeof replicas !== 'number' || !Number.isInteger(replicas))
    throw badRequest('spec.replicas is no number');
  if (replicas < 0) throw invalid('Scale', 'autoscaling', scale.metadata.name, [negative(replicas)]);
  const { resourceVersion, uid } = scale.metadata;
  const metadata = {
    ...before.metadata,
    ...(resourceVersion === undefined ? {} : { resourceVersion }),
    ...(uid === undefined ? {} : { uid }),
  };
  const after = { ...before, metadata, spec: { ...(before['spec'] as object), replicas } };
  const object = finish(parts, call, resource, { before, after, options, subresource: 'scale' });
  return valueAnswer(call, scaleOf(object));
}

function negative(replicas: number): FailureCause {
  const message = `Invalid value: ${replicas}: must be greater than or equal to 0`;
  return { reason: 'FieldValueInvalid', message, field: 'spec.replicas' };
}

function scaleOf(object: KubeObject): KubeObject {
  const { name, namespace = '', uid = '', resourceVersion = '', creationTimestamp = '' } = object.metadata;
  const spec = object['spec'] as { replicas?: number; selector?: { matchLabels?: object } } | undefined;
  const status = object['status'] as { replicas?: number } | undefined;
  const labels = Object.entries(spec?.selector?.matchLabels ?? {}).map(([key, value]) => `${key}=${value}`);
  return {
    ...SCALE,
    metadata: { name, namespace, uid, resourceVersion, creationTimestamp },
    spec: { replicas: spec?.replicas ?? 0 },
    status: { replicas: status?.replicas ?? 0, selector: labels.sort().join(',') },
  };
}
