// The order of a list after a strategic merge patch: what the patch names comes in the patch's order, the rest in the live order, woven
// together by where things were (KEP "preserve order in strategic merge patch").

import { ApiFailure } from '../objects/failure.ts';
import { goText, isList, isRecord, own } from './jsonvalue.ts';

/** What makes two items the same: the scalar itself, or the map's value at `key`. */
export interface Identity {
  (item: unknown): unknown;
  /** '' for scalars. */
  readonly key: string;
}

/** Items by the merge key, '' for scalars. @throws ApiFailure 500 without a reason when an item lacks its merge key. */
export function identityOf(key: string): Identity {
  const identity = (item: unknown): unknown => {
    if (key === '') return item;
    if (isRecord(item) && own(item, key) !== undefined) return own(item, key);
    throw new ApiFailure(500, '', `map: ${goText(item)} does not contain declared merge key: ${key}`);
  };
  return Object.assign(identity, { key });
}

/** A merged list and what decides its order. */
export interface Ordering {
  readonly merged: readonly unknown[];
  /** The items of the patch, or its $setElementOrder. */
  readonly wanted: readonly unknown[];
  readonly live: readonly unknown[];
  readonly identity: Identity;
}

/** `merged` in its order: wanted items keep the wanted order, others theirs, each before the first wanted item that was behind it. */
export function ordered({ merged, wanted, live, identity }: Ordering): unknown[] {
  const [wantedIds, liveIds] = [wanted.map(identity), live.map(identity)];
  const mine = merged.filter((item) => wantedIds.includes(identity(item)));
  const others = merged.filter((item) => !wantedIds.includes(identity(item)));
  const sorted = mine.toSorted(byPlace(wantedIds, identity));
  const rest = others.toSorted(byPlace(liveIds, identity));
  const result: unknown[] = [];
  for (const item of sorted) {
    const at = liveIds.indexOf(identity(item));
    while (at !== -1 && rest.length > 0) {
      const before = liveIds.indexOf(identity(rest[0]));
      if (before === -1 || before >= at) break;
      result.push(rest.shift());
    }
    result.push(item);
  }
  return [...result, ...rest];
}

function byPlace(ids: readonly unknown[], identity: Identity): (left: unknown, right: unknown) => number {
  const place = (item: unknown) => {
    const at = ids.indexOf(identity(item));
    return at === -1 ? ids.length : at;
  };
  return (left, right) => place(left) - place(right);
}

/** @returns whether the lists are of maps. @throws ApiFailure 422 for lists of lists, 500 when the items are of several types. */
export function sameKind(...lists: readonly (readonly unknown[])[]): boolean {
  const items = lists.flat();
  if (items.some(isList)) {
    throw new ApiFailure(
      422,
      'Invalid',
      'the server rejected our request due to an error in our request',
      {},
    );
  }
  const kinds = new Set(items.map((item) => (isRecord(item) ? 'map' : typeof item)));
  if (kinds.size > 1) {
    throw new ApiFailure(500, '', `list element types are not identical: ${goText(lists)}`);
  }
  return kinds.has('map');
}
