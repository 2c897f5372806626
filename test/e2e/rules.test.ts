// Rules at the gate with stock kubectls and a real API server, through a gate of its own: what a person reads when a rule denies, exec
// without cp, a second factor, a reason given with --server, and discovery for somebody who may nothing.

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { startKubectl } from './background.ts';
import { kubectl, type Protocol, protocolEnv, readContext } from './context.ts';
import { metric } from './evidence.ts';
import { startOwnGate } from './gates.ts';
import { createPods, newest, removeObjects } from './objects.ts';
import { aliceToken, writeKubeconfig } from './people.ts';
import { until } from './wait.ts';

const POD = 'ruled';
const PROTOCOLS = ['websocket', 'spdy'] as const;
const RULES = [
  {
    name: 'nothing-for-mallory',
    users: ['mallory@example.com'],
    decision: 'Deny',
    message: 'Your account is being reviewed; write to security@example.com.',
  },
  {
    name: 'no-copies',
    commands: [{ prefix: ['tar'] }, { argv: ['sh', '-c', 'tar cf - *'] }],
    decision: 'Deny',
    message: 'Files leave through the object store only.',
  },
  {
    name: 'forward-with-mfa',
    resources: [{ resources: ['pods/portforward'] }],
    decision: 'Require',
    require: { claims: [{ claim: 'amr', anyOf: ['mfa'] }] },
  },
  {
    name: 'logs-with-reason',
    resources: [{ resources: ['pods/log'] }],
    decision: 'Require',
    require: {
      reason: true,
      expressions: [
        {
          expression: "request.reason.matches('^INC-[0-9]+$')",
          message: 'the number of an incident as the reason',
        },
      ],
    },
  },
];

const context = readContext();
const { path } = newest(context);
await createPods(context, { [POD]: ['serve'] });
t.teardown(() => removeObjects(context, [`pod/${POD}`]));
const gate = await startOwnGate(context, 'rules', { authorization: { rules: RULES } });
t.teardown(() => gate.process.kill());
const person = async (name: string, claims: Readonly<Record<string, unknown>>) =>
  writeKubeconfig(context, name, {
    cluster: {
      server: gate.url,
      'certificate-authority-data': Buffer.from(gate.trust.caPem).toString('base64'),
    },
    user: { token: await aliceToken(context, claims) },
  });
const alice = await person('ruled-alice', {});
const strong = await person('ruled-strong', { amr: ['pwd', 'mfa'] });
const mallory = await person('ruled-mallory', { email: 'mallory@example.com' });
const as = (kubeconfig: string, args: readonly string[], protocol: Protocol = 'websocket', program = path) =>
  kubectl(program, kubeconfig, args, { env: protocolEnv(protocol) });

for (const { version, path: program } of context.kubectls)
  for (const protocol of PROTOCOLS)
    t.test(`kubectl ${version}, ${protocol}: exec works, cp is denied with the rule's words`, async (t) => {
      const file = join(context.dir, `ruled-${version}-${protocol}`);
      writeFileSync(file, 'secret of the trade\n');
      const exec = await as(alice, ['exec', POD, '--', 'echo', 'allowed'], protocol, program);
      t.match(exec, { code: 0, stdout: 'allowed\n' });
      const up = await as(alice, ['cp', file, `${POD}:/tmp/${version}-${protocol}`], protocol, program);
      t.not(up.code, 0);
      t.match(
        up.stderr,
        /pods "ruled" is forbidden: User "alice@example\.com" cannot create resource "pods\/exec" in API group "" in the namespace "\S+": the rule "no-copies" of this gate denies it\. Files leave through the object store only\./,
      );
      const gone = await as(alice, ['exec', POD, '--', 'ls', '/tmp'], protocol, program);
      t.notMatch(gone.stdout, `${version}-${protocol}`, 'nothing was copied');
      const back = join(context.dir, `ruled-back-${version}-${protocol}`);
      const down = await as(alice, ['cp', `${POD}:/etc/hostname`, back], protocol, program);
      t.match(down.stderr, /the rule "no-copies" of this gate denies it/);
      t.throws(() => readFileSync(back), { code: 'ENOENT' });
    });

t.test('a denied command is counted and logged once, under its rule', async (t) => {
  const labels = ['rule="no-copies"', 'decision="denied"'];
  for (const protocol of PROTOCOLS) {
    const before = await metric(gate.opsUrl, 'postern_rule_decisions_total', labels);
    const mark = `once-${protocol}`;
    t.equal((await as(alice, ['exec', POD, '--', 'tar', mark], protocol)).code, 1);
    await gate.process.seen(new RegExp(`"target":"[^"]*command=${mark}`));
    const count = async () => (await metric(gate.opsUrl, 'postern_rule_decisions_total', labels)) - before;
    await until('a decision in the metrics', async () => (await count()) > 0);
    t.equal(await count(), 1, protocol);
    const lines = gate.process
      .stderr()
      .split('\n')
      .filter((line) => line.includes(`command=${mark}`));
    t.equal(lines.length, 1);
    t.match(JSON.parse(lines[0] ?? ''), { rule: 'no-copies', error: 'RULE_DENIED', status: 403 });
  }
});

t.test('a second factor is required, and does', async (t) => {
  for (const protocol of PROTOCOLS) {
    const weak = await as(alice, ['port-forward', POD, ':8081'], protocol);
    t.equal(weak.code, 1);
    t.match(
      weak.stderr,
      /the rule "forward-with-mfa" of this gate requires that the claim "amr" of your token holds "mfa": sign in again/,
    );
  }
  const forward = startKubectl({ kubectl: path, kubeconfig: strong }, ['port-forward', POD, ':8081']);
  t.teardown(() => forward.kill());
  const [, port] = await forward.seen(/Forwarding from 127\.0\.0\.1:(\d+)/);
  t.equal(await (await fetch(`http://127.0.0.1:${port}/`)).text(), 'page a\n');
});

t.test('a reason is given with --server, by any kubectl', async (t) => {
  const none = await as(alice, ['logs', POD]);
  t.equal(none.code, 1);
  t.match(
    none.stderr,
    /^Error from server \(Forbidden\): pods "ruled" is forbidden: .* requires a reason: repeat the command with --server URL\/reason\/TEXT/,
  );
  for (const { version, path: program } of context.kubectls) {
    const wrong = await as(alice, ['--server', `${gate.url}/reason/curious`, 'logs', POD], 'spdy', program);
    t.match(wrong.stderr, /requires the number of an incident as the reason/, version);
    const given = await as(alice, ['--server', `${gate.url}/reason/INC-42`, 'logs', POD], 'spdy', program);
    t.match(given, { code: 0, stdout: /serving/ }, version);
  }
  await gate.process.seen(/"rule":"logs-with-reason","reason":"INC-42"/);
  for (const protocol of PROTOCOLS) {
    const args = ['--server', `${gate.url}/reason/disk%20full`, 'exec', POD, '--', 'echo', 'with a reason'];
    t.match(
      await as(alice, args, protocol),
      { code: 0, stdout: 'with a reason\n' },
      'exec goes the same way',
    );
  }
});

t.test('somebody who is denied everything reads real messages, since discovery is open', async (t) => {
  for (const { version, path: program } of context.kubectls) {
    const denied = await as(mallory, ['get', 'pods'], 'websocket', program);
    t.equal(denied.code, 1, version);
    t.match(
      denied.stderr,
      /^Error from server \(Forbidden\): pods is forbidden: User "mallory@example\.com" cannot list resource "pods" in API group "" in the namespace "\S+": the rule "nothing-for-mallory" of this gate denies it\. Your account is being reviewed; write to security@example\.com\.\n$/,
      version,
    );
  }
  t.match(await as(mallory, ['api-resources', '--no-headers']), { code: 0, stdout: /^pods\s/m });
  t.match(await as(mallory, ['version']), { code: 0, stdout: /Server Version/ });
  t.match(await as(mallory, ['auth', 'whoami', '-o', 'name']), { stderr: /^(?!.*Forbidden)/s });
  t.match(await as(mallory, ['get', '--raw', '/metrics']), {
    code: 1,
    stderr:
      /forbidden: User "mallory@example\.com" cannot get path "\/metrics": the rule "nothing-for-mallory"/,
  });
});
