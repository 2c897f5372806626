// A kubeconfig's credential plugin: run only where whoever reads the kubeconfig hands in how, and not when something else is wrong already.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { loadKubeconfig } from '../../../src/kube/kubeconfig.ts';
import type { PluginRun } from '../../../src/kube/kubeconfigplugin.ts';

function prepare(t: Test, server = 'https://127.0.0.1:6443', more: object = {}) {
  const directory = t.testdir({});
  const file = join(directory, 'config');
  const exec = {
    apiVersion: 'client.authentication.k8s.io/v1',
    command: 'aws',
    args: ['eks', 'get-token'],
    env: [{ name: 'AWS_PROFILE', value: 'ops' }],
  };
  const named = {
    name: 'x',
    cluster: { server },
    user: { exec, ...more },
    context: { cluster: 'x', user: 'x' },
  };
  writeFileSync(
    file,
    JSON.stringify({ 'current-context': 'x', clusters: [named], users: [named], contexts: [named] }),
  );
  return { directory, file };
}

t.test('it is told what to run, and its credential is the access', async (t) => {
  const { directory, file } = prepare(t);
  const runs: PluginRun[] = [];
  const runPlugin = (run: PluginRun) => {
    runs.push(run);
    return { token: 'k8s-aws-v1.x', clientCertPem: '', clientKeyPem: '' };
  };
  t.match(loadKubeconfig({ file, runPlugin }), {
    ok: true,
    access: { token: 'k8s-aws-v1.x', tokenFile: '' },
  });
  t.strictSame(runs, [
    {
      apiVersion: 'client.authentication.k8s.io/v1',
      command: 'aws',
      args: ['eks', 'get-token'],
      env: { AWS_PROFILE: 'ops' },
      directory,
    },
  ]);
});

t.test('what is wrong with it is told by the name of the user', async (t) => {
  const { file } = prepare(t);
  const read = loadKubeconfig({ file, runPlugin: () => 'failed with exit code 3' });
  t.strictSame(read, { ok: false, errors: ['user "x": its credential plugin failed with exit code 3'] });
});

t.test('it does not run when the rest is wrong', async (t) => {
  const { file } = prepare(t, 'http://127.0.0.1');
  const read = loadKubeconfig({
    file,
    runPlugin: () => {
      t.fail('it ran');
      return '';
    },
  });
  t.match(read, { ok: false, errors: [/is http:\/\//] });
});

for (const [key, value] of [
  ['as', 'system:serviceaccount:ops:viewer'],
  ['as-groups', ['viewers']],
  ['as-uid', '7'],
  ['as-user-extra', { reason: ['x'] }],
  ['auth-provider', { name: 'oidc' }],
  ['username', 'admin'],
] as const)
  t.test(
    `${key} beside it is refused as without it, and nothing runs: it would not be honoured`,
    async (t) => {
      const { file } = prepare(t, undefined, { [key]: value });
      const runs: PluginRun[] = [];
      const read = loadKubeconfig({
        file,
        runPlugin: (run) => {
          runs.push(run);
          return { token: 'of-somebody-with-more-rights', clientCertPem: '', clientKeyPem: '' };
        },
      });
      t.match(read, { ok: false, errors: [new RegExp(`^user "x": ${key} `)] });
      t.strictSame(runs, []);
    },
  );

t.test('the gate runs none', async (t) => {
  t.match(loadKubeconfig({ file: prepare(t).file }), { ok: false, errors: [/Postern runs no programs/] });
});
