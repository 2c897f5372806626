import { createHash } from 'node:crypto';
import t from 'tap';
import { RESOURCES } from '../../../../src/practice/objects/resources.ts';
import { createOpenApi } from '../../../../src/practice/schema/openapi.ts';

interface Parameter {
  readonly name: string;
  readonly in: string;
}

interface Operation {
  readonly 'x-kubernetes-action': string;
  readonly 'x-kubernetes-group-version-kind': unknown;
  readonly operationId: string;
  readonly consumes?: readonly string[];
  readonly parameters: readonly Parameter[];
  readonly requestBody?: { readonly content: Readonly<Record<string, unknown>> };
}

interface Schema {
  readonly $ref?: string;
  readonly allOf?: readonly Schema[];
  readonly type?: string;
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly [extension: `x-kubernetes-${string}`]: unknown;
}

interface Document {
  readonly info: { readonly version: string };
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly definitions?: Readonly<Record<string, Schema>>;
  readonly components?: { readonly schemas: Readonly<Record<string, Schema>> };
}

const METHODS = ['get', 'put', 'post', 'delete', 'patch'];
const openApi = createOpenApi('v1.36.3');
const v2: Document = JSON.parse(openApi.v2Json().toString());
const index: { readonly paths: Readonly<Record<string, { readonly serverRelativeURL: string }>> } =
  JSON.parse(openApi.v3Index().toString());
const v3 = new Map<string, Document>(
  Object.keys(index.paths).map((path) => [path, JSON.parse(String(openApi.v3Json(path)))]),
);

function dangling(document: Document): string[] {
  const refs = JSON.stringify(document).matchAll(/"\$ref":"#\/(definitions|components\/schemas)\/([^"]+)"/g);
  const named = document.definitions ?? document.components?.schemas ?? {};
  return [...refs].map(([, , name = '']) => name).filter((name) => !Object.hasOwn(named, name));
}

function operationsOf({ paths }: Document): Operation[] {
  return Object.values(paths).flatMap((item) =>
    Object.entries(item).flatMap(([method, one]) => (METHODS.includes(method) ? [one] : [])),
  );
}

t.test('no reference of any document is left open', async (t) => {
  t.same(dangling(v2), []);
  for (const [path, document] of v3) t.same(dangling(document), [], path);
});

t.test('operation ids are unique in each document', async (t) => {
  for (const document of [v2, ...v3.values()]) {
    const ids = operationsOf(document).map(({ operationId }) => operationId);
    t.equal(new Set(ids).size, ids.length);
  }
});

t.test('there is a document for every group and version, and for no other path', async (t) => {
  t.same([...v3.keys()].sort(), [
    'api/v1',
    'apis/apps/v1',
    'apis/authentication.k8s.io/v1',
    'apis/authorization.k8s.io/v1',
    'apis/coordination.k8s.io/v1',
    'apis/events.k8s.io/v1',
    'apis/rbac.authorization.k8s.io/v1',
  ]);
  for (const path of ['', 'api', 'api/v2', 'apis/v1', '/api/v1', 'apis/apps/v1/', '__proto__']) {
    t.equal(openApi.v3Json(path), undefined, path);
  }
});

t.test('the index names each document with its hash', async (t) => {
  for (const [path, { serverRelativeURL }] of Object.entries(index.paths)) {
    const hash = createHash('sha512')
      .update(String(openApi.v3Json(path)))
      .digest('hex')
      .toUpperCase();
    t.equal(serverRelativeURL, `/openapi/v3/${path}?hash=${hash}`);
  }
});

t.test('documents are made once, and carry the version', async (t) => {
  t.equal(openApi.v2Json(), openApi.v2Json());
  t.equal(openApi.v2Protobuf(), openApi.v2Protobuf());
  t.equal(openApi.v3Index(), openApi.v3Index());
  t.equal(openApi.v3Json('api/v1'), openApi.v3Json('api/v1'));
  t.equal(v2.info.version, 'v1.36.3');
  t.equal(v3.get('apis/apps/v1')?.info.version, 'v1.36.3');
});

t.test('kubectl finds the kind of a resource by its path, in both versions (kubectl explain)', async (t) => {
  for (const { group, version, resource, kind, namespaced } of RESOURCES) {
    const root = group === '' ? `api/${version}` : `apis/${group}/${version}`;
    const path = `/${root}/${namespaced ? 'namespaces/{namespace}/' : ''}${resource}`;
    for (const document of [v2, v3.get(root)]) {
      const item = document?.paths[path];
      const operation = item?.['get'] ?? item?.['post'];
      t.same(operation?.['x-kubernetes-group-version-kind'], { group, kind, version }, path);
      const named = document?.definitions ?? document?.components?.schemas ?? {};
      const own = Object.values(named).filter((schema) =>
        JSON.stringify(schema['x-kubernetes-group-version-kind'] ?? []).includes(
          JSON.stringify({ group, kind, version }),
        ),
      );
      t.equal(own.length, 1, `one schema of ${kind}`);
    }
  }
});

t.test(
  'every PATCH says that it takes dryRun and fieldValidation (cli-runtime query_param_verifier)',
  async (t) => {
    let patches = 0;
    for (const document of [v2, ...v3.values()]) {
      for (const operation of operationsOf(document)) {
        if (operation['x-kubernetes-action'] !== 'patch') continue;
        patches += 1;
        const names = operation.parameters.filter((one) => one.in === 'query').map(({ name }) => name);
        t.same(names, ['dryRun', 'fieldManager', 'fieldValidation', 'force']);
        const types = operation.consumes ?? Object.keys(operation.requestBody?.content ?? {});
        t.ok(types.includes('application/strategic-merge-patch+json'), 'and strategic merge patches');
        t.ok(types.includes('application/apply-patch+yaml'), 'and server-side apply');
      }
    }
    t.ok(patches > 30);
  },
);

t.test('operations are those of the table of resources', async (t) => {
  const actions = (path: string): string[] =>
    Object.entries(v2.paths[path] ?? {}).flatMap(([method, one]) =>
      METHODS.includes(method) ? [`${method} ${one['x-kubernetes-action']}`] : [],
    );
  t.same(actions('/api/v1/pods'), ['get list']);
  t.same(actions('/api/v1/namespaces'), ['get list', 'post post'], 'namespaces are not deleted together');
  t.same(actions('/api/v1/namespaces/{namespace}/pods'), [
    'get list',
    'post post',
    'delete deletecollection',
  ]);
  t.same(actions('/api/v1/namespaces/{namespace}/pods/{name}/exec'), ['get connect', 'post connect']);
  t.same(actions('/api/v1/namespaces/{namespace}/pods/{name}/log'), ['get get']);
  t.same(actions('/apis/authorization.k8s.io/v1/selfsubjectaccessreviews'), ['post post']);
  const scale = v2.paths['/apis/apps/v1/namespaces/{namespace}/deployments/{name}/scale']?.['patch'];
  t.same(scale?.['x-kubernetes-group-version-kind'], { group: 'autoscaling', kind: 'Scale', version: 'v1' });
});

t.test('fields carry how they are merged (kubectl apply reads it)', async (t) => {
  const pod = v2.definitions?.['io.k8s.api.core.v1.PodSpec']?.properties ?? {};
  t.match(pod['volumes'], {
    type: 'array',
    'x-kubernetes-list-map-keys': ['name'],
    'x-kubernetes-list-type': 'map',
    'x-kubernetes-patch-merge-key': 'name',
    'x-kubernetes-patch-strategy': 'merge,retainKeys',
  });
  t.match(pod['tolerations'], {
    'x-kubernetes-list-type': 'atomic',
    'x-kubernetes-patch-strategy': undefined,
  });
  t.match(pod['nodeSelector'], { 'x-kubernetes-map-type': 'atomic' });
  const deployment = v3.get('apis/apps/v1')?.components?.schemas['io.k8s.api.apps.v1.DeploymentSpec'];
  t.same(deployment?.required, ['selector', 'template']);
  t.match(deployment?.properties?.['strategy'], {
    allOf: [{ $ref: '#/components/schemas/io.k8s.api.apps.v1.DeploymentStrategy' }],
    'x-kubernetes-patch-strategy': 'retainKeys',
  });
});

t.test('a number or a string: OpenAPI 2 says string, OpenAPI 3 says either', async (t) => {
  const name = 'io.k8s.apimachinery.pkg.util.intstr.IntOrString';
  t.match(v2.definitions?.[name], { type: 'string', format: 'int-or-string' });
  t.match(v3.get('api/v1')?.components?.schemas[name], {
    format: 'int-or-string',
    oneOf: [{ type: 'integer' }, { type: 'string' }],
  });
});
