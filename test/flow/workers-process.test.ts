import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { connect as connectTcp } from 'node:net';
import type { TLSSocket } from 'node:tls';
import t from 'tap';
import { startTestGate, type TestGate } from '../fakes/gate.ts';
import { dialTls, postern, type Run, ready, says, type Test } from '../fakes/serve.ts';
import { askAs, openSession, read, startEcho, WATCH } from '../fakes/sessions.ts';

// `postern serve --workers N` as an operator runs it: real processes, told apart by the `worker` of their log lines and by /proc.

/** A configuration with an API server behind it, and `count` workers that serve it. */
async function setUp(t: Test, options: { count?: number; more?: object; args?: string[] } = {}) {
  const { count = 2, more = {}, args = [] } = options;
  const upstream = await startEcho();
  const gate = await startTestGate({ upstreams: [{ name: 'prod', upstream }] });
  gate.writeConfig({ ...gate.config, ...more });
  t.teardown(async () => {
    await gate.stop();
    await upstream.close();
  });
  const run = postern(t, ['serve', '--config', gate.file, '--workers', String(count), ...args]);
  const serving = await run.logged(says('serving'));
  const ops = String(serving['ops']);
  const port = Number(new URL(String(serving['address'])).port);
  await ready(ops);
  const dial = () => dialTls(port, gate);
  return { upstream, gate, run, serving, ops, port, dial };
}

/** One request on a connection of its own. */
async function get(dial: () => Promise<TLSSocket>, gate: TestGate, path: string): Promise<string> {
  const socket = await dial();
  const reader = read(socket);
  socket.write(
    `GET ${path} HTTP/1.1\r\nHost: gate\r\nConnection: close\r\nAuthorization: Bearer ${await gate.token()}\r\n\r\n`,
  );
  await reader.ended;
  socket.destroy();
  return reader.text();
}

const pidsOf = (run: Run) =>
  new Map(
    run
      .lines()
      .filter(says('worker serves'))
      .map((line) => [line['worker'], Number(line['pid'])]),
  );

async function metric(ops: string, series: string): Promise<number | undefined> {
  const text = await (await fetch(`${ops}/metrics`)).text();
  const line = text.split('\n').find((one) => one.startsWith(`${series} `));
  return line === undefined ? undefined : Number(line.slice(series.length + 1));
}

/** The parent of a process, undefined when there is no such process (or only its entry for the parent to read). */
function parentOf(pid: number): number | undefined {
  try {
    const [state, parent] = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ');
    return state === 'Z' ? undefined : Number(parent);
  } catch {
    return undefined;
  }
}

/** Resolves when none of the processes is left: a process closes what it has open a little before it is gone. */
async function gone(pids: Iterable<number>): Promise<void> {
  for (const pid of pids)
    while (parentOf(pid) !== undefined) await new Promise((resolve) => setTimeout(resolve, 10));
}

/** A session, and the number of the worker that has it. */
async function sessionOn(run: Run, gate: TestGate, dial: () => Promise<TLSSocket>) {
  const before = run.lines().filter((line) => line['status'] === 101).length;
  const session = await openSession(gate, { socket: await dial() });
  const line = await run.logged((one) => one['status'] === 101, before + 1);
  return { ...session, worker: Number(line['worker']) };
}

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

async function probe(url: string): Promise<[number, string]> {
  const answer = await fetch(url);
  return [answer.status, await answer.text()];
}

t.test(
  'sessions open are a sum; each worker drains, and a signal to the whole group is one signal',
  async (t) => {
    const { gate, run, ops, port, dial, upstream } = await setUp(t);
    const sessions = [await sessionOn(run, gate, dial), await sessionOn(run, gate, dial)];
    t.same(sessions.map(({ worker }) => worker).sort(), [1, 2]);
    t.equal(await metric(ops, 'postern_sessions_open{cluster="prod",kind="exec",protocol="websocket"}'), 2);
    const watch = await dial();
    const events = read(watch);
    watch.write(`GET ${WATCH} HTTP/1.1\r\nHost: gate\r\nAuthorization: Bearer ${await gate.token()}\r\n\r\n`);
    await events.until('\r\n\r\n');
    const pids = [...pidsOf(run).values()];

    // Ctrl-C in a terminal: everybody gets it.
    for (const pid of [...pids, run.child.pid ?? 0]) process.kill(pid, 'SIGINT');
    await run.logged(says('draining'), 2);
    t.same(await probe(`${ops}/readyz`), [503, 'not-draining: shutting down\n']);
    const refused = connectTcp(port, '127.0.0.1');
    t.match((await once(refused, 'error'))[0], { code: 'ECONNREFUSED' });
    for (const session of sessions) await session.say('still here');
    upstream.watches[0]?.write('{"event":1}');
    await events.until('{"event":1}');
    upstream.watches[0]?.end();
    await events.ended;
    watch.destroy();
    const [first, last] = sessions;
    if (first === undefined || last === undefined) throw new Error('two sessions');
    first.socket.end();
    await run.logged((line) => line['msg'] === 'worker ended' && line['worker'] === first.worker);
    t.equal(
      await metric(
        ops,
        'postern_sessions_total{cluster="prod",kind="exec",protocol="websocket",end="client"}',
      ),
      1,
      'what an ended worker counted stays',
    );
    t.equal(await metric(ops, 'postern_sessions_open{cluster="prod",kind="exec",protocol="websocket"}'), 1);
    await last.say('the other one lives');
    last.socket.end();
    t.equal(await run.exit, 0);
    t.equal(run.lines().filter(says('stopped')).length, 3, 'two workers and the primary');
    await gone(pids);
  },
);

t.test('after drainTimeout the sessions of all are closed as drained; still exit code 0', async (t) => {
  const { gate, run, dial } = await setUp(t, { more: { sessions: { drainTimeout: '300ms' } } });
  const sessions = [await sessionOn(run, gate, dial), await sessionOn(run, gate, dial)];
  run.child.kill('SIGTERM');
  for (const { socket, reader } of sessions) {
    await reader.ended;
    socket.end();
  }
  t.equal(await run.exit, 0);
  const ends = run.lines().filter(says('session ended'));
  t.match(ends, [{ end: 'drained' }, { end: 'drained' }]);
});

t.test('a second signal ends all at once', async (t) => {
  const { gate, run, dial } = await setUp(t);
  const session = await sessionOn(run, gate, dial);
  run.child.kill('SIGTERM');
  await run.logged(says('draining'), 2);
  run.child.kill('SIGINT');
  t.equal(await run.exit, 1);
  await session.reader.ended;
  session.socket.destroy();
  await gone(pidsOf(run).values());
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

function requestsIn(text: string): number {
  return text
    .split('\n')
    .filter((line) => line.startsWith('postern_requests_total{'))
    .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
}

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

t.test('when the primary is killed, workers drain and leave nothing behind', async (t) => {
  const { gate, run, dial } = await setUp(t);
  const session = await sessionOn(run, gate, dial);
  const pids = [...pidsOf(run).values()];
  run.child.kill('SIGKILL');
  await run.logged(says('the primary process is gone'), 2);
  await run.logged(says('draining'), 2);
  await session.say('gets its time');
  session.socket.end();
  await run.exit;
  t.match(
    run.lines().filter(says('session ended')),
    [{ end: 'client' }],
    'ended by its caller, nobody cut it off',
  );
  await gone(pids);
});

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
