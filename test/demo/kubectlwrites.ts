// What a person changes with kubectl at the demo: apply in both ways, patches, edits, scale and rollouts.

import type { Test } from 'tap';
import type { Way } from './kubectlway.ts';

function manifest(name: string, replicas: number): string {
  return `apiVersion: apps/v1
kind: Deployment
metadata: {name: ${name}}
spec:
  replicas: ${replicas}
  selector: {matchLabels: {app: ${name}}}
  template:
    metadata: {labels: {app: ${name}}}
    spec:
      containers:
        - {name: main, image: "postern.dev/practice/web:1", env: [{name: A, value: "1"}], ports: [{containerPort: 8080}]}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: ${name}}
data: {count: "${replicas}"}
`;
}

export async function applyAndDelete(t: Test, { ok, run, id }: Way): Promise<void> {
  const name = `applied-${id}`;
  const apply = (replicas: number) => ok(['apply', '-f', '-'], { input: manifest(name, replicas) });
  t.equal(await apply(1), `deployment.apps/${name} created\nconfigmap/${name} created\n`);
  await ok(['rollout', 'status', `deployment/${name}`, '--timeout=30s']);
  t.equal(await apply(1), `deployment.apps/${name} unchanged\nconfigmap/${name} unchanged\n`);
  const diff = await run(['diff', '-f', '-'], { input: manifest(name, 2) });
  t.match(diff, { code: 1, stdout: /^\+ {2}replicas: 2$/m });
  t.equal(await apply(2), `deployment.apps/${name} configured\nconfigmap/${name} configured\n`);
  await ok(['rollout', 'status', `deployment/${name}`, '--timeout=30s']);
  t.equal(
    await ok(['delete', '-f', '-'], { input: manifest(name, 2) }),
    `deployment.apps "${name}" deleted${from34()}\nconfigmap "${name}" deleted${from34()}\n`,
  );
  // Old kubectls call it an error when all are gone already.
  await run(['wait', '--for=delete', 'pod', '-l', `app=${name}`, '--timeout=40s']);
  t.equal(await ok(['get', 'pods,rs,deploy', '-l', `app=${name}`, '-o', 'name']), '');

  function from34(): string {
    return Number(/k(\d+)/.exec(id)?.[1]) >= 34 ? ' from default namespace' : '';
  }
}

export async function applyServerSide(t: Test, { ok, run, id }: Way): Promise<void> {
  const name = `owned-${id}`;
  const apply = (replicas: number, ...flags: string[]) =>
    run(['apply', '--server-side', ...flags, '-f', '-'], { input: manifest(name, replicas) });
  t.match(await apply(1), {
    code: 0,
    stdout: `deployment.apps/${name} serverside-applied\nconfigmap/${name} serverside-applied\n`,
  });
  await ok(['scale', 'deployment', name, '--replicas=2']);
  const conflict = await apply(3);
  t.match(conflict, {
    code: 1,
    stderr: /Apply failed with 1 conflict: conflict with "kubectl" .*\.spec\.replicas/,
  });
  t.match(await apply(3, '--force-conflicts'), { code: 0 });
  t.equal(await ok(['get', 'deployment', name, '-o', 'jsonpath={.spec.replicas}']), '3');
  await ok(['delete', 'deployment,configmap', name]);
}

export async function misspelt(t: Test, { run, id }: Way): Promise<void> {
  const wrong = manifest(`wrong-${id}`, 1).replace('replicas:', 'replica:');
  const result = await run(['apply', '-f', '-'], { input: wrong });
  t.equal(result.code, 1);
  t.match(result.stderr, /unknown field "(spec\.)?replica"/);
  t.match(await run(['get', 'deployment', `wrong-${id}`]), { code: 1, stderr: /NotFound/ });
}

export async function change(t: Test, { ok, run, id }: Way): Promise<void> {
  const name = `changed-${id}`;
  await ok(['create', 'deployment', name, '--image=postern.dev/practice/web:1']);
  await ok(['label', 'deployment', name, 'tier=front']);
  await ok(['annotate', 'deployment', name, 'note=hello']);
  await ok([
    'patch',
    'deployment',
    name,
    '--type=json',
    '-p',
    '[{"op":"add","path":"/spec/replicas","value":2}]',
  ]);
  await ok(['patch', 'deployment', name, '--type=merge', '-p', '{"metadata":{"annotations":{"note":null}}}']);
  await ok([
    'patch',
    'deployment',
    name,
    '-p',
    '{"spec":{"template":{"spec":{"containers":[{"name":"web","env":[{"name":"A","value":"b"}]}]}}}}',
  ]);
  await ok(['rollout', 'status', `deployment/${name}`, '--timeout=30s']);
  const editor = 'sed -i s/tier:.front/tier:\\ back/';
  await ok(['edit', 'deployment', name], { env: { EDITOR: editor, KUBE_EDITOR: editor } });
  await ok(['scale', `deployment/${name}`, '--replicas=1']);
  await ok(['set', 'image', `deployment/${name}`, 'web=postern.dev/practice/web:2']);
  await ok(['rollout', 'restart', `deployment/${name}`]);
  await ok(['rollout', 'status', `deployment/${name}`, '--timeout=30s']);
  await ok(['rollout', 'undo', `deployment/${name}`]);
  await ok(['rollout', 'status', `deployment/${name}`, '--timeout=30s']);
  const shown = await ok([
    'get',
    'deployment',
    name,
    '-o',
    'jsonpath={.metadata.labels.tier} {.metadata.annotations.note} {.spec.replicas} {.status.readyReplicas}',
  ]);
  t.equal(shown, 'back  1 1');
  t.match(await run(['create', 'configmap', name, '--from-literal=a=b']), { code: 0 });
  t.match(await run(['create', 'configmap', name, '--from-literal=a=b']), {
    code: 1,
    stderr: /AlreadyExists|already exists/,
  });
  await ok(['delete', 'deployment,configmap', name]);
}
