// PATCH: a body of one of the three patch types applied to the live object (apiserver pkg/endpoints/handlers/patch.go). Server-side apply is
// in apply.ts.

import { ApiFailure, badRequest } from '../objects/failure.ts';
import type { KubeObject } from '../objects/object.ts';
import type { Schema } from '../schema/fieldtype.ts';
import { checkIdentity } from './identity.ts';
import { applyJsonPatch } from './jsonpatch.ts';
import { isRecord, type JsonRecord, own, reuse, withoutNulls } from './jsonvalue.ts';
import { strategicMerge } from './strategic.ts';

/** A patch request. */
export interface PatchRequest {
  /** With or without parameters. */
  readonly contentType: string;
  /** The parsed body. */
  readonly patch: unknown;
  readonly live: KubeObject;
  readonly schema: Schema;
}

/** 415 for a content type that PATCH does not take, as kube-apiserver 1.36 answers it. */
export function unsupportedPatchType(): ApiFailure {
  return new ApiFailure(415, 'UnsupportedMediaType', '415: Unsupported Media Type', {});
}

/**
 * The object after the patch, not yet checked against the schema; what the patch left alone is shared with `live`, and `live` itself is
 * returned when nothing changed. managedFields are as the patch says: pass the result to trackUpdate.
 * @throws ApiFailure 400, 413, 415, 422, and 500 for strategic patches that the API server calls unexpected.
 */
export function applyPatch({ contentType, patch, live, schema }: PatchRequest): KubeObject {
  const type = contentType.replace(/;.*/s, '').trim();
  const patched = withoutNulls(patchedBy(type, patch, live, schema));
  if (!isRecord(patched) || !isRecord(own(patched, 'metadata')))
    throw undecodable(patched, 'it is no object with metadata');
  // Whether a strategic patch changes the type is not looked at: the result is of the live object's type.
  if (type !== 'application/strategic-merge-patch+json') checkType(live, patched);
  return reuse(live, checkIdentity(live, patched as KubeObject)) as KubeObject;
}

function patchedBy(type: string, patch: unknown, live: KubeObject, schema: Schema): unknown {
  switch (type) {
    case 'application/json-patch+json':
      return applyJsonPatch(live, patch);
    case 'application/merge-patch+json':
      return mergePatch(live, objectPatch(patch));
    case 'application/strategic-merge-patch+json': {
      const { apiVersion, kind } = live;
      return strategicMerge({ schema, apiVersion, kind, live, patch: objectPatch(patch) });
    }
    default:
      throw unsupportedPatchType();
  }
}

function objectPatch(patch: unknown): JsonRecord {
  if (isRecord(patch)) return patch;
  throw badRequest('error decoding patch: the patch is not a JSON object');
}

/** RFC 7386: maps merge, null deletes, all else replaces. */
export function mergePatch(target: unknown, patch: unknown): unknown {
  if (!isRecord(patch)) return patch;
  const result = new Map(Object.entries(isRecord(target) ? target : {}));
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) result.delete(key);
    else result.set(key, mergePatch(result.get(key), value));
  }
  return Object.fromEntries(result);
}

function checkType(live: KubeObject, patched: JsonRecord): void {
  const { apiVersion = live.apiVersion, kind = live.kind } = patched;
  if (apiVersion === live.apiVersion && kind === live.kind) return;
  throw undecodable(
    patched,
    `unable to decode ${String(apiVersion)}, Kind=${String(kind)} into a ${live.kind}`,
  );
}

// 422 about the patched document, which belongs to no kind yet.
function undecodable(patched: unknown, why: string): ApiFailure {
  const message = `Invalid value: ${JSON.stringify(JSON.stringify(patched))}: ${why}`;
  const causes = [{ reason: 'FieldValueInvalid', message, field: 'patch' }];
  return new ApiFailure(422, 'Invalid', ` "" is invalid: patch: ${message}`, { causes });
}
