import t from 'tap';
import type { KubeObject } from '../../../../src/practice/objects/object.ts';
import { apply, manifest, ownedBy, updated, withSpec } from './applying.ts';
import { configMap, deployment, failureOf, LATER, NOW, withContainers } from './pieces.ts';

// Server-side apply: what is owned, what goes, what is merged how, and what is refused.

t.test('an apply that creates owns what it says, and nothing of the identity', async (t) => {
  const created = apply(
    undefined,
    manifest(
      { replicas: 2, ...withContainers({ name: 'a', image: 'a:1', ports: [{ containerPort: 80 }] }) },
      { labels: { app: 'web' } },
    ),
  );
  const expected = {
    manager: 'one',
    operation: 'Apply',
    apiVersion: 'apps/v1',
    time: NOW,
    fieldsType: 'FieldsV1',
    fieldsV1: {
      'f:metadata': { 'f:labels': { 'f:app': {} } },
      'f:spec': {
        'f:replicas': {},
        'f:template': {
          'f:spec': {
            'f:containers': {
              'k:{"name":"a"}': {
                '.': {},
                'f:image': {},
                'f:name': {},
                'f:ports': { 'k:{"containerPort":80,"protocol":"TCP"}': { '.': {}, 'f:containerPort': {} } },
              },
            },
          },
        },
      },
    },
  };
  t.equal(
    JSON.stringify(created.metadata.managedFields),
    JSON.stringify([expected]),
    'in the order of Kubernetes',
  );
});

t.test('applying the same again is the same object, at any time', async (t) => {
  const first = apply(undefined, manifest({ replicas: 2 }));
  t.equal(apply(first, manifest({ replicas: 2 }), { now: LATER }), first);
});

t.test('a change has its own time and shares what it leaves alone', async (t) => {
  const first = apply(undefined, manifest({ replicas: 2, selector: { matchLabels: { a: 'b' } } }));
  const second = apply(first, manifest({ replicas: 3, selector: { matchLabels: { a: 'b' } } }), {
    now: LATER,
  });
  t.match(second, { spec: { replicas: 3 }, metadata: { managedFields: [{ time: LATER }] } });
  t.equal(
    (second['spec'] as { selector: object }).selector,
    (first['spec'] as { selector: object }).selector,
  );
});

// Facts: structured-merge-diff merge/update.go (prune) and merge/*_test.go.
t.test('what a manager no longer applies goes, unless somebody else owns it', async (t) => {
  const data = (object: KubeObject) => object['data'];
  const first = apply(undefined, configMap({ a: '1', b: '2' }));
  t.same(data(apply(first, configMap({ a: '1' }))), { a: '1' }, 'nobody else owns it');
  const shared = apply(first, configMap({ b: '2' }), { manager: 'two' });
  t.same(data(apply(shared, configMap({ a: '1' }))), { a: '1', b: '2' }, 'another applier does');
  const edited = updated(first, { ...first, data: { a: '1', b: '2', c: '3' } }, 'editor');
  t.same(data(apply(edited, configMap({ a: '1' }))), { a: '1', c: '3' }, 'what was never applied stays');
});

t.test('items of lists go by their keys, with what others have in them', async (t) => {
  const a = { name: 'a', image: 'a:1' };
  const b = { name: 'b', image: 'b:1' };
  const first = apply(undefined, manifest(withContainers(a, b)));
  t.same(apply(first, manifest(withContainers(a)))['spec'], withContainers(a));
  const sidecar = apply(first, manifest(withContainers({ name: 'b', args: ['x'] })), { manager: 'two' });
  t.same(
    apply(sidecar, manifest(withContainers(a)))['spec'],
    withContainers(a, { name: 'b', args: ['x'] }),
    'the item stays with what its other owner applied',
  );
  const labels = apply(undefined, manifest({ replicas: 1 }, { labels: { x: '1' } }));
  t.notOk('labels' in apply(labels, manifest({ replicas: 1 })).metadata, 'an emptied map goes');
});

t.test('ports that leave the protocol out are TCP', async (t) => {
  const port = { containerPort: 80, protocol: 'TCP' };
  const live = withSpec(
    apply(undefined, manifest(withContainers({ name: 'a', ports: [{ containerPort: 80 }] }))),
    withContainers({ name: 'a', ports: [port] }),
  );
  const again = apply(
    live,
    manifest(
      withContainers({ name: 'a', ports: [{ containerPort: 80 }, { containerPort: 80, protocol: 'UDP' }] }),
    ),
  );
  t.same(again['spec'], withContainers({ name: 'a', ports: [port, { containerPort: 80, protocol: 'UDP' }] }));
});

t.test('atomic maps and lists are taken whole', async (t) => {
  const pod = (spec: object) => ({ template: { spec } });
  const first = apply(undefined, manifest(pod({ nodeSelector: { a: '1' }, tolerations: [{ key: 'x' }] })));
  const second = apply(first, manifest(pod({ nodeSelector: { b: '2' }, tolerations: [{ key: 'y' }] })));
  t.same(second['spec'], pod({ nodeSelector: { b: '2' }, tolerations: [{ key: 'y' }] }));
});

t.test('a struct that is atomic wherever it stands is one field', async (t) => {
  const first = apply(undefined, manifest({ whole: { a: '1', b: '2' } }));
  t.same(ownedBy(first)['one Apply'], { 'f:spec': { 'f:whole': {} } });
  t.same(apply(first, manifest({ whole: { a: '1' } }))['spec'], { whole: { a: '1' } });
});

t.test('a set unites what several managers apply', async (t) => {
  const first = apply(undefined, manifest({}, { finalizers: ['x'] }));
  const second = apply(first, manifest({}, { finalizers: ['y'] }), { manager: 'two' });
  t.same(second.metadata.finalizers, ['x', 'y']);
  t.same(ownedBy(second)['two Apply'], { 'f:metadata': { 'f:finalizers': { 'v:"y"': {} } }, 'f:spec': {} });
});

t.test('the order of a merged list is that of the apply, others beside their neighbours', async (t) => {
  const named = (...names: string[]) => withContainers(...names.map((name) => ({ name })));
  const rows: readonly (readonly [live: string, applied: string, result: string])[] = [
    ['ab', 'ba', 'ba'],
    ['abc', 'ca', 'bca'],
    ['ab', 'c', 'abc'],
    ['ab', 'cab', 'cab'],
    ['abd', 'acd', 'abcd'],
  ];
  for (const [live, applied, result] of rows) {
    const before = updated(undefined, deployment(named(...live)), 'editor');
    t.same(apply(before, manifest(named(...applied)))['spec'], named(...result), `${live} + ${applied}`);
  }
});

t.test('null takes a value away, when nobody else owns it', async (t) => {
  const live = updated(undefined, deployment({ replicas: 1, paused: true }), 'editor');
  t.equal(failureOf(() => apply(live, manifest({ paused: null })))?.code, 409);
  t.same(apply(live, manifest({ paused: null }), { force: true })['spec'], { replicas: 1 });
});

t.test('what was there before managedFields belongs to before-first-apply', async (t) => {
  const live = deployment({ replicas: 1 });
  t.match(
    failureOf(() => apply(live, manifest({ replicas: 2 })))?.message,
    /conflict with "before-first-apply" using apps\/v1: .spec.replicas$/,
  );
});

t.test('the status is not owned at the resource, the spec not at the status', async (t) => {
  const applied = { ...manifest({ replicas: 1 }), status: { replicas: 1 } };
  t.same(ownedBy(apply(undefined, applied))['one Apply'], { 'f:spec': { 'f:replicas': {} } });
  const live = apply(undefined, manifest({ replicas: 1 }));
  const entry = apply(live, applied, { subresource: 'status', manager: 'two' }).metadata.managedFields?.find(
    ({ manager }) => manager === 'two',
  );
  t.match(entry, { subresource: 'status', fieldsV1: { 'f:status': { 'f:replicas': {} } } });
  t.notOk('f:spec' in (entry?.fieldsV1 ?? {}));
});

t.test('kubectl takes over what its client-side apply left as it was', async (t) => {
  const key = 'kubectl.kubernetes.io/last-applied-configuration';
  const annotations = { [key]: JSON.stringify(manifest({ replicas: 1, paused: true })) };
  const live = updated(
    undefined,
    deployment({ replicas: 1, paused: true }, { annotations }),
    'kubectl-client-side-apply',
  );
  const taken = apply(live, manifest({ replicas: 2, paused: true }), { manager: 'kubectl' });
  t.match(taken['spec'], { replicas: 2 });
  t.same(
    JSON.parse(taken.metadata.annotations?.[key] ?? ''),
    manifest({ replicas: 2, paused: true }),
    'and keeps the annotation in step',
  );
  t.equal(failureOf(() => apply(live, manifest({ replicas: 2 })))?.code, 409, 'other managers do not');
  const scaled = updated(live, withSpec(live, { replicas: 5, paused: true }), 'scaler');
  t.equal(
    failureOf(() => apply(scaled, manifest({ replicas: 2 }), { manager: 'kubectl' }))?.code,
    409,
    'nor what was changed since',
  );
});

t.test('refusals', async (t) => {
  const live = updated(undefined, deployment(withContainers({ name: 'a' })), 'editor');
  const rows: readonly (readonly [applied: KubeObject, code: number, message: RegExp])[] = [
    [{ ...manifest({}), kind: 'ReplicaSet' }, 400, /^invalid object type: apps\/v1, Kind=ReplicaSet$/],
    [configMap({}), 400, /^invalid object type: \/v1, Kind=ConfigMap$/],
    [
      manifest({}, { name: 'other' }),
      400,
      /^the name of the object \(other\) does not match the name on the URL \(web\)$/,
    ],
    [manifest({}, { namespace: 'other' }), 400, /^the namespace of the provided object does not match/],
    [manifest({}, { uid: 'u2' }), 422, /metadata.uid: Invalid value: "u2": field is immutable$/],
    [manifest({}, { managedFields: [] }), 400, /^metadata.managedFields must be nil$/],
    [
      manifest({ replica: 1 }),
      500,
      /^failed to create typed patch object \(shop\/web; apps\/v1, Kind=Deployment\): .spec.replica: field not declared in schema$/,
    ],
    [
      manifest(withContainers({ name: 'a' }, { name: 'a' })),
      500,
      /: .spec.template.spec.containers: duplicate entries for key \[name="a"\]$/,
    ],
    [manifest(withContainers({ image: 'a' })), 500, /: .spec.template.spec.containers: element 0: /],
    [
      manifest({ replicas: 'two', paused: 1 }),
      500,
      /errors:\n {2}.spec.replicas: expected numeric .*\n {2}.spec.paused: expected boolean/,
    ],
    [manifest({ template: [] }), 500, /.spec.template: expected map/],
    [manifest(withContainers({ name: 'a', args: 'x' })), 500, /\.args: expected list/],
    [manifest({ replicas: 1 }, { finalizers: [{}] }), 500, /.metadata.finalizers: element 0: /],
  ];
  for (const [applied, code, message] of rows) {
    const failure = failureOf(() => apply(live, applied));
    t.equal(failure?.code, code, String(message));
    t.match(failure?.message, message);
  }
});
