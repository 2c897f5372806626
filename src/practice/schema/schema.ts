// All types of the practice API server in one place: by OpenAPI name, and by kind. The lists of kinds are made here from the table of
// resources.

import { apiVersionOf, RESOURCES } from '../objects/resources.ts';
import { fullName, many, need, one, struct, TYPE_META } from './builders.ts';
import { CONTAINER_TYPES } from './containertypes.ts';
import { CORE_TYPES } from './coretypes.ts';
import type { Schema, StructType } from './fieldtype.ts';
import { GROUP_TYPES } from './grouptypes.ts';
import { META_TYPES } from './metatypes.ts';
import { POD_STATUS_TYPES } from './podstatustypes.ts';
import { POD_TYPES } from './podtypes.ts';
import { VOLUME_TYPES } from './volumetypes.ts';

/** A kind by group, version and name, as x-kubernetes-group-version-kind says it. */
export interface GroupVersionKind {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
}

/** Every group and version with resources, in the order of discovery. */
export const GROUP_VERSIONS: readonly { readonly group: string; readonly version: string }[] = [
  ...new Map(
    RESOURCES.map(({ group, version }) => [apiVersionOf({ group, version }), { group, version }]),
  ).values(),
];

/** Every kind that the types describe, with the OpenAPI name of its struct. */
export const KINDS: readonly (GroupVersionKind & { readonly struct: string })[] = kinds();

/** The types. */
export const SCHEMA: Schema = makeSchema([
  ...META_TYPES,
  ...CORE_TYPES,
  ...POD_TYPES,
  ...POD_STATUS_TYPES,
  ...CONTAINER_TYPES,
  ...VOLUME_TYPES,
  ...GROUP_TYPES,
  ...lists(),
]);

/** `core.v1` for the group '', `rbac.v1` for rbac.authorization.k8s.io: the package of a group in OpenAPI names. */
function packageOf(group: string, version: string): string {
  const short = group === '' ? 'core' : (group.split('.')[0] ?? group);
  return `${short}.${version}`;
}

function kinds(): (GroupVersionKind & { readonly struct: string })[] {
  const found = new Map<string, GroupVersionKind & { readonly struct: string }>();
  const add = (group: string, version: string, kind: string, pkg = packageOf(group, version)): void => {
    found.set(`${group}/${version}/${kind}`, { group, version, kind, struct: fullName(`${pkg}.${kind}`) });
  };
  for (const { group, version, kind, verbs, subresources } of RESOURCES) {
    add(group, version, kind);
    if (verbs.includes('list')) add(group, version, `${kind}List`);
    for (const sub of subresources) add(sub.group ?? group, sub.version ?? version, sub.kind);
  }
  // The API server takes evictions of every cluster since 1.22; the kind is described even while no resource of the table takes it.
  add('policy', 'v1', 'Eviction');
  add('', 'v1', 'Status', 'meta.v1');
  for (const { group, version } of GROUP_VERSIONS) add(group, version, 'DeleteOptions', 'meta.v1');
  return [...found.values()];
}

function lists(): StructType[] {
  return RESOURCES.filter(({ verbs }) => verbs.includes('list')).map(({ group, version, kind }) => {
    const name = `${packageOf(group, version)}.${kind}`;
    return struct(`${name}List`, `A list of objects of the kind ${kind}.`, {
      ...TYPE_META,
      items: need(many(name, 'The objects.')),
      metadata: one('meta.v1.ListMeta', 'What a list says about itself.'),
    });
  });
}

function makeSchema(types: readonly StructType[]): Schema {
  const structs = new Map(types.map((type) => [type.name, type]));
  const byKind = new Map(
    KINDS.map((kind) => [`${apiVersionOf(kind)}/${kind.kind}`, structs.get(kind.struct)]),
  );
  return { structs, kindOf: (apiVersion, kind) => byKind.get(`${apiVersion}/${kind}`) };
}
