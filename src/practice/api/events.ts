// Events are one store with two faces, core/v1 and events.k8s.io/v1; they are stored as core's (kubernetes pkg/apis/events/v1/conversion.go).
// Every other resource has one face and passes unchanged.

import type { KubeObject } from '../objects/object.ts';
import { apiVersionOf, type Resource } from '../objects/resources.ts';

/** Fields that are named differently: core's word, events.k8s.io's word. */
const WORDS: readonly (readonly [core: string, events: string])[] = [
  ['involvedObject', 'regarding'],
  ['message', 'note'],
  ['source', 'deprecatedSource'],
  ['firstTimestamp', 'deprecatedFirstTimestamp'],
  ['lastTimestamp', 'deprecatedLastTimestamp'],
  ['count', 'deprecatedCount'],
  ['reportingComponent', 'reportingController'],
];
const TO_EVENTS: ReadonlyMap<string, string> = new Map(WORDS);
const TO_CORE: ReadonlyMap<string, string> = new Map(WORDS.map(([core, events]) => [events, core]));

/** A stored object as the resource that was asked for shows it. */
export function toResource(resource: Resource, object: KubeObject): KubeObject {
  const apiVersion = apiVersionOf(resource);
  if (resource.group !== 'events.k8s.io' || object.apiVersion === apiVersion) return object;
  return rename(object, TO_EVENTS, apiVersion);
}

/** An object of a request as it is stored. */
export function fromResource(resource: Resource, object: KubeObject): KubeObject {
  return resource.group === 'events.k8s.io' && object.apiVersion !== 'v1'
    ? rename(object, TO_CORE, 'v1')
    : object;
}

function rename(object: KubeObject, words: ReadonlyMap<string, string>, apiVersion: string): KubeObject {
  const renamed = Object.entries(object).map(([field, value]) => [words.get(field) ?? field, value]);
  return { ...(Object.fromEntries(renamed) as KubeObject), apiVersion };
}
