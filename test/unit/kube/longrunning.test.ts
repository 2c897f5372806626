import t from 'tap';
import {
  isInteractive,
  isLongRunning,
  knownResource,
  knownSubresource,
  knownVerb,
  requestKind,
  requestScope,
  sessionKind,
} from '../../../src/kube/longrunning.ts';
import { parseTarget } from '../../../src/kube/path.ts';
import { type RequestInfo, resolveRequestInfo } from '../../../src/kube/requestinfo.ts';

function resolve(request: string): RequestInfo {
  const [method = '', rawTarget = ''] = request.split(' ');
  const parsed = parseTarget(rawTarget);
  if (!parsed.ok) throw new Error(parsed.detail);
  const info = resolveRequestInfo(method, parsed.target);
  if ('error' in info) throw new Error(info.error);
  return info;
}

const POD = '/api/v1/namespaces/x/pods/p';

// protocol.md §5.2 "Long-running" and apiserver's BasicLongRunningRequestCheck; field-lessons.md S21 for what is interactive.
const traffic: readonly [
  request: string,
  long: boolean,
  session: string,
  kind: string,
  interactive: boolean,
][] = [
  ['GET /api/v1/pods', false, '', 'short', false],
  ['GET /api/v1/pods?watch=1', true, '', 'watch', false],
  ['GET /api/v1/watch/pods', true, '', 'watch', false],
  [`GET ${POD}`, false, '', 'short', false],
  [`GET ${POD}/log?follow=true`, true, '', 'log', false],
  [`GET ${POD}/exec?command=sh`, true, 'exec', 'short', true],
  [`POST ${POD}/exec`, true, 'exec', 'short', true],
  [`POST ${POD}/%65xec`, true, 'exec', 'short', true],
  [`GET ${POD}/attach`, true, 'attach', 'short', true],
  [`POST ${POD}/portforward`, true, 'portforward', 'short', true],
  [`GET ${POD}/proxy/x`, true, 'proxy', 'short', true],
  [`OPTIONS ${POD}/proxy/x`, true, 'proxy', 'short', true],
  [`PATCH ${POD}/ephemeralcontainers`, false, '', 'short', true],
  [`POST ${POD}/eviction`, false, '', 'short', false],
  ['GET /api/v1/nodes/n/proxy/exec/ns/pod/c?command=sh', true, 'proxy', 'short', true],
  ['POST /api/v1/nodes/n:10250/proxy/run/ns/pod/c', true, 'proxy', 'short', true],
  ['GET /api/v1/nodes/n/proxy/attach/ns/pod/c', true, 'proxy', 'short', true],
  ['GET /api/v1/nodes/n/proxy/portForward/ns/pod', true, 'proxy', 'short', true],
  ['GET /api/v1/namespaces/x/services/https:s:443/proxy/', true, 'proxy', 'short', true],
  ['GET /api/v1/proxy/nodes/n/run', true, 'proxy', 'short', true],
  ['GET /api/v1/proxy/namespaces/x/pods/p/exec', true, 'proxy', 'short', true],
  ['GET /debug/pprof/profile', true, '', 'short', false],
  ['GET /debug/pprof', false, '', 'short', false],
  ['GET /exec', false, '', 'short', false],
  ['GET /version', false, '', 'short', false],
];

for (const [request, long, session, kind, interactive] of traffic) {
  t.test(request, async (t) => {
    const info = resolve(request);
    t.equal(isLongRunning(info), long, 'long-running');
    t.equal(sessionKind(info), session, 'session');
    t.equal(requestKind(info), kind, 'kind');
    t.equal(isInteractive(info), interactive, 'interactive');
  });
}

// apiserver pkg/endpoints/metrics CleanScope
const scopes: readonly [request: string, scope: string][] = [
  ['GET /api/v1/namespaces/x/pods/p', 'resource'],
  ['GET /api/v1/nodes/n', 'resource'],
  ['POST /api/v1/namespaces/x/pods', 'resource'],
  ['GET /api/v1/namespaces/x/pods?fieldSelector=metadata.name%3Dp', 'resource'],
  ['GET /api/v1/namespaces/x/pods', 'namespace'],
  ['DELETE /api/v1/namespaces/x/pods', 'namespace'],
  ['GET /api/v1/pods', 'cluster'],
  ['GET /api/v1/namespaces', 'cluster'],
  ['GET /version', 'nonresource'],
];

for (const [request, scope] of scopes) {
  t.test(`the scope of ${request} is ${scope}`, async (t) => t.equal(requestScope(resolve(request)), scope));
}

// Labels are bounded by the API's own words: kubernetes/kubernetes api/discovery.
const labels: readonly [request: string, verb: string, resource: string, subresource: string][] = [
  ['GET /api/v1/pods', 'list', 'pods', ''],
  ['POST /api/v1/namespaces/x/pods/p/exec', 'create', 'pods', 'exec'],
  ['POST /api/v1/namespaces/x/pods/p/invented', 'create', 'pods', 'other'],
  ['GET /apis/apps/v1/deployments', 'list', 'deployments', ''],
  ['GET /apis/apps/v1/namespaces/x/deployments/d/scale', 'get', 'deployments', 'scale'],
  ['GET /apis/resource.k8s.io/v1/resourceclaims', 'list', 'resourceclaims', ''],
  ['GET /apis/apps/v1/pods', 'list', 'other', ''],
  ['GET /apis/example.com/v1/pods', 'list', 'other', ''],
  ['GET /api/v1/constructor', 'list', 'other', ''],
  ['GET /apis/__proto__/v1/pods', 'list', 'other', ''],
  ['OPTIONS /api/v1/pods', '', 'pods', ''],
  ['GET /version', 'get', '', ''],
  ['INVENTED /version', 'other', '', ''],
];

for (const [request, verb, resource, subresource] of labels) {
  t.test(`the labels of ${request}`, async (t) => {
    const info = resolve(request);
    t.same([knownVerb(info), knownResource(info), knownSubresource(info)], [verb, resource, subresource]);
  });
}
