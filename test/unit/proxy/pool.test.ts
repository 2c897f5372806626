import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import t from 'tap';
import { createPool } from '../../../src/proxy/pool.ts';
import { get, hear, KEEP_ALIVE_MS, startPooled } from '../../fakes/pool.ts';
import { answer, EMPTY, idleOnes } from './idle.ts';

// Connections that are used again: which, how long, with nothing of the requests before, until the pool is closed.

t.test('one request after the other uses one connection, and listeners do not grow', async (t) => {
  const pooled = await startPooled();
  t.teardown(() => pooled.close());
  const [peer] = await idleOnes(pooled, 1);
  const [socket] = pooled.sockets;
  if (peer === undefined || socket === undefined) throw new Error('no connection');
  const listeners = () => socket.eventNames().map((name) => [name, socket.listenerCount(name)]);
  const before = listeners();
  for (let i = 0; i < 20; i++) {
    const heard = hear();
    pooled.pool.send(get(), heard);
    t.equal(pooled.pool.idle, 0, 'it was taken at once');
    await answer(peer, heard);
    t.equal(heard.error, undefined);
  }
  t.strictSame(listeners(), before);
  t.same([pooled.upstream.accepted(), pooled.pool.open, pooled.pool.idle], [1, 1, 1]);
});

t.test('onEnd finds the connection free already', async (t) => {
  const pooled = await startPooled();
  t.teardown(() => pooled.close());
  const second = hear();
  const first = hear({ onEnd: () => void pooled.pool.send(get({ path: '/2' }), second) });
  pooled.pool.send(get(), first);
  const peer = await pooled.accepted();
  await answer(peer, first);
  await answer(peer, second);
  t.same([pooled.upstream.accepted(), second.status], [1, 200]);
});

t.test('at the same time each has its own, and the one that became idle last goes first', async (t) => {
  const pooled = await startPooled();
  t.teardown(() => pooled.close());
  const peers = await idleOnes(pooled, 3);
  t.same([pooled.pool.idle, pooled.pool.open], [3, 3]);
  const heard = hear();
  pooled.pool.send(get(), heard);
  const last = peers[2];
  if (last === undefined) throw new Error('three were made');
  await answer(last, heard);
  t.equal(heard.status, 200);
});

t.test('idle connections are closed when they have waited, with one timer for all', async (t) => {
  const pooled = await startPooled();
  t.teardown(() => pooled.close());
  const { pool, time } = pooled;
  const [, second] = await idleOnes(pooled, 2);
  time.advance(KEEP_ALIVE_MS - 1000);
  t.equal(pool.idle, 2);
  const heard = hear();
  pool.send(get(), heard);
  if (second === undefined) throw new Error('two were made');
  await answer(second, heard);
  t.strictSame(time.waiting(), [1000], 'one timer, set once');
  time.advance(1000);
  t.equal(pool.idle, 1, 'the one that was used has time left');
  t.strictSame(time.waiting(), [KEEP_ALIVE_MS - 1000]);
  time.advance(KEEP_ALIVE_MS - 1000);
  t.equal(pool.idle, 0);
  t.strictSame(time.waiting(), []);
  await pool.close();
  t.equal(pool.open, 0);
});

t.test('a connection too old is not used, though its timer be late', async (t) => {
  let now = 0;
  const pooled = await startPooled();
  t.teardown(() => pooled.close());
  await idleOnes(pooled, 1);
  const [socket] = pooled.sockets;
  if (socket === undefined) throw new Error('one was made');
  socket.removeAllListeners();
  let connects = 0;
  const pool = createPool({
    connect: (ready) => {
      connects++;
      if (connects === 1) process.nextTick(ready, socket);
    },
    keepAliveMs: KEEP_ALIVE_MS,
    now: () => now,
    setTimer: () => () => {},
  });
  pool.send(get(), hear()).abort(new Error('not needed'));
  await new Promise((resolve) => setImmediate(resolve));
  t.equal(pool.idle, 1);
  now = KEEP_ALIVE_MS;
  pool.send(get(), hear());
  t.same([connects, socket.destroyed], [2, true]);
});

t.test('a connection whose peer has closed or spoken is not used again', async (t) => {
  for (const act of [
    (peer: TLSSocket) => peer.end(),
    (peer: TLSSocket) => peer.write(EMPTY),
    (peer: TLSSocket) => peer.destroy(),
  ]) {
    const pooled = await startPooled();
    const [peer] = await idleOnes(pooled, 1);
    const [socket] = pooled.sockets;
    if (peer === undefined || socket === undefined) throw new Error('one was made');
    const closed = once(socket, 'close');
    act(peer);
    await closed;
    t.same([pooled.pool.idle, pooled.pool.open], [0, 0]);
    const heard = hear();
    pooled.pool.send(get(), heard);
    await answer(await pooled.accepted(), heard);
    t.match(heard, { status: 200, error: undefined });
    await pooled.close();
  }
});

t.test('what is over can not reach the next request on its connection', async (t) => {
  const pooled = await startPooled();
  t.teardown(() => pooled.close());
  const first = hear();
  const over = pooled.pool.send(get(), first);
  const peer = await pooled.accepted();
  await answer(peer, first);
  const second = hear();
  pooled.pool.send(get(), second);
  over.abort(new Error('late'));
  over.pause();
  await answer(peer, second);
  t.match(second, { status: 200, error: undefined });
  t.match(first, { error: undefined, ends: 1 });
});

t.test('a request that can not be sent throws, and nobody is connected to', async (t) => {
  const pooled = await startPooled();
  t.teardown(() => pooled.close());
  const heard = hear();
  t.throws(() => pooled.pool.send(get({ lines: ['a', 'b\r\nc: d'] }), heard), { name: 'TypeError' });
  t.same([pooled.sockets.length, heard.ends], [0, 0]);
});

t.test('close: the idle now, the busy when they are done, those that connect too', async (t) => {
  const pooled = await startPooled();
  t.teardown(() => pooled.close());
  const { pool } = pooled;
  const [busyPeer] = await idleOnes(pooled, 2).then((peers) => peers.reverse());
  const busy = hear();
  pool.send(get(), busy);
  const connecting = hear();
  t.equal(pool.idle, 1);
  const idle = once(pooled.sockets[0] as TLSSocket, 'close');
  let isClosed = false;
  pool.send(get(), hear()).abort(new Error('takes the idle one'));
  pool.send(get(), connecting);
  const closed = pool.close().then(() => {
    isClosed = true;
  });
  t.throws(() => pool.send(get(), hear()), { name: 'TypeError' });
  await idle;
  if (busyPeer === undefined) throw new Error('two were made');
  await answer(busyPeer, busy);
  t.match(busy, { status: 200, error: undefined });
  t.equal(isClosed, false);
  await answer(await pooled.accepted(), connecting);
  await closed;
  t.match(connecting, { status: 200, error: undefined });
  t.same([pool.idle, pool.open, pooled.time.waiting()], [0, 0, []]);
  await pool.close();
});

t.test('an idle connection keeps nothing of the requests before', async (t) => {
  setFlagsFromString('--expose-gc');
  const gc: () => void = runInNewContext('gc');
  const pooled = await startPooled();
  t.teardown(() => pooled.close());
  const seen: [name: string, reference: WeakRef<object>][] = [];
  const exchange = async () => {
    const body = new PassThrough();
    const heard = hear({
      onHead: (_status, _message, lines) => void seen.push(['lines', new WeakRef(lines)]),
      onData: (chunk) => void seen.push(['chunk', new WeakRef(chunk)]),
    });
    const request = get({ method: 'PUT', body });
    const sending = pooled.pool.send(request, heard);
    seen.push(['handler', new WeakRef(heard)], ['body', new WeakRef(body)]);
    seen.push(['request', new WeakRef(request)], ['sending', new WeakRef(sending)]);
    body.end('some');
    const peer = await pooled.accepted();
    await once(peer, 'data');
    peer.resume();
    peer.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n');
    await heard.ended;
  };
  await exchange();
  t.equal(pooled.pool.idle, 1);
  for (let i = 0; i < 20 && seen.some(([, one]) => one.deref() !== undefined); i++) {
    await new Promise((resolve) => setImmediate(resolve));
    gc();
  }
  t.equal(seen.length, 6);
  for (const [name, reference] of seen) t.equal(reference.deref(), undefined, name);
});
