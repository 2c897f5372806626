import t from 'tap';
import { valuesOf } from '../fakes/caller.ts';
import { configMapObject, type Json, podObject, startTestPractice } from '../fakes/practice.ts';

// Writes to the practice API server: create, update, patch, apply, delete and their options and refusals, as k8s.io/apiserver
// endpoints/handlers and registry/generic have them.

const practice = await startTestPractice();
t.teardown(() => practice.stop());
const { store } = practice.server;
const admin = practice.as('admin');
const NS = '/api/v1/namespaces/default';
const CMS = `${NS}/configmaps`;
const PODS = `${NS}/pods`;
const DEPLOYMENTS = '/apis/apps/v1/namespaces/default/deployments';
const CM_KEY = { group: '', resource: 'configmaps' };
const as = (type: string) => ['Content-Type', type];
const MERGE = as('application/merge-patch+json');
const APPLY = as('application/apply-patch+yaml');

function deployment(name: string, spec: object = {}): Json {
  const labels = { app: name };
  const containers = [{ name: 'main', image: 'postern.dev/practice/web:1' }];
  const template = { metadata: { labels }, spec: { containers } };
  return { metadata: { name }, spec: { replicas: 0, selector: { matchLabels: labels }, template, ...spec } };
}

t.test('create: the answer is what is stored, with all that only the server says', async (t) => {
  const sent = configMapObject('made', { a: 'b' });
  const { status, json } = await admin.send('POST', `${CMS}?fieldManager=me`, {
    ...sent,
    metadata: { ...sent.metadata, uid: 'mine', creationTimestamp: '1999-01-01T00:00:00Z', generation: 7 },
  });
  t.equal(status, 201);
  t.match(json, { apiVersion: 'v1', kind: 'ConfigMap', data: { a: 'b' } });
  t.match(json.metadata.uid, /^0{8}-/);
  t.not(json.metadata.creationTimestamp, '1999-01-01T00:00:00Z');
  t.match(json.metadata.managedFields, [
    { manager: 'me', operation: 'Update', fieldsV1: { 'f:data': { 'f:a': {} } } },
  ]);
  t.same((await admin.get(`${CMS}/made`)).json, json);
});

t.test('who writes is named by fieldManager, or by the first word of the User-Agent', async (t) => {
  const { json } = await admin.send('POST', CMS, configMapObject('agent', { a: 'b' }), [
    'User-Agent',
    'kubectl-edit/v1.36.0 (linux/amd64)',
  ]);
  t.equal(json.metadata.managedFields[0].manager, 'kubectl-edit');
});

t.test('YAML and generateName', async (t) => {
  const yaml = 'metadata:\n  generateName: gen-\ndata:\n  k: v\n';
  const { status, json } = await admin.send('POST', CMS, yaml, as('application/yaml'));
  t.equal(status, 201);
  t.match(json.metadata.name, /^gen-[a-z0-9]{5}$/);
});

t.test(
  'protobuf, as client-go’s typed clients send it since 1.32 (recorded from kubectl 1.35.2 create secret generic s --from-literal=a=b)',
  async (t) => {
    const body = Buffer.from(
      'azhzAAoMCgJ2MRIGU2VjcmV0Eh0KEQoBcxIAGgAiACoAMgA4AEIAEgYKAWESAWIaABoAIgA=',
      'base64',
    );
    const accept = ['Accept', 'application/vnd.kubernetes.protobuf,application/json'];
    const { status, rawHeaders, json } = await admin.send('POST', `${NS}/secrets?dryRun=All`, body, [
      ...as('application/vnd.kubernetes.protobuf'),
      ...accept,
    ]);
    t.equal(status, 201);
    t.same(valuesOf(rawHeaders, 'content-type'), ['application/json'], 'the answer is JSON');
    t.match(json, { kind: 'Secret', metadata: { name: 's' }, data: { a: 'Yg==' } });
    const wrong = await admin.send('POST', CMS, body, as('application/vnd.kubernetes.protobuf'));
    t.match(wrong.json, { code: 400, message: 'Secret in version "v1" cannot be handled as a ConfigMap' });
  },
);

t.test('a Secret’s plain text becomes data', async (t) => {
  const { json } = await admin.send('POST', `${NS}/secrets`, {
    metadata: { name: 's' },
    stringData: { p: 'ä' },
  });
  t.same(json.data, { p: Buffer.from('ä').toString('base64') });
  t.equal(json.type, 'Opaque');
  t.notOk('stringData' in json);
});

for (const [what, path, body, code, message] of [
  [
    'into a namespace that is not there',
    '/api/v1/namespaces/none/configmaps',
    { metadata: { name: 'x' } },
    404,
    'namespaces "none" not found',
  ],
  [
    'of another namespace',
    CMS,
    { metadata: { name: 'x', namespace: 'kube-system' } },
    400,
    'the namespace of the provided object does not match the namespace sent on the request',
  ],
  [
    'that is there already',
    '/api/v1/namespaces',
    { metadata: { name: 'default' } },
    409,
    'namespaces "default" already exists',
  ],
  [
    'of another kind',
    CMS,
    { kind: 'Secret', apiVersion: 'v1', metadata: { name: 'x' } },
    400,
    'Secret in version "v1" cannot be handled as a ConfigMap',
  ],
  [
    'of another version',
    CMS,
    { kind: 'ConfigMap', apiVersion: 'v2', metadata: { name: 'x' } },
    400,
    'the API version in the data (v2) does not match the expected API version (v1)',
  ],
  [
    'without a name',
    CMS,
    {},
    422,
    'ConfigMap "" is invalid: metadata.name: Required value: name or generateName is required',
  ],
  [
    'with a name that is none',
    CMS,
    { metadata: { name: 'A_b' } },
    422,
    /^ConfigMap "A_b" is invalid: metadata.name: Invalid value: "A_b": a lowercase RFC 1123 subdomain/,
  ],
  [
    'with a resourceVersion',
    CMS,
    { metadata: { name: 'x', resourceVersion: '3' } },
    400,
    'resourceVersion should not be set on objects to be created',
  ],
  [
    'whose field has another type',
    CMS,
    { metadata: { name: 'x' }, data: 'text' },
    400,
    /cannot be handled as a ConfigMap: json: cannot unmarshal string into Go struct field/,
  ],
  ['that is no object', CMS, [1], 400, 'the object provided is unrecognized: it is no object'],
  [
    'over all namespaces',
    '/api/v1/configmaps',
    { metadata: { name: 'x' } },
    405,
    'the server does not allow this method on the requested resource',
  ],
  [
    'with containers of the same name',
    PODS,
    podObject('twice', ['a', 'a']),
    422,
    'Pod "twice" is invalid: spec.containers[1].name: Duplicate value: "a"',
  ],
  [
    'whose selector does not match',
    DEPLOYMENTS,
    deployment('d', { selector: { matchLabels: { app: 'other' } } }),
    422,
    /^Deployment.apps "d" is invalid: spec.template.metadata.labels: Invalid value: .*`selector` does not match template `labels`$/,
  ],
  [
    'with an unknown dryRun',
    `${CMS}?dryRun=Some`,
    { metadata: { name: 'x' } },
    422,
    'CreateOptions.meta.k8s.io "" is invalid: dryRun: Unsupported value: "Some": supported values: "All"',
  ],
] as const) {
  t.test(`an object ${what} is refused, and nothing is written`, async (t) => {
    const version = store.resourceVersion();
    const { status, json } = await admin.send('POST', path, body);
    t.equal(status, code);
    t.match(json, { kind: 'Status', code, message });
    t.equal(store.resourceVersion(), version);
  });
}

t.test('bodies that cannot be read', async (t) => {
  const unreadable = await admin.send('POST', CMS, '{"a":');
  t.equal(unreadable.status, 400);
  t.match(unreadable.json.message, 'must be of type JSON');
  const cbor = await admin.send('POST', CMS, 'x', as('application/cbor'));
  t.match(cbor.json, {
    code: 415,
    reason: 'UnsupportedMediaType',
    message: /accepted media types include: application\/json/,
  });
  const proto = await admin.send('POST', CMS, 'not k8s', as('application/vnd.kubernetes.protobuf'));
  t.match(proto.json, { code: 400, message: /protobuf/ });
  const big = await admin.send('POST', CMS, Buffer.alloc(3 * 1024 * 1024 + 1, 0x20));
  t.match(big.json, {
    code: 413,
    reason: 'RequestEntityTooLarge',
    message: 'Request entity too large: limit is 3145728',
  });
});

t.test('unknown fields: strict refuses, warn tells, ignore is silent; they are never kept', async (t) => {
  const body = { ...podObject('odd'), foo: 1, spec: { containers: [{ name: 'a', image: 'b', bar: 2 }] } };
  const strict = await admin.send('POST', `${PODS}?fieldValidation=Strict&dryRun=All`, body);
  t.equal(strict.status, 400);
  t.match(
    strict.json.message,
    /^Pod in version "v1" cannot be handled as a Pod: strict decoding error: unknown field ".*", unknown field ".*"$/,
  );
  for (const query of ['', '&fieldValidation=Warn']) {
    const warned = await admin.send('POST', `${PODS}?dryRun=All${query}`, body);
    t.equal(warned.status, 201);
    t.same(valuesOf(warned.rawHeaders, 'warning').join().split(/,\s*/).sort(), [
      '299 - "unknown field \\"foo\\""',
      '299 - "unknown field \\"spec.containers[0].bar\\""',
    ]);
    t.notOk('foo' in warned.json);
    t.notOk('bar' in warned.json.spec.containers[0]);
  }
  const ignored = await admin.send('POST', `${PODS}?dryRun=All&fieldValidation=Ignore`, body);
  t.same(valuesOf(ignored.rawHeaders, 'warning'), []);
  t.equal(store.get({ group: '', resource: 'pods' }, 'default', 'odd'), undefined, 'a dry run keeps nothing');
});

t.test('a dry run answers as the real run would', async (t) => {
  const version = store.resourceVersion();
  await t.resolves(admin.send('POST', CMS, configMapObject('there')));
  const before = store.resourceVersion();
  t.ok(before > version);
  t.equal((await admin.send('POST', `${CMS}?dryRun=All`, configMapObject('there'))).status, 409);
  const { json } = await admin.send('POST', `${CMS}?dryRun=All`, { metadata: { generateName: 'x-' } });
  t.ok(json.metadata.uid);
  t.match(json.metadata.name, /^x-.+/);
  t.match((await admin.send('PATCH', `${CMS}/there?dryRun=All`, { data: { a: 'b' } }, MERGE)).json, {
    data: { a: 'b' },
  });
  t.equal((await admin.send('DELETE', `${CMS}/there?dryRun=All`)).status, 200);
  t.equal(store.resourceVersion(), before);
});

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

t.test('delete: a Success that names what is gone; preconditions', async (t) => {
  const { json: made } = await admin.send('POST', CMS, configMapObject('gone'));
  const { uid } = made.metadata;
  const wrong = await admin.send('DELETE', `${CMS}/gone`, { preconditions: { uid: 'other' } });
  t.match(wrong.json, {
    code: 409,
    message: new RegExp(`UID in precondition: other, UID in object meta: ${uid}`),
  });
  const stale = await admin.send('DELETE', `${CMS}/gone`, { preconditions: { resourceVersion: '1' } });
  t.equal(stale.status, 409);
  const { status, json } = await admin.send('DELETE', `${CMS}/gone`, { preconditions: { uid } });
  t.equal(status, 200);
  t.match(json, { kind: 'Status', status: 'Success', details: { name: 'gone', kind: 'configmaps', uid } });
  t.equal((await admin.send('DELETE', `${CMS}/gone`)).status, 404);
  t.equal((await admin.send('DELETE', `${CMS}/made`, { propagationPolicy: 'Sideways' })).status, 422);
});

t.test('finalizers hold an object until the last is taken off', async (t) => {
  const held = configMapObject('held');
  await admin.send('POST', CMS, { ...held, metadata: { ...held.metadata, finalizers: ['a.example/x'] } });
  const { json } = await admin.send('DELETE', `${CMS}/held`);
  t.ok(json.metadata.deletionTimestamp, 'the answer is the object that still stands');
  t.match((await admin.get(`${CMS}/held`)).json.metadata, {
    finalizers: ['a.example/x'],
    deletionTimestamp: String,
  });
  await admin.send('PATCH', `${CMS}/held`, { metadata: { finalizers: null } }, MERGE);
  t.equal((await admin.get(`${CMS}/held`)).status, 404);
});

t.test('deletecollection takes what is selected and answers with it', async (t) => {
  for (const name of ['l1', 'l2', 'l3'])
    await admin.send('POST', CMS, configMapObject(name, {}, { batch: name === 'l3' ? 'b' : 'a' }));
  const { json } = await admin.send('DELETE', `${CMS}?labelSelector=batch%3Da`);
  t.same(
    json.items.map(({ metadata }: Json) => metadata.name),
    ['l1', 'l2'],
  );
  t.equal(store.get(CM_KEY, 'default', 'l1'), undefined);
  t.ok(store.get(CM_KEY, 'default', 'l3'));
});

t.test('a pod is given its time, goes at once with 0, and a nearer end may be asked for', async (t) => {
  const phase = async (name: string) => (await admin.get(`${PODS}/${name}`)).json.status?.phase;
  await admin.send('POST', PODS, podObject('slow'));
  t.equal(await phase('slow'), 'Pending');
  const running = () =>
    (store.get({ group: '', resource: 'pods' }, 'default', 'slow')?.['status'] as Json)?.phase === 'Running';
  await practice.until(running);
  const first = (await admin.send('DELETE', `${PODS}/slow`)).json;
  t.match(first, { kind: 'Pod', metadata: { deletionGracePeriodSeconds: 30, deletionTimestamp: String } });
  const nearer = (await admin.send('DELETE', `${PODS}/slow`, { gracePeriodSeconds: 5 })).json;
  t.equal(nearer.metadata.deletionGracePeriodSeconds, 5);
  const later = (await admin.send('DELETE', `${PODS}/slow?gracePeriodSeconds=50`)).json;
  t.equal(later.metadata.deletionGracePeriodSeconds, 5, 'never further away');
  const now = await admin.send('DELETE', `${PODS}/slow`, { gracePeriodSeconds: 0 });
  t.equal(now.status, 200);
  t.equal((await admin.get(`${PODS}/slow`)).status, 404);
});

t.test('a namespace ends when it is empty; nothing new comes in meanwhile', async (t) => {
  t.match((await admin.send('POST', '/api/v1/namespaces', { metadata: { name: 'short' } })).json, {
    metadata: { labels: { 'kubernetes.io/metadata.name': 'short' } },
    status: { phase: 'Active' },
  });
  const inside = '/api/v1/namespaces/short/configmaps';
  await admin.send('POST', inside, { metadata: { name: 'inside', finalizers: ['a.example/x'] } });
  const { json } = await admin.send('DELETE', '/api/v1/namespaces/short');
  t.match(json, {
    kind: 'Namespace',
    status: { phase: 'Terminating' },
    metadata: { deletionTimestamp: String },
  });
  const late = await admin.send('POST', '/api/v1/namespaces/short/configmaps', {
    metadata: { name: 'late' },
  });
  t.equal(late.status, 403);
  t.match(
    late.json.message,
    'configmaps "late" is forbidden: unable to create new content in namespace short because it is being terminated',
  );
  const here = () => store.get({ group: '', resource: 'namespaces' }, '', 'short') !== undefined;
  const marked = () => store.get(CM_KEY, 'short', 'inside')?.metadata.deletionTimestamp !== undefined;
  await practice.until(marked);
  t.ok(here());
  await admin.send('PATCH', `${inside}/inside`, { metadata: { finalizers: null } }, MERGE);
  await practice.until(() => !here());
  t.equal(store.get(CM_KEY, 'short', 'inside'), undefined);
});

t.test('what a deployment owns goes with it', async (t) => {
  await admin.send('POST', DEPLOYMENTS, deployment('owner', { replicas: 1 }));
  const key = { group: 'apps', resource: 'replicasets' };
  const owned = () => store.list(key, 'default').some(({ metadata }) => metadata.name.startsWith('owner-'));
  await practice.until(owned);
  await admin.send('DELETE', `${DEPLOYMENTS}/owner`, { propagationPolicy: 'Background' });
  await practice.until(() => !owned());
  t.equal((await admin.get(`${DEPLOYMENTS}/owner`)).status, 404);
});
