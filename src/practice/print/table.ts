// metav1.Table: the answer to kubectl's `get`, in which the server has already decided what a row says. Which columns each resource has is
// kube-apiserver's choice (pkg/printers/internalversion, apiserver pkg/endpoints/handlers/response.go); the descriptions are our own.

import type { KubeObject, ObjectMeta } from '../objects/object.ts';
import type { Resource } from '../objects/resources.ts';
import { EVENTS } from './events.ts';
import { CONFIGMAPS, LEASES, NAMED, NAMESPACES, SECRETS } from './plain.ts';
import { PODS } from './pods.ts';
import type { Cell, Column, Printer, RowCondition } from './printer.ts';
import { BINDINGS, ROLES } from './roles.ts';
import { DEPLOYMENTS, REPLICASETS, SERVICES } from './workloads.ts';

/** metav1.ListMeta. */
export interface ListMeta {
  readonly resourceVersion?: string;
  readonly continue?: string;
  readonly remainingItemCount?: number;
}

/** What a table is made of. */
export interface TableOptions {
  readonly resource: Pick<Resource, 'group' | 'resource'>;
  readonly objects: readonly KubeObject[];
  /** Ages are counted up to here. */
  readonly nowMs: number;
  /** What each row carries beside its cells: `?includeObject=`, by default Metadata. */
  readonly includeObject: 'None' | 'Metadata' | 'Object';
  /** False for all but the first event of a watch. */
  readonly withColumns: boolean;
  readonly version: 'v1' | 'v1beta1';
  /** Of the list; of a single object its resourceVersion. */
  readonly listMeta: ListMeta;
}

/** metav1.TableRow. */
export interface TableRow {
  readonly cells: readonly Cell[];
  readonly conditions?: readonly RowCondition[];
  readonly object: KubeObject | PartialObjectMetadata | null;
}

/** metav1.PartialObjectMetadata. */
export interface PartialObjectMetadata {
  readonly kind: 'PartialObjectMetadata';
  readonly apiVersion: string;
  readonly metadata: ObjectMeta;
}

/** metav1.Table. `columnDefinitions` is null, not absent, without columns. */
export interface Table {
  readonly kind: 'Table';
  readonly apiVersion: string;
  readonly metadata: ListMeta;
  readonly columnDefinitions: readonly Column[] | null;
  readonly rows: readonly TableRow[];
}

/** The table of some objects of one resource; a resource that is not known is printed as NAME AGE. */
export function renderTable(options: TableOptions): Table {
  const { resource, objects, withColumns, version, listMeta } = options;
  const printer = PRINTERS.get(`${resource.resource}.${resource.group}`) ?? NAMED;
  return {
    kind: 'Table',
    apiVersion: `meta.k8s.io/${version}`,
    metadata: listMeta,
    columnDefinitions: withColumns ? printer.columns : null,
    rows: objects.map((object) => row(printer, object, options)),
  };
}

const PRINTERS: ReadonlyMap<string, Printer> = new Map([
  ['configmaps.', CONFIGMAPS],
  ['events.', EVENTS],
  ['namespaces.', NAMESPACES],
  ['pods.', PODS],
  ['secrets.', SECRETS],
  ['services.', SERVICES],
  ['deployments.apps', DEPLOYMENTS],
  ['replicasets.apps', REPLICASETS],
  ['leases.coordination.k8s.io', LEASES],
  ['events.events.k8s.io', EVENTS],
  ['clusterrolebindings.rbac.authorization.k8s.io', BINDINGS],
  ['clusterroles.rbac.authorization.k8s.io', ROLES],
  ['rolebindings.rbac.authorization.k8s.io', BINDINGS],
  ['roles.rbac.authorization.k8s.io', ROLES],
]);

function row(printer: Printer, object: KubeObject, options: TableOptions): TableRow {
  const conditions = printer.conditions?.(object) ?? [];
  return {
    cells: printer.cells(object, options.nowMs),
    ...(conditions.length === 0 ? {} : { conditions }),
    object: carried(object, options),
  };
}

function carried(object: KubeObject, { includeObject, version }: TableOptions): TableRow['object'] {
  if (includeObject === 'None') return null;
  if (includeObject === 'Object') return object;
  return {
    kind: 'PartialObjectMetadata',
    apiVersion: `meta.k8s.io/${version}`,
    metadata: object.metadata,
  };
}
