import t from 'tap';
import { caller, refusalOf, SPEECHES, valuesOf } from '../fakes/caller.ts';
import { startTestGate } from '../fakes/gate.ts';
import { eventually } from '../fakes/sessions.ts';
import { startUpstream } from '../fakes/upstream.ts';

// limits.unauthenticatedPerAddress (issue 8 §4): what nobody can be recognised for costs an address, and only strangers pay.

const upstream = await startUpstream();
const start = (listen: object = {}) =>
  startTestGate({
    upstreams: [{ name: 'main', upstream }],
    listen: { ...listen },
    config: { limits: { unauthenticatedPerAddress: 1 } },
  });
const gate = await start();
t.teardown(async () => {
  await gate.stop();
  await upstream.close();
});
const bearer = (token: string) => ['Authorization', `Bearer ${token}`];

for (const speech of SPEECHES)
  t.test(`somebody known passes while strangers of the same address are held back (${speech})`, async (t) => {
    const known = bearer(await gate.token());
    const one = caller(gate, speech);
    t.equal((await one.call({ path: '/api/v1/pods', headers: known })).status, 200);
    const answers: number[] = [];
    // Ten at once are allowed, less what the tests before have used up.
    for (let i = 0; i < 15 && !answers.includes(429); i++) {
      const reply = await one.call({ path: '/api/v1/pods', headers: bearer(`rubbish-${speech}-${i}`) });
      answers.push(reply.status);
      if (reply.status !== 429) continue;
      t.match(refusalOf(reply), {
        kind: 'Status',
        code: 429,
        reason: 'TooManyRequests',
        cause: 'TOO_MANY_UNAUTHENTICATED',
      });
      t.same(valuesOf(reply.rawHeaders, 'retry-after'), ['1']);
    }
    t.ok(answers.includes(429), answers.join());
    const reached = upstream.received.length;
    t.equal((await one.call({ path: '/api/v1/pods', headers: known })).status, 200, 'known');
    t.equal(upstream.received.length, reached + 1);
    one.close();
  });

t.test(
  'refusals are held back together: a flood gets one a second for each connection, and nobody waits afterwards',
  async (t) => {
    const one = caller(gate, 'h2');
    const began = performance.now();
    const replies = await Promise.all(
      Array.from({ length: 40 }, (_, i) => one.call({ path: '/api/v1/pods', headers: bearer(`more-${i}`) })),
    );
    const late = replies.filter(({ status }) => status === 429);
    t.ok(late.length >= 35, `${late.length} of 40`);
    t.ok(performance.now() - began >= 1000);
    t.equal(await gate.metric('postern_admission_waiting'), 0);
    t.ok(
      (await gate.metric('postern_admission_refused_total{limit="unauthenticatedPerAddress"}')) >=
        late.length,
    );
    one.close();
  },
);

t.test('behind a trusted proxy each caller has an address of its own; of IPv6 it is the /64', async (t) => {
  const gate = await start({ trustedProxies: ['127.0.0.1/32'] });
  t.teardown(() => gate.stop());
  const one = caller(gate, 'h2');
  const ask = (from: string, i: number) =>
    one.call({ path: '/api/v1/pods', headers: [...bearer(`x-${from}-${i}`), 'X-Forwarded-For', from] });
  const statusesOf = async (from: string, times: number) =>
    (await Promise.all(Array.from({ length: times }, (_, i) => ask(from, i)))).map(({ status }) => status);
  const spent = await statusesOf('2001:db8::1', 14);
  t.ok(spent.filter((status) => status === 429).length >= 3, spent.join());
  t.ok((await statusesOf('2001:db8::2', 3)).includes(429), 'the same /64');
  t.same(await statusesOf('2001:db8:0:1::1', 3), [401, 401, 401], 'its neighbour');
  t.same(await statusesOf('192.0.2.7', 3), [401, 401, 401]);
  one.close();
});

t.test('a caller who leaves while its refusal is held back leaves nothing', async (t) => {
  const one = caller(gate, 'h2');
  const calls = Array.from({ length: 30 }, (_, i) =>
    one.open({ path: '/nowhere', headers: bearer(`leaving-${i}`), end: true }),
  );
  await eventually(async () => (await gate.metric('postern_admission_waiting')) > 0);
  for (const call of calls) call.abort();
  await eventually(async () => (await gate.metric('postern_admission_waiting')) === 0);
  t.match(await gate.logged(({ error }) => error === 'TOO_MANY_UNAUTHENTICATED'), { status: 429 });
  one.close();
});
