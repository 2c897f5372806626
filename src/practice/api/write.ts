// What create, update and patch share: the options of a write, the object of its body, strict decoding, and the last steps before the store.
// The order of the steps is kube-apiserver's: decode, check the fields, default, validate, ask whether rights are given away, track who
// owns what, store.

import { isDeepStrictEqual } from 'node:util';
import { badRequest, type FailureCause, invalid } from '../objects/failure.ts';
import { formatTime } from '../objects/memory.ts';
import type { KubeObject, ObjectMeta } from '../objects/object.ts';
import { apiVersionOf, type Resource } from '../objects/resources.ts';
import { readValue } from './body.ts';
import { type Call, header, query } from './call.ts';
import { fromResource } from './events.ts';
import type { Parts } from './parts.ts';
import { withoutPath } from './paths.ts';
import { checkRules } from './rules.ts';

/** The query parameters of a write. */
export interface WriteOptions {
  readonly dryRun: boolean;
  readonly fieldManager: string;
  readonly fieldValidation: 'Ignore' | 'Warn' | 'Strict';
}

/** @throws ApiFailure 422 for values that are none. `kind` is CreateOptions, UpdateOptions or PatchOptions. */
export function readOptions(call: Call, kind: string): WriteOptions {
  const dryRun = query(call, 'dryRun');
  const validation = query(call, 'fieldValidation');
  const manager = query(call, 'fieldManager');
  const causes: FailureCause[] = [];
  if (dryRun !== '' && dryRun !== 'All') causes.push(notSupported('dryRun', dryRun, ['All']));
  if (!['', 'Ignore', 'Warn', 'Strict'].includes(validation)) {
    causes.push(notSupported('fieldValidation', validation, ['', 'Ignore', 'Strict', 'Warn']));
  }
  if (manager.length > 128) {
    const message = 'Too long: may not be more than 128 bytes';
    causes.push({ reason: 'FieldValueTooLong', message, field: 'fieldManager' });
  }
  if (causes.length > 0) throw invalid(kind, 'meta.k8s.io', '', causes);
  return {
    dryRun: dryRun !== '',
    fieldManager: manager || firstWord(header(call, 'user-agent')),
    fieldValidation: validation === 'Ignore' || validation === 'Strict' ? validation : 'Warn',
  };
}

/** The object of a body, of the resource's own kind, in the form in which it is stored. @throws ApiFailure 400, 413, 415. */
export async function readObject(
  parts: Parts,
  call: Call,
  resource: Resource,
  options: WriteOptions,
): Promise<KubeObject> {
  const value = await readValue(call, parts.decodeProtobuf);
  const object = withKind(value, { apiVersion: apiVersionOf(resource), kind: resource.kind });
  return fromResource(resource, checkStrictly(parts, call, object, options));
}

/** An object that says what it is; what it leaves out is what is expected. @throws ApiFailure 400. */
export function withKind(value: unknown, expected: Pick<KubeObject, 'apiVersion' | 'kind'>): KubeObject {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw badRequest('the object provided is unrecognized: it is no object');
  }
  const { apiVersion, kind, metadata, ...rest } = value as Partial<KubeObject>;
  if (kind !== undefined && kind !== '' && kind !== expected.kind) {
    throw badRequest(
      `${kind} in version ${JSON.stringify(apiVersion ?? '')} cannot be handled as a ${expected.kind}`,
    );
  }
  if (apiVersion !== undefined && apiVersion !== '' && apiVersion !== expected.apiVersion) {
    throw badRequest(
      `the API version in the data (${apiVersion}) does not match the expected API version (${expected.apiVersion})`,
    );
  }
  return { ...expected, metadata: (metadata ?? {}) as ObjectMeta, ...rest };
}

/** Takes away the fields that the type has not, telling of them as fieldValidation says. @throws ApiFailure 400. */
export function checkStrictly(
  parts: Parts,
  call: Call,
  object: KubeObject,
  options: WriteOptions,
): KubeObject {
  const type = parts.schema.kindOf(object.apiVersion, object.kind);
  if (type === undefined) return object;
  const { unknown, wrong } = parts.checkFields(object, type, parts.schema);
  if (wrong.length > 0) {
    const where = `${object.kind} in version ${JSON.stringify(object.apiVersion.split('/').at(-1))}`;
    throw badRequest(`${where} cannot be handled as a ${object.kind}: ${wrong[0]}`);
  }
  if (unknown.length === 0) return object;
  if (options.fieldValidation === 'Strict') {
    const where = `${object.kind} in version ${JSON.stringify(object.apiVersion.split('/').at(-1))}`;
    throw badRequest(
      `${where} cannot be handled as a ${object.kind}: strict decoding error: ${unknown.join(', ')}`,
    );
  }
  if (options.fieldValidation === 'Warn') for (const text of unknown) call.warn(text);
  return unknown.map(pathIn).reduce((rest, path) => withoutPath(rest, path) as KubeObject, object);
}

/** The path in `unknown field "spec.foo"`. */
function pathIn(finding: string): string {
  return /^unknown field "(.*)"$/.exec(finding)?.[1] ?? '';
}

/** A write that is ready but for the last steps. */
export interface Write {
  readonly before?: KubeObject;
  readonly after: KubeObject;
  readonly options: WriteOptions;
  readonly subresource?: string;
  /** Server-side apply has said already who owns what. */
  readonly tracked?: boolean;
}

/** Defaults, checks, stores. @returns the object as it is now, or would be. */
export function finish(parts: Parts, call: Call, resource: Resource, write: Write): KubeObject {
  const { before, options } = write;
  const after = withGeneration(before, settle(parts.withDefaults(write.after)));
  demandFields(parts, resource, after);
  checkRules(after, before);
  const { info, user } = call;
  parts.confirmWrite({
    user,
    attributes: info,
    object: after,
    ...(before === undefined ? {} : { previous: before }),
  });
  const tracked = write.tracked === true ? after : track(parts, { ...write, after });
  if (options.dryRun) return tracked;
  return before === undefined ? parts.store.create(resource, tracked) : replace(parts, resource, tracked);
}

function track(parts: Parts, { before, after, options, subresource }: Write): KubeObject {
  return parts.trackUpdate({
    ...(before === undefined ? {} : { before }),
    after,
    manager: options.fieldManager,
    now: formatTime(parts.now()),
    schema: parts.schema,
    ...(subresource === undefined ? {} : { subresource }),
  });
}

/** What waits for its finalizers goes when the last one is taken off. */
function replace(parts: Parts, resource: Resource, object: KubeObject): KubeObject {
  const stored = parts.store.update(resource, object);
  const { deletionTimestamp, deletionGracePeriodSeconds, finalizers = [], name, namespace } = stored.metadata;
  const waits = finalizers.length > 0 || (deletionGracePeriodSeconds ?? 0) > 0 || stored.kind === 'Namespace';
  if (deletionTimestamp === undefined || waits) return stored;
  return parts.store.remove(resource, namespace ?? '', name);
}

/** Secrets may come with plain text (core/v1 conversion). */
function settle(object: KubeObject): KubeObject {
  const { stringData, ...rest } = object as KubeObject & { stringData?: Readonly<Record<string, string>> };
  if (object.kind !== 'Secret' || stringData === undefined || stringData === null) return object;
  const encoded = Object.entries(stringData).map(([key, value]) => [
    key,
    Buffer.from(value).toString('base64'),
  ]);
  const data = { ...(object['data'] as object | undefined), ...Object.fromEntries(encoded) };
  return { ...rest, data } as KubeObject;
}

const WITH_GENERATION: ReadonlySet<string> = new Set(['Pod', 'Deployment', 'ReplicaSet']);

function withGeneration(before: KubeObject | undefined, after: KubeObject): KubeObject {
  if (!WITH_GENERATION.has(after.kind)) return after;
  const old = before?.metadata.generation ?? 0;
  const same = before !== undefined && isDeepStrictEqual(before['spec'], after['spec']);
  return { ...after, metadata: { ...after.metadata, generation: same ? old : old + 1 } };
}

function demandFields(parts: Parts, resource: Resource, object: KubeObject): void {
  const type = parts.schema.kindOf(object.apiVersion, object.kind);
  if (type === undefined) return;
  const { missing } = parts.checkFields(object, type, parts.schema);
  if (missing.length > 0) throw invalid(resource.kind, resource.group, object.metadata.name ?? '', missing);
}

/** `kubectl/v1.36.0 (linux/amd64)` is the manager `kubectl`. */
function firstWord(agent: string): string {
  return (agent.split('/', 1)[0] ?? '').slice(0, 128) || 'unknown';
}

function notSupported(field: string, value: string, supported: readonly string[]): FailureCause {
  const list = supported.map((one) => JSON.stringify(one)).join(', ');
  const message = `Unsupported value: ${JSON.stringify(value)}: supported values: ${list}`;
  return { reason: 'FieldValueNotSupported', message, field };
}
