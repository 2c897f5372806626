// Which required fields an object lacks, as the API server's validation says it (k8s.io/kubernetes pkg/apis/*/validation): only that something
// is missing, not whether what is there makes sense.

import type { FailureCause } from '../objects/failure.ts';
import { fullName } from './builders.ts';
import type { Field, Schema, StructType } from './fieldtype.ts';

/** Fields that validation asks for though OpenAPI does not call them required. */
const ALSO_REQUIRED: ReadonlyMap<string, readonly string[]> = byFullName({
  'core.v1.Container': ['image'],
  'core.v1.EphemeralContainer': ['image'],
  'core.v1.ExecAction': ['command'],
  'core.v1.ConfigMapKeySelector': ['name'],
  'core.v1.SecretKeySelector': ['name'],
  'core.v1.ConfigMapEnvSource': ['name'],
  'core.v1.SecretEnvSource': ['name'],
  'core.v1.ConfigMapVolumeSource': ['name'],
  'core.v1.SecretVolumeSource': ['secretName'],
  'core.v1.ConfigMapProjection': ['name'],
  'core.v1.SecretProjection': ['name'],
  'core.v1.EphemeralVolumeSource': ['volumeClaimTemplate'],
});

/** Structs that Go always has: when one is absent, what it requires is missing. */
const ALWAYS_THERE: ReadonlyMap<string, readonly string[]> = byFullName({
  'core.v1.Pod': ['spec'],
  'core.v1.PodTemplateSpec': ['spec'],
  'core.v1.Service': ['spec'],
  'apps.v1.Deployment': ['spec'],
  'apps.v1.DeploymentSpec': ['template'],
  'apps.v1.ReplicaSet': ['spec'],
  'apps.v1.ReplicaSetSpec': ['template'],
  'rbac.v1.RoleBinding': ['roleRef'],
  'rbac.v1.ClusterRoleBinding': ['roleRef'],
});

/** Numbers and the like that Go has as zero, of which validation does not say that they are missing. */
const ZERO_IS_FINE: ReadonlyMap<string, readonly string[]> = byFullName({
  'core.v1.Event': ['metadata', 'involvedObject'],
  'core.v1.HTTPHeader': ['value'],
  'core.v1.Sysctl': ['value'],
  'authorization.v1.SelfSubjectAccessReview': ['spec'],
  'authorization.v1.SelfSubjectRulesReview': ['spec'],
});

const SERVICE_SPEC = fullName('core.v1.ServiceSpec');

/** What validation says beside `Required value`. */
const DETAILS: ReadonlyMap<string, string> = new Map([
  [`${fullName('rbac.v1.PolicyRule')}.verbs`, 'verbs must contain at least one value'],
  [`${fullName('core.v1.PodAffinityTerm')}.topologyKey`, 'can not be empty'],
  [`${fullName('core.v1.TopologySpreadConstraint')}.topologyKey`, 'can not be empty'],
]);

/** The required fields that are absent, null, or an empty string or list. The status is not looked into: clients do not have to give it. */
export function findMissing(object: unknown, type: StructType, schema: Schema): readonly FailureCause[] {
  const causes: FailureCause[] = [];
  checkStruct(object, type, '', { schema, causes });
  return causes;
}

interface Walk {
  readonly schema: Schema;
  readonly causes: FailureCause[];
}

function checkStruct(value: unknown, type: StructType, path: string, walk: Walk): void {
  if (!isObject(value)) return;
  const given = new Map<string, unknown>(Object.entries(value));
  for (const [name, field] of Object.entries(type.fields)) {
    if (path === '' && (name === 'status' || name === 'metadata')) continue;
    const inner = given.get(name);
    const place = path === '' ? name : `${path}.${name}`;
    if (!isEmpty(inner)) checkValue(inner, field, place, walk);
    else if (ALWAYS_THERE.get(type.name)?.includes(name) === true) checkValue({}, field, place, walk);
    else if (isRequired(type, name, field) || lacksPorts(type, name, given))
      walk.causes.push(missing(place, DETAILS.get(`${type.name}.${name}`)));
  }
}

function checkValue(value: unknown, { type }: Field, path: string, walk: Walk): void {
  const inner = type.is === 'list' ? type.of : type;
  const struct = inner.is === 'struct' ? walk.schema.structs.get(inner.name) : undefined;
  if (struct === undefined) return;
  if (type.is !== 'list') checkStruct(value, struct, path, walk);
  else if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) checkStruct(item, struct, `${path}[${index}]`, walk);
  }
}

function isRequired(type: StructType, name: string, field: Field): boolean {
  if (ZERO_IS_FINE.get(type.name)?.includes(name) === true) return false;
  return field.required === true || ALSO_REQUIRED.get(type.name)?.includes(name) === true;
}

/** A service has ports, unless it is without an address (headless) or only a name. */
function lacksPorts(type: StructType, name: string, given: ReadonlyMap<string, unknown>): boolean {
  if (type.name !== SERVICE_SPEC || name !== 'ports') return false;
  return given.get('clusterIP') !== 'None' && given.get('type') !== 'ExternalName';
}

function missing(field: string, detail: string | undefined): FailureCause {
  const message = detail === undefined ? 'Required value' : `Required value: ${detail}`;
  return { reason: 'FieldValueRequired', message, field };
}

function isEmpty(value: unknown): boolean {
  return (
    value === undefined || value === null || value === '' || (Array.isArray(value) && value.length === 0)
  );
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function byFullName(
  rows: Readonly<Record<string, readonly string[]>>,
): ReadonlyMap<string, readonly string[]> {
  return new Map(Object.entries(rows).map(([short, fields]) => [fullName(short), fields]));
}
