// DELETE of one object or of a collection: a pod that runs somewhere is given time and goes when its containers have ended, a namespace when it is
// empty, what has finalizers when the last of them is off; everything else goes at once. Dependents are the garbage collector's business,
// told by finalizers (k8s.io/apiserver registry/generic/registry/store.go).

import { badRequest, conflict, type FailureCause, invalid } from '../objects/failure.ts';
import { formatTime } from '../objects/memory.ts';
import type { KubeObject } from '../objects/object.ts';
import type { Resource } from '../objects/resources.ts';
import type { Answer } from './answer.ts';
import { readValue } from './body.ts';
import { type Call, query } from './call.ts';
import type { Parts } from './parts.ts';
import { listAnswer, objectAnswer, valueAnswer } from './render.ts';
import { findNamed, namespaceOf, selectionOf } from './scope.ts';

const DEFAULT_GRACE_SECONDS = 30;
/** Kinds whose deletion is answered with the object (ReturnDeletedObject). */
const RETURNED: ReadonlySet<string> = new Set(['Pod', 'ServiceAccount', 'Service']);

/** Deletes the object that the path names. */
export async function remove(parts: Parts, call: Call, resource: Resource): Promise<Answer> {
  const options = await readOptions(parts, call);
  const before = findNamed(parts.store, call, resource);
  const { object, gone } = removeOne(parts, resource, before, options);
  if (!gone || RETURNED.has(resource.kind)) return objectAnswer(parts, call, resource, { object });
  const { name, uid } = object.metadata;
  const group = resource.group === '' ? {} : { group: resource.group };
  return valueAnswer(call, {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Success',
    details: { name, ...group, kind: resource.resource, uid },
  });
}

/** Deletes what is selected of a collection; answers with what was deleted. */
export async function removeCollection(parts: Parts, call: Call, resource: Resource): Promise<Answer> {
  const options = await readOptions(parts, call);
  const selects = selectionOf(call, resource);
  const objects = parts.store.list(resource, namespaceOf(call, resource)).filter(selects);
  const deleted = objects.flatMap((listed) => {
    // One may have gone with another that was deleted just before it.
    const { namespace = '', name } = listed.metadata;
    const object = parts.store.get(resource, namespace, name);
    return object === undefined ? [] : [removeOne(parts, resource, object, options).object];
  });
  const metadata = { resourceVersion: String(parts.store.resourceVersion()) };
  return listAnswer(parts, call, resource, { objects: deleted, metadata });
}

interface DeleteOptions {
  readonly graceSeconds: number | undefined;
  readonly propagation: string;
  readonly dryRun: boolean;
  readonly uid: string;
  readonly resourceVersion: string;
}

function removeOne(
  parts: Parts,
  resource: Resource,
  before: KubeObject,
  options: DeleteOptions,
): { readonly object: KubeObject; readonly gone: boolean } {
  checkPreconditions(resource, before, options);
  const graceSeconds = graceOf(before, options);
  const finalizers = finalizersOf(before, options);
  const stays = graceSeconds > 0 || finalizers.length > 0 || before.kind === 'Namespace';
  if (!stays) {
    if (options.dryRun) return { object: before, gone: true };
    const { namespace = '', name } = before.metadata;
    return { object: parts.store.remove(resource, namespace, name), gone: true };
  }
  const object = marked(before, { graceSeconds, finalizers, nowMs: parts.now() });
  return { object: options.dryRun ? object : parts.store.update(resource, object), gone: false };
}

/** Sets the time of the end; a second deletion may only bring it nearer. */
function marked(
  object: KubeObject,
  facts: { readonly graceSeconds: number; readonly finalizers: readonly string[]; readonly nowMs: number },
): KubeObject {
  const { metadata } = object;
  const { graceSeconds, finalizers, nowMs } = facts;
  const later =
    metadata.deletionTimestamp !== undefined && graceSeconds >= (metadata.deletionGracePeriodSeconds ?? 0);
  const generation = metadata.generation === undefined ? {} : { generation: metadata.generation + 1 };
  const times = later
    ? {}
    : {
        ...(metadata.deletionTimestamp === undefined ? generation : {}),
        deletionTimestamp: formatTime(nowMs + graceSeconds * 1000),
        // A namespace has none: it ends when it is empty.
        ...(object.kind === 'Namespace' ? {} : { deletionGracePeriodSeconds: graceSeconds }),
      };
  const kept = finalizers.length === 0 ? {} : { finalizers };
  const next = { ...object, metadata: { ...metadata, ...times, ...kept } };
  if (object.kind !== 'Namespace') return next;
  return { ...next, status: { ...(object['status'] as object | undefined), phase: 'Terminating' } };
}

/** Only pods that a node has are given time. */
function graceOf({ kind, ...object }: KubeObject, { graceSeconds }: DeleteOptions): number {
  if (kind !== 'Pod') return 0;
  const spec = object['spec'] as { nodeName?: string; terminationGracePeriodSeconds?: number } | undefined;
  const phase = (object['status'] as { phase?: string } | undefined)?.phase;
  if ((spec?.nodeName ?? '') === '' || phase === 'Succeeded' || phase === 'Failed') return 0;
  return graceSeconds ?? spec?.terminationGracePeriodSeconds ?? DEFAULT_GRACE_SECONDS;
}

/** Foreground and Orphan are work for the garbage collector before the object goes. */
function finalizersOf({ metadata }: KubeObject, { propagation }: DeleteOptions): readonly string[] {
  const own = (metadata.finalizers ?? []).filter((one) => one !== 'orphan' && one !== 'foregroundDeletion');
  if (propagation === 'Foreground') return [...own, 'foregroundDeletion'];
  if (propagation === 'Orphan') return [...own, 'orphan'];
  return propagation === '' ? (metadata.finalizers ?? []) : own;
}

function checkPreconditions(resource: Resource, { metadata }: KubeObject, options: DeleteOptions): void {
  const { uid, resourceVersion } = options;
  if (uid !== '' && uid !== metadata.uid) {
    const why = `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${metadata.uid}`;
    throw conflict(resource, metadata.name, why);
  }
  if (resourceVersion !== '' && resourceVersion !== metadata.resourceVersion) {
    const why = `Precondition failed: ResourceVersion in precondition: ${resourceVersion}, ResourceVersion in object meta: ${metadata.resourceVersion}`;
    throw conflict(resource, metadata.name, why);
  }
}

/** DeleteOptions of the body, or of the query when there is none. */
async function readOptions(parts: Parts, call: Call): Promise<DeleteOptions> {
  const body = await call.readBody();
  const given =
    body.length === 0
      ? fromQuery(call)
      : await readValue({ ...call, readBody: async () => body }, parts.decodeProtobuf);
  if (typeof given !== 'object' || given === null) throw badRequest('the DeleteOptions are no object');
  const fields = given as Readonly<Record<string, unknown>>;
  const causes: FailureCause[] = [];
  const refuse = (field: string, value: unknown, why: string) =>
    causes.push({
      reason: 'FieldValueInvalid',
      message: `Invalid value: ${JSON.stringify(value)}: ${why}`,
      field,
    });
  const grace = fields['gracePeriodSeconds'] ?? undefined;
  if (grace !== undefined && (typeof grace !== 'number' || !Number.isInteger(grace))) {
    throw badRequest('gracePeriodSeconds is no number');
  }
  // Negative is an old way to say: as it comes.
  const graceSeconds = grace === undefined ? undefined : Math.max(grace < 0 ? 1 : 0, grace);
  const propagation = String(fields['propagationPolicy'] ?? '');
  if (!['', 'Orphan', 'Background', 'Foreground'].includes(propagation)) {
    refuse('propagationPolicy', propagation, 'must be "Foreground", "Background", "Orphan" or nil');
  }
  const dryRun = Array.isArray(fields['dryRun']) ? fields['dryRun'] : [];
  if (dryRun.some((one) => one !== 'All')) refuse('dryRun', dryRun, 'only "All" is supported');
  if (causes.length > 0) throw invalid('DeleteOptions', 'meta.k8s.io', '', causes);
  const conditions = (fields['preconditions'] ?? {}) as { uid?: string; resourceVersion?: string };
  return {
    graceSeconds,
    propagation: propagation === '' && fields['orphanDependents'] === true ? 'Orphan' : propagation,
    dryRun: dryRun.length > 0,
    uid: conditions.uid ?? '',
    resourceVersion: conditions.resourceVersion ?? '',
  };
}

function fromQuery(call: Call): object {
  const grace = query(call, 'gracePeriodSeconds');
  const dryRun = query(call, 'dryRun');
  return {
    ...(grace === '' ? {} : { gracePeriodSeconds: Number(grace) }),
    propagationPolicy: query(call, 'propagationPolicy'),
    ...(dryRun === '' ? {} : { dryRun: [dryRun] }),
  };
}
