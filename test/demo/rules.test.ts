// Rules added to the file of a running demo, which takes them up at once: what stock kubectls of all ages say of them, against the practice
// API server. otto signs in with a second factor (amr holds mfa), erin without.

import { appendFileSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import type { Protocol } from '../e2e/context.ts';
import { until } from '../e2e/wait.ts';
import { type KubectlOptions, kubectl, startDemo } from './started.ts';
import { namedKubectls, readTools } from './tools.ts';

const RULES = `
authorization:
  rules:
    - name: no-copies
      commands: [{prefix: [tar]}, {argv: [sh, -c, "tar cf - *"]}]
      decision: Deny
      message: Files leave through the object store only.
    - name: shells-need-mfa
      classes: [interactive]
      decision: Require
      require: {claims: [{claim: amr, anyOf: [mfa]}]}
    - name: logs-need-a-reason
      resources: [{resources: [pods/log]}]
      decision: Require
      require: {reason: true}
    - name: nothing-for-ada
      users: [ada@example.com]
      decision: Deny
      message: Your account is being reviewed.
`;

const tools = readTools();
const demo = await startDemo(tools.dir);
t.teardown(() => demo.process.kill('SIGINT'));
const folder = mkdtempSync(join(tools.dir, 'rules-'));
const takenUp = () =>
  demo.events().filter((one) => one.event === 'remark' && /taken up/.test(one.text)).length;
const before = takenUp();
appendFileSync(demo.ready.config, RULES);
await until('the rules to be taken up', () => takenUp() > before);

for (const { version, path } of namedKubectls(tools))
  for (const protocol of ['websocket', 'spdy'] as const) {
    const as = (who: string, args: readonly string[], options: KubectlOptions = {}) =>
      kubectl(demo, path, args, { as: who, protocol: protocol satisfies Protocol, ...options });

    t.test(`kubectl ${version}, ${protocol}`, async (t) => {
      const weak = await as('erin', ['exec', 'deploy/web', '--', 'date']);
      t.equal(weak.code, 1);
      t.match(
        weak.stderr,
        /Error from server \(Forbidden\): pods "web-\S+" is forbidden: User "erin@example\.com" cannot create resource "pods\/exec" in API group "" in the namespace "default": the rule "shells-need-mfa" of this gate requires that the claim "amr" of your token holds "mfa": sign in again in the way that gives it, usually with a second factor\.\n$/,
      );
      t.match(await as('otto', ['exec', 'deploy/web', '--', 'echo', 'in']), { code: 0, stdout: 'in\n' });

      const pod =
        (await as('otto', ['get', 'pods', '-l', 'app=web', '-o', 'name'])).stdout.split('\n')[0] ?? '';
      const remote = `default/${pod.replace('pod/', '')}`;
      const file = join(folder, 'a-file');
      writeFileSync(file, 'content\n');
      const up = await as('otto', ['cp', file, `${remote}:/tmp/a-file`]);
      t.not(up.code, 0);
      t.match(
        up.stderr,
        /the rule "no-copies" of this gate denies it\. Files leave through the object store only\./,
      );
      const back = join(folder, `back-${version}-${protocol}`);
      const down = await as('otto', ['cp', `${remote}:/etc/hostname`, back]);
      t.match(down.stderr, /the rule "no-copies" of this gate denies it/);
      t.throws(() => readFileSync(back), { code: 'ENOENT' });

      const logs = ['logs', 'deploy/web', '--tail=1'];
      const unexplained = await as('otto', logs);
      t.equal(unexplained.code, 1);
      t.match(
        unexplained.stderr,
        /the rule "logs-need-a-reason" of this gate requires a reason: repeat the command with --server URL\/reason\/TEXT/,
      );
      const explained = await as('otto', ['--server', `${demo.ready.gate}/reason/INC-42`, ...logs]);
      t.equal(explained.code, 0, explained.stderr);

      const nothing = await as('ada', ['get', 'pods']);
      t.equal(nothing.code, 1);
      t.match(
        nothing.stderr,
        /^Error from server \(Forbidden\): pods is forbidden: User "ada@example\.com" cannot list resource "pods" in API group "" in the namespace "default": the rule "nothing-for-ada" of this gate denies it\. Your account is being reviewed\.\n$/,
      );
      t.match(await as('ada', ['api-resources', '--no-headers']), { code: 0, stdout: /^pods\s/m });
      t.match(await as('ada', ['version']), { stdout: /Server Version/ });
    });
  }
