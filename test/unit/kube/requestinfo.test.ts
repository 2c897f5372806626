import fc from 'fast-check';
import t from 'tap';
import { parseTarget } from '../../../src/kube/path.ts';
import { queryValue, type RequestInfo, resolveRequestInfo } from '../../../src/kube/requestinfo.ts';
import { holds } from '../../properties.ts';

function resolve(request: string): RequestInfo | { readonly error: string } {
  const [method = '', rawTarget = ''] = request.split(' ');
  const parsed = parseTarget(rawTarget);
  if (!parsed.ok) throw new Error(parsed.detail);
  return resolveRequestInfo(method, parsed.target);
}

const core = { isResourceRequest: true, apiPrefix: 'api', apiGroup: '', apiVersion: 'v1' };
const pod = {
  ...core,
  namespace: 'other',
  resource: 'pods',
  subresource: '',
  name: 'foo',
  parts: ['pods', 'foo'],
};
const pods = { ...core, namespace: 'other', resource: 'pods', subresource: '', name: '', parts: ['pods'] };
const allPods = { ...pods, namespace: '' };
const ns = { ...core, namespace: 'other', resource: 'namespaces', name: 'other' };

// k8s.io/apiserver pkg/endpoints/request/requestinfo_test.go TestGetAPIRequestInfo, as protocol.md §5.2 has it.
const cases: readonly [request: string, expected: Partial<RequestInfo>][] = [
  [
    'GET /api/v1/namespaces',
    { ...core, verb: 'list', namespace: '', resource: 'namespaces', name: '', parts: ['namespaces'] },
  ],
  ['GET /api/v1/namespaces/other', { ...ns, verb: 'get', subresource: '', parts: ['namespaces', 'other'] }],
  ['GET /api/v1/namespaces/other/pods', { ...pods, verb: 'list' }],
  ['GET /api/v1/namespaces/other/pods/foo', { ...pod, verb: 'get' }],
  ['HEAD /api/v1/namespaces/other/pods/foo', { ...pod, verb: 'get' }],
  ['GET /api/v1/pods', { ...allPods, verb: 'list' }],
  ['HEAD /api/v1/pods', { ...allPods, verb: 'list' }],
  ['GET /api/v1/proxy/namespaces/other/pods/foo', { ...pod, verb: 'proxy' }],
  [
    'GET /api/v1/proxy/namespaces/other/pods/foo/subpath/not/a/subresource',
    { ...pod, verb: 'proxy', parts: ['pods', 'foo', 'subpath', 'not', 'a', 'subresource'] },
  ],
  ['GET /api/v1/watch/pods', { ...allPods, verb: 'watch' }],
  ['GET /api/v1/pods?watch=true', { ...allPods, verb: 'watch' }],
  ['GET /api/v1/pods?watch=false', { ...allPods, verb: 'list' }],
  ['GET /api/v1/watch/namespaces/other/pods', { ...pods, verb: 'watch' }],
  ['GET /api/v1/namespaces/other/pods?watch=1', { ...pods, verb: 'watch' }],
  ['GET /api/v1/namespaces/other/pods?watch=0', { ...pods, verb: 'list' }],
  [
    'GET /api/v1/namespaces/other/pods/foo/status',
    { ...pod, verb: 'get', subresource: 'status', parts: ['pods', 'foo', 'status'] },
  ],
  [
    'GET /api/v1/namespaces/other/pods/foo/proxy/subpath',
    { ...pod, verb: 'get', subresource: 'proxy', parts: ['pods', 'foo', 'proxy', 'subpath'] },
  ],
  [
    'PUT /api/v1/namespaces/other/finalize',
    { ...ns, verb: 'update', subresource: 'finalize', parts: ['namespaces', 'other', 'finalize'] },
  ],
  [
    'PUT /api/v1/namespaces/other/status',
    { ...ns, verb: 'update', subresource: 'status', parts: ['namespaces', 'other', 'status'] },
  ],
  ['PATCH /api/v1/namespaces/other/pods/foo', { ...pod, verb: 'patch' }],
  ['DELETE /api/v1/namespaces/other/pods/foo', { ...pod, verb: 'delete' }],
  ['POST /api/v1/namespaces/other/pods', { ...pods, verb: 'create' }],
  [
    'DELETE /api/v1/nodes',
    { ...core, verb: 'deletecollection', namespace: '', resource: 'nodes', name: '', parts: ['nodes'] },
  ],
  [
    'DELETE /api/v1/namespaces',
    { ...core, verb: 'deletecollection', namespace: '', resource: 'namespaces', name: '' },
  ],
  ['DELETE /api/v1/namespaces/other/pods', { ...pods, verb: 'deletecollection' }],
  [
    'DELETE /apis/extensions/v1/namespaces/other/pods',
    { ...pods, verb: 'deletecollection', apiPrefix: 'apis', apiGroup: 'extensions', apiVersion: 'v1' },
  ],
  [
    'POST /apis/extensions/v1/namespaces/other/pods',
    { ...pods, verb: 'create', apiPrefix: 'apis', apiGroup: 'extensions', apiVersion: 'v1' },
  ],
  [
    'POST /apis/extensions/v1beta3/namespaces/other/pods',
    { ...pods, verb: 'create', apiPrefix: 'apis', apiGroup: 'extensions', apiVersion: 'v1beta3' },
  ],
  ['GET /', { isResourceRequest: false, verb: 'get', path: '/' }],
  ['GET /api/version/', { isResourceRequest: false, path: '/api/version/' }],
  ['GET /apis/group/version/', { isResourceRequest: false, path: '/apis/group/version/' }],
  ['GET /badprefix/version/resource', { isResourceRequest: false }],
  ['GET /apis/version/resource', { isResourceRequest: false }],
  // TestGetNonAPIRequestInfo
  ['GET /api/version/resource', { isResourceRequest: true, apiVersion: 'version', resource: 'resource' }],
  [
    'GET /apis/group/version/resource/name/subresource',
    {
      isResourceRequest: true,
      apiGroup: 'group',
      apiVersion: 'version',
      resource: 'resource',
      name: 'name',
      subresource: 'subresource',
    },
  ],
  [
    'GET /api/version/resource/name/subresource',
    { isResourceRequest: true, name: 'name', subresource: 'subresource' },
  ],
  ['GET /apis/batch/v1/job', { isResourceRequest: true, apiGroup: 'batch', resource: 'job', verb: 'list' }],
  ['GET /apis/batch/v1/job/foo', { isResourceRequest: true, resource: 'job', name: 'foo', verb: 'get' }],
  [
    'GET /apis/batch/v1/job/foo/scale',
    { isResourceRequest: true, resource: 'job', name: 'foo', subresource: 'scale' },
  ],
  ['GET /not-api/version/resource', { isResourceRequest: false }],
  ['GET /apis/extensions/v1beta1', { isResourceRequest: false }],
  ['GET /apis/extensions/v1beta1/', { isResourceRequest: false }],
  ['GET /api/version', { isResourceRequest: false }],
  ['GET /api', { isResourceRequest: false }],
  [
    'POST /openapi/v3?x=1',
    { isResourceRequest: false, verb: 'post', path: '/openapi/v3', resource: '', parts: [] },
  ],
];

for (const [request, expected] of cases) {
  t.test(request, async (t) => t.match(resolve(request), expected));
}

const R = '/apis/group/version/resource';
const byName = 'fieldSelector=metadata.name%3Dname1';
const none = { fieldSelector: '', labelSelector: '' };

// TestSelectorParsing
const selectors: readonly [request: string, expected: Partial<RequestInfo>][] = [
  [`GET ${R}`, { verb: 'list', name: '', ...none }],
  [`GET ${R}?${byName}`, { verb: 'list', name: 'name1', fieldSelector: 'metadata.name=name1' }],
  [`GET ${R}?watch=true&${byName}`, { verb: 'watch', name: 'name1', fieldSelector: 'metadata.name=name1' }],
  [
    `GET ${R}?fieldSelector=foo%3Dbar&labelSelector=baz%3Dqux`,
    { verb: 'list', name: '', fieldSelector: 'foo=bar', labelSelector: 'baz=qux' },
  ],
  [`GET ${R}?${byName},foo`, { verb: 'list', name: '', fieldSelector: 'metadata.name=name1,foo' }],
  [
    `GET ${R}?${byName},foo&watch=true`,
    { verb: 'watch', name: '', fieldSelector: 'metadata.name=name1,foo' },
  ],
  [
    `GET ${R}?${byName},foo&watch=false`,
    { verb: 'list', name: '', fieldSelector: 'metadata.name=name1,foo' },
  ],
  [
    `DELETE ${R}?fieldSelector=foo%3Dbar&labelSelector=baz%3Dqux`,
    { verb: 'deletecollection', fieldSelector: 'foo=bar', labelSelector: 'baz=qux' },
  ],
  [
    `GET ${R}?fieldSelector=metadata.name%3Dfoo&fieldSelector=metadata.name%3Dbar&labelSelector=a&labelSelector=b`,
    { verb: 'list', name: 'foo', fieldSelector: 'metadata.name=foo', labelSelector: 'a' },
  ],
  [`GET ${R}/name?fieldSelector=metadata.name%3Dfoo`, { verb: 'get', name: 'name', ...none }],
  [
    'GET /apis/group/version/watch/resource?fieldSelector=metadata.name%3Dfoo',
    { verb: 'watch', name: '', ...none },
  ],
  [
    'GET /apis/group/version/watch/resource/name?fieldSelector=metadata.name%3Dfoo',
    { verb: 'watch', name: 'name', ...none },
  ],
  // apimachinery pkg/fields/selector.go: ==, !=, order, escapes, and what is no path segment
  [`GET ${R}?fieldSelector=metadata.name==a`, { name: 'a' }],
  [`GET ${R}?fieldSelector=metadata.name!=a`, { name: '' }],
  [`GET ${R}?fieldSelector=a%3Db,,metadata.name%3Dx`, { name: 'x' }],
  [`GET ${R}?fieldSelector=metadata.name%3Db,metadata.name%3Da`, { name: 'a' }],
  [`GET ${R}?fieldSelector=metadata.name%3Da%5C,b`, { name: 'a,b' }],
  [`GET ${R}?fieldSelector=metadata.name%3Da%5Cb`, { name: '' }],
  [`GET ${R}?fieldSelector=metadata.name%3Da%5C`, { name: '' }],
  [`GET ${R}?fieldSelector=metadata.name%3Da=b`, { name: '' }],
  [`GET ${R}?fieldSelector=metadata.name%3D..`, { name: '' }],
  [`GET ${R}?fieldSelector=metadata.name%3Da%2Fb`, { name: '' }],
  [`GET ${R}?fieldSelector=metadata.name%3Da%25b`, { name: '' }],
  [`GET ${R}?fieldSelector=`, { verb: 'list', name: '', ...none }],
  // Options that do not parse give no name, and the raw watch parameter decides.
  [`GET ${R}?${byName}&limit=x`, { verb: 'list', name: '' }],
  [`GET ${R}?${byName}&limit=&watch=1`, { verb: 'watch', name: '' }],
  [`GET ${R}?${byName}&timeoutSeconds=9223372036854775808`, { verb: 'list', name: '' }],
  [`GET ${R}?${byName}&timeoutSeconds=9223372036854775807&limit=%2B500`, { verb: 'list', name: 'name1' }],
  [`GET ${R}?${byName}&limit=-0000000000000000000000001`, { name: 'name1' }],
];

for (const [request, expected] of selectors) {
  t.test(request, async (t) => t.match(resolve(request), expected));
}

// protocol.md §5.1, "Consequences" and step 9; field-lessons.md S11, S21.
const consequences: readonly [request: string, expected: Partial<RequestInfo>][] = [
  ['GET /api/v1/namespaces/x/pods/p/exec?command=sh', { verb: 'get', subresource: 'exec', name: 'p' }],
  ['POST /api/v1/namespaces/x/pods/p/exec', { verb: 'create', subresource: 'exec', name: 'p' }],
  ['POST /api/v1/namespaces/x/pods/p/exec/', { verb: 'create', subresource: 'exec', name: 'p' }],
  ['POST /api/v1/namespaces/x/pods/p/%65xec', { verb: 'create', subresource: 'exec', name: 'p' }],
  ['OPTIONS /api/v1/pods', { verb: '', resource: 'pods' }],
  ['CONNECT /api/v1/pods', { verb: '' }],
  ['TRACE /api/v1/pods/x', { verb: '' }],
  ['get /api/v1/pods', { verb: '' }],
  ['OPTIONS /version', { verb: 'options', isResourceRequest: false }],
  ['GET /api/v1', { isResourceRequest: false }],
  ['GET /api/v1/pods?watch', { verb: 'watch' }],
  ['GET /api/v1/pods?watch=', { verb: 'watch' }],
  ['GET /api/v1/pods?watch=foo', { verb: 'watch' }],
  ['GET /api/v1/pods?watch=FALSE', { verb: 'list' }],
  // strings.EqualFold takes U+017F for an s.
  ['GET /api/v1/pods?watch=fal%C5%BFe', { verb: 'list' }],
  ['GET /api/v1/pods?watch=false%20', { verb: 'watch' }],
  ['GET /api/v1/pods?watch=false%0A', { verb: 'watch' }],
  ['GET /api/v1/pods?watch=0&watch=1', { verb: 'list' }],
  ['GET /api/v1/pods?%77atch=1', { verb: 'watch' }],
  ['GET /api/v1/pods?Watch=1', { verb: 'list' }],
  ['DELETE /api/v1/pods?watch=1', { verb: 'deletecollection' }],
  [
    'GET /api/v1/nodes/n/proxy/exec/ns/pod/c',
    { verb: 'get', resource: 'nodes', name: 'n', subresource: 'proxy' },
  ],
  [
    'PATCH /api/v1/namespaces/x/pods/p/ephemeralcontainers',
    { verb: 'patch', subresource: 'ephemeralcontainers' },
  ],
  [
    'GET /api/v1/namespaces/x/pods/p/proxy/a%2fb',
    { subresource: 'proxy', parts: ['pods', 'p', 'proxy', 'a', 'b'] },
  ],
];

for (const [request, expected] of consequences) {
  t.test(request, async (t) => t.match(resolve(request), expected));
}

for (const request of ['GET /api/v1/watch', 'GET /api/v1/proxy', 'POST /apis/g/v1/watch/']) {
  t.test(`${request} names no resource`, async (t) =>
    t.match(resolve(request), { error: /names no resource/ }),
  );
}

// net/url ParseQuery: the first value; pairs with `;` or bad escapes do not exist.
const queries: readonly [query: string, name: string, value: string | undefined][] = [
  ['', 'a', undefined],
  ['b=1', 'a', undefined],
  ['a', 'a', ''],
  ['a=', 'a', ''],
  ['&&a=1', 'a', '1'],
  ['a=1&a=2', 'a', '1'],
  ['a=b=c', 'a', 'b=c'],
  ['a=x+y%20z', 'a', 'x y z'],
  ['a=%2B', 'a', '+'],
  ['a=%zz&a=2', 'a', '2'],
  ['a=1;b=2&a=3', 'a', '3'],
  ['%zz=1&%61=2', 'a', '2'],
  ['a=%C3%A9', 'a', 'é'],
  ['a=%ff', 'a', '\ufffd'],
  ['=1', '', '1'],
];

for (const [query, name, value] of queries) {
  t.test(`query "${query}" has ${name}=${value}`, async (t) => t.equal(queryValue(query, name), value));
}

t.test(
  'no accepted target makes the resolver throw, and a resource request has a resource or an error',
  async (t) => {
    const segment = fc.constantFrom(
      'api',
      'apis',
      'v1',
      'g',
      'watch',
      'proxy',
      'namespaces',
      'x',
      'pods',
      'status',
      'exec',
      '%41',
      '',
    );
    const query = fc.string({ unit: 'grapheme-ascii', maxLength: 40 });
    holds(
      fc.property(fc.array(segment, { maxLength: 9 }), query, (segments, text) => {
        const parsed = parseTarget(`/${segments.join('/')}?fieldSelector=${text}`);
        if (!parsed.ok) return true;
        const info = resolveRequestInfo('GET', parsed.target);
        if ('error' in info) return info.error !== '';
        return info.path === parsed.target.path && (!info.isResourceRequest || info.resource !== '');
      }),
      { numRuns: 5000 },
    );
    t.pass('held for 5000 targets');
  },
);
