// GET of one object and of collections: the state now, or as it was at a remembered resourceVersion, whole or in pages whose continuations all
// show one moment (k8s.io/apiserver storage/etcd3, ValidateListOptions of apimachinery).

import { ApiFailure, badRequest, expired, type FailureCause, invalid } from '../objects/failure.ts';
import type { KubeObject } from '../objects/object.ts';
import type { Resource } from '../objects/resources.ts';
import type { Store } from '../objects/store.ts';
import type { Answer } from './answer.ts';
import { type Call, query } from './call.ts';
import type { Parts } from './parts.ts';
import { type ListMeta, listAnswer, objectAnswer } from './render.ts';
import { findNamed, namespaceOf, selectionOf, selectsAll } from './scope.ts';

/** Answers with the object that the path names. */
export function get(parts: Parts, call: Call, resource: Resource): Answer {
  checkVersion(parts.store, query(call, 'resourceVersion'));
  return objectAnswer(parts, call, resource, { object: findNamed(parts.store, call, resource) });
}

/** Answers with the selected objects of a collection. */
export function list(parts: Parts, call: Call, resource: Resource): Answer {
  const { store } = parts;
  checkOptions(call);
  const token = readToken(query(call, 'continue'));
  const asked = query(call, 'resourceVersion');
  const exact = query(call, 'resourceVersionMatch') === 'Exact';
  if (token === undefined) checkVersion(store, asked);
  const version = token?.version ?? (exact ? Number(asked) : store.resourceVersion());
  const namespace = namespaceOf(call, resource);
  const objects = stateAt(store, resource, namespace, version);
  const selected = objects.filter(selectionOf(call, resource));
  const rest = token === undefined ? selected : selected.filter((one) => rowOf(one) > token.after);
  const limit = readLimit(call);
  const page = limit === 0 ? rest : rest.slice(0, limit);
  const metadata = pageMeta({ version, page, left: rest.length - page.length, all: selectsAll(call) });
  return listAnswer(parts, call, resource, { objects: page, metadata });
}

/** A resourceVersion of a query: '' when none is asked for. @throws ApiFailure 400 when it is no number, 504 when it is still to come. */
export function checkVersion(store: Store, text: string): void {
  if (text === '') return;
  if (!/^[0-9]{1,15}$/.test(text))
    throw badRequest(`Invalid value: ${JSON.stringify(text)}: not a resource version`);
  const current = store.resourceVersion();
  if (Number(text) <= current) return;
  const message = `Timeout: Too large resource version: ${text}, current: ${current}`;
  throw new ApiFailure(504, 'Timeout', message, {
    causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }],
    retryAfterSeconds: 1,
  });
}

/** 422 about the options of a list or watch. */
export function badOptions(kind: string, causes: readonly FailureCause[]): ApiFailure {
  return invalid(kind, 'meta.k8s.io', '', causes);
}

/** The state of a collection at a version: what is there now, with every later change taken back. @throws ApiFailure Expired. */
function stateAt(
  store: Store,
  resource: Resource,
  namespace: string,
  version: number,
): readonly KubeObject[] {
  const now = store.list(resource, namespace);
  if (version >= store.resourceVersion()) return now;
  const before = new Map<string, KubeObject | undefined>();
  try {
    const stop = store.watch(resource, namespace, version, ({ object, previous }) => {
      if (!before.has(rowOf(object))) before.set(rowOf(object), previous);
    });
    stop();
  } catch (cause) {
    if (!(cause instanceof ApiFailure)) throw cause;
    throw expired('The provided continue parameter is too old to display a consistent list result.');
  }
  const rows = new Map<string, KubeObject | undefined>(now.map((object) => [rowOf(object), object]));
  for (const [row, object] of before) rows.set(row, object);
  return [...rows]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([, object]) => (object === undefined ? [] : [object]));
}

function rowOf({ metadata }: KubeObject): string {
  return `${metadata.namespace ?? ''}\0${metadata.name}`;
}

function readLimit(call: Call): number {
  const text = query(call, 'limit');
  if (text === '') return 0;
  if (!/^-?[0-9]{1,15}$/.test(text))
    throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`);
  return Math.max(0, Number(text));
}

interface Token {
  readonly version: number;
  readonly after: string;
}

function readToken(text: string): Token | undefined {
  if (text === '') return undefined;
  try {
    const token: unknown = JSON.parse(Buffer.from(text, 'base64url').toString());
    if (typeof token === 'object' && token !== null && 'rv' in token && 'start' in token) {
      if (typeof token.rv === 'number' && typeof token.start === 'string')
        return { version: token.rv, after: token.start };
    }
  } catch {
    // Told below.
  }
  throw badRequest('continue key is not valid');
}

function pageMeta(facts: {
  readonly version: number;
  readonly page: readonly KubeObject[];
  readonly left: number;
  readonly all: boolean;
}): ListMeta {
  const { version, page, left, all } = facts;
  const last = page.at(-1);
  if (left === 0 || last === undefined) return { resourceVersion: String(version) };
  const token = JSON.stringify({ v: 'practice', rv: version, start: rowOf(last) });
  return {
    resourceVersion: String(version),
    continue: Buffer.from(token).toString('base64url'),
    // Counting what a selector leaves would mean reading on: the real server does not.
    ...(all ? { remainingItemCount: left } : {}),
  };
}

function checkOptions(call: Call): void {
  const match = query(call, 'resourceVersionMatch');
  const version = query(call, 'resourceVersion');
  const causes: FailureCause[] = [];
  const refuse = (field: string, why: string) =>
    causes.push({ reason: 'FieldValueForbidden', message: `Forbidden: ${why}`, field });
  if (match !== '') {
    if (version === '')
      refuse('resourceVersionMatch', 'resourceVersionMatch is forbidden unless resourceVersion is provided');
    if (query(call, 'continue') !== '')
      refuse('resourceVersionMatch', 'resourceVersionMatch is forbidden when continue is provided');
    if (match !== 'Exact' && match !== 'NotOlderThan') causes.push(unsupportedMatch(match));
    if (match === 'Exact' && version === '0')
      refuse('resourceVersionMatch', 'resourceVersionMatch "exact" is forbidden for resourceVersion "0"');
  }
  if (query(call, 'sendInitialEvents') !== '')
    refuse('sendInitialEvents', 'sendInitialEvents is forbidden for list');
  if (causes.length > 0) throw badOptions('ListOptions', causes);
}

function unsupportedMatch(match: string): FailureCause {
  const message = `Unsupported value: ${JSON.stringify(match)}: supported values: "", "Exact", "NotOlderThan"`;
  return { reason: 'FieldValueNotSupported', message, field: 'resourceVersionMatch' };
}
