import { request as httpsRequest, type RequestOptions } from 'node:https';
import type { ConnectionOptions } from 'node:tls';
import t from 'tap';
import { readAll, valuesOf } from '../fakes/caller.ts';
import { type Json, podObject, startTestPractice } from '../fakes/practice.ts';

// What the practice API server answers about containers: logs, and who may open an exec, attach or port-forward. The words are the API server's
// (registry/core/pod/strategy.go) and the kubelet's (kubelet_pods.go). The protocols themselves are tested where they are made.

const GROUP = 'rbac.authorization.k8s.io';
const bind = (name: string, verbs: string[]) => [
  {
    apiVersion: `${GROUP}/v1`,
    kind: 'ClusterRole',
    metadata: { name },
    rules: [{ apiGroups: [''], resources: ['pods/exec', 'pods/log'], verbs }],
  },
  {
    apiVersion: `${GROUP}/v1`,
    kind: 'ClusterRoleBinding',
    metadata: { name },
    roleRef: { apiGroup: GROUP, kind: 'ClusterRole', name },
    subjects: [{ kind: 'User', name, apiGroup: GROUP }],
  },
];
const practice = await startTestPractice([
  podObject('one'),
  podObject('two', ['a', 'b']),
  ...bind('dev', ['get']),
  ...bind('gate', ['create']),
]);
t.teardown(() => practice.stop());
const { store } = practice.server;
const admin = practice.as('admin');
const PODS = '/api/v1/namespaces/default/pods';
const KEY = { group: '', resource: 'pods' };
const running = (name: string) => (store.get(KEY, 'default', name)?.['status'] as Json)?.phase === 'Running';
await practice.until(() => running('one') && running('two'));
const machine = practice.machines.find(({ spec }) => spec.hostname === 'one');
if (machine === undefined) throw new Error('the pod has no machine');
machine.log('first');
practice.time.advance(60_000);
machine.log('second');
machine.log('third ä');

const text = async (query: string) => (await admin.get(`${PODS}/one/log${query}`)).body.toString();

t.test('a log, and parts of it', async (t) => {
  const reply = await admin.get(`${PODS}/one/log`);
  t.equal(reply.body.toString(), 'first\nsecond\nthird ä\n');
  t.same(valuesOf(reply.rawHeaders, 'content-type'), ['text/plain']);
  t.equal(await text('?tailLines=1'), 'third ä\n');
  t.equal(await text('?tailLines=0'), '');
  t.equal(await text('?sinceSeconds=30'), 'second\nthird ä\n');
  const since = encodeURIComponent(new Date(practice.time.clock.now() - 1000).toISOString());
  t.equal(await text(`?sinceTime=${since}`), 'second\nthird ä\n');
  t.equal(await text('?limitBytes=8'), 'first\nse');
  t.match(await text('?timestamps=true&tailLines=1'), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z third ä\n$/);
  t.equal(await text('?container=main&tailLines=1'), 'third ä\n');
});

for (const speech of ['h2', 'h1'] as const) {
  t.test(`a followed log goes on, and ends when the caller goes (${speech})`, async (t) => {
    const one = practice.as('admin', speech);
    const opened = one.caller.open({
      path: `${PODS}/one/log?follow=true&tailLines=1`,
      headers: one.headers,
      end: true,
    });
    opened.request.on('error', () => {});
    const { status, stream } = await opened.head;
    t.equal(status, 200);
    stream.on('error', () => {});
    let got = '';
    stream.setEncoding('utf8');
    stream.on('data', (chunk: string) => {
      got += chunk;
    });
    const until = async (done: () => boolean) => {
      while (!done()) await new Promise(setImmediate);
    };
    await until(() => machine.followers() === 1);
    t.notMatch(got, 'first', 'from the last line on');
    machine.log(`news ${speech}`);
    await until(() => got.includes(`news ${speech}`));
    opened.abort();
    await until(() => machine.followers() === 0);
    t.pass('nobody listens any more');
  });
}

t.test('a log that has reached limitBytes ends though it is followed', async (t) => {
  const opened = admin.caller.open({
    path: `${PODS}/one/log?follow=true&limitBytes=3`,
    headers: admin.headers,
    end: true,
  });
  const { stream } = await opened.head;
  const { body, complete } = await readAll(stream);
  t.equal(body.toString(), 'fir');
  t.ok(complete);
});

for (const [path, code, message] of [
  ['/none/log', 404, 'pods "none" not found'],
  ['/two/log', 400, 'a container name must be specified for pod two, choose one of: [a b]'],
  ['/two/log?container=c', 400, 'container c is not valid for pod two'],
  ['/one/log?previous=true', 400, 'previous terminated container "main" in pod "one" not found'],
  ['/one/log?tailLines=-1', 422, /tailLines: Invalid value: -1: must be greater than or equal to 0/],
  ['/one/log?limitBytes=0', 422, /limitBytes: Invalid value: 0: must be greater than 0/],
  [
    '/one/log?sinceSeconds=1&sinceTime=2026-01-01T00:00:00Z',
    422,
    /at most one of `sinceTime` or `sinceSeconds` may be specified/,
  ],
  ['/one/exec', 400, 'you must specify at least 1 of stdin, stdout, stderr'],
  ['/one/exec?stdout=true', 422, /PodExecOptions "one" is invalid: command: Required value/],
  ['/one/exec?stdout=true&command=ls', 400, 'Upgrade request required'],
  ['/two/attach?stdout=true', 400, 'a container name must be specified for pod two, choose one of: [a b]'],
  ['/one/portforward', 400, 'Upgrade request required'],
  ['/none/portforward', 404, 'pods "none" not found'],
] as const) {
  t.test(`${path}: ${message}`, async (t) => {
    const { status, json } = await admin.get(`${PODS}${path}`);
    t.equal(status, code);
    t.match(json, { code, message });
  });
}

t.test('a pod that no node has, and a container that has not begun', async (t) => {
  const pod = podObject('new');
  const spec = { ...(pod['spec'] as object), nodeSelector: { no: 'where' } };
  await admin.send('POST', PODS, { ...pod, spec });
  const early = await admin.get(`${PODS}/new/exec?stdout=true&command=ls`);
  t.match(early.json, { code: 400, message: 'pod new does not have a host assigned' });
  t.equal((await admin.get(`${PODS}/new/log`)).body.length, 0);
  const stored = store.get(KEY, 'default', 'new');
  if (stored === undefined) throw new Error('gone');
  const state = { waiting: { reason: 'ContainerCreating' } };
  // In the same turn: the node would say more of it in the next.
  store.update(KEY, {
    ...stored,
    spec: { ...spec, nodeName: 'another' },
    status: { phase: 'Pending', containerStatuses: [{ name: 'main', state }] },
  });
  t.match((await admin.get(`${PODS}/new/log`)).json, {
    code: 400,
    message: 'container "main" in pod "new" is waiting to start: ContainerCreating',
  });
});

/** An upgrade without ALPN; what is answered, and with a 101 nothing more. */
function upgrade(token: string, method: string, path: string, lines: Record<string, string>) {
  return new Promise<{ status: number; body: string; headers: NodeJS.Dict<string | string[]> }>(
    (resolve, reject) => {
      const options: RequestOptions & ConnectionOptions = {
        host: '127.0.0.1',
        port: practice.port,
        ca: practice.ca.certPem,
        method,
        path,
        agent: false,
        ALPNProtocols: [],
        headers: { Authorization: `Bearer ${token}-token`, Connection: 'Upgrade', ...lines },
      };
      const request = httpsRequest(options);
      request.on('upgrade', ({ headers }, socket) => {
        socket.destroy();
        resolve({ status: 101, body: '', headers });
      });
      request.on('response', (response) => {
        readAll(response).then(
          ({ body }) =>
            resolve({ status: response.statusCode ?? 0, body: body.toString(), headers: response.headers }),
          reject,
        );
      });
      request.on('error', reject);
      request.end();
    },
  );
}

const WEBSOCKET = {
  Upgrade: 'websocket',
  'Sec-WebSocket-Version': '13',
  'Sec-WebSocket-Key': Buffer.alloc(16).toString('base64'),
  'Sec-WebSocket-Protocol': 'v5.channel.k8s.io',
};
const SPDY = { Upgrade: 'SPDY/3.1', 'X-Stream-Protocol-Version': 'v4.channel.k8s.io' };
const EXEC = `${PODS}/one/exec?command=a&command=b%2Bc+d&stdout=true`;

t.test('a WebSocket (GET) needs the rights to get and to create, SPDY (POST) to create', async (t) => {
  const refused = await upgrade('dev', 'GET', EXEC, WEBSOCKET);
  t.equal(refused.status, 403, 'dev may only get');
  t.match(JSON.parse(refused.body).message, 'User "dev" cannot create resource "pods/exec" in API group ""');
  t.equal((await upgrade('gate', 'GET', EXEC, WEBSOCKET)).status, 403, 'gate may only create');
  const before = machine.ran.length;
  t.equal((await upgrade('gate', 'POST', EXEC, SPDY)).status, 101);
  t.equal((await upgrade('dev', 'POST', EXEC, SPDY)).status, 403);
  const opened = await upgrade('admin', 'GET', EXEC, WEBSOCKET);
  t.equal(opened.status, 101);
  t.equal(opened.headers['sec-websocket-protocol'], 'v5.channel.k8s.io');
  while (machine.ran.length === before) await new Promise(setImmediate);
  t.same(machine.ran.at(-1), ['a', 'b+c d'], 'the command in its order, decoded');
});

for (const [path, code, message] of [
  [`${PODS}/none/exec?command=a&stdout=true`, 404, 'pods "none" not found'],
  [
    `${PODS}/two/exec?command=a&stdout=true`,
    400,
    'a container name must be specified for pod two, choose one of: [a b]',
  ],
  [`${PODS}/one/exec?command=a`, 400, 'you must specify at least 1 of stdin, stdout, stderr'],
  [`${PODS}/one/log`, 400, 'this request cannot be upgraded'],
  ['/version', 400, 'this request cannot be upgraded'],
] as const) {
  t.test(`an upgrade of ${path} is answered with a whole Status`, async (t) => {
    const { status, body, headers } = await upgrade('admin', 'GET', path, WEBSOCKET);
    t.equal(status, code);
    t.match(JSON.parse(body), { kind: 'Status', code, message });
    t.equal(headers['server'], 'postern-practice');
    t.ok(headers['audit-id']);
  });
}

t.test('nobody upgrades without a token', async (t) => {
  t.equal((await upgrade('nobody', 'GET', EXEC, WEBSOCKET)).status, 401);
});
