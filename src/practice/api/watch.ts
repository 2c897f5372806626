// Watches: the changes of a collection, one JSON document a line, for as long as the caller stays or has asked for. Selectors turn a change into
// the appearing or vanishing of an object; bookmarks say how far the caller is (k8s.io/apiserver endpoints/handlers/watch.go, storage/cacher).

import type { Writable } from 'node:stream';
import { afterDelay } from '../../delay.ts';
import { badRequest, type FailureCause } from '../objects/failure.ts';
import type { KubeObject } from '../objects/object.ts';
import { apiVersionOf, type Resource } from '../objects/resources.ts';
import type { Selection } from '../objects/selectors.ts';
import type { StoreEvent } from '../objects/store.ts';
import { type Form, negotiate } from './accept.ts';
import { type Answer, failureStatus } from './answer.ts';
import { type Call, flag, header, query } from './call.ts';
import { badOptions } from './list.ts';
import type { Parts } from './parts.ts';
import { shapeObject } from './render.ts';
import { namespaceOf, selectionOf } from './scope.ts';

/** At least as often as this a caller that wants bookmarks gets one. */
const BOOKMARK_INTERVAL_MS = 60_000;
/** The last bookmark comes this long before timeoutSeconds ends a watch. */
const LAST_BOOKMARK_MS = 2000;
/** A watch without timeoutSeconds: half an hour, and up to as much again. */
const MIN_TIMEOUT_S = 1800;
/** A caller that does not read: its watch ends when so much waits for it. */
const MAX_WAITING_BYTES = 64 * 1024 * 1024;

/** Answers with a stream of changes. */
export function watch(parts: Parts, call: Call, resource: Resource): Answer {
  checkOptions(call);
  const asked = query(call, 'resourceVersion');
  if (asked !== '' && !/^[0-9]{1,15}$/.test(asked)) {
    throw badRequest(`Invalid value: ${JSON.stringify(asked)}: not a resource version`);
  }
  const watching: Watching = {
    parts,
    call,
    resource,
    selects: selectionOf(call, resource),
    form: negotiate(header(call, 'accept')),
    since: Number(asked === '' ? '0' : asked),
    initial: flag(call, 'sendInitialEvents'),
    bookmarks: flag(call, 'allowWatchBookmarks'),
    timeoutMs: readTimeout(call),
  };
  return {
    status: 200,
    headers: {
      'Content-Type': watching.form.media === 'application/yaml' ? 'application/json' : watching.form.media,
      'Cache-Control': 'no-cache, private',
    },
    body: (out) => run(watching, out),
  };
}

interface Watching {
  readonly parts: Parts;
  readonly call: Call;
  readonly resource: Resource;
  readonly selects: Selection;
  readonly form: Form;
  readonly since: number;
  readonly initial: boolean;
  readonly bookmarks: boolean;
  readonly timeoutMs: number;
}

/** Resolves when the watch is over: time, the caller, or what went wrong. */
function run(watching: Watching, out: Writable): Promise<void> {
  const { parts, call, resource } = watching;
  const { promise, resolve } = Promise.withResolvers<void>();
  const endings: (() => void)[] = [];
  const end = () => {
    for (const ending of endings.splice(0)) ending();
    resolve();
  };
  const send = createSender(watching, out, end);
  call.gone.addEventListener('abort', end, { once: true });
  endings.push(() => call.gone.removeEventListener('abort', end));
  out.once('close', end);
  try {
    const start = sendInitial(watching, send);
    endings.push(
      parts.store.watch(resource, namespaceOf(call, resource), start, (event) => {
        const seen = asSeen(event, watching.selects);
        if (seen !== undefined) send(seen, shownObject(seen, event));
      }),
    );
  } catch (error) {
    send.status(failureStatus(error));
    end();
    return promise;
  }
  if (call.gone.aborted || out.destroyed) end();
  else endings.push(...startTimers(watching, send, end));
  return promise;
}

/** Bookmarks on the minute and shortly before the end; the end. @returns what stops them. */
function startTimers(
  { parts, bookmarks, timeoutMs }: Watching,
  send: Sender,
  end: () => void,
): (() => void)[] {
  const stops = [afterDelay(timeoutMs, end, parts.setTimer)];
  if (!bookmarks) return stops;
  const mark = () => send.bookmark(parts.store.resourceVersion());
  let stopNext = () => {};
  const wait = () => {
    stopNext = afterDelay(
      BOOKMARK_INTERVAL_MS,
      () => {
        mark();
        wait();
      },
      parts.setTimer,
    );
  };
  wait();
  const last = Math.max(timeoutMs - LAST_BOOKMARK_MS, timeoutMs / 2);
  return [...stops, () => stopNext(), afterDelay(last, mark, parts.setTimer)];
}

/** The state before the changes, when it is asked for. @returns the version from which on changes are told. */
function sendInitial({ parts, call, resource, ...watching }: Watching, send: Sender): number {
  const { store } = parts;
  if (watching.since !== 0 && !watching.initial) return watching.since;
  // sendInitialEvents=false says: only what is new.
  const only = query(call, 'sendInitialEvents') !== '' && !watching.initial;
  const now = store.resourceVersion();
  if (only) return now;
  for (const object of store.list(resource, namespaceOf(call, resource))) {
    if (watching.selects(object)) send('ADDED', object);
  }
  if (watching.initial && watching.bookmarks) send.bookmark(now, true);
  return now;
}

/** What a caller with this selection sees of a change; undefined when nothing. */
function asSeen({ type, object, previous }: StoreEvent, selects: Selection): StoreEvent['type'] | undefined {
  const before = previous !== undefined && selects(previous);
  if (type === 'DELETED') return before ? 'DELETED' : undefined;
  const after = selects(object);
  if (after) return before ? 'MODIFIED' : 'ADDED';
  return before ? 'DELETED' : undefined;
}

/** What vanishes is shown as it was last seen, at the version of its vanishing. */
function shownObject(
  seen: StoreEvent['type'],
  { object, previous, resourceVersion }: StoreEvent,
): KubeObject {
  if (seen !== 'DELETED' || previous === undefined) return object;
  return { ...previous, metadata: { ...previous.metadata, resourceVersion: String(resourceVersion) } };
}

interface Sender {
  (type: StoreEvent['type'], object: KubeObject): void;
  readonly bookmark: (version: number, initialEnd?: boolean) => void;
  readonly status: (status: unknown) => void;
}

function createSender({ parts, call, resource, form }: Watching, out: Writable, end: () => void): Sender {
  let first = true;
  const write = (type: string, object: unknown) => {
    if (out.writableEnded || out.destroyed) return;
    out.write(Buffer.from(`${JSON.stringify({ type, object })}\n`));
    if (out.writableLength > MAX_WAITING_BYTES) end();
  };
  const send = (type: StoreEvent['type'], object: KubeObject) => {
    write(type, shapeObject(parts, call, { form, resource, object, first }));
    first = false;
  };
  const bookmark = (version: number, initialEnd = false) => {
    const annotations = initialEnd ? { annotations: { 'k8s.io/initial-events-end': 'true' } } : {};
    const metadata = { resourceVersion: String(version), creationTimestamp: null, ...annotations };
    const meta = `meta.k8s.io/${form.version}`;
    const plain = { kind: resource.kind, apiVersion: apiVersionOf(resource), metadata };
    if (form.as === 'Object') write('BOOKMARK', plain);
    else if (form.as === 'Table')
      write('BOOKMARK', { kind: 'Table', apiVersion: meta, metadata, columnDefinitions: [], rows: [] });
    else write('BOOKMARK', { ...plain, kind: 'PartialObjectMetadata', apiVersion: meta });
  };
  return Object.assign(send, { bookmark, status: (status: unknown) => write('ERROR', status) });
}

function readTimeout(call: Call): number {
  const text = query(call, 'timeoutSeconds');
  if (text !== '' && !/^[0-9]{1,9}$/.test(text)) {
    throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`);
  }
  const seconds = Number(text);
  if (seconds > 0) return seconds * 1000;
  // Spread, so that not all come back at once; the request's own id is chance enough.
  const spread =
    Number.parseInt(call.auditID.replaceAll(/[^0-9a-f]/gi, '').slice(0, 8) || '0', 16) % MIN_TIMEOUT_S;
  return (MIN_TIMEOUT_S + spread) * 1000;
}

function checkOptions(call: Call): void {
  const match = query(call, 'resourceVersionMatch');
  const initial = query(call, 'sendInitialEvents') !== '';
  const causes: FailureCause[] = [];
  const refuse = (field: string, why: string) =>
    causes.push({ reason: 'FieldValueForbidden', message: `Forbidden: ${why}`, field });
  if (initial && match !== 'NotOlderThan')
    refuse('resourceVersionMatch', 'sendInitialEvents requires setting resourceVersionMatch to NotOlderThan');
  if (!initial && match !== '')
    refuse(
      'resourceVersionMatch',
      'resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided',
    );
  if (query(call, 'continue') !== '')
    refuse('resourceVersionMatch', 'resourceVersionMatch is forbidden when continue is provided');
  if (causes.length > 0) throw badOptions('ListOptions', causes);
}
