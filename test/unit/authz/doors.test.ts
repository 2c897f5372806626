// One thing, many doors: everything that can run code in a cluster is in the class `interactive`, whatever the method and path (S21 of the
// advisories: nodes proxy exec by GET, the legacy proxy verb, ephemeral containers, services by scheme and port).

import t from 'tap';
import { facts, judge } from './asking.ts';

const RULES = [{ name: 'no-shells', classes: ['interactive'], decision: 'Deny', message: 'no' }];
const POD = '/api/v1/namespaces/web/pods/p';

const INTERACTIVE = [
  `POST ${POD}/exec?command=sh`,
  `GET ${POD}/exec?command=sh`,
  `PUT ${POD}/exec?command=sh`,
  `POST ${POD}/attach`,
  `GET ${POD}/attach`,
  `POST ${POD}/portforward`,
  `GET ${POD}/portforward?ports=80`,
  `PATCH ${POD}/ephemeralcontainers`,
  `PUT ${POD}/ephemeralcontainers`,
  `GET ${POD}/proxy`,
  `POST ${POD}/proxy/run`,
  'GET /api/v1/namespaces/web/pods/p:8080/proxy/',
  'GET /api/v1/namespaces/web/pods/https:p:8443/proxy/x',
  'GET /api/v1/nodes/n1/proxy/exec/web/p/c?command=sh',
  'POST /api/v1/nodes/n1/proxy/run/web/p/c?cmd=sh',
  'GET /api/v1/nodes/n1:10250/proxy/exec/web/p/c?command=sh',
  'GET /api/v1/nodes/https:n1:10250/proxy/attach/web/p/c',
  'GET /api/v1/nodes/169.254.169.254/proxy/',
  'GET /api/v1/namespaces/web/services/s/proxy/',
  'DELETE /api/v1/namespaces/web/services/https:s:443/proxy/x',
  'GET /api/v1/namespaces/web/services/s:6379/proxy',
  'GET /api/v1/proxy/nodes/n1/exec/web/p/c?command=sh',
  'GET /api/v1/proxy/namespaces/web/pods/p/',
  'POST /api/v1/proxy/namespaces/web/services/https:s:443/x',
  'OPTIONS /api/v1/namespaces/web/services/s/proxy/',
];

const NOT = [
  `GET ${POD}`,
  `GET ${POD}/log`,
  `DELETE ${POD}`,
  `PATCH ${POD}`,
  `POST ${POD}/eviction`,
  'GET /api/v1/namespaces/exec/pods',
  'GET /api/v1/namespaces/web/configmaps/exec',
  'GET /logs/kubelet.log',
  'GET /api/v1/namespaces/web/pods/exec',
];

for (const request of INTERACTIVE)
  t.test(`${request} is interactive`, async (t) => t.equal(judge(RULES, request), 'denied no-shells'));
for (const request of NOT)
  t.test(`${request} is not`, async (t) => t.equal(judge(RULES, request), 'allowed default'));

t.test('exec, attach and portforward are judged as create, by whatever method', async (t) => {
  for (const method of ['GET', 'POST', 'HEAD', 'PUT'])
    for (const channel of ['exec', 'attach', 'portforward']) {
      const { verb } = facts(`${method} ${POD}/${channel}`).attributes;
      t.equal(verb, 'create', `${method} ${channel}`);
    }
  t.equal(judge([{ verbs: ['get'] }], `GET ${POD}/exec?command=sh`), 'allowed default');
  t.equal(judge([{ verbs: ['create'] }], `GET ${POD}/exec?command=sh`), 'allowed r0');
});

t.test('the legacy proxy verb is judged as the proxy subresource, with the verb of its method', async (t) => {
  const rule = { verbs: ['get'], resources: [{ resources: ['nodes/proxy'] }] };
  t.equal(judge([rule], 'GET /api/v1/proxy/nodes/n1/metrics'), 'allowed r0');
  t.equal(judge([rule], 'POST /api/v1/proxy/nodes/n1/run/web/p/c'), 'allowed default');
  t.equal(judge([{ ...rule, verbs: ['create'] }], 'POST /api/v1/proxy/nodes/n1/run/web/p/c'), 'allowed r0');
});

t.test('discovery and questions about oneself are open to somebody who is denied everything', async (t) => {
  const nothing = [
    { name: 'nothing', decision: 'Deny', message: 'no' },
    { name: 'paths', nonResourceURLs: ['*'], decision: 'Deny', message: 'no' },
  ];
  // kubernetes 1.36 plugin/pkg/auth/authorizer/rbac/bootstrappolicy: system:discovery, system:basic-user
  const open = [
    'GET /api',
    'GET /api/',
    'GET /api/v1',
    'GET /apis',
    'GET /apis/apps',
    'GET /apis/apps/v1',
    'GET /openapi',
    'GET /openapi/v2',
    'GET /openapi/v3/apis/apps/v1?hash=1',
    'GET /version',
    'GET /version/',
    'GET /healthz',
    'GET /livez',
    'GET /readyz',
    'POST /apis/authorization.k8s.io/v1/selfsubjectaccessreviews',
    'POST /apis/authorization.k8s.io/v1/selfsubjectrulesreviews',
    'POST /apis/authentication.k8s.io/v1/selfsubjectreviews',
  ];
  for (const request of open) t.equal(judge(nothing, request), 'allowed discovery', request);
  const closed = [
    'GET /',
    'GET /apix',
    'GET /metrics',
    'GET /logs/x',
    'POST /api/v1',
    'GET /healthz/etcd',
    'GET /versions',
    'GET /openapi2',
    'GET /api/v1/pods',
    'GET /apis/apps/v1/deployments',
    'GET /apis/authorization.k8s.io/v1/selfsubjectaccessreviews',
    'POST /apis/authorization.k8s.io/v1/subjectaccessreviews',
    'POST /apis/authentication.k8s.io/v1/tokenreviews',
    'POST /apis/example.com/v1/selfsubjectreviews',
  ];
  for (const request of closed) t.equal(judge(nothing, request), 'denied nothing', request);
});
