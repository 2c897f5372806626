// The API server crashes and comes back: what was open ends as it does directly, callers are told what is wrong meanwhile, and the gate
// needs nobody to find its way again. The last of the files, because it takes the cluster away from everybody for some seconds.

import t from 'tap';
import { startKubectl } from './background.ts';
import { kubectl, readContext } from './context.ts';
import { restartApiServer } from './desk.ts';
import { auditEvents, gateLines, metric } from './evidence.ts';
import { createPods, newest, removeObjects } from './objects.ts';
import { until } from './wait.ts';

const POD = 'survivor';
const ABOUT_THE_SERVER = /API server/;
const WATCHED = 'labelSelector=survivor%3Dyes';
const context = readContext();
const { path } = newest(context);
const NAMESPACE = ['--namespace', context.namespace];
const { alice } = context.kubeconfigs;
const skip = context.auditLog === '' ? 'the cluster is not ours' : false;

t.test('a crash of the API server', { skip }, async (t) => {
  await createPods(context, { [POD]: ['serve'] });
  t.teardown(() => removeObjects(context, [`pod/${POD}`]));
  const ways = { direct: context.adminKubeconfig, gate: alice };
  const watches = Object.entries(ways).map(([way, kubeconfig]) => ({
    way,
    watch: startKubectl({ kubectl: path, kubeconfig }, [
      ...NAMESPACE,
      'get',
      'configmaps',
      '-w',
      '--watch-only',
      '-l',
      'survivor=yes',
    ]),
    exec: startKubectl({ kubectl: path, kubeconfig }, [...NAMESPACE, 'exec', '-i', POD, '--', 'cat']),
  }));
  for (const { exec } of watches) {
    exec.send('hello\n');
    await exec.seen(/hello/);
  }
  await until('both watches at the API server', () => {
    const begun = auditEvents(context, WATCHED, ({ stage }) => stage === 'ResponseStarted');
    return begun.length >= watches.length;
  });
  const answers: string[] = [];
  const back = restartApiServer(context.issuer.deskUrl);
  const meanwhile = await until('an answer while it is away', async () => {
    const { code, stderr } = await kubectl(path, alice, ['get', '--raw', '/api/v1/namespaces/default']);
    // The API server that has just come back refuses everybody until it has read its RBAC rules: that is its own word.
    if (code !== 0) answers.push(stderr.trim());
    return answers.find((answer) => ABOUT_THE_SERVER.test(answer));
  });
  t.comment(`kubectl is told: ${meanwhile}`);
  t.match(meanwhile, /^Error from server \(InternalError\): /);
  const ends = await Promise.all(
    watches.map(async ({ way, watch, exec }) => ({ way, watch: await watch.ended, exec: await exec.ended })),
  );
  t.comment(JSON.stringify(ends));
  t.same(ends[1], { ...ends[0], way: 'gate' }, 'what was open ended as it does directly');
  await back;
  const after = await until('an answer when it is back', async () => {
    const { code, stdout } = await kubectl(path, alice, [
      'auth',
      'whoami',
      '-o',
      'jsonpath={.status.userInfo.username}',
    ]);
    return code === 0 && stdout;
  });
  t.equal(after, 'alice@example.com', 'the gate found its way by itself');
  const again = await kubectl(path, alice, [...NAMESPACE, 'exec', POD, '--', 'echo', 'again']);
  t.equal(again.stdout, 'again\n');
  await until(
    'the gauges back at 0',
    async () => (await metric(context.gate.opsUrl, 'postern_sessions_open')) === 0,
  );
  const watching = () => metric(context.gate.opsUrl, 'postern_requests_in_flight', ['kind="watch"']);
  await until('no watch in flight', async () => (await watching()) === 0);
  const cut = await until('the first session in the log', () => {
    return gateLines(context.gate.logFile, 'session ended', ({ target }) =>
      String(target).includes(`${POD}/exec`),
    ).at(0);
  });
  t.match(cut, { end: 'upstream' }, 'the session says who ended it');
});
