// The row of an event, which is one object under two names of its fields: core v1 and events.k8s.io v1 (printEvent of
// pkg/printers/internalversion/printers.go, and the conversion of pkg/apis/events/v1).

import type { KubeObject } from '../objects/object.ts';
import { ageOf } from './age.ts';
import { type Fields, fieldsOf, numberOf, textOf } from './fields.ts';
import { type Cell, column, NAME, nameOf, type Printer, wide } from './printer.ts';

/** Events: LAST SEEN TYPE REASON OBJECT MESSAGE, and where they come from. */
export const EVENTS: Printer = {
  columns: [
    column('Last Seen', 'How long ago it was last seen.'),
    column('Type', 'Normal, or Warning.'),
    column('Reason', 'What happened, in one word.'),
    column('Object', 'The object that it happened to.'),
    wide('Subobject', 'The part of the object that it happened to.'),
    wide('Source', 'Who saw it.'),
    column('Message', 'What happened, in a sentence.'),
    wide('First Seen', 'How long ago it was first seen.'),
    wide('Count', 'How often it was seen.'),
    { ...NAME, priority: 1 },
  ],
  cells: eventCells,
};

function eventCells(event: KubeObject, nowMs: number): readonly Cell[] {
  const object = fieldsOf(event['involvedObject'] ?? event['regarding']);
  const kind = textOf(object['kind']).toLowerCase();
  const name = textOf(object['name']);
  const { first, last, count } = sightings(event, nowMs);
  return [
    last,
    textOf(event['type']),
    textOf(event['reason']),
    name === '' ? kind : `${kind}/${name}`,
    textOf(object['fieldPath']),
    sourceText(event),
    textOf(event['message'] ?? event['note']).trim(),
    first,
    count,
    nameOf(event),
  ];
}

function sightings(event: KubeObject, nowMs: number): { first: string; last: string; count: number } {
  const firstTime =
    textOf(event['firstTimestamp'] ?? event['deprecatedFirstTimestamp']) || textOf(event['eventTime']);
  const first = ageOf(firstTime, nowMs);
  if (event['series'] !== undefined && event['series'] !== null) {
    const series = fieldsOf(event['series']);
    const last = ageOf(textOf(series['lastObservedTime']), nowMs);
    return { first, last, count: numberOf(series['count']) };
  }
  const lastTime = textOf(event['lastTimestamp'] ?? event['deprecatedLastTimestamp']);
  const count = numberOf(event['count'] ?? event['deprecatedCount']) || 1;
  return { first, last: lastTime === '' ? first : ageOf(lastTime, nowMs), count };
}

function sourceText(event: KubeObject): string {
  const source: Fields = fieldsOf(event['source'] ?? event['deprecatedSource']);
  const component =
    textOf(source['component']) || textOf(event['reportingComponent'] ?? event['reportingController']);
  const instance = textOf(source['host']) || textOf(event['reportingInstance']);
  return instance === '' ? component : `${component}, ${instance}`;
}
