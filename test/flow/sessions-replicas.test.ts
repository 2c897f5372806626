import t, { type Test } from 'tap';
import { startRedis, withRedis } from '../fakes/redis.ts';
import { openExec, type Ran, type Replicas, runHere, startReplicas } from '../fakes/replicas.ts';
import { eventually, openWatch } from '../fakes/sessions.ts';

// `postern sessions` over three replicas of a gate: the same facts and orders on both kinds of board, the practice API server's ConfigMaps and a
// real Redis (redis-server), over TLS and without.

interface Place {
  readonly replicas: Replicas;
  run(args: readonly string[]): Promise<Ran>;
}

type Open = (t: Test) => Promise<Place>;

async function inKubernetes(t: Test): Promise<Place> {
  const replicas = await startReplicas(3);
  t.teardown(() => replicas.stop());
  return { replicas, run: (args) => replicas.run(args) };
}

function inRedis(tls: boolean): Open {
  return async (t) => {
    const redis = await startRedis({ tls });
    const replicas = await startReplicas(3, { registry: { redis: redis.config } });
    t.teardown(async () => {
      await replicas.stop();
      await redis.stop();
    });
    return { replicas, run: (args) => runHere([...args, ...redis.flags]) };
  };
}

const here = { skip: false };

const places: readonly (readonly [string, Open, { readonly skip: string | boolean }])[] = [
  ['ConfigMaps', inKubernetes, here],
  ['a Redis over TLS', inRedis(true), withRedis],
  ['a Redis without TLS', inRedis(false), withRedis],
];

/** Waits until the list has so many sessions. */
async function listed(run: Place['run'], count: number, more: readonly string[] = []) {
  let document = { sessions: [] as Readonly<Record<string, unknown>>[], replicas: [] as unknown[] };
  await eventually(async () => {
    document = JSON.parse((await run(['list', '--output', 'json', ...more])).out);
    return document.sessions.length === count;
  });
  return document;
}

const TABLE = /^ID +USER +CLUSTER +KIND +TARGET +AGE\n/;

for (const [where, open, options] of places)
  t.test(`the list is kept in ${where}`, options, async (t) => {
    const { replicas, run } = await open(t);
    const [one, two, three] = replicas.gates;
    if (one === undefined || two === undefined || three === undefined) throw new Error('three replicas');
    t.match(await run(['list']), { code: 0, out: '', err: /no sessions/ });

    const alice = await openExec(one, 'alice@example.com');
    const alsoAlice = await openExec(two, 'alice@example.com');
    const bob = await openExec(three, 'bob@example.com');
    const { sessions, replicas: pages } = await listed(run, 3);
    t.equal(pages.length, 3);
    const seen = sessions.find(({ user }) => user === 'bob@example.com') ?? {};
    t.match(seen, {
      ...{ cluster: 'practice', kind: 'exec', protocol: 'websocket', namespace: 'default', resource: 'pods' },
      ...{ name: 'one', container: 'main', address: '127.0.0.1' },
    });
    t.notMatch(JSON.stringify(sessions), /wait/, 'nothing of the command');
    const table = await run(['list', '--user', 'alice@example.com']);
    t.match(table.out, TABLE);
    t.equal(table.out.trimEnd().split('\n').length, 3);
    t.match(table.out, /alice@example\.com +practice +exec +default\/one\/main +\d+s/);

    await t.test('by id: that one ends and hears why', async (t) => {
      const id = String(seen['id']);
      const ran = await run(['end', id.slice(0, 8), '--reason', 'maintenance at <18:00>']);
      t.match(ran, { code: 0, err: /^ended 1 session; 3 of 3 replicas answered\n$/ });
      t.match(ran.out, `ended ${id} (bob@example.com exec default/one/main) at `);
      t.equal(await bob.closed, 1000);
      t.match(JSON.parse(bob.heard(3)), {
        ...{ kind: 'Status', status: 'Failure', reason: 'Forbidden', code: 403 },
        message:
          'The session has ended because an administrator of this gate ended it: maintenance at &lt;18:00&gt;.',
        details: { causes: [{ reason: 'SESSION_KILLED' }] },
      });
      t.match(await three.logged(({ msg }) => msg === 'session ended'), {
        end: 'killed',
        detail: /^order .*, by /,
      });
      t.match(await three.logged(({ msg }) => String(msg).startsWith('an order')), { ended: 1, ids: [id] });
      t.equal(
        await three.metric(
          'postern_sessions_total{cluster="practice",kind="exec",protocol="websocket",end="killed"}',
        ),
        1,
      );
      t.equal(await three.metric('postern_session_orders_total{outcome="carried_out"}'), 1);
    });

    await t.test('by user: at every replica, watches too, and nobody else', async (t) => {
      const carol = await openExec(three, 'carol@example.com');
      const watch = await openWatch(two, '/api/v1/pods?watch=1');
      const ran = await run(['end', '--user', 'alice@example.com']);
      t.match(ran, { code: 0, err: /^ended 3 sessions of alice@example\.com; 3 of 3 replicas answered\n$/ });
      t.same(await Promise.all([alice.closed, alsoAlice.closed]), [1000, 1000]);
      t.match(JSON.parse(alice.heard(3)).message, /no reason was given/);
      await watch.reader.until('0\r\n\r\n');
      t.match((await listed(run, 1)).sessions, [{ user: 'carol@example.com' }]);
      carol.say('still here\n');
    });

    await t.test('an order is over when it was answered: who comes again is let in', async (t) => {
      const again = await openExec(two, 'alice@example.com');
      t.match(await run(['end', '--user', 'nobody@example.com']), { code: 0, err: /ended 0 sessions/ });
      again.say('x');
      t.equal((await listed(run, 1, ['--user', 'alice@example.com'])).sessions.length, 1);
    });

    await t.test('ids that are unknown, or not enough', async (t) => {
      t.match(await run(['end', 'ffff0000ffff']), { code: 1, err: /no session has an id that begins with/ });
      const unknown = '11111111-2222-4333-8444-555555555555';
      t.match(await run(['end', unknown]), { code: 1, err: new RegExp(`${unknown} was not open`) });
    });

    await t.test('a replica that shuts down takes its page along', async (t) => {
      await one.gate.stop();
      t.equal((await listed(run, 2)).replicas.length, 2);
      await run(['end', '--user', 'carol@example.com']);
      await run(['end', '--user', 'alice@example.com']);
    });
  });
