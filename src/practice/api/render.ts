// Objects and lists in the form that the request accepts: themselves, a Table, or their metadata alone; JSON or YAML. Everything that is sent of
// stored objects goes through here, in the version of the resource that was asked for.

import { stringify } from 'yaml';
import type { KubeObject } from '../objects/object.ts';
import { apiVersionOf, type Resource } from '../objects/resources.ts';
import { type Form, negotiate } from './accept.ts';
import type { Answer } from './answer.ts';
import { type Call, flag, header, query } from './call.ts';
import { toResource } from './events.ts';
import type { Parts } from './parts.ts';

/** ListMeta. */
export interface ListMeta {
  readonly resourceVersion: string;
  readonly continue?: string;
  readonly remainingItemCount?: number;
}

/** What renders needs of the rest. */
export type RenderParts = Pick<Parts, 'renderTable' | 'now'>;

/** Answers with one object, in any form. */
export function objectAnswer(
  parts: RenderParts,
  call: Call,
  resource: Resource,
  { object, status = 200 }: { readonly object: KubeObject; readonly status?: number },
): Answer {
  const form = negotiate(header(call, 'accept'));
  return encode(call, form, shapeObject(parts, call, { form, resource, object, first: true }), status);
}

/** Answers with a value that has one form only: a Scale, a Status, a review. */
export function valueAnswer(call: Call, value: unknown, status = 200): Answer {
  return encode(call, negotiate(header(call, 'accept')), value, status);
}

/** Answers with a list, in any form. */
export function listAnswer(
  parts: RenderParts,
  call: Call,
  resource: Resource,
  { objects, metadata }: { readonly objects: readonly KubeObject[]; readonly metadata: ListMeta },
): Answer {
  const form = negotiate(header(call, 'accept'));
  const items = objects.map((object) => toResource(resource, object));
  if (form.as === 'Table') {
    const table = tableOf(parts, call, { form, resource, objects: items, withColumns: true, metadata });
    return encode(call, form, table, 200);
  }
  if (form.as === 'PartialObjectMetadata') {
    const apiVersion = `meta.k8s.io/${form.version}`;
    const partial = items.map((object) => metadataOnly(object, form));
    const list = { kind: 'PartialObjectMetadataList', apiVersion, metadata, items: partial };
    return encode(call, form, list, 200);
  }
  // Items of a typed list say neither kind nor version: the list does.
  const bare = items.map(({ apiVersion: _apiVersion, kind: _kind, ...rest }) => rest);
  const list = { kind: `${resource.kind}List`, apiVersion: apiVersionOf(resource), metadata, items: bare };
  return encode(call, form, list, 200);
}

/** One object in a form, also for the events of a watch; a Table has its columns only when it is the `first`. */
export function shapeObject(
  parts: RenderParts,
  call: Call,
  { form, resource, object, first }: Shaping,
): unknown {
  const own = toResource(resource, object);
  if (form.as === 'PartialObjectMetadata') return metadataOnly(own, form);
  if (form.as === 'Object') return own;
  const metadata = { resourceVersion: own.metadata.resourceVersion ?? '' };
  return tableOf(parts, call, { form, resource, objects: [own], withColumns: first, metadata });
}

/** How one object is to be shown. */
export interface Shaping {
  readonly form: Form;
  readonly resource: Resource;
  readonly object: KubeObject;
  readonly first: boolean;
}

interface Tabling {
  readonly form: Form;
  readonly resource: Resource;
  readonly objects: readonly KubeObject[];
  readonly withColumns: boolean;
  readonly metadata: ListMeta;
}

function tableOf(parts: RenderParts, call: Call, tabling: Tabling): object {
  const include = query(call, 'includeObject');
  return parts.renderTable({
    resource: tabling.resource,
    objects: tabling.objects,
    nowMs: parts.now(),
    includeObject: include === 'None' || include === 'Object' ? include : 'Metadata',
    withColumns: tabling.withColumns,
    version: tabling.form.version,
    listMeta: { ...tabling.metadata },
  });
}

function metadataOnly({ metadata }: KubeObject, { version }: Form): unknown {
  return { kind: 'PartialObjectMetadata', apiVersion: `meta.k8s.io/${version}`, metadata };
}

function encode(call: Call, form: Form, value: unknown, status: number): Answer {
  const text =
    form.media === 'application/yaml'
      ? stringify(value, { aliasDuplicateObjects: false })
      : `${JSON.stringify(value, undefined, isPretty(call) ? 2 : undefined)}\n`;
  return {
    status,
    headers: { 'Content-Type': form.media, 'Cache-Control': 'no-cache, private' },
    body: Buffer.from(text),
  };
}

/** Asked for, or a person is looking: curl and browsers get it indented. */
function isPretty(call: Call): boolean {
  if (query(call, 'pretty') !== '') return flag(call, 'pretty');
  return /^(curl|Wget|Mozilla\/5\.0)/.test(header(call, 'user-agent'));
}
