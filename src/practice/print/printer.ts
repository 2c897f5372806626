// What a printer of one resource is: its columns, and how an object becomes the cells of a row. kubectl shows the columns of priority 0, and
// the others with `-o wide`; the server always sends all of them.

import type { KubeObject } from '../objects/object.ts';
import { ageOf } from './age.ts';

/** metav1.TableColumnDefinition. */
export interface Column {
  readonly name: string;
  readonly type: 'string' | 'integer' | 'date';
  /** `name` marks the column that names the object. */
  readonly format: '' | 'name';
  readonly description: string;
  /** 0 is always shown, 1 with `-o wide`. */
  readonly priority: 0 | 1;
}

/** metav1.TableRowCondition. */
export interface RowCondition {
  readonly type: 'Completed';
  readonly status: 'True';
  readonly reason: string;
  readonly message: string;
}

/** A cell: a text, or a number where the column says integer (and in a few string columns, as Kubernetes has it). */
export type Cell = string | number;

/** Prints the objects of one resource. */
export interface Printer {
  readonly columns: readonly Column[];
  /** As many cells as columns. */
  readonly cells: (object: KubeObject, nowMs: number) => readonly Cell[];
  /** Absent where rows have none. */
  readonly conditions?: (object: KubeObject) => readonly RowCondition[];
}

/** A column of text that is always shown. */
export function column(name: string, description: string, extra: Partial<Column> = {}): Column {
  return { name, type: 'string', format: '', description, priority: 0, ...extra };
}

/** A column of text for `-o wide`. */
export function wide(name: string, description: string): Column {
  return column(name, description, { priority: 1 });
}

/** The column of metadata.name. */
export const NAME: Column = column('Name', 'What the object is called within its namespace.', {
  format: 'name',
});

/** The column of metadata.creationTimestamp. */
export const AGE: Column = column('Age', 'How long ago the object was created.');

/** The cell of `NAME`. */
export function nameOf(object: KubeObject): string {
  return object.metadata.name ?? '';
}

/** The cell of `AGE`. */
export function objectAge(object: KubeObject, nowMs: number): string {
  return ageOf(object.metadata.creationTimestamp, nowMs);
}
