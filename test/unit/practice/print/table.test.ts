import t from 'tap';
import type { KubeObject } from '../../../../src/practice/objects/object.ts';
import { RESOURCES } from '../../../../src/practice/objects/resources.ts';
import { renderTable, type TableOptions } from '../../../../src/practice/print/table.ts';
import { PLAIN_CASES } from './plaincases.ts';
import { WORKLOAD_CASES } from './workloadcases.ts';

const NOW = Date.parse('2026-01-02T03:04:05Z');
const CONFIGMAP: KubeObject = {
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'c', namespace: 'web', creationTimestamp: '2026-01-02T03:04:00Z' },
  data: { a: 'b' },
};

function render(options: Partial<TableOptions> = {}) {
  return renderTable({
    resource: { group: '', resource: 'configmaps' },
    objects: [CONFIGMAP],
    nowMs: NOW,
    includeObject: 'Metadata',
    withColumns: true,
    version: 'v1',
    listMeta: { resourceVersion: '7' },
    ...options,
  });
}

for (const { title, group, resource, object, cells } of [...WORKLOAD_CASES, ...PLAIN_CASES]) {
  t.test(`the row of ${title}`, async (t) => {
    t.same(render({ resource: { group, resource }, objects: [object] }).rows[0]?.cells, cells);
  });
}

t.test('every resource has as many cells as columns, and exactly one column that is the name', async (t) => {
  for (const resource of RESOURCES) {
    const object = { apiVersion: 'v1', kind: resource.kind, metadata: { name: 'x' } };
    const { columnDefinitions, rows } = render({ resource, objects: [object] });
    const columns = columnDefinitions ?? [];
    const title = `${resource.resource}.${resource.group}`;
    t.equal(rows[0]?.cells.length, columns.length, title);
    const named = columns.flatMap(({ format }, index) => (format === 'name' ? [index] : []));
    t.equal(named.length, 1, title);
    t.equal(rows[0]?.cells[named[0] ?? -1], 'x', title);
    for (const { name, description } of columns) t.ok(name !== '' && description !== '', title);
  }
});

t.test('the columns that kubectl shows without -o wide', async (t) => {
  const facts: readonly (readonly [group: string, resource: string, columns: string])[] = [
    ['apps', 'deployments', 'Name,Ready,Up-to-date,Available,Age'],
    ['apps', 'replicasets', 'Name,Desired,Current,Ready,Age'],
    ['', 'services', 'Name,Type,Cluster-IP,External-IP,Port(s),Age'],
    ['', 'configmaps', 'Name,Data,Age'],
    ['', 'secrets', 'Name,Type,Data,Age'],
    ['', 'namespaces', 'Name,Status,Age'],
    ['', 'serviceaccounts', 'Name,Age'],
    ['', 'events', 'Last Seen,Type,Reason,Object,Message'],
    ['events.k8s.io', 'events', 'Last Seen,Type,Reason,Object,Message'],
    ['rbac.authorization.k8s.io', 'roles', 'Name,Created At'],
    ['rbac.authorization.k8s.io', 'clusterroles', 'Name,Created At'],
    ['rbac.authorization.k8s.io', 'rolebindings', 'Name,Role,Age'],
    ['rbac.authorization.k8s.io', 'clusterrolebindings', 'Name,Role,Age'],
    ['example.com', 'widgets', 'Name,Age'],
    ['example.com', 'pods', 'Name,Age'],
  ];
  for (const [group, resource, expected] of facts) {
    const columns = render({ resource: { group, resource }, objects: [] }).columnDefinitions ?? [];
    const shown = columns.filter(({ priority }) => priority === 0).map(({ name }) => name);
    t.equal(shown.join(), expected, `${resource}.${group}`);
  }
});

t.test('a namespace is printed with its phase', async (t) => {
  const object = {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: 'web' },
    status: { phase: 'Terminating' },
  };
  const { rows } = render({ resource: { group: '', resource: 'namespaces' }, objects: [object] });
  t.same(rows[0]?.cells, ['web', 'Terminating', '<unknown>']);
});

t.test('a table carries the metadata of the list and its own version', async (t) => {
  const listMeta = { resourceVersion: '9', continue: 'abc', remainingItemCount: 4 };
  const table = render({ listMeta, version: 'v1beta1' });
  t.match(table, { kind: 'Table', apiVersion: 'meta.k8s.io/v1beta1', metadata: listMeta });
  t.match(table.rows[0]?.object, { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1beta1' });
});

t.test('a row carries metadata, the whole object or null, as includeObject says', async (t) => {
  t.same(render().rows[0]?.object, {
    kind: 'PartialObjectMetadata',
    apiVersion: 'meta.k8s.io/v1',
    metadata: CONFIGMAP.metadata,
  });
  t.equal(render({ includeObject: 'Object' }).rows[0]?.object, CONFIGMAP);
  t.equal(render({ includeObject: 'None' }).rows[0]?.object, null);
});

t.test('without columns they are null, which is what later events of a watch have', async (t) => {
  t.equal(render({ withColumns: false }).columnDefinitions, null);
  t.same(render({ withColumns: false }).rows[0]?.cells, ['c', 1, '5s']);
});

t.test('only the row of a pod that is over has conditions', async (t) => {
  const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p' }, status: { phase: 'Succeeded' } };
  const { rows } = render({ resource: { group: '', resource: 'pods' }, objects: [pod, CONFIGMAP] });
  t.match(rows[0]?.conditions, [{ type: 'Completed' }]);
  t.notOk('conditions' in (rows[1] ?? {}));
});

t.test('an empty list is a table without rows', async (t) => {
  t.same(render({ objects: [] }).rows, []);
});
