import t from 'tap';
import { configMapObject, type Json, podObject, startTestPractice } from '../fakes/practice.ts';
import { APPLY, as, CMS, DEPLOYMENTS, deployment, MERGE, PODS } from './practicewrites.ts';

// Updates, scale, patches and server-side apply at the practice API server, and their refusals, as k8s.io/apiserver endpoints/handlers and
// registry/generic have them.

const practice = await startTestPractice();
t.teardown(() => practice.stop());
const admin = practice.as('admin');
await admin.send('POST', CMS, configMapObject('made', { a: 'b' }));

t.test('update: only from the version that was read', async (t) => {
  const { json: made } = await admin.send('POST', CMS, configMapObject('u', { n: '1' }));
  const changed = await admin.send('PUT', `${CMS}/u`, { ...made, data: { n: '2' } });
  t.equal(changed.status, 200);
  const late = await admin.send('PUT', `${CMS}/u`, { ...made, data: { n: '3' } });
  t.match(late.json, {
    code: 409,
    reason: 'Conflict',
    message: /^Operation cannot be fulfilled on configmaps "u": the object has been modified/,
  });
  t.equal((await admin.send('PUT', `${CMS}/u`, configMapObject('u', { n: '4' }))).status, 200, 'or from any');
  t.equal(
    (await admin.send('PUT', `${CMS}/other`, configMapObject('u'))).json.message,
    'the name of the object (u) does not match the name on the URL (other)',
  );
  t.equal((await admin.send('PUT', `${CMS}/none`, configMapObject('none'))).status, 404);
  const { json } = await admin.get(`${CMS}/u`);
  t.equal(json.metadata.uid, made.metadata.uid);
  t.equal(json.metadata.creationTimestamp, made.metadata.creationTimestamp);
});

t.test('spec and status are written by different doors, and the generation counts specs', async (t) => {
  const { json: made } = await admin.send('POST', DEPLOYMENTS, {
    ...deployment('doors'),
    status: { replicas: 9 },
  });
  t.notMatch(made.status, { replicas: 9 }, 'not at birth');
  t.equal(made.metadata.generation, 1);
  const both = { spec: { minReadySeconds: 4 }, status: { observedGeneration: 99 } };
  const main = (await admin.send('PATCH', `${DEPLOYMENTS}/doors`, both, MERGE)).json;
  t.match(main, { metadata: { generation: 2 }, spec: { minReadySeconds: 4 } });
  t.not(main.status?.observedGeneration, 99);
  const other = { spec: { minReadySeconds: 8 }, status: { observedGeneration: 77 } };
  const sub = (await admin.send('PATCH', `${DEPLOYMENTS}/doors/status`, other, MERGE)).json;
  t.match(sub, {
    metadata: { generation: 2 },
    spec: { minReadySeconds: 4 },
    status: { observedGeneration: 77 },
  });
  const labelled = await admin.send(
    'PATCH',
    `${DEPLOYMENTS}/doors`,
    { metadata: { labels: { a: 'b' } } },
    MERGE,
  );
  t.equal(labelled.json.metadata.generation, 2, 'a label is no spec');
});

t.test('scale', async (t) => {
  await admin.send('POST', DEPLOYMENTS, deployment('wide'));
  const path = `${DEPLOYMENTS}/wide/scale`;
  const { json } = await admin.get(path);
  t.match(json, {
    kind: 'Scale',
    apiVersion: 'autoscaling/v1',
    spec: { replicas: 0 },
    status: { selector: 'app=wide' },
  });
  t.match((await admin.send('PUT', path, { ...json, spec: { replicas: 2 } })).json, {
    kind: 'Scale',
    spec: { replicas: 2 },
  });
  t.equal(
    (await admin.send('PUT', path, { ...json, spec: { replicas: 3 } })).status,
    409,
    'read before it changed',
  );
  t.match((await admin.send('PATCH', path, { spec: { replicas: 0 } }, MERGE)).json, {
    spec: { replicas: 0 },
  });
  t.match((await admin.get(`${DEPLOYMENTS}/wide`)).json, {
    spec: { replicas: 0 },
    metadata: { generation: 3 },
  });
  t.equal((await admin.send('PATCH', path, { spec: { replicas: -1 } }, MERGE)).status, 422);
});

t.test('the four ways to patch', async (t) => {
  await admin.send('POST', DEPLOYMENTS, deployment('four'));
  const path = `${DEPLOYMENTS}/four`;
  const json = await admin.send(
    'PATCH',
    path,
    [{ op: 'add', path: '/metadata/annotations', value: { j: '1' } }],
    as('application/json-patch+json'),
  );
  t.match(json.json.metadata.annotations, { j: '1' });
  const merge = await admin.send('PATCH', path, { metadata: { annotations: { j: null, m: '2' } } }, MERGE);
  t.match(merge.json.metadata.annotations, { m: '2' });
  t.notOk('j' in merge.json.metadata.annotations);
  const containers = [{ name: 'side', image: 'x' }];
  const strategic = await admin.send(
    'PATCH',
    path,
    { spec: { template: { spec: { containers } } } },
    as('application/strategic-merge-patch+json'),
  );
  t.same(strategic.json.spec.template.spec.containers.map(({ name }: Json) => name).sort(), ['main', 'side']);
  const applied =
    'apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: four}\nspec: {replicas: 0, paused: true}\n';
  const apply = await admin.send('PATCH', `${path}?fieldManager=ssa`, applied, APPLY);
  t.equal(apply.status, 200);
  t.equal(apply.json.spec.paused, true);
  t.ok(
    apply.json.metadata.managedFields.some(
      ({ manager, operation }: Json) => manager === 'ssa' && operation === 'Apply',
    ),
  );
});

t.test('server-side apply makes what is not there, and tells of conflicts', async (t) => {
  const path = `${CMS}/applied`;
  const body = (value: string) =>
    `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: applied}\ndata: {k: ${value}}\n`;
  t.equal((await admin.send('PATCH', `${path}?fieldManager=one`, body('a'), APPLY)).status, 201);
  t.equal((await admin.send('PATCH', `${path}?fieldManager=one`, body('a'), APPLY)).status, 200);
  const certain = body('a').replace('name: applied', 'name: none, uid: u1');
  t.match((await admin.send('PATCH', `${CMS}/none?fieldManager=one`, certain, APPLY)).json, {
    code: 409,
    message: /uid mismatch: the provided object specified uid u1/,
  });
  const other = await admin.send('PATCH', `${path}?fieldManager=two`, body('b'), APPLY);
  t.match(other.json, {
    code: 409,
    reason: 'Conflict',
    details: { causes: [{ reason: 'FieldManagerConflict', field: '.data.k' }] },
  });
  t.equal(
    (await admin.send('PATCH', `${path}?fieldManager=two&force=true`, body('b'), APPLY)).json.data.k,
    'b',
  );
  t.match((await admin.send('PATCH', path, body('c'), APPLY)).json, {
    code: 422,
    message: /fieldManager: Required value: is required for apply patch/,
  });
});

for (const [what, path, body, headers, code, message] of [
  [
    'of an unknown type',
    `${CMS}/made`,
    '{}',
    as('text/plain'),
    415,
    /accepted media types include: application\/json-patch\+json/,
  ],
  ['of nothing', `${CMS}/none`, {}, MERGE, 404, 'configmaps "none" not found'],
  [
    'with force that is no apply',
    `${CMS}/made?force=true`,
    {},
    MERGE,
    422,
    /force: Forbidden: may not be specified for non-apply patch/,
  ],
  [
    'of the name',
    `${CMS}/made`,
    { metadata: { name: 'other' } },
    MERGE,
    400,
    'the name of the object (other) does not match the name on the URL (made)',
  ],
] as const) {
  t.test(`a patch ${what} is refused`, async (t) => {
    const { status, json } = await admin.send('PATCH', path, body, headers);
    t.equal(status, code);
    t.match(json, { code, message });
  });
}

t.test('of a pod’s spec only little may change, of a deployment’s selector nothing', async (t) => {
  await admin.send('POST', PODS, podObject('fixed'));
  const image = [{ op: 'replace', path: '/spec/containers/0/image', value: 'postern.dev/practice/talk:1' }];
  t.equal((await admin.send('PATCH', `${PODS}/fixed`, image, as('application/json-patch+json'))).status, 200);
  const command = [{ op: 'add', path: '/spec/containers/0/command', value: ['x'] }];
  t.match((await admin.send('PATCH', `${PODS}/fixed`, command, as('application/json-patch+json'))).json, {
    code: 422,
    message: /^Pod "fixed" is invalid: spec: Forbidden: pod updates may not change fields other than/,
  });
  await admin.send('POST', DEPLOYMENTS, deployment('still'));
  const labels = { app: 'moved' };
  const moved = { spec: { selector: { matchLabels: labels }, template: { metadata: { labels } } } };
  t.match((await admin.send('PATCH', `${DEPLOYMENTS}/still`, moved, MERGE)).json, {
    code: 422,
    message: /spec.selector: .*field is immutable/,
  });
});
