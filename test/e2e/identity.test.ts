// Who the API server saw: every request that reached it carries the verified identity, and those that may not pass reached it never.

import t, { type Test } from 'tap';
import type { RunResult } from '../cluster/run.ts';
import { startIssuer } from '../fakes/issuer.ts';
import { kubectl, type Protocol, protocolEnv, readContext } from './context.ts';
import { auditEvent, auditEvents, gateLine, gateLines, metric } from './evidence.ts';
import { createPods, newest, removeObjects } from './objects.ts';
import { aliceToken, writeKubeconfig } from './people.ts';
import { grantRights } from './rights.ts';
import { until } from './wait.ts';

const POD = 'seen';
const PROTOCOLS = ['websocket', 'spdy'] as const;
const CREATOR_RULES = [
  { apiGroups: [''], resources: ['pods'], verbs: ['get'] },
  { apiGroups: [''], resources: ['pods/exec'], verbs: ['create'] },
];

const context = readContext();
const { path } = newest(context);
const { alice, victor } = context.kubeconfigs;
const withoutAudit =
  context.auditLog === '' ? { skip: 'the audit log of an existing cluster is not ours' } : {};

await createPods(context, { [POD]: ['serve'] });
t.teardown(() => removeObjects(context, [`pod/${POD}`]));

t.test('a get carries user, groups and uid, under one Audit-ID', withoutAudit, async (t) => {
  const result = await as(alice, [
    'get',
    '--raw',
    `/api/v1/namespaces/${context.namespace}/pods/${POD}?mark=get`,
  ]);
  t.equal(result.code, 0);
  const event = await auditEvent(context, 'mark=get');
  t.equal(event.user.username, 'postern-gate', 'the gate authenticated as itself');
  t.match(event.impersonatedUser, { username: 'alice@example.com', uid: 'alice-id' });
  t.same(event.impersonatedUser?.groups, ['engineers', 'system:authenticated']);
  const line = await gateLine(context.gate.logFile, event.auditID);
  t.match(line, { user: 'alice@example.com', status: 200, msg: 'request' });
  t.match(line['target'], /mark=get$/);
});

for (const protocol of PROTOCOLS)
  t.test(`an exec over ${protocol} does too`, withoutAudit, async (t) => {
    const mark = `marked-${protocol}`;
    const result = await as(alice, ['exec', POD, '--', 'echo', mark], protocol);
    t.match(result, { code: 0, stdout: `${mark}\n` });
    const event = await auditEvent(context, `command=${mark}`);
    t.match(event, { verb: protocol === 'websocket' ? 'get' : 'create', objectRef: { subresource: 'exec' } });
    t.match(event.impersonatedUser, { username: 'alice@example.com', uid: 'alice-id' });
    t.match(event.impersonatedUser?.groups, ['engineers']);
    const ended = await gateLine(context.gate.logFile, event.auditID, ({ msg }) => msg === 'session ended');
    // Upwards kubectl's goodbye may find that the API server has closed already.
    t.match(ended, { user: 'alice@example.com', kind: 'exec', protocol, undelivered: { down: 0 } });
  });

t.test('what the API server forbids is its own answer, said once and counted once', async (t) => {
  t.equal((await as(victor, ['get', 'pod', POD, '-o', 'name'])).code, 0, 'victor may look');
  for (const protocol of PROTOCOLS) {
    const before = await metric(context.gate.opsUrl, 'postern_sessions_total', ['end="refused"']);
    const mark = `victor-${protocol}`;
    const denied = await as(victor, ['exec', POD, '--', 'echo', mark], protocol);
    t.equal(denied.code, 1);
    const text =
      'Error from server (Forbidden): pods "seen" is forbidden: User "victor@example.com" cannot create resource "pods/exec" in API group "" in the namespace "e2e"\n';
    t.equal(denied.stderr, text);
    // kubectl may be gone before the gate has written its line and counted.
    await gateLine(context.gate.logFile, `command=${mark}`);
    const refused = async () =>
      (await metric(context.gate.opsUrl, 'postern_sessions_total', ['end="refused"'])) - before;
    await until('a refused session in the metrics', async () => (await refused()) > 0);
    t.equal(await refused(), 1);
    t.equal(gateLines(context.gate.logFile, `command=${mark}`).length, 1, 'one line in the log');
  }
});

t.test('who may create but not get pods/exec falls back to SPDY', async (t) => {
  await grantRights(context, {
    objects: creatorOnly(),
    subjects: [{ user: 'carol@example.com' }],
    rules: CREATOR_RULES,
    namespace: context.namespace,
  });
  t.teardown(() => removeObjects(context, ['role/exec-create', 'rolebinding/exec-create']));
  const token = await aliceToken(context, { email: 'carol@example.com', groups: [] });
  const carol = writeKubeconfig(context, 'carol', { user: { token } });
  const result = await as(carol, ['exec', POD, '--', 'echo', 'carol-was-here'], 'websocket');
  t.match(result, { code: 0, stdout: 'carol-was-here\n', stderr: '' });
  const line = await gateLine(context.gate.logFile, 'carol-was-here', ({ msg }) => msg === 'session ended');
  t.match(line, { protocol: 'spdy', kind: 'exec', user: 'carol@example.com' });
});

t.test('credentials that do not count reach nobody', async (t) => {
  const stranger = await startIssuer();
  t.teardown(() => stranger.close());
  const claims = {
    iss: context.issuer.url,
    sub: 'alice-id',
    email: 'alice@example.com',
    groups: ['engineers'],
  };
  const cases = [
    {
      name: 'expired',
      user: { token: await aliceToken(context, {}, { expiresIn: -60 }) },
      text: 'the token has expired',
    },
    {
      name: 'audience',
      user: { token: await aliceToken(context, { aud: 'other' }) },
      text: 'another audience',
    },
    { name: 'unknown-key', user: { token: await stranger.sign(claims) }, text: 'signature of the token' },
    {
      name: 'unknown-issuer',
      user: { token: await stranger.sign({ ...claims, iss: stranger.url }) },
      text: 'not accepted here',
    },
    { name: 'no-jwt', user: { token: 'opaque' }, text: 'not a signed JWT' },
  ];
  for (const { name, user, text } of cases) {
    const kubeconfig = writeKubeconfig(context, name, { user });
    const get = await as(kubeconfig, ['get', 'configmap', `refused-${name}`]);
    t.equal(get.code, 1, `${name}: exit code`);
    t.match(get.stderr, new RegExp(`error: You must be logged in to the server \\(.*${text}`), name);
    const exec = await as(kubeconfig, ['exec', `refused-${name}`, '--', 'true']);
    t.match(exec, { code: 1, stderr: /You must be logged in to the server/ }, `${name}: exec`);
  }
  const nobody = await as(writeKubeconfig(context, 'nobody', { user: {} }), [
    'get',
    'configmap',
    'refused-none',
  ]);
  t.equal(nobody.code, 1, 'no credential at all');
  await reachedNobody(t, 'refused-');
});

t.test('--token on the command line is a credential like any other', async (t) => {
  const kubeconfig = writeKubeconfig(context, 'commandline', { user: {} });
  const good = await as(kubeconfig, ['get', 'pod', POD, '-o', 'name', '--token', await aliceToken(context)]);
  t.match(good, { code: 0, stdout: `pod/${POD}\n` });
  const bad = await as(kubeconfig, ['get', 'configmap', 'refused-token', '--token', 'nonsense']);
  t.match(bad, { code: 1, stderr: /not a signed JWT/ });
  await reachedNobody(t, 'refused-token');
});

function as(
  kubeconfig: string,
  args: readonly string[],
  protocol: Protocol = 'websocket',
): Promise<RunResult> {
  return kubectl(path, kubeconfig, args, { env: protocolEnv(protocol) });
}

/** A request that passes is the mark: when it is in the audit log, what came before would be too. */
async function reachedNobody(test: Test, part: string): Promise<void> {
  if (context.auditLog === '') return;
  const mark = `mark-${part}${process.hrtime.bigint()}`;
  await as(alice, ['get', 'configmap', mark]);
  await auditEvent(context, `/${mark}`);
  test.same(auditEvents(context, `/${part}`), [], 'nothing of it reached the API server');
}

function creatorOnly(): object[] {
  const metadata = { name: 'exec-create', namespace: context.namespace };
  const apiVersion = 'rbac.authorization.k8s.io/v1';
  return [
    {
      apiVersion,
      kind: 'Role',
      metadata,
      rules: CREATOR_RULES,
    },
    {
      apiVersion,
      kind: 'RoleBinding',
      metadata,
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'exec-create' },
      subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'carol@example.com' }],
    },
  ];
}
