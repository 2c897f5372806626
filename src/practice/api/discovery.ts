// Discovery: which groups, versions and resources there are, in the plain documents of metav1 and in the aggregated one of apidiscovery.k8s.io
// (v2 and v2beta1), all computed from the table of resources when they are first asked for.

import { createHash } from 'node:crypto';
import { apiVersionOf, RESOURCES, type Resource, type Subresource } from '../objects/resources.ts';
import { parseAccept } from './accept.ts';
import { type Answer, jsonAnswer } from './answer.ts';
import { type Call, header, headerValues } from './call.ts';

/** The answer to a discovery path; undefined when it is none. */
export function discoveryAnswer(call: Call): Answer | undefined {
  const segments = call.target.path.split('/').filter((segment) => segment !== '');
  const [prefix, ...rest] = segments;
  if (prefix === 'api' && rest.length === 0) return aggregated(call, true) ?? jsonAnswer(coreVersions());
  if (prefix === 'apis' && rest.length === 0) return aggregated(call, false) ?? jsonAnswer(groupList());
  if (prefix === 'api' && rest.length === 1) return resourceList('', rest[0] ?? '');
  if (prefix === 'apis' && rest.length === 1) return groupAnswer(rest[0] ?? '');
  if (prefix === 'apis' && rest.length === 2) return resourceList(rest[0] ?? '', rest[1] ?? '');
  return undefined;
}

/** An answer that a client may keep: 304 when it has it already. */
export function taggedAnswer(call: Call, answer: Answer & { readonly body: Buffer }): Answer {
  const digest = createHash('sha512').update(answer.body).digest('hex').toUpperCase();
  const etag = `"${digest}"`;
  const headers = { ...answer.headers, ETag: etag, Vary: 'Accept' };
  const known = headerValues(call.rawHeaders, 'if-none-match')
    .flatMap((value) => value.split(','))
    .map((value) => value.trim().replace(/^W\//, ''));
  if (known.includes(etag) || known.includes('*')) return { status: 304, headers, body: Buffer.alloc(0) };
  return { ...answer, headers };
}

function groupsOf(core: boolean): Map<string, Resource[]> {
  const groups = new Map<string, Resource[]>();
  for (const one of RESOURCES) {
    if ((one.group === '') !== core) continue;
    groups.set(one.group, [...(groups.get(one.group) ?? []), one]);
  }
  return groups;
}

function versionsOf(resources: readonly Resource[]): string[] {
  return [...new Set(resources.map(({ version }) => version))];
}

function coreVersions(): unknown {
  return {
    kind: 'APIVersions',
    versions: ['v1'],
    serverAddressByClientCIDRs: [],
  };
}

function groupOf(name: string, resources: readonly Resource[]) {
  const versions = versionsOf(resources).map((version) => ({ groupVersion: `${name}/${version}`, version }));
  return { name, versions, preferredVersion: versions[0] };
}

function groupList(): unknown {
  const groups = [...groupsOf(false)].map(([name, resources]) => groupOf(name, resources));
  return { kind: 'APIGroupList', apiVersion: 'v1', groups };
}

function groupAnswer(name: string): Answer | undefined {
  const resources = groupsOf(false).get(name);
  if (resources === undefined) return undefined;
  return jsonAnswer({ kind: 'APIGroup', apiVersion: 'v1', ...groupOf(name, resources) });
}

function resourceList(group: string, version: string): Answer | undefined {
  const found = RESOURCES.filter((one) => one.group === group && one.version === version);
  if (found.length === 0) return undefined;
  return jsonAnswer({
    kind: 'APIResourceList',
    // The core group's list says no version of its own, as the real one (v1 was first).
    ...(group === '' ? {} : { apiVersion: 'v1' }),
    groupVersion: apiVersionOf({ group, version }),
    resources: found.flatMap((one) => [
      plainResource(one),
      ...one.subresources.map((sub) => plainSub(one, sub)),
    ]),
  });
}

function plainResource(one: Resource) {
  return {
    name: one.resource,
    singularName: one.singular,
    namespaced: one.namespaced,
    kind: one.kind,
    verbs: one.verbs,
    ...(one.shortNames.length === 0 ? {} : { shortNames: one.shortNames }),
    ...(one.categories.length === 0 ? {} : { categories: one.categories }),
  };
}

function plainSub(one: Resource, { name, kind, verbs, ...place }: Subresource) {
  return {
    name: `${one.resource}/${name}`,
    singularName: '',
    namespaced: one.namespaced,
    ...place,
    kind,
    verbs,
  };
}

/** The aggregated document, when the request would have it before the plain one. */
function aggregated(call: Call, core: boolean): Answer | undefined {
  for (const { media, parameters } of parseAccept(header(call, 'accept'))) {
    if (media !== 'application/json' && media !== '*/*') continue;
    if (parameters.get('g') !== 'apidiscovery.k8s.io') return undefined;
    const version = parameters.get('v') ?? '';
    if (parameters.get('as') !== 'APIGroupDiscoveryList' || !/^v2(beta1)?$/.test(version)) continue;
    const type = `application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`;
    const items = [...groupsOf(core)].map(([name, resources]) => ({
      metadata: { ...(name === '' ? {} : { name }), creationTimestamp: null },
      versions: versionsOf(resources).map((one) => ({
        version: one,
        resources: resources.filter((resource) => resource.version === one).map(aggregatedResource),
        freshness: 'Current',
      })),
    }));
    const apiVersion = `apidiscovery.k8s.io/${version}`;
    const answer = jsonAnswer({ kind: 'APIGroupDiscoveryList', apiVersion, metadata: {}, items }, 200, type);
    return taggedAnswer(call, answer as Answer & { body: Buffer });
  }
  return undefined;
}

function aggregatedResource(one: Resource) {
  const { group, version } = one;
  return {
    resource: one.resource,
    responseKind: { group, version, kind: one.kind },
    scope: one.namespaced ? 'Namespaced' : 'Cluster',
    singularResource: one.singular,
    verbs: one.verbs,
    ...(one.shortNames.length === 0 ? {} : { shortNames: one.shortNames }),
    ...(one.categories.length === 0 ? {} : { categories: one.categories }),
    ...(one.subresources.length === 0
      ? {}
      : {
          subresources: one.subresources.map((sub) => ({
            subresource: sub.name,
            responseKind: { group: sub.group ?? group, version: sub.version ?? version, kind: sub.kind },
            verbs: sub.verbs,
          })),
        }),
  };
}
