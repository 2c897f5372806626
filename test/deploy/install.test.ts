// The chart in a real cluster, from nothing: installed as its NOTES say, used with stock kubectl through the Service, changed and taken back
// under open sessions, removed without a trace.

import { join } from 'node:path';
import t from 'tap';
import { ENGINEERS, TEST_NAMESPACE } from '../cluster/cluster.ts';
import { until } from '../e2e/wait.ts';
import {
  aliceWith,
  countsOn,
  followNotes,
  letEnd,
  makeTarget,
  openCounting,
  SECRETS,
  untilAll,
} from './alice.ts';
import { startCalling } from './caller.ts';
import { admin, adminOrFail, helm, NAMESPACE, readContext } from './context.ts';
import * as gate from './gate.ts';
import { findTraces } from './traces.ts';

const context = readContext();
const before = await findTraces(context);
await makeTarget(context);
const kubeconfig = join(context.dir, 'person', 'postern.kubeconfig');
const alice = aliceWith(context, kubeconfig);
t.teardown(() =>
  helm(context, ['uninstall', gate.RELEASE, '--namespace', NAMESPACE, '--ignore-not-found', '--wait']),
);

t.test(
  'helm install makes two ready replicas where Pod Security is restricted, and what NOTES say works',
  async (t) => {
    const installed = await gate.release(context, 'install', gate.installValues(context));
    t.equal(installed.code, 0, installed.stderr + installed.stdout);
    const pods = await gate.gatePods(context);
    t.match(pods, [{ isReady: true }, { isReady: true }]);
    const notes = installed.stdout.slice(installed.stdout.indexOf('NOTES:'));
    const followed = await followNotes(context, notes, join(context.dir, 'person'));
    t.equal(followed.code, 0, `${followed.script}\n${followed.stdout}${followed.stderr}`);
    t.match(followed.stdout, /Username +alice@example\.com/);
    t.match(followed.stdout, new RegExp(`Groups +\\[${ENGINEERS} system:authenticated\\]`));
    t.match(followed.stdout, /Phase: +Succeeded/, 'helm test, through the gate');
  },
);

t.test('the account has the least rights: constrained impersonation and the question who may', async (t) => {
  const account = `system:serviceaccount:${NAMESPACE}:${gate.NAME}`;
  const may = async (...question: string[]) =>
    (await admin(context, ['auth', 'can-i', ...question, '--as', account])).stdout.trim();
  t.equal(await may('impersonate', 'users'), 'no');
  t.equal(await may('get', 'pods', '--all-namespaces'), 'no');
  t.equal(await may('create', 'subjectaccessreviews.authorization.k8s.io'), 'yes');
  const token = (await adminOrFail(context, ['create', 'token', gate.NAME, '--namespace', NAMESPACE])).trim();
  const asGate = (...args: string[]) =>
    admin(context, [
      '--kubeconfig',
      '/dev/null',
      '--server',
      server(),
      '--insecure-skip-tls-verify',
      '--token',
      token,
      ...args,
    ]);
  t.match(
    await asGate('get', 'pods', '-n', TEST_NAMESPACE, '--as', 'x@example.com', '--as-group', ENGINEERS),
    { code: 0 },
  );
  t.match(await asGate('get', 'pods', '--as', 'x@example.com', '--as-group', 'system:masters'), {
    code: 1,
    stderr: /forbidden/i,
  });
  t.match(await asGate('get', 'pods', '--as', 'system:serviceaccount:kube-system:default'), {
    code: 1,
    stderr: /forbidden/i,
  });
});

t.test('stock kubectl through the Service: get, exec over both protocols, logs -f', async (t) => {
  t.match(await alice.run(['get', 'pods']), { code: 0, stdout: /^target +1\/1 +Running/m });
  for (const protocol of ['websocket', 'spdy'] as const) {
    const answer = await alice.run(
      ['exec', 'target', '--', 'sh', '-c', 'echo out; echo err >&2; exit 3'],
      protocol,
    );
    t.match(answer, { code: 3, stdout: 'out\n', stderr: /^err$/m }, protocol);
  }
  const logs = alice.start(['logs', '-f', 'target', '--tail=1']);
  const [, first] = await logs.seen(/line (\d+)/);
  await logs.seen(new RegExp(`line ${Number(first) + 3}\\b`));
  await logs.kill();
});

t.test(
  'an upgrade and a rollback of the configuration cut nothing: no pod is replaced, no session ends',
  async (t) => {
    const sessions = [
      await openCounting(alice, 'stop-ws', 'websocket'),
      await openCounting(alice, 'stop-spdy', 'spdy'),
    ];
    const pods = await gate.gatePods(context);
    await untilAll(context, alice, SECRETS, 'done');

    const rules = [
      {
        name: 'no-secrets',
        resources: [{ group: '', resources: ['secrets'] }],
        decision: 'Deny',
        message: 'secrets stay in the vault',
      },
    ];
    const upgraded = await gate.release(
      context,
      'upgrade',
      gate.installValues(context, { config: { authorization: { rules } } }),
    );
    t.equal(upgraded.code, 0, upgraded.stderr);
    await gate.lookNow(context);
    t.match(await untilAll(context, alice, SECRETS, 'refused'), /secrets stay in the vault/);

    const back = await helm(context, ['rollback', gate.RELEASE, '1', '--namespace', NAMESPACE, '--wait']);
    t.equal(back.code, 0, back.stderr);
    await gate.lookNow(context);
    await untilAll(context, alice, SECRETS, 'done');

    for (const session of sessions) await countsOn(session);
    t.strictSame(await gate.gatePods(context), pods, 'the same pods');
    for (const name of ['stop-ws', 'stop-spdy']) await letEnd(context, name);
    t.strictSame(await Promise.all(sessions.map(({ ended }) => ended)), [7, 7], 'they ended by themselves');
  },
);

t.test(
  'an upgrade that replaces the pods lets sessions go on until they end or the drain is over',
  async (t) => {
    const leaving = await openCounting(alice, 'stop-leaving', 'websocket');
    const staying = await openCounting(alice, 'stop-staying', 'websocket');
    const hangUp = startCalling(await gate.reachService(context));
    const old = new Set((await gate.gatePods(context)).map(({ uid }) => uid));
    const values = gate.installValues(context, { podAnnotations: { 'example.com/rolled': 'yes' } });
    const upgraded = gate.release(context, 'upgrade', values);
    await until('the old pods to be told to end', async () => {
      const left = (await gate.gatePods(context)).filter(({ uid }) => old.has(uid));
      return left.length > 0 && left.every(({ isEnding }) => isEnding);
    });
    await countsOn(leaving);
    await letEnd(context, 'stop-leaving');
    t.equal(await leaving.ended, 7, 'it ended by itself, on a gate that was told to end');
    t.match(await alice.run(['get', 'pods']), { code: 0 }, 'meanwhile others come in');
    t.match(await upgraded, { code: 0 });
    await countsOn(staying);
    t.equal(await staying.ended, 1);
    t.match(staying.stderr(), /shutting down/);
    await until('the old pods to be gone', async () =>
      (await gate.gatePods(context)).every(({ uid }) => !old.has(uid)),
    );
    const { answered, failed } = await hangUp();
    t.strictSame(failed, [], 'no short request failed while the pods were replaced');
    t.ok(answered > 100, `${answered} were answered`);
  },
);

t.test(
  'callers go on trusting the certificate: upgrades keep it, a new name gets one of the same authority',
  async (t) => {
    const certificate = async () =>
      adminOrFail(context, [
        'get',
        'secret',
        `${gate.NAME}-tls`,
        '-n',
        NAMESPACE,
        '-o',
        'jsonpath={.data.tls\\.crt}',
      ]);
    const first = await certificate();
    t.match(await gate.release(context, 'upgrade', gate.installValues(context)), { code: 0 });
    t.equal(await certificate(), first);
    const renamed = gate.installValues(context, { tls: { hosts: ['k8s.example.com', context.nodeAddress] } });
    t.match(await gate.release(context, 'upgrade', renamed), { code: 0 });
    t.not(await certificate(), first);
    await gate.lookNow(context);
    const byAddress = ['--tls-server-name', context.nodeAddress, 'auth', 'whoami'];
    await untilAll(context, alice, byAddress, 'done');
  },
);

t.test('helm uninstall leaves nothing', async (t) => {
  const { code, stderr } = await helm(context, [
    'uninstall',
    gate.RELEASE,
    '--namespace',
    NAMESPACE,
    '--wait',
    '--timeout',
    '120s',
  ]);
  t.equal(code, 0, stderr);
  const traces = await until(
    'everything to be gone',
    async () => {
      const left = (await findTraces(context)).filter((trace) => !before.includes(trace));
      return left.length === 0 ? [] : undefined;
    },
    60_000,
  ).catch(async () => (await findTraces(context)).filter((trace) => !before.includes(trace)));
  t.strictSame(traces, []);
});

function server(): string {
  return `https://${context.nodeAddress}:6443`;
}
