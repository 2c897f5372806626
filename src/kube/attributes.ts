// What a request is judged by, after the API server's authorizer.Attributes: RequestInfo, with the doors that are several for one thing made
// one. exec, attach and portforward are `create` by whatever method they come, as a WebSocket handshake is a GET (the API server itself asks
// for `create` there since 1.35), and the legacy `/api/v1/proxy/…` paths are the `proxy` subresource. Pure; knows no rules.

import { isInteractive } from './longrunning.ts';
import { queryValues, type RequestInfo, verbOfMethod } from './requestinfo.ts';

/** The judged facts; strings are '' where a fact is absent. */
export interface Attributes {
  readonly isResourceRequest: boolean;
  readonly verb: string;
  readonly apiGroup: string;
  readonly apiVersion: string;
  readonly resource: string;
  readonly subresource: string;
  readonly namespace: string;
  readonly name: string;
  readonly path: string;
  /** Whether it can run code in, or open a channel to, something in the cluster. */
  readonly isInteractive: boolean;
  /** The command of an exec, word by word; empty for everything else. */
  readonly command: readonly string[];
}

/** Derives them. `rawQuery` is read for exec only. */
export function judgedAttributes(method: string, info: RequestInfo, rawQuery: string): Attributes {
  const { isResourceRequest, apiGroup, apiVersion, resource, namespace, name, path } = info;
  const isLegacyProxy = info.verb === 'proxy';
  const subresource = isLegacyProxy ? 'proxy' : info.subresource;
  const isExec = apiGroup === '' && resource === 'pods' && subresource === 'exec';
  let { verb } = info;
  if (isLegacyProxy) verb = verbOfMethod(method);
  else if (CHANNELS.has(subresource)) verb = 'create';
  return {
    isResourceRequest,
    verb,
    apiGroup,
    apiVersion,
    resource,
    subresource,
    namespace,
    name,
    path,
    isInteractive: isInteractive(info),
    command: isExec ? queryValues(rawQuery, 'command') : NO_WORDS,
  };
}

/**
 * Whether it is what every authenticated user may ask by default: RBAC's roles system:discovery, system:public-info-viewer and system:basic-user
 * (kubernetes 1.36 bootstrappolicy). Clients read all of it before their first real request.
 */
export function isDiscovery({
  isResourceRequest,
  verb,
  apiGroup,
  resource,
  path,
  subresource,
}: Attributes): boolean {
  if (isResourceRequest)
    return verb === 'create' && subresource === '' && SELF_REVIEWS.get(apiGroup)?.has(resource) === true;
  return verb === 'get' && (DISCOVERY_PATHS.has(path) || DISCOVERY_PREFIX.test(path));
}

const NO_WORDS: readonly string[] = [];
const CHANNELS: ReadonlySet<string> = new Set(['exec', 'attach', 'portforward']);
const DISCOVERY_PATHS: ReadonlySet<string> = new Set(
  '/livez /readyz /healthz /version /version/ /openapi /api /apis'.split(' '),
);
const DISCOVERY_PREFIX = /^\/(?:openapi|apis?)\//;
const SELF_REVIEWS: ReadonlyMap<string, ReadonlySet<string>> = new Map([
  ['authorization.k8s.io', new Set(['selfsubjectaccessreviews', 'selfsubjectrulesreviews'])],
  ['authentication.k8s.io', new Set(['selfsubjectreviews'])],
]);
