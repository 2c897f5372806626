// What a person sees with kubectl at the demo: objects, watches, logs, and who may what.

import type { Test } from 'tap';
import { until } from '../e2e/wait.ts';
import type { Way } from './kubectlway.ts';
import type { StartedDemo } from './started.ts';

export async function version(t: Test, { ok }: Way): Promise<void> {
  t.match(await ok(['version']), /Server Version.*practice/);
}

export async function getAll(t: Test, { ok, run }: Way): Promise<void> {
  await ok(['rollout', 'status', 'deployment/web', '--timeout=30s']);
  const pods = await ok(['get', 'pods', '-l', 'app=web']);
  t.match(pods, /^NAME +READY +STATUS +RESTARTS +AGE\n(web-\S+ +1\/1 +Running +0 +\d+m?\d*s?\n){2}$/);
  t.match(await ok(['get', 'deploy,svc,cm']), /deployment\.apps\/web +2\/2 +2 +2 /);
  t.match(await ok(['get', 'pods', '--field-selector', 'status.phase=Pending', '-o', 'name']), /^$/);
  t.match(await ok(['get', 'pods', '-A', '-o', 'wide'], { as: 'ada' }), /production +payments-\S+ /);
  const names = await ok(['get', 'pods', '-l', 'app in (web)', '-o', 'jsonpath={.items[*].spec.nodeName}']);
  t.equal(names, 'practice practice');
  t.match(await run(['get', 'pods', 'nosuch']), {
    code: 1,
    stderr: 'Error from server (NotFound): pods "nosuch" not found\n',
  });
  t.match(await run(['get', 'pods', '--field-selector', 'spec.nonsense=1']), {
    code: 1,
    stderr: /field label not supported/,
  });
  t.match(await ok(['get', 'events']), /LAST SEEN +TYPE +REASON +OBJECT +MESSAGE/);
  t.match(
    await ok(['describe', 'deployment', 'web']),
    /Replicas: +2 desired \| 2 updated \| 2 total \| 2 available/,
  );
}

export async function watchPod(t: Test, { demo, ok, start, id }: Way): Promise<void> {
  const name = `seen-${id}`;
  const watching = start(['get', 'pods', '-w', '--no-headers', '-l', `run=${name}`]);
  t.teardown(() => watching.kill());
  await until('the watch at the gate', () =>
    seenByGate(demo, (one) => one.verb === 'list' && one.target.includes(name)),
  );
  await ok(['run', name, '--image=postern.dev/practice/talk:1']);
  await watching.seen(/ContainerCreating/);
  await watching.seen(/1\/1 +Running/);
  await ok(['delete', 'pod', name, '--grace-period=1']);
  await watching.seen(/Terminating/);
  t.match(watching.stdout().split('\n')[0], new RegExp(`^${name} +0/1 +Pending`));
}

export async function logs(t: Test, { ok, start }: Way): Promise<void> {
  const following = start(['logs', '-f', 'deploy/clock', '--tail=1']);
  t.teardown(() => following.kill());
  await following.seen(/\d+[^\n]*\n[^\n]*\d+[^\n]*\n[^\n]*\d+[^\n]*\n/);
  await following.kill();
  t.equal((await ok(['logs', 'deploy/clock', '--tail=2'])).trimEnd().split('\n').length, 2);
  t.match(await ok(['logs', 'deploy/clock', '--tail=1', '--timestamps']), /^\d{4}-\d\d-\d\dT[\d:.]+Z /);
}

function seenByGate(demo: StartedDemo, fits: (fact: { verb: string; target: string }) => boolean): boolean {
  return demo.events().some((one) => one.event === 'request' && fits(one));
}

export async function canI(t: Test, { run, ok }: Way): Promise<void> {
  t.match(await run(['auth', 'can-i', 'create', 'pods/exec']), { code: 0, stdout: 'yes\n' });
  t.match(await run(['auth', 'can-i', 'create', 'pods', '--subresource=exec'], { as: 'ada' }), {
    code: 1,
    stdout: /^no/,
  });
  t.match(await run(['auth', 'can-i', 'delete', 'pods', '-n', 'production']), { code: 1, stdout: /^no/ });
  t.match(await run(['auth', 'can-i', 'delete', 'pods', '-n', 'production'], { as: 'otto' }), {
    code: 0,
    stdout: 'yes\n',
  });
  t.match(await run(['auth', 'can-i', 'delete', 'pods', '-n', 'production'], { as: 'otto-without-code' }), {
    code: 1,
    stdout: /^no/,
  });
  t.match(await ok(['auth', 'can-i', '--list'], { as: 'ada' }), /pods +\[\] +\[\] +\[get list watch\]/);
}

export async function whoami(t: Test, { ok }: Way): Promise<void> {
  const shown = await ok(['auth', 'whoami']);
  t.match(shown, /Username +erin@example\.com\n/);
  t.match(shown, /Groups +\[engineers system:authenticated\]/);
  t.match(await ok(['auth', 'whoami'], { as: 'otto' }), /Groups +\[engineers oncall system:authenticated\]/);
}

export async function explain(t: Test, { ok, run }: Way): Promise<void> {
  t.match(await ok(['explain', 'pods']), /KIND: +Pod\n[\s\S]*VERSION: +v1\n[\s\S]*spec\t?\s*</);
  t.match(await ok(['explain', 'pods.spec.containers.image']), /image/);
  t.match(await ok(['explain', 'deployments.spec', '--recursive']), /maxUnavailable/);
  t.match(await run(['explain', 'pods.spec.nonsense']), {
    code: 1,
    stderr: /field "nonsense" does not exist/,
  });
}

export async function denied(t: Test, { run }: Way): Promise<void> {
  t.match(await run(['exec', 'deploy/web', '--', 'date'], { as: 'ada' }), {
    code: 1,
    stderr:
      /Error from server \(Forbidden\): pods "web-\S+" is forbidden: User "ada@example\.com" cannot create resource "pods\/exec" in API group "" in the namespace "default"\n$/,
  });
  t.match(await run(['get', 'secrets', '-n', 'production']), {
    code: 1,
    stderr:
      'Error from server (Forbidden): secrets is forbidden: User "erin@example.com" cannot list resource "secrets" in API group "" in the namespace "production"\n',
  });
}
