import { writeFileSync } from 'node:fs';
import t from 'tap';
import { dialTls, ready, says } from '../fakes/serve.ts';
import { askAs } from '../fakes/sessions.ts';
import { get, metric, parentOf, pidsOf, probe, requestsIn, sessionOn, setUp } from './workers.ts';

// `postern serve --workers N` as an operator runs it: real processes, told apart by the `worker` of their log lines and by /proc.

t.test('each worker is a process of its own, gets its share, and the metrics are of all', async (t) => {
  const { gate, run, serving, ops, dial } = await setUp(t, { count: 3 });
  t.match(serving, { workers: 3, clusters: ['prod'], address: /^https:/, ops: /^http:/ });
  t.notOk('worker' in serving, 'said once, by the primary');
  t.equal(run.lines().filter(says('serving')).length, 1);
  const pids = pidsOf(run);
  t.same([...pids.keys()].sort(), [1, 2, 3]);
  t.equal(new Set(pids.values()).size, 3);
  for (const pid of pids.values()) t.equal(parentOf(pid), run.child.pid, 'a child of the primary');

  for (let sent = 0; sent < 9; sent++) t.match(await get(dial, gate, '/api/v1/pods'), /^HTTP\/1.1 200 /);
  await run.logged(says('request'), 9);
  const byWorker = run
    .lines()
    .filter(says('request'))
    .map((line) => line['worker']);
  t.same(byWorker.sort(), [1, 1, 1, 2, 2, 2, 3, 3, 3], 'in turn');

  const requests =
    'postern_requests_total{cluster="prod",verb="list",resource="pods",subresource="",code="200"}';
  t.equal(await metric(ops, requests), 9);
  t.equal(
    await metric(ops, 'postern_request_duration_seconds_count{cluster="prod",verb="list",scope="cluster"}'),
    9,
  );
  // One GET there, as here: the first token of a new key has its keys fetched again.
  await askAs(gate, '/api/v1/pods');
  const refreshed = `postern_jwks_refresh_total{issuer="${gate.issuer.url}",outcome="ok"}`;
  t.equal(await metric(ops, refreshed), 3 * (await gate.metric(refreshed)), 'each fetches keys for itself');
  t.equal(await metric(ops, 'postern_config_last_reload_success'), 1);
  const text = await (await fetch(`${ops}/metrics`)).text();
  t.match(text, /^postern_build_info\{version="[^"]+",node="[^"]+"\} 1$/m);
  const age = Date.now() / 1000 - ((await metric(ops, 'postern_config_last_reload_timestamp_seconds')) ?? 0);
  t.ok(age >= 0 && age < 120, 'a time, no sum of times');
  const open = await fetch(`${ops}/metrics`, { headers: { accept: 'application/openmetrics-text' } });
  t.match(await open.text(), /# TYPE postern_requests counter\n[\s\S]*\n# EOF\n$/);

  t.same(await probe(`${ops}/livez?verbose`), [200, '[+]workers ok\nlivez check passed\n']);
  t.same(await probe(`${ops}/readyz?verbose`), [
    200,
    '[+]started ok\n[+]not-draining ok\n[+]issuer-keys ok\n[+]workers ok\nreadyz check passed\n',
  ]);
  run.child.kill('SIGTERM');
  t.equal(await run.exit, 0);
  for (const line of run.err.text().trim().split('\n')) t.type(JSON.parse(line), 'object');
});

t.test('a worker that is killed is replaced; sessions of others and what it had counted stay', async (t) => {
  const { gate, run, ops, dial } = await setUp(t);
  const sessions = [await sessionOn(run, gate, dial), await sessionOn(run, gate, dial)];
  const doomed = sessions.find(({ worker }) => worker === 1);
  const other = sessions.find(({ worker }) => worker === 2);
  const pid = pidsOf(run).get(1);
  if (doomed === undefined || other === undefined || pid === undefined) throw new Error('one on each');
  const counted =
    'postern_requests_total{cluster="prod",verb="create",resource="pods",subresource="exec",code="101"}';
  const counts = async () => (await fetch(`${ops}/metrics`)).text();
  const before = requestsIn(await counts());
  t.equal(before, 2, counted);

  process.kill(pid, 'SIGKILL');
  const line = await run.logged(says('worker ended unexpectedly'));
  t.match(line, { level: 'error', worker: 1, pid, code: null, signal: 'SIGKILL', replacedInMs: 0 });
  await doomed.reader.ended;
  await other.say('not touched');
  await run.logged((one) => one['msg'] === 'worker serves' && one['worker'] === 1, 2);
  t.not(pidsOf(run).get(1), pid);
  await ready(ops);
  t.equal(requestsIn(await counts()), before, 'counters never fall');
  t.equal(await metric(ops, 'postern_sessions_open{cluster="prod",kind="exec",protocol="websocket"}'), 1);
  for (let sent = 0; sent < 2; sent++) t.match(await get(dial, gate, '/api/v1/pods'), /^HTTP\/1.1 200 /);
  await run.logged((one) => one['msg'] === 'request' && one['worker'] === 1 && one['status'] === 200);
  await other.say('still not touched');
  other.socket.end();

  // And again, right away: not more than one a second.
  process.kill(pidsOf(run).get(1) ?? 0, 'SIGKILL');
  await run.logged(says('worker ended unexpectedly'), 2);
  process.kill(pidsOf(run).get(2) ?? 0, 'SIGKILL');
  const later = await run.logged(says('worker ended unexpectedly'), 3);
  t.ok(Number(later['replacedInMs']) > 500, 'the later one waits');
  run.child.kill('SIGTERM');
  t.equal(await run.exit, 0);
});

t.test('a hung worker is told by both probes', async (t) => {
  const { run, ops } = await setUp(t);
  const pid = pidsOf(run).get(2) ?? 0;
  process.kill(pid, 'SIGSTOP');
  t.same(await Promise.all([probe(`${ops}/readyz`), probe(`${ops}/livez`)]), [
    [503, 'workers: worker 2 does not answer\n'],
    [503, 'workers: worker 2 does not answer\n'],
  ]);
  process.kill(pid, 'SIGCONT');
  t.same(await probe(`${ops}/livez`), [200, 'ok']);
});

t.test(
  'SIGHUP reaches every worker; a broken configuration is refused by all for the same reason',
  async (t) => {
    const { gate, run, ops } = await setUp(t);
    run.child.kill('SIGHUP');
    await run.logged(says('configuration taken up'), 2);
    writeFileSync(gate.file, 'kind: [');
    run.child.kill('SIGHUP');
    await run.logged(says('configuration refused, the running one stays'), 2);
    const refusals = run.lines().filter(says('configuration refused, the running one stays'));
    t.same(refusals.map(({ worker }) => worker).sort(), [1, 2]);
    t.same(refusals[0]?.['problems'], refusals[1]?.['problems']);
    t.equal(await metric(ops, 'postern_config_last_reload_success'), 0);
    t.same(await probe(`${ops}/readyz`), [200, 'ok']);

    // A replacement cannot read it either: the others serve, and readiness says what is missing.
    process.kill(pidsOf(run).get(2) ?? 0, 'SIGKILL');
    const line = await run.logged((one) => 'problems' in one && one['msg'] === 'worker ended unexpectedly');
    t.match(line, { worker: 2, code: 1, problems: refusals[0]?.['problems'] });
    t.same(await probe(`${ops}/readyz`), [503, 'workers: 1 of 2 workers serve\n']);
    t.equal(await metric(ops, 'postern_ready'), 0);
    gate.writeConfig(gate.config);
    await run.logged((one) => one['msg'] === 'worker serves' && one['worker'] === 2, 2);
    run.child.kill('SIGTERM');
    t.equal(await run.exit, 0);
  },
);

t.test('a session ticket of one worker is taken by the other, also after a reload', async (t) => {
  const { gate, run, port } = await setUp(t);
  // Node's cluster module shares the keys that a server has when it begins to listen; a reload makes a new context.
  run.child.kill('SIGHUP');
  await run.logged(says('configuration taken up'), 2);
  const first = await dialTls(port, gate, { minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2' });
  const session = first.getSession();
  first.destroy();
  for (const turn of [1, 2]) {
    const again = await dialTls(port, gate, { session, minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2' });
    t.equal(again.isSessionReused(), true, `connection ${turn}`);
    again.destroy();
  }
  run.child.kill('SIGTERM');
  t.equal(await run.exit, 0);
});
