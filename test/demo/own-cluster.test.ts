// `postern demo --kubeconfig`: in front of a cluster that is there already. The cluster here is another demo's practice cluster, with its gate's
// account; test/e2e runs the same in front of a real one.

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { parse, stringify } from 'yaml';
import { run } from '../cluster/run.ts';
import { newest } from '../e2e/objects.ts';
import { kubectl, startDemo } from './started.ts';
import { readTools } from './tools.ts';

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
const tools = readTools();
const { path } = newest(tools);

t.test('says what rights it uses, then stands in front of the cluster', async (t) => {
  const first = await startDemo(tools.dir);
  t.teardown(() => first.process.kill());
  const own = join(first.ready.directory, 'cluster.kubeconfig');
  const second = await startDemo(tools.dir, ['--kubeconfig', own]);
  t.teardown(() => second.process.kill());
  const rights = second.process.stdout().split('\n')[0] ?? '';
  t.match(JSON.parse(rights), {
    event: 'rights',
    server: first.ready.cluster,
    account: 'postern',
    rights: [
      { what: 'impersonate users', allowed: true },
      { what: 'impersonate groups', allowed: true },
      { what: 'impersonate uids', allowed: true },
    ],
  });
  t.match(second.ready, { practice: false, cluster: first.ready.cluster });
  t.match(await kubectl(second, path, ['auth', 'whoami', '-o', 'jsonpath={.status.userInfo.username}']), {
    stdout: 'erin@example.com',
  });
  t.match(await kubectl(second, path, ['exec', 'deploy/web', '--', 'echo', 'through']), {
    code: 0,
    stdout: 'through\n',
  });
  await second.stop();
  t.equal((await kubectl(first, path, ['get', 'pods'])).code, 0, 'the cluster is as it was');
  await first.stop();
});

t.test(
  'an account that may not impersonate is refused before anything starts, with the RBAC that it lacks',
  async (t) => {
    const first = await startDemo(tools.dir);
    t.teardown(() => first.process.kill());
    const file = join(t.testdir(), 'erin.kubeconfig');
    const config = parse(readFileSync(join(first.ready.directory, 'kubeconfig'), 'utf8'));
    writeFileSync(file, stringify(config));
    const refused = await run(process.execPath, [MAIN, 'demo', '--kubeconfig', file], { timeoutMs: 20_000 });
    t.equal(refused.code, 1);
    t.match(refused.stderr, /may not impersonate users, impersonate groups, impersonate uids/);
    t.match(refused.stderr, /kind: ClusterRole\n.*name: postern-demo/);
    t.match(refused.stderr, /name: "erin@example\.com"/);
    await first.stop();
    const gone = await run(process.execPath, [MAIN, 'demo', '--kubeconfig', file], { timeoutMs: 20_000 });
    t.match(gone, { code: 1, stderr: /cannot be read|can't be reached/ });
  },
);
