// The paths of the OpenAPI documents: each operation says its kind, its action and its parameters. kubectl reads them to find the kind of a
// resource (explain), whether PATCH takes `dryRun` and `fieldValidation`, and which kinds of patch are accepted.

import { apiVersionOf, RESOURCES, type Resource, type Subresource } from '../objects/resources.ts';
import { type Dialect, type Json, PATCH_BODY, schemaRef } from './openapischema.ts';
import { KINDS } from './schema.ts';

type Method = 'get' | 'put' | 'post' | 'delete' | 'patch';

interface Operation {
  readonly method: Method;
  /** x-kubernetes-action. */
  readonly action: string;
  readonly parameters: readonly string[];
  /** The struct of the body, if one is taken. */
  readonly takes?: string;
  /** The struct of the answer; none for connections. */
  readonly gives?: string;
}

interface Place {
  readonly path: string;
  readonly operations: readonly Operation[];
  readonly group: string;
  readonly version: string;
  /** The kind that the operations say. */
  readonly kind: Json;
}

const META = 'io.k8s.apimachinery.pkg.apis.meta.v1.';
const MEDIA_TYPE = 'application/json';
const PATCH_TYPES = [
  'application/json-patch+json',
  'application/merge-patch+json',
  'application/strategic-merge-patch+json',
  'application/apply-patch+yaml',
];

const QUERY: Readonly<Record<string, readonly [type: string, does: string]>> = {
  allowWatchBookmarks: ['boolean', 'Whether the watch is told versions in between.'],
  continue: ['string', 'Token of the part before, for long lists.'],
  dryRun: ['string', 'All: check everything and store nothing.'],
  fieldManager: ['string', 'Name of the tool or person that writes.'],
  fieldSelector: ['string', 'Only objects with these fields.'],
  fieldValidation: ['string', 'Ignore, Warn or Strict: what happens to unknown and doubled fields.'],
  force: ['boolean', 'Whether an apply takes fields that others own.'],
  gracePeriodSeconds: ['integer', 'Seconds to end in order; 0 removes at once.'],
  labelSelector: ['string', 'Only objects with these labels.'],
  limit: ['integer', 'The most objects in one answer.'],
  pretty: ['string', 'Whether JSON is indented.'],
  propagationPolicy: ['string', 'Orphan, Background or Foreground: what becomes of owned objects.'],
  resourceVersion: ['string', 'From which version of the store on.'],
  resourceVersionMatch: ['string', 'Exact or NotOlderThan: how resourceVersion is meant.'],
  sendInitialEvents: ['boolean', 'Whether the watch begins with what is there.'],
  timeoutSeconds: ['integer', 'After how long the answer ends.'],
  watch: ['boolean', 'Whether changes are told as they happen.'],
};

const PATH_PARAMETERS: Readonly<Record<string, string>> = {
  name: 'Name of the object.',
  namespace: 'Namespace of the object.',
};

const SELECT = [
  'continue',
  'fieldSelector',
  'labelSelector',
  'limit',
  'resourceVersion',
  'resourceVersionMatch',
];
const LIST = [...SELECT, 'allowWatchBookmarks', 'sendInitialEvents', 'timeoutSeconds', 'watch'].sort();
const WRITE = ['dryRun', 'fieldManager', 'fieldValidation'];
const PATCH = [...WRITE, 'force'];
const DELETE = ['dryRun', 'gracePeriodSeconds', 'propagationPolicy'];

/** The paths of a document: of every group, or of one. */
export function pathsOf(dialect: Dialect, only?: { readonly group: string; readonly version: string }): Json {
  const places = RESOURCES.flatMap(placesOf).filter(
    ({ group, version }) => only === undefined || (group === only.group && version === only.version),
  );
  const sorted = places.sort((a, b) => (a.path < b.path ? -1 : 1));
  return Object.fromEntries(sorted.map((place) => [place.path, pathItem(dialect, place)]));
}

function structOf(group: string, version: string, kind: string): string {
  return (
    KINDS.find((one) => one.group === group && one.version === version && one.kind === kind)?.struct ?? ''
  );
}

function placesOf(resource: Resource): Place[] {
  const { group, version, kind, namespaced } = resource;
  const root = `/${group === '' ? 'api' : 'apis'}/${apiVersionOf(resource)}`;
  const all = `${root}/${resource.resource}`;
  const collection = namespaced ? `${root}/namespaces/{namespace}/${resource.resource}` : all;
  const gvk = { group, kind, version };
  const made: Place[] = [
    { path: collection, operations: collectionOperations(resource), group, version, kind: gvk },
    { path: `${collection}/{name}`, operations: itemOperations(resource), group, version, kind: gvk },
    ...resource.subresources.map((sub) => subresourcePlace(resource, sub, `${collection}/{name}`)),
  ];
  if (namespaced) {
    const operations = collectionOperations(resource).filter(({ action }) => action === 'list');
    made.push({ path: all, operations, group, version, kind: gvk });
  }
  return made.filter(({ operations }) => operations.length > 0);
}

function collectionOperations({ group, version, kind, verbs }: Resource): Operation[] {
  const own = structOf(group, version, kind);
  const options = `${META}DeleteOptions`;
  const status = `${META}Status`;
  const every: (Operation & { readonly verb: string })[] = [
    {
      verb: 'list',
      method: 'get',
      action: 'list',
      parameters: LIST,
      gives: structOf(group, version, `${kind}List`),
    },
    { verb: 'create', method: 'post', action: 'post', parameters: WRITE, takes: own, gives: own },
    {
      verb: 'deletecollection',
      method: 'delete',
      action: 'deletecollection',
      parameters: [...DELETE, ...SELECT].sort(),
      takes: options,
      gives: status,
    },
  ];
  return every.filter(({ verb }) => verbs.includes(verb));
}

function itemOperations({
  group,
  version,
  kind,
  verbs,
}: Pick<Resource, 'group' | 'version' | 'kind' | 'verbs'>) {
  const own = structOf(group, version, kind);
  const every: (Operation & { readonly verb: string })[] = [
    { verb: 'get', method: 'get', action: 'get', parameters: ['pretty'], gives: own },
    { verb: 'update', method: 'put', action: 'put', parameters: WRITE, takes: own, gives: own },
    { verb: 'patch', method: 'patch', action: 'patch', parameters: PATCH, takes: PATCH_BODY, gives: own },
    {
      verb: 'delete',
      method: 'delete',
      action: 'delete',
      parameters: DELETE,
      takes: `${META}DeleteOptions`,
      gives: `${META}Status`,
    },
  ];
  return every.filter(({ verb }) => verbs.includes(verb));
}

function subresourcePlace(resource: Resource, sub: Subresource, item: string): Place {
  const { group = resource.group, version = resource.version, kind, verbs } = sub;
  const connects = kind.endsWith('Options');
  const operations: Operation[] = connects
    ? (['get', 'post'] as const).map((method) => ({ method, action: 'connect', parameters: [] }))
    : itemOperations({ group, version, kind, verbs });
  if (!connects && verbs.includes('create')) {
    const own = structOf(group, version, kind);
    operations.push({ method: 'post', action: 'post', parameters: WRITE, takes: own, gives: own });
  }
  const place = { path: `${item}/${sub.name}`, operations, kind: { group, kind, version } };
  return { ...place, group: resource.group, version: resource.version };
}

function pathItem(dialect: Dialect, place: Place): Json {
  const inPath = Object.keys(PATH_PARAMETERS).filter((name) => place.path.includes(`{${name}}`));
  const parameters = inPath.map((name) => ({
    ...parameter(dialect, 'path', name, ['string', PATH_PARAMETERS[name] ?? '']),
    required: true,
  }));
  const operations = place.operations.map((one) => [one.method, operation(dialect, place, one)]);
  return { ...Object.fromEntries(operations), ...(parameters.length === 0 ? {} : { parameters }) };
}

function parameter(
  dialect: Dialect,
  where: string,
  name: string,
  [type, does]: readonly [string, string],
): Json {
  const shape = { type, uniqueItems: true };
  return { name, in: where, description: does, ...(dialect === 2 ? shape : { schema: shape }) };
}

function operation(
  dialect: Dialect,
  place: Place,
  { method, action, parameters, takes, gives }: Operation,
): Json {
  const query = parameters.map((name) => parameter(dialect, 'query', name, QUERY[name] ?? ['string', '']));
  const tags = [`${place.group === '' ? 'core' : (place.group.split('.')[0] ?? '')}_${place.version}`];
  const extensions = { 'x-kubernetes-action': action, 'x-kubernetes-group-version-kind': place.kind };
  const operationId = `${method}${place.path.replace(/[^A-Za-z0-9]+(.?)/g, (_, next: string) => next.toUpperCase())}`;
  const known = { description: `${action}: ${String(place.kind['kind'])}`, operationId, tags, ...extensions };
  const bodyTypes = method === 'patch' ? PATCH_TYPES : [MEDIA_TYPE];
  const schema = takes === undefined ? undefined : schemaRef(dialect, takes);
  const optional = method === 'delete';
  if (dialect === 2) {
    const body = schema === undefined ? [] : [{ name: 'body', in: 'body', required: !optional, schema }];
    const responses = {
      200: { description: 'OK', ...(gives === undefined ? {} : { schema: schemaRef(2, gives) }) },
    };
    return {
      ...known,
      consumes: bodyTypes,
      produces: [MEDIA_TYPE],
      parameters: [...body, ...query],
      responses,
    };
  }
  const content = Object.fromEntries(bodyTypes.map((type) => [type, { schema }]));
  const answer = gives === undefined ? {} : { content: { [MEDIA_TYPE]: { schema: schemaRef(3, gives) } } };
  return {
    ...known,
    parameters: query,
    ...(schema === undefined ? {} : { requestBody: { content, required: !optional } }),
    responses: { 200: { description: 'OK', ...answer } },
  };
}
