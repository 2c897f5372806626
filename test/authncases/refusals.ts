// The file of the entries that must not load, and what kube-apiserver's log says of each: all at once, since it prints every error.

import { completeEntry, toDocument } from './batches.ts';
import type { BadEntry } from './configurations.ts';
import type { Issuers } from './issuers.ts';

/** A field's path and the kind of error, as k8s.io/apimachinery/pkg/util/validation/field prints them. */
const FIELD_ERROR =
  /jwt\[(\d+)\]\.([\w.[\]]+): (?:Invalid value|Required value|Duplicate value|Forbidden|Unsupported value|Too many)/g;

/** One file with them all, each with an issuer of its own unless that is what is wrong. */
export function toBadDocument(bad: readonly BadEntry[], issuers: Issuers): object {
  return toDocument(bad.map(([, entry], index) => completeEntry(entry, `/bad-${index}`, issuers)));
}

/** The paths that a log names, by entry, each once and sorted. */
export function pathsByEntry(log: string): ReadonlyMap<number, readonly string[]> {
  const found = new Map<number, Set<string>>();
  for (const [, index = '', path = ''] of log.matchAll(FIELD_ERROR)) {
    const paths = found.get(Number(index)) ?? new Set();
    found.set(Number(index), paths.add(path));
  }
  return new Map([...found].map(([index, paths]) => [index, [...paths].sort()]));
}
