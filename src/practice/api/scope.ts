// Where a request's objects are: the resource of its path, the namespace in which the store is asked, the selection of a list or watch.

import { notFound } from '../objects/failure.ts';
import type { KubeObject } from '../objects/object.ts';
import type { Resource } from '../objects/resources.ts';
import { parseFieldSelector, parseLabelSelector, type Selection } from '../objects/selectors.ts';
import type { Store } from '../objects/store.ts';
import { type Call, query } from './call.ts';

/** The namespace in which the store is asked: '' for what has none, and for lists over all. */
export function namespaceOf(call: Call, resource: Resource): string {
  return resource.namespaced ? call.info.namespace : '';
}

/** The object that the path names. @throws ApiFailure NotFound. */
export function findNamed(store: Store, call: Call, resource: Resource): KubeObject {
  const found = store.get(resource, namespaceOf(call, resource), call.info.name);
  if (found === undefined) throw notFound(resource, call.info.name);
  return found;
}

/** What of a collection the request is about. @throws ApiFailure BadRequest for selectors that cannot be read. */
export function selectionOf(call: Call, resource: Resource): Selection {
  const label = parseLabelSelector(query(call, 'labelSelector'));
  const field = parseFieldSelector(query(call, 'fieldSelector'), resource);
  // Only /watch/…/NAME names one without a selector.
  const name = call.info.parts[1] ?? '';
  return (object) => label(object) && field(object) && (name === '' || object.metadata.name === name);
}

/** Whether everything of the collection is selected. */
export function selectsAll(call: Call): boolean {
  return query(call, 'labelSelector') === '' && query(call, 'fieldSelector') === '';
}
