// Who owns what after a create, an update or a patch: what the request changed is its manager's from then on, and nobody else's
// (structured-merge-diff merge.Updater.Update and apimachinery's managedfields around it).

import type { KubeObject } from '../objects/object.ts';
import type { Schema } from '../schema/fieldtype.ts';
import { type Comparison, compare } from './fields.ts';
import { difference, isEmpty, NO_FIELDS, union, without } from './fieldset.ts';
import {
  ignoredAt,
  isReset,
  type Owner,
  type Owners,
  ownerId,
  readOwners,
  trackable,
  withOwners,
} from './owners.ts';
import { placeOf } from './shape.ts';

// More Update entries than this are put together, the oldest first (managedfields.DefaultMaxUpdateManagers).
const MAX_UPDATE_ENTRIES = 10;
const OLD_UPDATES = 'ancient-changes';

/** A write that is to be recorded. */
export interface Update {
  /** Missing for a create. */
  readonly before?: KubeObject;
  readonly after: KubeObject;
  /** The fieldManager parameter, else the first part of the user agent. */
  readonly manager: string;
  /** RFC 3339. */
  readonly now: string;
  readonly schema: Schema;
  readonly subresource?: string;
}

/**
 * `after` with managedFields that record this write. What the client itself says in managedFields counts when it is valid and this is no
 * subresource (so kubectl moves ownership from client-side to server-side apply); an empty list, or one empty entry, makes the server
 * forget every owner. An object that has none stays without until the next apply.
 */
export function trackUpdate(update: Update): KubeObject {
  const { before, after } = update;
  const owners = startingOwners(update);
  if (before !== undefined && owners.size === 0) return withOwners(after, owners);
  return withOwners(after, capped(recordUpdate(update, owners)));
}

function startingOwners({ before, after, subresource = '' }: Update): Owners {
  const live = readOwners(before?.metadata.managedFields) ?? new Map();
  if (subresource !== '') return live;
  const sent: unknown = after.metadata.managedFields;
  if (isReset(sent)) return new Map();
  const given = readOwners(sent);
  // Whoever leaves managedFields out, or breaks it, doesn't mean to delete it.
  return given === undefined || given.size === 0 ? live : given;
}

/** The owners after this write, whatever managedFields the objects have. */
export function recordUpdate(
  update: Omit<Update, 'subresource'> & { readonly subresource?: string },
  owners: Owners,
): Owners {
  const { before, after, manager, now, schema, subresource = '' } = update;
  const changes = changesAt(schema, before, after, subresource);
  const result = new Map(dispossess(owners, changes));
  const taken = trackable(union(changes.added, changes.modified));
  if (isEmpty(taken)) return result;
  const self = {
    manager: manager === '' ? 'unknown' : manager,
    operation: 'Update',
    apiVersion: after.apiVersion,
    subresource,
  } as const;
  const id = ownerId(self);
  const fields = union(taken, result.get(id)?.fields ?? NO_FIELDS);
  result.set(id, { ...self, time: now, fields });
  return result;
}

/** What differs between two objects, as far as a request to this subresource can mean it; managedFields is never part of it. */
export function changesAt(
  schema: Schema,
  before: KubeObject | undefined,
  after: KubeObject,
  subresource: string,
): Comparison {
  const ignored = ignoredAt(subresource);
  const place = placeOf(schema, after.apiVersion, after.kind);
  const left = before === undefined ? {} : withOwners(before, new Map());
  const { added, modified, removed } = compare(schema, place, left, withOwners(after, new Map()));
  return {
    added: without(added, ignored),
    modified: without(modified, ignored),
    removed: without(removed, ignored),
  };
}

/** The owners without what was changed or removed; those without a field are left out. `except` keeps what it has. */
export function dispossess(owners: Owners, changes: Comparison, except?: string): Owners {
  const gone = union(union(changes.added, changes.modified), changes.removed);
  const left = [...owners].map(([id, owner]): [string, Owner] => {
    return [id, id === except ? owner : { ...owner, fields: difference(owner.fields, gone) }];
  });
  return new Map(left.filter(([, { fields }]) => !isEmpty(fields)));
}

function capped(owners: Owners): Owners {
  const updates = [...owners].filter(([, { operation }]) => operation === 'Update');
  let tooMany = updates.length - MAX_UPDATE_ENTRIES;
  if (tooMany <= 0) return owners;
  const age = ({ time }: Owner) => (time === undefined ? 0 : Date.parse(time));
  updates.sort(([leftId, left], [rightId, right]) => age(left) - age(right) || (leftId < rightId ? -1 : 1));
  const result = new Map(owners);
  const firsts = new Map<string, [string, Owner]>();
  for (const [id, owner] of updates) {
    if (tooMany === 0) break;
    const { apiVersion } = owner;
    const first = firsts.get(apiVersion);
    if (first === undefined) {
      firsts.set(apiVersion, [id, owner]);
      continue;
    }
    const bucket = { manager: OLD_UPDATES, operation: 'Update', apiVersion, subresource: '' } as const;
    const merged: Owner = { ...bucket, time: owner.time, fields: union(first[1].fields, owner.fields) };
    result.delete(first[0]);
    result.delete(id);
    result.set(ownerId(bucket), merged);
    firsts.set(apiVersion, [ownerId(bucket), merged]);
    tooMany -= 1;
  }
  return result;
}
