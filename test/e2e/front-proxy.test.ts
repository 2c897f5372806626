// What a gate asks for itself where kube-apiserver knows it as a front proxy and as nothing else: its certificate is of
// --requestheader-client-ca-file only. The API server is a real one, its own audit log says as whom the gate asked.

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { makeApiClient } from '../cluster/api.ts';
import { preparePlainApiServer } from '../cluster/plain.ts';
import { refusalOf } from '../fakes/caller.ts';
import { startTestGate } from '../fakes/gate.ts';
import { openSpeeches } from '../flow/speeches.ts';
import { until } from './wait.ts';

const REVIEWS = '/apis/authentication.k8s.io/v1/tokenreviews';
const RBAC = '/apis/rbac.authorization.k8s.io/v1';
const ACCOUNT = 'system:serviceaccount:default:ci';

const plain = await preparePlainApiServer(t.testdir({}), 'front');
t.teardown(plain.stop);
const auditLog = join(plain.dir, 'audit.log');
const policy = join(plain.dir, 'policy.json');
writeFileSync(
  policy,
  JSON.stringify({ apiVersion: 'audit.k8s.io/v1', kind: 'Policy', rules: [{ level: 'Metadata' }] }),
);
await plain.start([
  `--requestheader-client-ca-file=${join(plain.pki.folder, 'front-proxy-ca.crt')}`,
  '--requestheader-allowed-names=front-proxy-client',
  '--requestheader-username-headers=X-Remote-User',
  '--requestheader-uid-headers=X-Remote-Uid',
  '--requestheader-group-headers=X-Remote-Group',
  '--requestheader-extra-headers-prefix=X-Remote-Extra-',
  `--audit-policy-file=${policy}`,
  `--audit-log-path=${auditLog}`,
]);
const { ca, admin, frontProxy } = plain.pki;
const signal = new AbortController().signal;
const api = makeApiClient({ server: plain.server, caPem: ca.certPem, pair: admin, signal });
t.teardown(() => api.close());
await api.waitFor('/api/v1/namespaces/default', ({ status }) => status === 200, 60_000);
const account = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'ci' } };
await api.send('POST', '/api/v1/namespaces/default/serviceaccounts', account);
const { body } = await api.send('POST', '/api/v1/namespaces/default/serviceaccounts/ci/token', {
  apiVersion: 'authentication.k8s.io/v1',
  kind: 'TokenRequest',
  spec: {},
});
const { token } = (body as { status: { token: string } }).status;

// docs/how-to/sessions.md: the list of who is in needs these of the gate's user.
const bind = async (kind: 'Role' | 'ClusterRole', folder: string, name: string, rules: object) => {
  const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind, name };
  const subjects = [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'system:postern' }];
  const metadata = { name };
  for (const [path, object] of [
    [`${kind.toLowerCase()}s`, { metadata, rules }],
    [`${kind.toLowerCase()}bindings`, { metadata, roleRef, subjects }],
  ] as const) {
    const { status } = await api.send('POST', `${folder}/${path}`, object);
    if (status !== 201) throw new Error(`${path} ${name}: ${status}`);
  }
};
const VERBS = ['create', 'update', 'get', 'list', 'watch', 'delete'];
const listing = [{ apiGroups: [''], resources: ['configmaps'], verbs: VERBS }];
await bind('Role', `${RBAC}/namespaces/default`, 'postern-replica', listing);

const base64 = (pem: string) => Buffer.from(pem).toString('base64');
const user = {
  'client-certificate-data': base64(frontProxy.certPem),
  'client-key-data': base64(frontProxy.keyPem),
};
const upstream = { port: Number(new URL(plain.server).port), ca };
const gate = await startTestGate({
  upstreams: [{ name: 'lab', upstream, user, cluster: { identity: 'RequestHeader' } }],
  authentication: { serviceAccounts: {} },
  config: { sessions: { registry: { kubernetes: { namespace: 'default' } } } },
});
t.teardown(() => gate.stop());
const [caller] = openSpeeches(gate).callers;
if (caller === undefined) throw new TypeError('nobody calls');

/** Who the API server says the service account is, through the gate. */
const whoami = () =>
  caller.call({
    method: 'POST',
    path: '/apis/authentication.k8s.io/v1/selfsubjectreviews',
    headers: ['Authorization', `Bearer ${token}`, 'Content-Type', 'application/json'],
    body: Buffer.from('{"apiVersion":"authentication.k8s.io/v1","kind":"SelfSubjectReview"}'),
  });

/** Who asked for such a path, how, and what the answer was. */
const askers = (path: string) =>
  readFileSync(auditLog, 'utf8')
    .split('\n')
    .filter((line) => line.includes(path) && line.includes('"ResponseComplete"'))
    .map((line) => JSON.parse(line) as { user: object; verb: string; responseStatus: { code: number } })
    .map(({ user, verb, responseStatus: { code } }) => ({ user, verb, code }));
const reviewers = () => askers(REVIEWS).map(({ user, code }) => ({ user, code }));
const GATE = { username: 'system:postern', groups: ['system:authenticated'] };

t.test('without the right nobody is let in, and the log says who lacks which', async (t) => {
  t.match(refusalOf(await whoami()), { http: 502, cause: 'TOKEN_REVIEW_GATE_RIGHTS' });
  const line = await gate.logged(({ error }) => error === 'TOKEN_REVIEW_GATE_RIGHTS');
  t.match(
    JSON.stringify(line['cause']),
    /answered with 403 .*system:postern.* cannot create resource.*tokenreviews.*give the gate's user .*create.* on tokenreviews/,
  );
  t.notMatch(JSON.stringify(line), token.split('.')[2], 'not the token');
  await until('the audit log', async () => reviewers().length > 0);
  t.same(reviewers(), [{ user: GATE, code: 403 }]);
});

t.test('with the right a service account is itself', async (t) => {
  const rules = [{ apiGroups: ['authentication.k8s.io'], resources: ['tokenreviews'], verbs: ['create'] }];
  await bind('ClusterRole', RBAC, 'postern-token-reviews', rules);
  // RBAC reads rights from watches of its own.
  await until('the right', async () => (await whoami()).status !== 502);
  const reply = await whoami();
  t.equal(reply.status, 201, reply.body.toString());
  t.match(JSON.parse(reply.body.toString()), {
    status: {
      userInfo: {
        username: ACCOUNT,
        groups: ['system:serviceaccounts', 'system:serviceaccounts:default', 'system:authenticated'],
      },
    },
  });
  await until('the audit log', async () => reviewers().some(({ code }) => code === 201));
  for (const { user } of reviewers()) t.same(user, GATE, 'the gate has a name there, and no group of power');
});

t.test('it keeps the list of who is in as that user, too', async (t) => {
  await until(
    'the list',
    async () => (await gate.metric('postern_session_registry_up{kind="kubernetes"}')) === 1,
    60_000,
  );
  const { body } = await api.send('GET', '/api/v1/namespaces/default/configmaps');
  const names = (body as { items: { metadata: { name: string } }[] }).items.map(
    ({ metadata }) => metadata.name,
  );
  t.ok(
    names.some((name) => name.startsWith('postern-sessions-')),
    names.join(),
  );
  const wrote = () => askers('/configmaps/postern-sessions-').filter(({ code }) => code < 300);
  await until('the audit log', async () => wrote().length > 0);
  for (const { user } of wrote()) t.same(user, GATE);
});
