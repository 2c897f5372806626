// Strategic merge patch: a merge patch that knows by the schema which lists are merged item by item, with directives for what JSON can't say
// (apimachinery pkg/util/strategicpatch, the patch of client-side `kubectl apply` and `kubectl edit`).

import { ApiFailure, badRequest } from '../objects/failure.ts';
import type { FieldType, Schema } from '../schema/fieldtype.ts';
import { cleaned, DELETE_FROM, DIRECTIVE, RETAIN_KEYS, SET_ORDER } from './directives.ts';
import { goText, goType, isList, isRecord, type JsonRecord, own } from './jsonvalue.ts';
import { type Identity, identityOf, ordered, sameKind } from './listorder.ts';
import { type Place, placeOf } from './shape.ts';

/** The patch and the object that it is for. */
export interface StrategicPatch {
  readonly schema: Schema;
  readonly apiVersion: string;
  readonly kind: string;
  readonly live: JsonRecord;
  readonly patch: JsonRecord;
}

/**
 * The live object with the patch applied.
 * @throws ApiFailure 400 or 422 for malformed directives and lists of lists; 500 without a reason where the API server says so: an item
 * without its merge key, or an unknown `$patch`.
 */
export function strategicMerge({ schema, apiVersion, kind, live, patch }: StrategicPatch): JsonRecord {
  return mergeMap(schema, placeOf(schema, apiVersion, kind), live, patch);
}

// An error that the API server does not expect: it answers 500 and the message, without a reason.
function unexpected(message: string): ApiFailure {
  return new ApiFailure(500, '', message);
}

function fieldAt(schema: Schema, place: Place, key: string): Place {
  const type = place?.type;
  if (type?.is === 'map') return { type: type.of };
  const fields = type?.is === 'struct' ? schema.structs.get(type.name)?.fields : undefined;
  return fields !== undefined && Object.hasOwn(fields, key) ? fields[key] : undefined;
}

function mergeMap(schema: Schema, place: Place, original: JsonRecord, patch: JsonRecord): JsonRecord {
  const directive = own(patch, DIRECTIVE);
  if (directive === 'replace') return cleaned(patchWithout(patch, DIRECTIVE)) as JsonRecord;
  if (directive === 'delete') return {};
  if (directive !== undefined) {
    throw unexpected(`unknown patch type: ${goText(directive)} in map: ${goText(patch)}`);
  }
  const result = new Map(Object.entries(retained(original, patch)));
  const done = new Set([RETAIN_KEYS]);
  for (const key of Object.keys(patch).filter((one) => one.startsWith(SET_ORDER))) {
    const field = fieldOf(key, SET_ORDER);
    done.add(key);
    if (orderField({ schema, place: fieldAt(schema, place, field) }, result, patch, field)) done.add(field);
  }
  for (const [key, value] of Object.entries(patch)) {
    if (done.has(key)) continue;
    if (key.startsWith(DELETE_FROM)) deleteMembers(result, fieldOf(key, DELETE_FROM), value);
    else mergeField({ schema, place: fieldAt(schema, place, key) }, result, key, value);
  }
  return Object.fromEntries(result);
}

function patchWithout(patch: JsonRecord, key: string): JsonRecord {
  return Object.fromEntries(Object.entries(patch).filter(([one]) => one !== key));
}

function fieldOf(key: string, prefix: string): string {
  if (key.startsWith(`${prefix}/`)) return key.slice(prefix.length + 1);
  throw prefix === SET_ORDER ? badSetOrder() : badRequest('invalid patch format of primitive list');
}

function badSetOrder(): ApiFailure {
  return badRequest('invalid patch format of setElementOrder list');
}

// $retainKeys: of the original, only these fields stay; the patch may set no others.
function retained(original: JsonRecord, patch: JsonRecord): JsonRecord {
  const keys = own(patch, RETAIN_KEYS);
  if (keys === undefined) return original;
  const named = Object.entries(patch).filter(
    ([key, value]) =>
      value !== null && ![RETAIN_KEYS, DELETE_FROM, SET_ORDER].some((one) => key.startsWith(one)),
  );
  if (!isList(keys) || named.some(([key]) => !keys.includes(key))) {
    throw badRequest('invalid patch format of retainKeys');
  }
  return Object.fromEntries(Object.entries(original).filter(([key]) => keys.includes(key)));
}

interface At {
  readonly schema: Schema;
  readonly place: Place;
}

function mergeField({ schema, place }: At, result: Map<string, unknown>, key: string, value: unknown): void {
  const before = result.get(key);
  let after: unknown;
  if (value === null) after = undefined;
  else if (isRecord(before) && isRecord(value)) after = mergeMap(schema, place, before, value);
  else if (isList(before) && isList(value)) after = mergeList({ schema, place }, before, value);
  else after = cleaned(value);
  if (after === undefined) result.delete(key);
  else result.set(key, after);
}

// $deleteFromPrimitiveList/<field>: whatever the list's type, these scalars go.
function deleteMembers(result: Map<string, unknown>, key: string, gone: unknown): void {
  const before = result.get(key);
  if (!isList(before) || !isList(gone)) return;
  if (before.length + gone.length > 0) sameKind(before, gone);
  result.set(
    key,
    before.filter((item) => !gone.includes(item)),
  );
}

// Which key the items of a list merge by: '' for scalars, undefined for a list that is replaced whole.
function mergeKeyOf(type: FieldType | undefined): string | undefined {
  if (type?.is !== 'list' || type.merge === undefined) return undefined;
  if (type.merge === 'set') return '';
  return type.merge.patchKey ?? type.merge.keys[0] ?? '';
}

function itemPlace(place: Place): Place {
  return place?.type.is === 'list' ? { type: place.type.of } : undefined;
}

function mergeList({ schema, place }: At, original: readonly unknown[], patch: readonly unknown[]): unknown {
  const key = mergeKeyOf(place?.type);
  if (key === undefined) return cleaned(patch);
  if (original.length === 0 && patch.length === 0) return original;
  const ofMaps = sameKind(original, patch);
  if (!ofMaps) {
    const all = [...new Set([...original, ...patch])];
    return ordered({ merged: all, wanted: patch, live: original, identity: identityOf('') });
  }
  if (key === '') throw unexpected('cannot merge lists of maps without a merge key');
  const identity = identityOf(key);
  const { kept, plain } = withItemDirectives(original.filter(isRecord), patch.filter(isRecord), key);
  const merged = mergeItems({ schema, place: itemPlace(place) }, kept, plain, identity);
  return ordered({ merged, wanted: plain, live: kept, identity });
}

// $patch in an item: delete takes the original's items of that key away, replace puts the patch's items in the place of all.
function withItemDirectives(
  original: readonly JsonRecord[],
  patch: readonly JsonRecord[],
  key: string,
): { readonly kept: readonly JsonRecord[]; readonly plain: readonly JsonRecord[] } {
  const plain = patch.filter((item) => own(item, DIRECTIVE) === undefined);
  const special = patch.filter((item) => own(item, DIRECTIVE) !== undefined);
  let kept = original;
  for (const item of special) {
    const directive = own(item, DIRECTIVE);
    if (directive === 'delete') {
      const value = keyValue(item, key);
      kept = kept.filter((one) => own(one, key) !== value);
    } else if (directive === 'merge') {
      throw unexpected('merging lists cannot yet be specified in the patch');
    } else if (directive !== 'replace') {
      throw unexpected(`unknown patch type: ${goText(directive)} in map: ${goText(item)}`);
    }
  }
  if (!special.some((item) => own(item, DIRECTIVE) === 'replace')) return { kept, plain };
  return { kept: plain.map((item) => cleaned(item)).filter(isRecord), plain: [] };
}

function keyValue(item: JsonRecord, key: string): unknown {
  if (Object.hasOwn(item, key)) return item[key];
  throw unexpected(`map: ${goText(item)} does not contain declared merge key: ${key}`);
}

function mergeItems(
  { schema, place }: At,
  original: readonly JsonRecord[],
  patch: readonly JsonRecord[],
  identity: Identity,
): readonly unknown[] {
  const items: JsonRecord[] = [...original];
  for (const item of patch) {
    const wanted = identity(item);
    const at = items.findIndex((one) => own(one, identity.key) === wanted);
    const before = items[at];
    if (before === undefined) items.push(cleaned(item) as JsonRecord);
    else items[at] = mergeMap(schema, place, before, item);
  }
  return items;
}

// $setElementOrder/<field>: the field is merged, then put in this order. @returns whether the patch's own value of the field is used up.
function orderField(
  { schema, place }: At,
  result: Map<string, unknown>,
  patch: JsonRecord,
  field: string,
): boolean {
  const order = own(patch, `${SET_ORDER}/${field}`);
  const [live, wanted] = [result.get(field), own(patch, field)];
  for (const one of [order, live, wanted]) {
    if (one !== undefined && !isList(one)) {
      throw unexpected(`expected a []interface {}, but received a ${goType(one)}`);
    }
  }
  if (!isList(order)) return false;
  const [before, mine] = [isList(live) ? live : undefined, isList(wanted) ? wanted : undefined];
  const identity = identityOf(mergeKeyOf(place?.type) ?? '');
  if (mine !== undefined) checkOrder(mine, order, identity);
  if (before === undefined && mine === undefined) return false;
  let merged: unknown = before;
  if (mine !== undefined)
    merged = before === undefined ? cleaned(mine) : mergeList({ schema, place }, before, mine);
  if (!isList(merged)) return true;
  result.set(field, ordered({ merged, wanted: order, live: before ?? [], identity }));
  return true;
}

// What the patch has in a list has to come in the order that it asks for.
function checkOrder(patch: readonly unknown[], order: readonly unknown[], identity: Identity): void {
  const items = patch.filter((item) => !isRecord(item) || own(item, DIRECTIVE) === undefined);
  if (order.length === 0 || items.length === 0) return;
  const wanted = order.map(identity);
  let from = 0;
  for (const item of items) {
    const at = wanted.indexOf(identity(item), from);
    if (at === -1) {
      throw unexpected(
        `The order in patch list:\n${goText(patch)}\n doesn't match ${SET_ORDER} list:\n${goText(order)}\n`,
      );
    }
    from = at + 1;
  }
}
