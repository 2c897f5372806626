import fc from 'fast-check';
import t from 'tap';
import type { KubeObject } from '../../../../src/practice/objects/object.ts';
import { fieldsOf } from '../../../../src/practice/patch/fields.ts';
import { difference, isEmpty, pathsOf } from '../../../../src/practice/patch/fieldset.ts';
import { allOwned, readOwners, trackable } from '../../../../src/practice/patch/owners.ts';
import { applyPatch } from '../../../../src/practice/patch/patch.ts';
import { placeOf } from '../../../../src/practice/patch/shape.ts';
import { holds } from '../../../properties.ts';
import { updated } from './applying.ts';
import { deployment, LATER, NOW, SCHEMA, specsWith, withContainers } from './pieces.ts';

function owned(object: KubeObject): Record<string, unknown> {
  return Object.fromEntries(
    (object.metadata.managedFields ?? []).map(({ manager, fieldsV1 }) => [manager, fieldsV1]),
  );
}

function changed(object: KubeObject, spec: object, metadata: object = {}): KubeObject {
  return { ...object, metadata: { ...object.metadata, ...metadata }, spec };
}

// Facts: managedFields of kube-apiserver 1.36.3 after a POST of such a Deployment.
t.test('a create owns all it has', async (t) => {
  const created = updated(
    undefined,
    deployment(
      { replicas: 1, ...withContainers({ name: 'a', ports: [{ containerPort: 80, protocol: 'TCP' }] }) },
      { labels: { app: 'web' } },
    ),
    'kubectl-create',
  );
  const expected = {
    manager: 'kubectl-create',
    operation: 'Update',
    apiVersion: 'apps/v1',
    time: NOW,
    fieldsType: 'FieldsV1',
    fieldsV1: {
      'f:metadata': { 'f:labels': { '.': {}, 'f:app': {} } },
      'f:spec': {
        'f:replicas': {},
        'f:template': {
          'f:spec': {
            'f:containers': {
              'k:{"name":"a"}': {
                '.': {},
                'f:name': {},
                'f:ports': {
                  '.': {},
                  'k:{"containerPort":80,"protocol":"TCP"}': {
                    '.': {},
                    'f:containerPort': {},
                    'f:protocol': {},
                  },
                },
              },
            },
          },
        },
      },
    },
  };
  t.equal(JSON.stringify(created.metadata.managedFields), JSON.stringify([expected]));
});

t.test('of new structs, those that Go has by pointer are owned themselves', async (t) => {
  const created = updated(
    undefined,
    deployment({ strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1 } } }),
  );
  t.same(owned(created), {
    editor: {
      'f:spec': { 'f:strategy': { 'f:rollingUpdate': { '.': {}, 'f:maxSurge': {} }, 'f:type': {} } },
    },
  });
});

t.test('what changes goes to who changed it, what goes to nobody', async (t) => {
  const first = updated(undefined, deployment({ replicas: 1, paused: true, minReadySeconds: 1 }), 'one');
  const second = updated(first, changed(first, { replicas: 2, minReadySeconds: 1 }), 'two', { now: LATER });
  t.same(owned(second), {
    one: { 'f:spec': { 'f:minReadySeconds': {} } },
    two: { 'f:spec': { 'f:replicas': {} } },
  });
  const times = second.metadata.managedFields?.map(({ manager, time }) => [manager, time]);
  t.same(
    times,
    [
      ['one', NOW],
      ['two', LATER],
    ],
    'and only the changer has a new time',
  );
  const third = updated(second, changed(second, { replicas: 2 }), 'two', { now: LATER });
  t.same(owned(third), { two: { 'f:spec': { 'f:replicas': {} } } }, 'an owner of nothing is no owner');
});

t.test('an update that changes nothing is the same object', async (t) => {
  const first = updated(undefined, deployment({ replicas: 1 }));
  t.equal(updated(first, first, 'other', { now: LATER }), first);
  const written = changed(first, { replicas: 1 }, { resourceVersion: '8', generation: 2 });
  t.same(
    updated(first, written, 'other').metadata.managedFields,
    first.metadata.managedFields,
    'nor are version and generation owned',
  );
});

t.test('a manager without a name is unknown; a subresource has its own entry', async (t) => {
  const first = updated(undefined, deployment({ replicas: 1 }), '');
  const second = updated(first, { ...first, status: { replicas: 1 } }, '', { subresource: 'status' });
  t.match(second.metadata.managedFields, [
    { manager: 'unknown' },
    { manager: 'unknown', subresource: 'status', fieldsV1: { 'f:status': { 'f:replicas': {} } } },
  ]);
  t.same(
    owned(updated(undefined, { ...deployment({ replicas: 1 }), status: { replicas: 1 } })),
    { editor: { 'f:spec': { 'f:replicas': {} } } },
    'the status is not owned at the resource',
  );
});

// Facts: apimachinery pkg/util/managedfields/internal/fieldmanager.go (decodeLiveOrNew, isResetManagedFields).
t.test('what clients say of managedFields', async (t) => {
  const first = updated(undefined, deployment({ replicas: 1 }), 'one');
  const [entry] = first.metadata.managedFields ?? [];
  const say = (managedFields: unknown, more: object = {}) =>
    updated(first, changed(first, { replicas: 1 }, { managedFields }), 'two', more).metadata.managedFields;
  t.same(say(undefined), [entry], 'left out: as before');
  t.same(say([]), undefined, 'an empty list: forgotten');
  t.same(say([{}]), undefined, 'one empty entry: forgotten');
  t.same(say([{ ...entry, manager: 'three' }]), [{ ...entry, manager: 'three' }], 'another owner: honoured');
  t.same(say([{ ...entry, operation: 'Steal' }]), [entry], 'an unknown operation: as before');
  t.same(say([{ ...entry, apiVersion: '' }]), [entry], 'no version: as before');
  t.same(say([{ ...entry, fieldsType: 'V2' }]), [entry], 'another format: as before');
  t.same(say([{ ...entry, fieldsV1: { spec: {} } }]), [entry], 'broken fields: as before');
  t.same(say([{ ...entry, fieldsV1: { 'k:{': {} } }]), [entry], 'broken keys: as before');
  t.same(say('x'), [entry], 'no list: as before');
  t.same(
    say([{ ...entry, manager: 'three' }], { subresource: 'status' }),
    [entry],
    'not by way of a subresource',
  );
});

t.test('after a reset nobody is recorded until the next apply', async (t) => {
  const first = changed(
    updated(undefined, deployment({ replicas: 1 })),
    { replicas: 1 },
    { managedFields: undefined },
  );
  t.equal(updated(first, changed(first, { replicas: 2 })).metadata.managedFields, undefined);
});

// What kubectl 1.26 and later sends before its first server-side apply (client-go util/csaupgrade).
t.test("kubectl's move from client-side to server-side apply is honoured", async (t) => {
  const first = updated(undefined, deployment({ replicas: 1 }), 'kubectl-client-side-apply');
  const entries = (first.metadata.managedFields ?? []).map((entry) => ({
    ...entry,
    manager: 'kubectl',
    operation: 'Apply',
  }));
  const patch = [
    { op: 'replace', path: '/metadata/managedFields', value: entries },
    { op: 'replace', path: '/metadata/resourceVersion', value: '7' },
  ];
  const patched = applyPatch({
    contentType: 'application/json-patch+json',
    patch,
    live: first,
    schema: SCHEMA,
  });
  t.same(updated(first, patched, 'kubectl').metadata.managedFields, entries);
});

t.test('more than ten updaters are put together, the oldest first', async (t) => {
  let live = updated(undefined, deployment({}, { labels: { a: '0' } }), 'm0');
  for (let at = 1; at <= 11; at += 1) {
    const labels = { ...live.metadata.labels, [`l${at}`]: '1' };
    live = updated(live, changed(live, {}, { labels }), `m${String(at).padStart(2, '0')}`, {
      now: `2026-01-02T03:04:${String(at + 10)}Z`,
    });
  }
  const entries = live.metadata.managedFields ?? [];
  t.equal(entries.length, 10);
  t.equal(entries[0]?.manager, 'ancient-changes');
  t.match(entries[0]?.fieldsV1, { 'f:metadata': { 'f:labels': { 'f:a': {}, 'f:l1': {}, 'f:l2': {} } } });
});

// The value at one more element of a path.
function into(value: unknown, element: string): unknown {
  if (element.startsWith('f:')) return (value as Record<string, unknown> | undefined)?.[element.slice(2)];
  const { name } = JSON.parse(element.slice(2));
  return (value as { name: string }[] | undefined)?.find((item) => item.name === name);
}

t.test('whoever writes, every field has an owner and nobody owns what is not there', async (t) => {
  const steps = fc.array(fc.tuple(specsWith({ minContainers: 0 }), fc.constantFrom('one', 'two', 'three')), {
    minLength: 1,
    maxLength: 5,
  });
  holds(
    fc.property(steps, (history) => {
      let live: KubeObject | undefined;
      for (const [spec, manager] of history) {
        live = updated(
          live,
          live === undefined
            ? deployment({ minReadySeconds: 1, ...spec })
            : changed(live, { minReadySeconds: 1, ...spec }),
          manager,
        );
      }
      const { managedFields, ...metadata } = live?.metadata ?? { name: '' };
      const all = trackable(
        fieldsOf(SCHEMA, placeOf(SCHEMA, 'apps/v1', 'Deployment'), { ...live, metadata }),
      );
      const owners = allOwned(readOwners(managedFields) ?? new Map());
      t.ok(isEmpty(difference(all, owners)), 'every field has an owner');
      const ghosts = pathsOf(owners).filter((path) => path.reduce(into, live) === undefined);
      t.same(ghosts, [], 'and what is owned is there');
    }),
  );
});
