// What the cases of rows are made of.

import type { KubeObject } from '../../../../src/practice/objects/object.ts';

/** An object and its cells; `AGE` stands for 5s. */
export interface RowCase {
  readonly title: string;
  readonly group: string;
  readonly resource: string;
  readonly object: KubeObject;
  readonly cells: readonly (string | number)[];
}

export const AGE = '5s';
export const CREATED = '2026-01-02T03:04:00Z';

export function object(apiVersion: string, kind: string, content: object): KubeObject {
  return { apiVersion, kind, metadata: { name: 'x', creationTimestamp: CREATED }, ...content };
}
