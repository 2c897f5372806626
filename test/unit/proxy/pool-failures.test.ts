import { once } from 'node:events';
import { PassThrough, Readable } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import t from 'tap';
import { get, hear, startPooled } from '../../fakes/pool.ts';
import { EMPTY, idleOnes } from './idle.ts';

// Requests whose connection fails them: what may be repeated is sent once more, all else is told, and nothing is sent twice.

t.test('a used connection that closes under a request fails it, and nothing is sent twice', async (t) => {
  const pooled = await startPooled();
  t.teardown(() => pooled.close());
  for (const [what, request] of [
    ['a request that does not say so', get()],
    ['one with a body, whatever it says', get({ mayRepeat: true, body: Readable.from([]) })],
  ] as const) {
    const [peer] = await idleOnes(pooled, 1);
    const before = pooled.upstream.accepted();
    const heard = hear();
    pooled.pool.send(request, heard);
    peer?.once('data', () => peer.end());
    await heard.ended;
    t.match(heard, { error: { code: 'UPSTREAM_CLOSED', message: /before it answered/ }, ends: 1 }, what);
    t.equal(pooled.upstream.accepted(), before);
  }
});

t.test(
  'what may be repeated goes out again, on a connection of its own, when a used one closes under it',
  async (t) => {
    for (const act of [(peer: TLSSocket) => peer.end(), (peer: TLSSocket) => peer.destroy()]) {
      const pooled = await startPooled();
      // The first is as old as the second: it is not tried.
      const [, second] = await idleOnes(pooled, 2);
      if (second === undefined) throw new Error('two were made');
      const heard = hear();
      const sent: string[] = [];
      pooled.pool.send(get({ path: '/again', mayRepeat: true }), heard);
      second.once('data', (bytes) => {
        sent.push(String(bytes));
        act(second);
      });
      const fresh = await pooled.accepted();
      const [again] = await once(fresh, 'data');
      t.strictSame([String(again)], sent, 'the same bytes');
      fresh.write(EMPTY);
      await heard.ended;
      t.match(heard, { status: 200, error: undefined, ends: 1 });
      t.equal(pooled.upstream.accepted(), 3);
      await pooled.close();
    }
  },
);

t.test('it is repeated once, and not when an answer has begun or the connection was new', async (t) => {
  const pooled = await startPooled();
  t.teardown(() => pooled.close());
  const request = get({ mayRepeat: true });
  const [stale] = await idleOnes(pooled, 1);
  const twice = hear();
  pooled.pool.send(request, twice);
  stale?.once('data', () => stale.end());
  const second = await pooled.accepted();
  second.once('data', () => second.end());
  await twice.ended;
  t.match(twice, { error: { code: 'UPSTREAM_CLOSED' }, ends: 1 }, 'the second time it is told');
  const [used] = await idleOnes(pooled, 1);
  const begun = hear();
  pooled.pool.send(request, begun);
  used?.once('data', () => used.end('HTTP/1.1 2'));
  await begun.ended;
  t.match(begun, { error: { code: 'UPSTREAM_CLOSED', message: /within its answer/ }, ends: 1 });
  t.equal(pooled.upstream.accepted(), 3);
});

t.test(
  'who goes away while it is repeated is heard once, and the pool can be closed meanwhile',
  async (t) => {
    const pooled = await startPooled();
    t.teardown(() => pooled.close());
    const [stale] = await idleOnes(pooled, 1);
    const heard = hear();
    const sending = pooled.pool.send(get({ mayRepeat: true }), heard);
    stale?.once('data', () => stale.end());
    const closed = pooled.pool.close();
    const fresh = await pooled.accepted();
    await once(fresh, 'data');
    sending.abort(new Error('gone'));
    t.match(heard, { error: { message: 'gone' }, ends: 1 });
    await closed;
    t.equal(pooled.pool.open, 0);
  },
);

t.test('errors of connecting are heard as they are', async (t) => {
  const pooled = await startPooled();
  await pooled.close();
  const heard = hear();
  pooled.pool.send(get(), heard);
  await heard.ended;
  t.match(heard, { error: { code: 'ECONNREFUSED' }, ends: 1 });
  t.equal(pooled.pool.open, 0);
  await pooled.pool.close();
});

t.test('aborted while it connects: heard at once, nothing sent, and the connection is kept', async (t) => {
  const pooled = await startPooled();
  t.teardown(() => pooled.close());
  const heard = hear();
  const body = new PassThrough();
  pooled.pool.send(get({ method: 'PUT', body }), heard).abort(new Error('gone'));
  t.match(heard, { error: { message: 'gone' }, ends: 1 });
  t.equal(body.destroyed, true);
  const peer = await pooled.accepted();
  while (pooled.pool.idle === 0) await new Promise((resolve) => setImmediate(resolve));
  const next = hear();
  pooled.pool.send(get({ path: '/next' }), next);
  const [request] = await once(peer, 'data');
  t.match(String(request), /^GET \/next /);
  peer.write(EMPTY);
  await next.ended;
  t.same([next.status, pooled.upstream.accepted()], [200, 1]);
});

t.test('paused while it connects: the answer waits', async (t) => {
  const pooled = await startPooled();
  t.teardown(() => pooled.close());
  const heard = hear();
  const sending = pooled.pool.send(get(), heard);
  sending.pause();
  const peer = await pooled.accepted();
  await once(peer, 'data');
  peer.write(EMPTY);
  t.equal(pooled.sockets[0]?.isPaused(), true);
  t.equal(heard.status, 0);
  sending.resume();
  await heard.ended;
  t.equal(heard.status, 200);
});
