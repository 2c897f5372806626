// The rows of what only holds something: configmaps, secrets, namespaces, serviceaccounts; and of everything that has no printer of its own.

import { fieldsOf, textOf } from './fields.ts';
import { AGE, column, NAME, nameOf, objectAge, type Printer } from './printer.ts';

/** ConfigMaps: NAME DATA AGE. */
export const CONFIGMAPS: Printer = {
  columns: [NAME, column('Data', 'How many keys it has.'), AGE],
  cells: (object, nowMs) => [
    nameOf(object),
    sizeOf(object['data']) + sizeOf(object['binaryData']),
    objectAge(object, nowMs),
  ],
};

/** Secrets: NAME TYPE DATA AGE. */
export const SECRETS: Printer = {
  columns: [NAME, column('Type', 'What the secret is for.'), column('Data', 'How many keys it has.'), AGE],
  cells: (object, nowMs) => [
    nameOf(object),
    textOf(object['type']),
    sizeOf(object['data']),
    objectAge(object, nowMs),
  ],
};

/** Namespaces: NAME STATUS AGE. */
export const NAMESPACES: Printer = {
  columns: [NAME, column('Status', 'Whether it is in use or being deleted.'), AGE],
  cells: (object, nowMs) => [
    nameOf(object),
    textOf(fieldsOf(object['status'])['phase']),
    objectAge(object, nowMs),
  ],
};

export const LEASES: Printer = {
  columns: [NAME, column('Holder', 'Who leads.'), AGE],
  cells: (object, nowMs) => [
    nameOf(object),
    textOf(fieldsOf(object['spec'])['holderIdentity']),
    objectAge(object, nowMs),
  ],
};

/** NAME AGE: serviceaccounts (since Kubernetes 1.35 without SECRETS), and what has no printer of its own. */
export const NAMED: Printer = {
  columns: [NAME, AGE],
  cells: (object, nowMs) => [nameOf(object), objectAge(object, nowMs)],
};

function sizeOf(data: unknown): number {
  return Object.keys(fieldsOf(data)).length;
}
