// The list of who is in, kept in a cluster with identity: RequestHeader: there the gate comes with a front proxy's certificate and has to say as whom
// it asks, in watches too. In front of the practice API server stands what kube-apiserver does with such a proxy's lines; test/e2e/front-proxy.test.ts
// shows that a real one takes the gate's for that user.

import { writeFileSync } from 'node:fs';
import { request as httpsRequest } from 'node:https';
import { join } from 'node:path';
import t from 'tap';
import { startTestGate } from '../fakes/gate.ts';
import { startTestPractice, type TestPractice } from '../fakes/practice.ts';
import { binding } from '../fakes/practicegate.ts';
import { runHere } from '../fakes/replicas.ts';
import { eventually, openWatch } from '../fakes/sessions.ts';
import { type FakeUpstream, startUpstream } from '../fakes/upstream.ts';

const NAMESPACE = 'postern';
const CONFIG_MAPS = `/api/v1/namespaces/${NAMESPACE}/configmaps`;

const practice = await startTestPractice([
  { apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } },
  ...binding('roster', [{ apiGroups: [''], resources: ['configmaps'], verbs: ['*'] }], {
    kind: 'User',
    name: 'system:postern:a',
  }),
  ...binding('alice', [{ apiGroups: [''], resources: ['pods'], verbs: ['*'] }], {
    kind: 'User',
    name: 'alice@example.com',
  }),
  ...binding('front', [{ apiGroups: [''], resources: ['users', 'groups'], verbs: ['impersonate'] }], {
    kind: 'User',
    name: 'gate',
  }),
]);
const front = await startFront(practice);
const { certPem, keyPem } = await front.ca.issue({ commonName: 'front-proxy-client', client: true });
const base64 = (pem: string) => Buffer.from(pem).toString('base64');
const gate = await startTestGate({
  upstreams: [
    {
      name: 'prod',
      upstream: front,
      user: { 'client-certificate-data': base64(certPem), 'client-key-data': base64(keyPem) },
      cluster: { identity: 'RequestHeader', gateUser: 'system:postern:a' },
    },
  ],
  config: { sessions: { registry: { kubernetes: { namespace: NAMESPACE } } } },
});
t.teardown(async () => {
  await gate.stop();
  await front.close();
  await practice.stop();
});

/** Takes X-Remote-User for the user, as kube-apiserver does from a front proxy; whoever names nobody is nobody. */
function startFront({ port, ca }: TestPractice): Promise<FakeUpstream> {
  return startUpstream({
    handler: (request, response) => {
      const user = request.headers['x-remote-user'];
      if (typeof user !== 'string' || request.headers.authorization !== undefined)
        return void response.writeHead(401).end();
      const groups = request.headers['x-remote-group'];
      const headers = {
        ...(request.headers['content-type'] === undefined ? {} : { 'content-type': 'application/json' }),
        accept: request.headers.accept ?? '*/*',
        authorization: 'Bearer gate-token',
        'impersonate-user': user,
        ...(groups === undefined ? {} : { 'impersonate-group': groups }),
      };
      const { method = '', url: path = '' } = request;
      const onward = httpsRequest(
        { host: '127.0.0.1', port, ca: ca.certPem, method, path, headers },
        (answer) => {
          response.writeHead(answer.statusCode ?? 500, { 'content-type': 'application/json' });
          response.flushHeaders();
          answer.pipe(response);
        },
      );
      onward.on('error', () => response.destroy());
      response.on('close', () => onward.destroy());
      request.pipe(onward);
    },
  });
}

/** `postern sessions …` by an administrator's own kubeconfig for the API server itself. */
function run(args: readonly string[]) {
  const file = join(gate.dir, 'admin.kubeconfig');
  const cluster = {
    server: practice.server.url,
    'certificate-authority-data': base64(practice.ca.certPem),
  };
  const named = { name: 'x', cluster, user: { token: 'admin-token' }, context: { cluster: 'x', user: 'x' } };
  writeFileSync(
    file,
    JSON.stringify({ 'current-context': 'x', clusters: [named], users: [named], contexts: [named] }),
  );
  return runHere([...args, '--kubeconfig', file]);
}

t.test('the gate tells who is in as its own user, and hears orders', async (t) => {
  await eventually(async () => (await gate.metric('postern_session_registry_up{kind="kubernetes"}')) === 1);
  const watch = await openWatch(gate, '/api/v1/pods?watch=1');
  const ended = await run(['end', '--user', 'alice@example.com']);
  t.match(ended, { code: 0, err: /^ended 1 session of alice@example\.com; 1 of 1 replicas answered/ });
  await watch.reader.until('0\r\n\r\n');
  const asked = front.received.filter(({ url }) => url.startsWith(CONFIG_MAPS));
  t.ok(asked.some(({ url }) => url.includes('watch=1')));
  t.ok(asked.some(({ method }) => method === 'PUT'));
  for (const { method, url, rawHeaders } of asked) {
    const lines = rawHeaders.filter((_, i) =>
      /^(x-remote-|impersonate-|authorization$)/i.test(rawHeaders[i - (i % 2)] ?? ''),
    );
    t.same(lines, ['X-Remote-User', 'system:postern:a'], `${method} ${url}`);
  }
});
