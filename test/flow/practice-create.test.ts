import t from 'tap';
import { valuesOf } from '../fakes/caller.ts';
import { configMapObject, podObject, startTestPractice } from '../fakes/practice.ts';
import { as, CMS, DEPLOYMENTS, deployment, MERGE, NS, PODS } from './practicewrites.ts';

// Creating at the practice API server: what is stored, who is named as its writer, and what is refused, as k8s.io/apiserver
// endpoints/handlers and registry/generic have it.

const practice = await startTestPractice();
t.teardown(() => practice.stop());
const { store } = practice.server;
const admin = practice.as('admin');

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
