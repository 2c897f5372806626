import t from 'tap';
import { apiVersionOf, RESOURCES } from '../../../../src/practice/objects/resources.ts';
import type { FieldType } from '../../../../src/practice/schema/fieldtype.ts';
import { SCHEMA } from '../../../../src/practice/schema/schema.ts';
import { structAt } from '../../../../src/practice/schema/validate.ts';

function innermost(type: FieldType): string | undefined {
  if (type.is === 'struct') return type.name;
  return type.is === 'scalar' ? undefined : innermost(type.of);
}

const fields = [...SCHEMA.structs.values()].flatMap((struct) =>
  Object.entries(struct.fields).map(([name, field]) => ({ at: `${struct.name}.${name}`, field })),
);

t.test('every struct that a field names is there', async (t) => {
  const absent = fields.filter(({ field }) => {
    const name = innermost(field.type);
    return name !== undefined && !SCHEMA.structs.has(name);
  });
  t.same(absent, []);
  t.ok(fields.length > 700, 'the types are complete');
});

t.test('no struct is written twice', async (t) => {
  const names = new Set([...SCHEMA.structs.values()].map(({ name }) => name));
  t.equal(names.size, SCHEMA.structs.size);
});

t.test('every struct is reached from a kind', async (t) => {
  const reached = new Set<string>();
  const visit = (name: string): void => {
    if (reached.has(name)) return;
    reached.add(name);
    for (const { type } of Object.values(SCHEMA.structs.get(name)?.fields ?? {})) {
      const inner = innermost(type);
      if (inner !== undefined) visit(inner);
    }
  };
  for (const [name, { fields }] of SCHEMA.structs)
    if ('kind' in fields && 'apiVersion' in fields) visit(name);
  // The status of a service and the reviews bring all the others.
  t.same(
    [...SCHEMA.structs.keys()].filter((name) => !reached.has(name)),
    [],
  );
});

t.test('every kind of the table of resources has its struct', async (t) => {
  for (const { group, version, kind, verbs, subresources } of RESOURCES) {
    const apiVersion = apiVersionOf({ group, version });
    t.ok(SCHEMA.kindOf(apiVersion, kind), `${apiVersion} ${kind}`);
    t.equal(SCHEMA.kindOf(apiVersion, `${kind}List`) !== undefined, verbs.includes('list'), `${kind}List`);
    t.ok(SCHEMA.kindOf(apiVersion, 'DeleteOptions'), `${apiVersion} DeleteOptions`);
    for (const sub of subresources) {
      const its = apiVersionOf({ group: sub.group ?? group, version: sub.version ?? version });
      t.ok(SCHEMA.kindOf(its, sub.kind), `${its} ${sub.kind}`);
    }
  }
  t.equal(SCHEMA.kindOf('v1', 'Status')?.name, 'io.k8s.apimachinery.pkg.apis.meta.v1.Status');
  t.ok(SCHEMA.kindOf('policy/v1', 'Eviction'));
});

t.test('kinds that are not ours have none', async (t) => {
  t.equal(SCHEMA.kindOf('v1', 'Node'), undefined);
  t.equal(SCHEMA.kindOf('v1', 'Deployment'), undefined, 'the group matters');
  t.equal(SCHEMA.kindOf('apps/v1beta1', 'Deployment'), undefined, 'the version matters');
  t.equal(SCHEMA.kindOf('v1', 'PodSpec'), undefined, 'a struct is no kind');
  t.equal(SCHEMA.kindOf('v1', '__proto__'), undefined);
});

t.test('descriptions are sentences, and hold no percent sign, which kubectl 1.20 would format', async (t) => {
  const texts = [
    ...fields.map(({ at, field }) => ({ at, does: field.does })),
    ...[...SCHEMA.structs.values()].map(({ name, does }) => ({ at: name, does })),
  ];
  t.same(
    texts.filter(({ does }) => !/^[A-Za-z].*\.$/.test(does) || does.includes('%')),
    [],
  );
});

t.test('the keys of lists are fields of their items, required or with a default', async (t) => {
  for (const { at, field } of fields) {
    if (field.type.is !== 'list' || field.type.merge === undefined || field.type.merge === 'set') continue;
    const item = SCHEMA.structs.get(innermost(field.type) ?? '');
    for (const key of field.type.merge.keys) {
      const its = item?.fields[key];
      // LocalObjectReference and ObjectReference have an optional name.
      t.ok(its?.required === true || its?.defaultValue !== undefined || key === 'name', `${at} by ${key}`);
      t.ok(its, `${at} by ${key}`);
    }
  }
});

const POD = 'v1 Pod spec';
const TEMPLATE = 'apps/v1 Deployment spec template spec';

// As x-kubernetes-list-map-keys, -list-type and -patch-strategy in api/openapi-spec/swagger.json of Kubernetes 1.36.
const LISTS: readonly (readonly [where: string, field: string, merge: unknown])[] = [
  [POD, 'containers', { keys: ['name'] }],
  [TEMPLATE, 'initContainers', { keys: ['name'] }],
  [TEMPLATE, 'volumes', { keys: ['name'] }],
  [POD, 'imagePullSecrets', { keys: ['name'] }],
  [POD, 'hostAliases', { keys: ['ip'] }],
  [POD, 'tolerations', undefined],
  [POD, 'topologySpreadConstraints', { keys: ['topologyKey', 'whenUnsatisfiable'] }],
  [`${POD} containers`, 'ports', { keys: ['containerPort', 'protocol'] }],
  [`${POD} containers`, 'env', { keys: ['name'] }],
  [`${POD} containers`, 'envFrom', undefined],
  [`${POD} containers`, 'volumeMounts', { keys: ['mountPath'] }],
  [`${POD} containers`, 'args', undefined],
  ['v1 Pod status', 'conditions', { keys: ['type'] }],
  ['v1 Pod status', 'containerStatuses', undefined],
  ['v1 Pod metadata', 'ownerReferences', { keys: ['uid'] }],
  ['v1 Pod metadata', 'finalizers', 'set'],
  ['v1 Service spec', 'ports', { keys: ['port', 'protocol'] }],
  ['v1 ServiceAccount', 'imagePullSecrets', undefined],
  ['v1 ServiceAccount', 'secrets', { keys: ['name'] }],
  ['rbac.authorization.k8s.io/v1 Role', 'rules', undefined],
];

t.test('lists are merged as in Kubernetes', async (t) => {
  for (const [where, name, merge] of LISTS) {
    const [apiVersion = '', kind = '', ...path] = where.split(' ');
    const type = SCHEMA.kindOf(apiVersion, kind);
    const field = type === undefined ? undefined : structAt(type, path, SCHEMA)?.fields[name];
    t.equal(field?.type.is, 'list', `${where} ${name} is a list`);
    t.same(field?.type.is === 'list' ? field.type.merge : 'no list', merge, `${where} ${name}`);
  }
});

t.test('selectors are replaced whole; strategy and volumes keep only what a patch names', async (t) => {
  const pod = SCHEMA.structs.get('io.k8s.api.core.v1.PodSpec');
  const deployment = SCHEMA.structs.get('io.k8s.api.apps.v1.DeploymentSpec');
  const service = SCHEMA.structs.get('io.k8s.api.core.v1.ServiceSpec');
  t.equal(pod?.fields['nodeSelector']?.atomic, true);
  t.equal(service?.fields['selector']?.atomic, true);
  t.equal(deployment?.fields['selector']?.atomic, true, 'LabelSelector is atomic by type');
  t.equal(SCHEMA.structs.get('io.k8s.apimachinery.pkg.apis.meta.v1.LabelSelector')?.atomic, true);
  t.equal(SCHEMA.structs.get('io.k8s.apimachinery.pkg.apis.meta.v1.OwnerReference')?.atomic, true);
  t.equal(deployment?.fields['template']?.atomic, undefined);
  t.equal(deployment?.fields['strategy']?.retainKeys, true);
  t.equal(pod?.fields['volumes']?.retainKeys, true);
  t.equal(pod?.fields['containers']?.retainKeys, undefined);
});

t.test('a struct is found by its path', async (t) => {
  const pod = SCHEMA.kindOf('v1', 'Pod');
  if (pod === undefined) throw new Error('no Pod');
  t.equal(structAt(pod, [], SCHEMA), pod);
  t.equal(structAt(pod, ['spec', 'containers', 'env'], SCHEMA)?.name, 'io.k8s.api.core.v1.EnvVar');
  t.equal(structAt(pod, ['spec', 'nodeName'], SCHEMA), undefined, 'a scalar is no struct');
  t.equal(structAt(pod, ['spec', 'nope', 'env'], SCHEMA), undefined);
  t.equal(structAt(pod, ['constructor'], SCHEMA), undefined);
});
