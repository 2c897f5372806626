import { once } from 'node:events';
import { connect as connectTcp } from 'node:net';
import t from 'tap';
import { says } from '../fakes/serve.ts';
import { read, WATCH } from '../fakes/sessions.ts';
import { gone, metric, pidsOf, probe, sessionOn, setUp } from './workers.ts';

// How `postern serve --workers N` ends: each worker drains, whoever is signalled, and nothing is left behind.

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
