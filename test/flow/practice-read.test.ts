import t from 'tap';
import { valuesOf } from '../fakes/caller.ts';
import { configMapObject, startTestPractice } from '../fakes/practice.ts';

// What the practice API server answers to those who only look: discovery (apidiscovery.k8s.io v2), OpenAPI, versions, get and list in their
// forms, pages and moments. Protocol.md §7 and §8; k8s.io/apiserver endpoints/handlers.

const practice = await startTestPractice([
  configMapObject('a', { k: '1' }, { tier: 'front' }),
  configMapObject('b', {}, { tier: 'back' }),
  configMapObject('c', {}, { tier: 'back' }),
]);
t.teardown(() => practice.stop());
const admin = practice.as('admin');
const CMS = '/api/v1/namespaces/default/configmaps';
const MINE = `${CMS}?labelSelector=tier`;
const TABLE = 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json';
const AGGREGATED =
  'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json';

function names(json: { items: { metadata: { name: string } }[] }): string[] {
  return json.items.map(({ metadata }) => metadata.name);
}

for (const speech of ['h2', 'h1', 'h1-alpn'] as const) {
  t.test(`it says what it is, over ${speech}`, async (t) => {
    const one = practice.as('dev', speech);
    const reply = await one.get('/version', ['Audit-ID', 'mine']);
    t.equal(reply.status, 200);
    t.match(reply.json, { major: '1', minor: '36', gitVersion: /^v1\.36\.\d+-practice\+postern$/ });
    t.same(valuesOf(reply.rawHeaders, 'server'), ['postern-practice']);
    t.same(valuesOf(reply.rawHeaders, 'audit-id'), ['mine'], 'the Audit-ID comes back');
    t.match(
      valuesOf((await one.get('/version')).rawHeaders, 'audit-id')[0],
      /^[0-9a-f-]{36}$/,
      'or one is made',
    );
  });
}

t.test('discovery, plain: groups, versions, resources', async (t) => {
  t.match((await admin.get('/api')).json, { kind: 'APIVersions', versions: ['v1'] });
  const groups = (await admin.get('/apis')).json;
  t.equal(groups.kind, 'APIGroupList');
  t.match(
    groups.groups.find(({ name }: { name: string }) => name === 'apps'),
    {
      preferredVersion: { groupVersion: 'apps/v1', version: 'v1' },
    },
  );
  t.match((await admin.get('/apis/apps')).json, { kind: 'APIGroup', name: 'apps' });
  const core = (await admin.get('/api/v1')).json;
  t.equal(core.kind, 'APIResourceList');
  t.equal(core.groupVersion, 'v1');
  const found = (name: string) => core.resources.find((one: { name: string }) => one.name === name);
  t.match(found('pods'), { kind: 'Pod', namespaced: true, shortNames: ['po'], categories: ['all'] });
  t.match(found('pods/exec'), { kind: 'PodExecOptions', verbs: ['create', 'get'] });
  t.match(found('namespaces'), { namespaced: false });
  const apps = (await admin.get('/apis/apps/v1/')).json.resources;
  t.match(
    apps.find(({ name }: { name: string }) => name === 'deployments/scale'),
    {
      group: 'autoscaling',
      version: 'v1',
      kind: 'Scale',
    },
  );
});

t.test('discovery, aggregated: as asked for, with an ETag that spares sending it again', async (t) => {
  const reply = await admin.get('/apis', ['Accept', AGGREGATED]);
  t.same(valuesOf(reply.rawHeaders, 'content-type'), [
    'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList',
  ]);
  t.equal(reply.json.apiVersion, 'apidiscovery.k8s.io/v2');
  const apps = reply.json.items.find((one: { metadata: { name: string } }) => one.metadata.name === 'apps');
  t.match(apps.versions[0].resources[0], {
    resource: 'deployments',
    responseKind: { group: 'apps', version: 'v1', kind: 'Deployment' },
    scope: 'Namespaced',
    singularResource: 'deployment',
  });
  const [etag = ''] = valuesOf(reply.rawHeaders, 'etag');
  const again = await admin.get('/apis', ['Accept', AGGREGATED, 'If-None-Match', etag]);
  t.equal(again.status, 304);
  t.equal(again.body.length, 0);
  const beta = await admin.get('/api', ['Accept', AGGREGATED.replaceAll(';v=v2;', ';v=v2beta1;')]);
  t.equal(beta.json.apiVersion, 'apidiscovery.k8s.io/v2beta1');
  t.match((await admin.get('/api', ['Accept', 'application/json, */*'])).json, { kind: 'APIVersions' });
});

t.test('OpenAPI: 2 as JSON and as protobuf, 3 with an index of documents that never change', async (t) => {
  t.equal((await admin.get('/openapi/v2')).json.swagger, '2.0');
  const proto = await admin.get('/openapi/v2', [
    'Accept',
    'application/com.github.proto-openapi.spec.v2@v1.0+protobuf',
  ]);
  t.match(valuesOf(proto.rawHeaders, 'content-type')[0], /spec\.v2.*protobuf/);
  const index = (await admin.get('/openapi/v3')).json;
  const path: string = index.paths['apis/apps/v1'].serverRelativeURL;
  const document = await admin.get(path);
  t.match(document.json.openapi, /^3\./);
  t.same(valuesOf(document.rawHeaders, 'cache-control'), ['public, immutable']);
  const [etag = ''] = valuesOf(document.rawHeaders, 'etag');
  t.equal((await admin.get(path, ['If-None-Match', etag])).status, 304);
  t.equal((await admin.get('/openapi/v3/apis/none/v1')).status, 404);
});

t.test('health and what there is', async (t) => {
  for (const path of ['/livez', '/readyz', '/healthz', '/livez/ping']) {
    t.equal((await admin.get(path)).body.toString(), 'ok');
  }
  t.match((await admin.get('/readyz?verbose')).body.toString(), 'readyz check passed');
  t.ok((await admin.get('/')).json.paths.includes('/apis/apps/v1'));
});

for (const path of [
  '/foo',
  '/apis/none',
  '/apis/none/v1/x',
  '/api/v1/nodes',
  '/api/v1/pods/x',
  '/api/v1/namespaces/default/namespaces/x/y',
  '/apis/apps/v1/namespaces/default/deployments/x/nothing',
])
  t.test(`there is no ${path}`, async (t) => {
    const reply = await admin.get(path);
    t.equal(reply.status, 404);
    t.equal(reply.body.toString(), '404 page not found\n');
  });

t.test('an object as itself, as YAML, as a Table, as metadata only', async (t) => {
  t.match((await admin.get(`${CMS}/a`)).json, { kind: 'ConfigMap', apiVersion: 'v1', data: { k: '1' } });
  const yaml = await admin.get(`${CMS}/a`, ['Accept', 'application/yaml']);
  t.match(yaml.body.toString(), /^kind: ConfigMap$/m);
  t.same(valuesOf(yaml.rawHeaders, 'content-type'), ['application/yaml']);
  for (const version of ['v1', 'v1beta1']) {
    const table = (await admin.get(`${CMS}/a`, ['Accept', TABLE.replace('v=v1', `v=${version}`)])).json;
    t.match(table, { kind: 'Table', apiVersion: `meta.k8s.io/${version}` });
    t.equal(table.rows[0].cells[0], 'a');
    t.equal(table.rows[0].object.kind, 'PartialObjectMetadata');
  }
  const partial = 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1';
  const { json } = await admin.get(`${CMS}/a`, ['Accept', partial]);
  t.same(Object.keys(json).sort(), ['apiVersion', 'kind', 'metadata']);
  t.equal(json.kind, 'PartialObjectMetadata');
  const proto = await admin.get(`${CMS}/a`, ['Accept', 'application/vnd.kubernetes.protobuf']);
  t.equal(
    proto.json.kind,
    'ConfigMap',
    'JSON even when only protobuf is wanted: client-go reads the Content-Type',
  );
  t.match(
    (await admin.get(`${CMS}/a`, ['User-Agent', 'curl/8'])).body.toString(),
    /^\{\n {2}"/,
    'indented for a person',
  );
});

t.test('what is not there', async (t) => {
  const reply = await admin.get(`${CMS}/nothing`);
  t.equal(reply.status, 404);
  t.match(reply.json, {
    kind: 'Status',
    apiVersion: 'v1',
    status: 'Failure',
    reason: 'NotFound',
    code: 404,
    message: 'configmaps "nothing" not found',
    details: { name: 'nothing', kind: 'configmaps' },
  });
  t.same(valuesOf(reply.rawHeaders, 'x-content-type-options'), ['nosniff']);
  t.same(valuesOf(reply.rawHeaders, 'cache-control'), ['no-cache, private']);
});

t.test('a list: items without kind, in order, of one moment', async (t) => {
  const { json } = await admin.get(MINE);
  t.equal(json.kind, 'ConfigMapList');
  t.same(names(json), ['a', 'b', 'c']);
  t.equal(json.items[0].kind, undefined);
  t.equal(json.metadata.resourceVersion, String(practice.server.store.resourceVersion()));
  t.equal(json.metadata.continue, undefined);
  t.same(names((await admin.get(`${CMS}?labelSelector=tier%3Dback`)).json), ['b', 'c']);
  t.same(names((await admin.get(`${CMS}?fieldSelector=metadata.name%3Db`)).json), ['b']);
  t.same(
    names((await admin.get('/api/v1/configmaps?labelSelector=tier')).json),
    ['a', 'b', 'c'],
    'over all namespaces',
  );
  const table = (await admin.get(MINE, ['Accept', TABLE])).json;
  t.equal(table.rows.length, 3);
  t.ok(table.columnDefinitions.length > 0);
  const partial = 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1';
  t.match((await admin.get(MINE, ['Accept', partial])).json, {
    kind: 'PartialObjectMetadataList',
    items: [{ kind: 'PartialObjectMetadata' }, {}, {}],
  });
});

t.test('pages show one moment, whatever is written between them', async (t) => {
  const first = (await admin.get(`${MINE}&limit=1`)).json;
  t.same(names(first), ['a']);
  t.equal(first.metadata.remainingItemCount, undefined, 'not counted with a selector');
  const rest = `${MINE}&limit=5&continue=${encodeURIComponent(first.metadata.continue)}`;
  await admin.send('DELETE', `${CMS}/b`);
  await admin.send('POST', CMS, configMapObject('aa', {}, { tier: 'new' }));
  const second = (await admin.get(rest)).json;
  t.same(names(second), ['b', 'c'], 'b is still there, aa is not yet');
  t.equal(second.metadata.resourceVersion, first.metadata.resourceVersion);
  t.equal(second.metadata.continue, undefined);
  const whole = (await admin.get(`${CMS}?limit=1`)).json;
  t.equal(whole.metadata.remainingItemCount, 3, 'aa, c and kube-root-ca.crt');
  await admin.send('DELETE', `${CMS}/aa`);
  await admin.send('POST', CMS, configMapObject('b', {}, { tier: 'back' }));
  const exact = `${MINE}&resourceVersion=${first.metadata.resourceVersion}&resourceVersionMatch=Exact`;
  t.same(names((await admin.get(exact)).json), ['a', 'b', 'c']);
});

for (const [query, code, message] of [
  ['continue=nonsense', 400, 'continue key is not valid'],
  ['limit=x', 400, /strconv.ParseInt/],
  ['resourceVersion=x', 400, /^Invalid value: "x"/],
  ['resourceVersion=999999', 504, /^Timeout: Too large resource version: 999999, current: \d+$/],
  [
    'resourceVersionMatch=Exact',
    422,
    /resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden unless/,
  ],
  ['resourceVersionMatch=Exact&resourceVersion=0', 422, /"exact" is forbidden for resourceVersion "0"/],
  ['resourceVersionMatch=Foo&resourceVersion=1', 422, /Unsupported value: "Foo"/],
  ['sendInitialEvents=true', 422, /sendInitialEvents is forbidden for list/],
  ['labelSelector=a%20b', 400, /unable to parse requirement/],
  ['fieldSelector=data%3Dx', 400, 'field label not supported: data'],
] as const) {
  t.test(`a list with ${query} is refused with ${code}`, async (t) => {
    const { status, json } = await admin.get(`${CMS}?${query}`);
    t.equal(status, code);
    t.match(json, { kind: 'Status', code, message });
  });
}

t.test('a path that two could read differently is refused', async (t) => {
  for (const path of [
    '/api/v1/namespaces/default//configmaps',
    '/api/v1/../v1/pods',
    '/api/v1/namespaces/a%2fb',
  ]) {
    t.equal((await admin.get(path)).status, 400, path);
  }
  t.equal(
    (await admin.get('/api/v1/watch')).status,
    500,
    'as kube-apiserver answers a verb without a resource',
  );
});

t.test('both faces of events show the same', async (t) => {
  const event = {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { name: 'e', namespace: 'default' },
    involvedObject: { kind: 'Pod', name: 'p', namespace: 'default' },
    reason: 'Pulled',
    message: 'said',
    type: 'Normal',
  };
  t.equal((await admin.send('POST', '/api/v1/namespaces/default/events', event)).status, 201);
  const face = '/apis/events.k8s.io/v1/namespaces/default/events';
  const { json } = await admin.get(`${face}/e`);
  t.match(json, { apiVersion: 'events.k8s.io/v1', note: 'said', regarding: { name: 'p' }, reason: 'Pulled' });
  t.notOk('message' in json);
  t.same(names((await admin.get(`${face}?fieldSelector=regarding.name%3Dp`)).json), ['e']);
});
