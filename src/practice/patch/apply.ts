// Server-side apply: what a manager says of an object is merged into it, what it said before and says no more is taken away unless somebody
// else owns it, and what others own is not changed without force (KEP-555; structured-merge-diff merge.Updater.Apply).

import { ApiFailure, badRequest } from '../objects/failure.ts';
import type { KubeObject } from '../objects/object.ts';
import type { Schema } from '../schema/fieldtype.ts';
import { applyConflict, type FieldConflict } from './conflicts.ts';
import { fieldsOf, problemsOf } from './fields.ts';
import {
  difference,
  type FieldSet,
  has,
  intersection,
  isEmpty,
  NO_FIELDS,
  pathsOf,
  union,
  without,
} from './fieldset.ts';
import { checkIdentity } from './identity.ts';
import { reuse, withoutNulls } from './jsonvalue.ts';
import { KUBECTL, stillAsLastApplied, withLastApplied } from './lastapplied.ts';
import { allOwned, ignoredAt, type Owners, ownerId, readOwners, trackable, withOwners } from './owners.ts';
import { type Place, placeOf } from './shape.ts';
import { changesAt, dispossess, recordUpdate } from './trackupdate.ts';
import { mergeTyped, removeFields, withNamedFields } from './typed.ts';

const BEFORE_FIRST_APPLY = 'before-first-apply';

/** An apply request. */
export interface Apply {
  /** Missing when the object does not exist yet. */
  readonly live?: KubeObject;
  /** The parsed body. */
  readonly applied: KubeObject;
  /** The fieldManager parameter, which an apply has to have. */
  readonly manager: string;
  /** Takes fields over that others own. */
  readonly force: boolean;
  /** RFC 3339. */
  readonly now: string;
  readonly schema: Schema;
  readonly subresource?: string;
}

/**
 * The object after the apply, without defaults for what is new. `live` itself when nothing changes, not even who owns what.
 * @throws ApiFailure 400 for another kind, name or namespace than the live object's, or managedFields in the body; 409 for conflicts;
 * 500 without a reason for fields that the schema does not know, as the API server does.
 */
export function serverSideApply(apply: Apply): KubeObject {
  const { live, applied, manager, force, schema } = apply;
  check(apply);
  const owners = ownersBefore(apply);
  const allowed = manager === KUBECTL && live !== undefined ? stillAsLastApplied(schema, live) : NO_FIELDS;
  const outcome = applyTo(apply, owners);
  const conflicts = force ? [] : outcome.conflicts.filter(({ path }) => !has(allowed, path));
  if (conflicts.length > 0) throw applyConflict(conflicts);
  const written = manager === KUBECTL ? withLastApplied(outcome.object, applied) : outcome.object;
  return withOwners(written, outcome.owners);
}

function check({ live, applied, schema }: Apply): void {
  const { apiVersion, kind, metadata } = applied;
  if (live !== undefined && (live.apiVersion !== apiVersion || live.kind !== kind)) {
    const shown = apiVersion.includes('/') ? apiVersion : `/${apiVersion}`;
    throw badRequest(`invalid object type: ${shown}, Kind=${kind}`);
  }
  if (metadata.managedFields !== undefined && metadata.managedFields !== null) {
    throw badRequest('metadata.managedFields must be nil');
  }
  const problems = problemsOf(schema, placeOf(schema, apiVersion, kind), applied);
  if (problems.length === 0) return;
  const list =
    problems.length === 1 ? problems[0] : ['errors:', ...problems.map((one) => `  ${one}`)].join('\n');
  const shown = apiVersion.includes('/') ? apiVersion : `/${apiVersion}`;
  const subject = `${metadata.namespace ?? ''}/${metadata.name}; ${shown}, Kind=${kind}`;
  throw new ApiFailure(500, '', `failed to create typed patch object (${subject}): ${list}`);
}

function ownersBefore({ live, now, schema, subresource = '' }: Apply): Owners {
  if (live === undefined) return new Map();
  const owners = readOwners(live.metadata.managedFields);
  if (owners === undefined) throw new ApiFailure(500, '', 'failed to decode managed fields');
  if (owners.size > 0) return owners;
  // What is there already belongs to whoever wrote it before anybody applied.
  return recordUpdate({ after: live, manager: BEFORE_FIRST_APPLY, now, schema, subresource }, owners);
}

interface Outcome {
  readonly object: KubeObject;
  readonly owners: Owners;
  readonly conflicts: readonly FieldConflict[];
}

function applyTo(apply: Apply, before: Owners): Outcome {
  const { live, applied, manager, now, schema, subresource = '' } = apply;
  const place = placeOf(schema, applied.apiVersion, applied.kind);
  const self = { manager, operation: 'Apply', apiVersion: applied.apiVersion, subresource } as const;
  const id = ownerId(self);
  const last = before.get(id);
  const fields = without(fieldsOf(schema, place, applied), ignoredAt(subresource));
  const owners = new Map(before).set(id, { ...self, time: last?.time, fields });

  const base = live === undefined ? undefined : withOwners(live, new Map());
  const merged = mergeTyped(schema, place, base, applied);
  const pruned = prune({ schema, place, merged, last: last?.fields ?? NO_FIELDS, owned: allOwned(owners) });
  const next = pruned as KubeObject;
  const changes = changesAt(schema, live, next, subresource);
  const taken = union(changes.modified, changes.added);
  const conflicts = [...owners]
    .filter(([other]) => other !== id)
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .flatMap(([, owner]) => pathsOf(intersection(owner.fields, taken)).map((path) => ({ owner, path })));

  const object = finish(live, next);
  const after = new Map(dispossess(owners, changes, id));
  const kept = trackable(fields);
  // Only an apply that changes the object has a time of its own.
  const time = object === live ? last?.time : now;
  if (isEmpty(kept)) after.delete(id);
  else after.set(id, { ...self, time, fields: kept });
  return { object, owners: after, conflicts };
}

// The object to store: without nulls, and `live` itself (with its managedFields) when it says the same.
function finish(live: KubeObject | undefined, next: KubeObject): KubeObject {
  const object = withoutNulls(next) as KubeObject;
  if (live === undefined) return object;
  const kept = checkIdentity(live, object);
  const { managedFields } = live.metadata;
  if (managedFields === undefined) return reuse(live, kept) as KubeObject;
  return reuse(live, { ...kept, metadata: { ...kept.metadata, managedFields } }) as KubeObject;
}

interface Pruning {
  readonly schema: Schema;
  readonly place: Place;
  readonly merged: unknown;
  /** What the manager applied the time before. */
  readonly last: FieldSet;
  /** What anybody owns now, the manager with what it applies. */
  readonly owned: FieldSet;
}

// Removes what the manager applied the time before and no longer does, unless somebody owns it or something in it.
function prune({ schema, place, merged, last, owned }: Pruning): unknown {
  if (isEmpty(last)) return merged;
  const named = (set: FieldSet) => withNamedFields(schema, place, set);
  const fields = (value: unknown) => named(fieldsOf(schema, place, value));
  const all = fields(merged);
  const first = removeFields(schema, place, merged, named(last));
  const unowned = difference(all, union(fields(first), named(owned)));
  const second = removeFields(schema, place, merged, unowned);
  const dropped = intersection(difference(all, fields(second)), named(last));
  return removeFields(schema, place, merged, dropped);
}
