// Requests while the API server closes the connections that the gate keeps to it. Callers speak HTTP/1.1 and HTTP/2; to the API server it is always
// HTTP/1.1, so that the GOAWAY of an API server, which is HTTP/2's, is `Connection: close` here.

import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import t from 'tap';
import { type Caller, caller, refusalOf, SPEECHES } from '../fakes/caller.ts';
import { eventually } from '../fakes/sessions.ts';
import { recordFacts } from '../reliability/facts.ts';
import { answer, startFaultyServer } from './faultyserver.ts';
import { openNow, startGround, upstreamErrors } from './ground.ts';

const MANY = Number(process.env['POSTERN_CHAOS_MANY'] ?? 50);

const facts = recordFacts('chaos-apiserver-requests');
const server = await startFaultyServer();
const ground = await startGround({ upstreams: [{ name: 'main', upstream: server }] });
const callers = SPEECHES.map((speech) =>
  caller({ port: ground.gate.port, ca: ground.gate.files.ca }, speech),
);
t.teardown(async () => {
  for (const one of callers) one.close();
  await ground.stop();
  await server.close();
});

const authorize = (token: string) => ['Authorization', `Bearer ${token}`];

/** Has each caller make a case. @returns the slowest */
async function eachSpeech(one: (caller: Caller) => Promise<number>): Promise<number> {
  let slowest = 0;
  for (const each of callers) slowest = Math.max(slowest, await one(each));
  return slowest;
}

/** Answers each request at once, the connection kept, and counts them. */
function serveWell(lines: readonly string[] = []): { readonly heads: string[]; readonly kept: Set<Socket> } {
  const heads: string[] = [];
  const kept = new Set<Socket>();
  server.plan.serve = ({ head, socket, raw }) => {
    heads.push(head);
    kept.add(raw);
    socket.write(answer('{"good":true}', lines));
  };
  return { heads, kept };
}

await facts.fault(
  'the API server says `Connection: close` with its answer',
  (t) =>
    eachSpeech(async (one) => {
      const { heads, kept } = serveWell(['Connection: close']);
      const { user, token } = await ground.someone();
      const begun = performance.now();
      for (let i = 0; i < 3; i++) {
        const reply = await one.call({ path: `/api/v1/pods?n=${i}`, headers: authorize(token) });
        t.same([reply.status, reply.complete, String(reply.body)], [200, true, '{"good":true}'], one.speech);
        t.notMatch(reply.rawHeaders.join(), /close/, 'it is said to the gate, not to the caller');
      }
      t.same([heads.length, kept.size], [3, 3], 'each has a connection of its own');
      t.match(await ground.requestOf(user), { status: 200 });
      return performance.now() - begun;
    }),
  3 * callers.length,
);

/** A kept connection whose next request is read, and then answered by its end. @returns what was read on any connection */
async function stale(end: (raw: Socket, socket: TLSSocket) => void): Promise<string[]> {
  await freshConnection();
  const heads: string[] = [];
  server.plan.serve = ({ head, socket, raw }) => {
    // What is left of a body is no request.
    const [request = '', version] = head.split(' HTTP/');
    if (version === undefined) return;
    heads.push(request);
    if (heads.length === 1) end(raw, socket);
    else socket.write(answer('{"good":true}'));
  };
  return heads;
}

/** Leaves the gate with one connection to the API server, which has been used and is idle. */
async function freshConnection(): Promise<void> {
  server.hangUp();
  await eventually(() => server.open() === 0);
  serveWell();
  const { token } = await ground.someone();
  // Should the gate not have heard yet, it is sent again: what it holds after that is new.
  const reply = await callers[0]?.call({ path: '/version', headers: authorize(token) });
  if (reply?.status !== 200 || server.open() !== 1) throw new Error('not one good connection');
}

const CLOSES: readonly (readonly [how: string, end: (raw: Socket, socket: TLSSocket) => void])[] = [
  ['end', (_, socket) => void socket.end()],
  ['reset', (raw) => void raw.resetAndDestroy()],
];

await facts.fault(
  'the API server closes a kept connection under a GET or HEAD',
  async (t) => {
    let slowest = 0;
    for (const [how, end] of CLOSES)
      for (const method of ['GET', 'HEAD'])
        slowest = Math.max(
          slowest,
          await eachSpeech(async (one) => {
            const { user, token } = await ground.someone();
            const heads = await stale(end);
            const begun = performance.now();
            const reply = await one.call({ method, path: '/api/v1/pods?again', headers: authorize(token) });
            const what = `${method}, ${how}, ${one.speech}`;
            t.same([reply.status, reply.complete], [200, true], what);
            t.same(heads, Array(2).fill(`${method} /api/v1/pods?again`), 'it was sent again, once');
            t.match(await ground.requestOf(user), { status: 200 });
            return performance.now() - begun;
          }),
        );
    return slowest;
  },
  2 * CLOSES.length * callers.length,
);

const WRITES = ['POST', 'PUT', 'PATCH', 'DELETE'] as const;

await facts.fault(
  'the API server closes a kept connection under a write',
  async (t) => {
    let slowest = 0;
    for (const [how, end] of CLOSES)
      for (const method of WRITES)
        slowest = Math.max(
          slowest,
          await eachSpeech(async (one) => {
            const { user, token } = await ground.someone();
            const heads = await stale(end);
            const begun = performance.now();
            const reply = await one.call({
              ...{ method, path: '/api/v1/namespaces/default/pods/a', headers: authorize(token) },
              ...(method === 'DELETE' ? {} : { body: Buffer.from('{}') }),
            });
            const tookMs = performance.now() - begun;
            const what = `${method}, ${how}, ${one.speech}`;
            t.match(refusalOf(reply), { http: 502, kind: 'Status', cause: 'UPSTREAM_RESET' }, what);
            t.same(heads, [`${method} /api/v1/namespaces/default/pods/a`], 'it was sent once');
            t.match(await ground.requestOf(user), { status: 502, error: 'UPSTREAM_RESET' });
            return tookMs;
          }),
        );
    return slowest;
  },
  WRITES.length * CLOSES.length * callers.length,
);

await facts.fault(
  'the API server closes all kept connections at once, under load',
  async (t) => {
    const { user, token } = await ground.someone();
    const { kept, heads } = serveWell();
    const round = (n: number) =>
      Promise.all(
        Array.from({ length: MANY }, (_, i) => {
          const one = callers[i % callers.length] as Caller;
          return one.call({ path: `/api/v1/pods?round=${n}&i=${i}`, headers: authorize(token) });
        }),
      );
    await round(0);
    const begun = performance.now();
    for (let n = 1; n <= 3; n++) {
      for (const raw of kept) raw.resetAndDestroy();
      kept.clear();
      const replies = await round(n);
      t.same(new Set(replies.map(({ status }) => status)), new Set([200]), 'each request is answered');
    }
    t.ok(heads.length >= 4 * MANY);
    t.match(await ground.requestOf(user), { status: 200 });
    return performance.now() - begun;
  },
  3,
);

t.test('the gate is as before', async (t) => {
  for (const one of callers) one.close();
  await eventually(async () => (await openNow(ground.gate)) === 0);
  server.hangUp();
  await ground.settled(t, facts, 'kept connections that the API server closed');
  t.equal(await upstreamErrors(ground.gate, 'internal'), 0);
});
