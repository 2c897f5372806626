import { request as httpsRequest } from 'node:https';
import type { Socket } from 'node:net';
import t from 'tap';
import { SpdySession } from '../../src/practice/stream/spdy/session.ts';
import { caller, SPEECHES } from '../fakes/caller.ts';
import { startTestGate } from '../fakes/gate.ts';
import { type Json, podObject, startTestPractice } from '../fakes/practice.ts';
import { openStreams, readAll } from '../unit/practice/stream/callers.ts';

// The gate in front of an API server that behaves like one, in one process: what the end-to-end suites show with kubectl, in a second and without
// a cluster. The practice server has RBAC, so a wrong identity shows as a wrong answer.

const GROUP = 'rbac.authorization.k8s.io';
const binding = (name: string, rules: object[], subject: object) => [
  { apiVersion: `${GROUP}/v1`, kind: 'ClusterRole', metadata: { name }, rules },
  {
    apiVersion: `${GROUP}/v1`,
    kind: 'ClusterRoleBinding',
    metadata: { name },
    roleRef: { apiGroup: GROUP, kind: 'ClusterRole', name },
    subjects: [{ apiGroup: GROUP, ...subject }],
  },
];
const practice = await startTestPractice([
  podObject('one'),
  ...binding(
    'gate',
    [
      { apiGroups: [''], resources: ['users', 'groups'], verbs: ['impersonate'] },
      { apiGroups: ['authentication.k8s.io'], resources: ['uids'], verbs: ['impersonate'] },
    ],
    { kind: 'User', name: 'gate' },
  ),
  ...binding(
    'engineers',
    [{ apiGroups: [''], resources: ['pods', 'pods/exec', 'configmaps'], verbs: ['*'] }],
    { kind: 'Group', name: 'engineers' },
  ),
]);
t.teardown(() => practice.stop());
const gate = await startTestGate({
  upstreams: [{ name: 'practice', upstream: practice, user: { token: 'gate-token' } }],
});
t.teardown(() => gate.stop());
await practice.until(() => practice.machines.length === 1);
await practice.until(() => {
  const pod = practice.server.store.get({ group: '', resource: 'pods' }, 'default', 'one');
  return (pod?.['status'] as Json)?.phase === 'Running';
});

const PODS = '/api/v1/namespaces/default/pods';
const engineer = { Authorization: `Bearer ${await gate.token({ groups: ['engineers'] })}` };
const visitor = { Authorization: `Bearer ${await gate.token({ groups: [] })}` };

for (const speech of SPEECHES)
  t.test(`REST over ${speech}: the API server knows who is asking`, async (t) => {
    const one = caller(gate, speech);
    t.teardown(() => one.close());
    const seen = await one.call({ path: '/practice/request', headers: Object.entries(engineer).flat() });
    const text = seen.body.toString();
    t.match(text, /^Impersonate-User: alice@example\.com$/m);
    t.match(text, /^Impersonate-Group: engineers$/m);
    t.notMatch(text, 'eyJ', "the caller's token has not come along");
    const list = await one.call({ path: PODS, headers: Object.entries(engineer).flat() });
    t.match(JSON.parse(list.body.toString()), { kind: 'PodList', items: [{ metadata: { name: 'one' } }] });
    const refused = await one.call({ path: PODS, headers: Object.entries(visitor).flat() });
    t.match(JSON.parse(refused.body.toString()), {
      code: 403,
      message:
        'pods is forbidden: User "alice@example.com" cannot list resource "pods" in API group "" in the namespace "default"',
    });
    const before = practice.requests.length;
    t.equal((await one.call({ path: PODS })).status, 401);
    t.equal(practice.requests.length, before, 'nobody upstream has heard of it');
  });

t.test(
  'a watch tells each change as it happens, and ends at the API server when its caller has gone',
  async (t) => {
    const one = caller(gate, 'h2');
    t.teardown(() => one.close());
    const maps = '/api/v1/namespaces/default/configmaps';
    const opened = one.open({ path: `${maps}?watch=1`, headers: Object.entries(engineer).flat(), end: true });
    opened.request.on('error', () => {});
    const { status, stream } = await opened.head;
    t.equal(status, 200);
    const lines = stream.setEncoding('utf8')[Symbol.asyncIterator]();
    const next = async () => {
      for (;;) {
        const { value } = await lines.next();
        const event = JSON.parse(String(value).trim());
        // What the cluster has from the start.
        if (event.object.metadata.name !== 'kube-root-ca.crt') return event;
      }
    };
    for (const name of ['a', 'b']) {
      const made = next();
      await practice
        .as('admin')
        .send('POST', maps, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name } });
      t.match(await made, { type: 'ADDED', object: { metadata: { name } } });
    }
    const watches = () => practice.requests.filter(({ url }) => url.includes('watch=1')).length;
    t.equal(watches(), 0, 'it goes on');
    opened.abort();
    await practice.until(() => watches() === 1);
    t.pass('it has ended');
  },
);

t.test('exec over SPDY: streams, exit code, and who may not', async (t) => {
  const path = `${PODS}/one/exec?command=echo&command=a%20b&stdout=true&stderr=true`;
  const answer = await askSpdy(path, engineer);
  t.equal(answer.status, 101);
  const session = new SpdySession(answer.socket, { role: 'client', head: answer.head });
  const { error, stdout } = await openStreams(session, ['error', 'stdout', 'stderr']);
  t.equal(String(await readAll(stdout)), 'done\n');
  t.match(JSON.parse(String(await readAll(error))), {
    status: 'Failure',
    reason: 'NonZeroExitCode',
    details: { causes: [{ message: '3' }] },
  });
  void session.end();
  t.same(practice.machines[0]?.ran, [['echo', 'a b']]);
  await gate.logged(({ msg, kind }) => msg === 'session ended' && kind === 'exec');

  const refused = await askSpdy(path, visitor);
  t.equal(refused.status, 403);
  refused.socket.destroy();
  t.equal(practice.machines[0]?.ran.length, 1, 'nothing was run');
});

t.test('nothing went wrong inside', async (t) => t.same(practice.errors, []));

/** As kubectl asks for SPDY: a POST on a connection of its own. */
function askSpdy(
  path: string,
  credential: Readonly<Record<string, string>>,
): Promise<{ status: number | undefined; socket: Socket; head: Buffer }> {
  const request = httpsRequest({
    ...{ host: '127.0.0.1', port: gate.port, ca: gate.ca.certPem, agent: false, method: 'POST', path },
    headers: {
      ...credential,
      Connection: 'Upgrade',
      Upgrade: 'SPDY/3.1',
      'X-Stream-Protocol-Version': 'v4.channel.k8s.io',
    },
  });
  request.end();
  return new Promise((resolve, reject) => {
    request.on('error', reject);
    request.on('upgrade', ({ statusCode }, socket: Socket, head) =>
      resolve({ status: statusCode, socket, head }),
    );
    request.on('response', ({ statusCode, socket }) =>
      resolve({ status: statusCode, socket, head: Buffer.alloc(0) }),
    );
  });
}
