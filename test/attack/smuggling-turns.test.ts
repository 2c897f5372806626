import t from 'tap';
import { recordFacts } from '../reliability/facts.ts';
import { refusalIn } from './answers.ts';
import { attempt, openRaw, requestText } from './caller.ts';
import { forwarded, marker } from './cases.ts';
import { startGround } from './gate.ts';
import { valuesIn } from './recorded.ts';
import { echoOf, type Script } from './upstream.ts';

// S10: one answer for one request, in turn, and each request with its own identity, however they come on one connection. What is no request must not
// put its 400 where the answer of another is expected (RFC 9112 §9.3.2).

const facts = recordFacts('attack-smuggling-turns');
const ground = await startGround(t);
const { gate, upstream, auth } = ground;

const get = (target: string, ...lines: readonly string[]) =>
  requestText(`GET ${target} HTTP/1.1`, ['Host: x', ...lines]);
/** An answer that has begun, on a connection that is not used again. */
const BEGUN = 'HTTP/1.1 200 OK\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n';
const GARBAGE = '\x01\x02HIDDEN\r\n\r\n';

await facts.attack(
  'S10',
  'pipelined requests of two people: each with its own identity, answered in order',
  async (t) => {
    const bob = `Authorization: Bearer ${await gate.token({ sub: 'bob-id', email: 'bob@example.com', groups: ['ops'] })}`;
    const { result, requests } = await forwarded(ground, () =>
      attempt(gate, [
        get('/a', auth) + get('/b', bob) + get('/c') + get('/d', auth) + get('/e', bob, 'Connection: close'),
      ]),
    );
    t.same(
      result.answers.map(({ status }) => status),
      [200, 200, 401, 200, 200],
    );
    const lines = result.answers.map(({ body }) => (JSON.parse(body.toString()) as { line?: string }).line);
    t.same(lines, ['GET /a HTTP/1.1', 'GET /b HTTP/1.1', undefined, 'GET /d HTTP/1.1', 'GET /e HTTP/1.1']);
    const people = requests.map(({ target, lines }) => [
      target,
      ...valuesIn(lines, 'impersonate-user'),
      ...valuesIn(lines, 'impersonate-group'),
    ]);
    t.same(people.sort(), [
      ['/a', 'alice@example.com', 'engineers'],
      ['/b', 'bob@example.com', 'ops'],
      ['/d', 'alice@example.com', 'engineers'],
      ['/e', 'bob@example.com', 'ops'],
    ]);
  },
);

/** Answers once the test says so. */
function late(until: Promise<void>): Script {
  return async (connection) => {
    const request = await connection.request();
    await until;
    await connection.write(echoOf(request, 'Connection: close\r\n'));
    connection.end();
  };
}

await facts.attack(
  'S10',
  'what is no request, behind one that is being answered: that answer comes first, whole, then one 400',
  async (t) => {
    const now = Promise.withResolvers<void>();
    upstream.plan(late(now.promise));
    const index = upstream.connections.length;
    const caller = await openRaw(gate);
    await caller.send(get('/slow', auth) + GARBAGE);
    await (await upstream.connection(index)).request(0);
    // The gate has read both: they came in one record.
    now.resolve();
    await caller.over;
    const [first, second] = await caller.answers(2);
    t.equal(first?.status, 200);
    t.match(first?.body.toString(), /GET \/slow HTTP/);
    t.match(
      refusalIn(second ?? { status: 0, reason: '', lines: [], body: Buffer.alloc(0), untilClose: false }),
      { status: 400, cause: 'BAD_REQUEST' },
    );
    t.notOk(upstream.reached('HIDDEN'));
    caller.reset();
  },
);

await facts.attack(
  'S10',
  'what is no request, behind an answer that has begun: nothing is put into that answer',
  async (t) => {
    const now = Promise.withResolvers<void>();
    upstream.plan(async (connection) => {
      await connection.request();
      await connection.write(BEGUN);
      await now.promise;
      await connection.write('5\r\nworld\r\n0\r\n\r\n');
    });
    const caller = await openRaw(gate);
    await caller.send(get('/watched', auth));
    await caller.until((bytes) => bytes.includes('hello'));
    await caller.send(GARBAGE);
    now.resolve();
    const all = (await caller.over).toString('latin1');
    t.match(all, /5\r\nhello\r\n5\r\nworld\r\n0\r\n\r\n(HTTP\/1\.1 400|$)/);
    t.equal(all.split('HTTP/1.1 400').length <= 2, true);
    t.notOk(upstream.reached('HIDDEN'));
    caller.reset();
  },
);

await facts.attack('S10', 'a body that breaks behind its refusal: one answer', async (t) => {
  const hidden = marker();
  const got = await ground.reachesNobody(t, hidden, () =>
    attempt(
      gate,
      requestText(
        'POST /first HTTP/1.1',
        ['Host: x', 'Transfer-Encoding: chunked'],
        `zz\r\n\r\n${get(`/${hidden}`, auth)}`,
      ),
    ),
  );
  t.same(
    got.answers.map(({ status }) => status),
    [401],
  );
  t.equal(got.rest.length, 0);
});

await facts.attack(
  'S10',
  'a body that breaks behind its answer: the connection is cut off, and nothing more is said',
  async (t) => {
    upstream.plan(async (connection) => {
      await connection.until((bytes) => bytes.includes('5\r\nhello\r\n'));
      await connection.write(BEGUN);
    });
    const caller = await openRaw(gate);
    await caller.send(
      requestText('POST /first HTTP/1.1', ['Host: x', auth, 'Transfer-Encoding: chunked'], '5\r\nhello\r\n'),
    );
    await caller.until((bytes) => bytes.includes('hello'));
    await caller.send(`zz\r\n\r\n${get('/HIDDEN', auth)}`);
    const all = (await caller.over).toString('latin1');
    t.match(all, /hello\r\n$/, 'without an end, so that nobody takes it for a whole one');
    await ground.settle();
    t.notOk(upstream.reached('HIDDEN'));
    caller.reset();
  },
);

await facts.attack(
  'S10',
  'what comes behind Connection: close is neither forwarded nor answered',
  async (t) => {
    const hidden = marker();
    const { result, requests } = await forwarded(ground, () =>
      attempt(gate, get('/first', auth, 'Connection: close') + get(`/${hidden}`, auth)),
    );
    t.same(
      result.answers.map(({ status }) => status),
      [200],
    );
    t.equal(result.rest.length, 0);
    t.same(
      requests.map(({ target }) => target),
      ['/first'],
    );
    t.notOk(upstream.reached(hidden));
  },
);

await facts.attack(
  'S10',
  'a framing that is refused, behind a request that is being answered: two answers, and nothing after them',
  async (t) => {
    const hidden = marker();
    const odd = requestText(
      'POST /odd HTTP/1.1',
      ['Host: x', auth, 'Transfer-Encoding: gzip, chunked'],
      '0\r\n\r\n',
    );
    const { result, requests } = await forwarded(ground, () =>
      attempt(gate, get('/first', auth) + odd + get(`/${hidden}`, auth).repeat(20)),
    );
    t.ok(result.answers.length <= 2);
    t.notOk(result.answers.some(({ body }) => body.includes(hidden)));
    t.notOk(
      requests.some(({ target }) => target !== '/first'),
      'neither the odd one nor what came behind it',
    );
    t.notOk(upstream.reached(hidden));
  },
);

await facts.attack('S1', 'an upgrade behind a request that is being answered opens no tunnel', async (t) => {
  const now = Promise.withResolvers<void>();
  upstream.plan(late(now.promise));
  const hidden = marker();
  const caller = await openRaw(gate);
  const upgrade = requestText(`POST /api/v1/namespaces/n/pods/p/exec?command=${hidden} HTTP/1.1`, [
    'Host: x',
    auth,
    'Connection: Upgrade',
    'Upgrade: SPDY/3.1',
  ]);
  await caller.send(get('/slow', auth) + upgrade);
  const all = (await caller.over).toString('latin1');
  t.notMatch(all, /101 Switching/);
  now.resolve();
  await ground.settle();
  t.notOk(upstream.reached(hidden));
  caller.reset();
});

// RFC 9112 §9.6: behind an answer that says `close` nothing is carried out, for its caller would never be told. The body of the first request becomes whole
// only when the answer is there, so that what comes behind it is a request by its framing, and a good one.
const EARLY: readonly (readonly [name: string, line: string, status: number])[] = [
  ['the gate has refused', 'X: y', 401],
  ['the API server has answered', auth, 413],
];
const BEHIND: readonly (readonly [name: string, bytes: (hidden: string) => string])[] = [
  ['a request', (hidden) => get(`/${hidden}`, auth)],
  [
    'an upgrade',
    (hidden) =>
      requestText(`POST /api/v1/namespaces/n/pods/p/exec?command=${hidden} HTTP/1.1`, [
        'Host: x',
        auth,
        'Connection: Upgrade',
        'Upgrade: SPDY/3.1',
      ]),
  ],
];

for (const [early, line, status] of EARLY)
  for (const [behind, bytes] of BEHIND)
    await facts.attack(
      'S10',
      `${behind} behind a body that ${early} before it was whole is not carried out`,
      async (t) => {
        const hidden = marker();
        upstream.plan(async (connection) => {
          await connection.until((all) => all.includes('hello'));
          await connection.write('HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\n\r\n');
        });
        const caller = await openRaw(gate);
        await caller.send(
          requestText('POST /first HTTP/1.1', ['Host: x', line, 'Content-Length: 10'], 'hello'),
        );
        await caller.answers(1);
        await caller.send(`world${bytes(hidden)}`);
        caller.end();
        await caller.over;
        t.same(
          (await caller.answers(1)).map((answer) => [answer.status, ...valuesIn(answer.lines, 'connection')]),
          [[status, 'close']],
        );
        await ground.settle();
        t.notOk(upstream.reached(hidden));
        caller.reset();
      },
    );
