import { once } from 'node:events';
import { setImmediate as nextTurn } from 'node:timers/promises';
import t from 'tap';
import { reset } from '../../fakes/peers.ts';
import { get, hear, startPooled } from '../../fakes/pool.ts';

// One request on one connection, and its answer: heard in order, whole or failed, as fast as its handler takes it.

const EMPTY = 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n';
const CHUNKED = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n';

t.test('a request is one write, and its answer is heard in order', async (t) => {
  const pooled = await startPooled();
  t.teardown(() => pooled.close());
  const heard = hear();
  pooled.pool.send(get({ path: '/api?a=%C3', lines: ['Host', 'api', 'X-A', '\xe9', 'x-a', ''] }), heard);
  const peer = await pooled.accepted();
  const [request] = await once(peer, 'data');
  t.equal(request.toString('latin1'), 'GET /api?a=%C3 HTTP/1.1\r\nHost: api\r\nX-A: \xe9\r\nx-a: \r\n\r\n');
  peer.write(
    'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 403 No\r\nA: 1\r\na: 2\r\nContent-Length: 5\r\n\r\nhello',
  );
  await heard.ended;
  t.same(
    [heard.status, heard.message, heard.body, heard.error, heard.ends],
    [403, 'No', 'hello', undefined, 1],
  );
  t.strictSame(heard.lines, ['A', '1', 'a', '2', 'Content-Length', '5']);
  t.equal(pooled.pool.idle, 1);
});

const failures: readonly (readonly [what: string, answer: string, code: string, message?: RegExp])[] = [
  ['nothing', '', 'UPSTREAM_CLOSED', /before it answered/],
  ['half a head', 'HTTP/1.1 200', 'UPSTREAM_CLOSED', /within its answer/],
  ['an informational answer only', 'HTTP/1.1 100 x\r\n\r\n', 'UPSTREAM_CLOSED', /within/],
  ['half a body', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell', 'UPSTREAM_CLOSED', /within/],
  ['no last chunk', `${CHUNKED}1\r\nx\r\n`, 'UPSTREAM_CLOSED', /within/],
  ['a malformed head', 'HTTP/1.1 200 OK\r\nA : b\r\n\r\n', 'UPSTREAM_MALFORMED'],
  ['a malformed chunk', `${CHUNKED}x\r\n`, 'UPSTREAM_MALFORMED'],
  ['101', 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n', 'UPSTREAM_MALFORMED'],
];

t.test('answers that fail, once, and with the connection', async (t) => {
  for (const [what, answer, code, message = /./] of failures) {
    const pooled = await startPooled();
    const heard = hear();
    pooled.pool.send(get(), heard);
    const peer = await pooled.accepted();
    await once(peer, 'data');
    peer.end(answer, 'latin1');
    await heard.ended;
    await pooled.pool.close();
    t.match(heard, { error: { code, message }, ends: 1 }, what);
    await pooled.close();
  }
});

t.test('a body until the connection ends is whole after FIN, and broken after RST', async (t) => {
  for (const isReset of [false, true]) {
    const pooled = await startPooled();
    const heard = hear({ onData: () => isReset && reset(peer) });
    pooled.pool.send(get(), heard);
    const peer = await pooled.accepted();
    await once(peer, 'data');
    peer.write('HTTP/1.1 200 OK\r\n\r\nhello');
    if (!isReset) peer.end();
    await heard.ended;
    t.match(heard, { body: 'hello', error: isReset ? { code: 'ECONNRESET' } : undefined, ends: 1 });
    t.equal(pooled.pool.idle, 0);
    await pooled.close();
  }
});

const lasts: readonly (readonly [what: string, answer: string])[] = [
  ['Connection: close', 'HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n'],
  ['HTTP/1.0', 'HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n'],
  ['a byte too many', `${EMPTY}X`],
  ['a second answer', `${EMPTY}${EMPTY}`],
];

t.test('answers that end well, after which the connection is not used again', async (t) => {
  for (const [what, answer] of lasts) {
    const pooled = await startPooled();
    const heard = hear();
    pooled.pool.send(get(), heard);
    const peer = await pooled.accepted();
    await once(peer, 'data');
    peer.write(answer);
    await heard.ended;
    t.match(heard, { status: 200, error: undefined, ends: 1 }, what);
    t.equal(pooled.pool.idle, 0, what);
    t.equal(pooled.sockets[0]?.destroyed, true, what);
    await pooled.close();
  }
});

t.test('what the handler throws fails its request, and nothing else', async (t) => {
  for (const where of ['onHead', 'onData'] as const) {
    const pooled = await startPooled();
    const heard = hear({
      [where]: () => {
        throw new Error('ours');
      },
    });
    pooled.pool.send(get(), heard);
    const peer = await pooled.accepted();
    await once(peer, 'data');
    peer.write('HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx');
    await heard.ended;
    t.match(heard, { error: { message: 'ours' }, ends: 1 }, where);
    await pooled.close();
  }
});

t.test('abort is heard at once, also from within onHead and onData, and only once', async (t) => {
  for (const where of ['onHead', 'onData'] as const) {
    const pooled = await startPooled();
    const heard = hear({ [where]: () => sending.abort(new Error('gone')) });
    const sending = pooled.pool.send(get(), heard);
    const peer = await pooled.accepted();
    await once(peer, 'data');
    const closed = once(peer, 'close');
    peer.resume();
    peer.write(`${CHUNKED}1\r\na\r\n1\r\nb\r\n0\r\n\r\n`);
    peer.on('end', () => peer.destroy());
    await heard.ended;
    await closed;
    sending.abort(new Error('again'));
    sending.pause();
    sending.resume();
    t.equal(heard.body, where === 'onHead' ? '' : 'a', where);
    t.match(heard, { error: { message: 'gone' }, ends: 1 }, where);
    await pooled.close();
  }
});

t.test(
  'paused, what was read is still heard and nothing more is read; resumed, the rest in order',
  async (t) => {
    const pooled = await startPooled();
    t.teardown(() => pooled.close());
    const heard = hear({ onData: () => sending.pause() });
    const sending = pooled.pool.send(get(), heard);
    const peer = await pooled.accepted();
    await once(peer, 'data');
    peer.write(`${CHUNKED}1\r\na\r\n1\r\nb\r\n`);
    while (heard.body === '') await nextTurn();
    t.equal(heard.body, 'ab', 'one record is heard whole');
    const [socket] = pooled.sockets;
    const read = socket?.bytesRead;
    await new Promise<void>((resolve) => peer.write('1\r\nc\r\n0\r\n\r\n', () => resolve()));
    // It lies in the kernel of this machine; a socket that reads would have it in the next turns.
    for (let turn = 0; turn < 10; turn++) await nextTurn();
    t.same([heard.body, socket?.bytesRead], ['ab', read]);
    sending.resume();
    await heard.ended;
    t.same([heard.body, heard.ends, heard.error], ['abc', 1, undefined]);
    // Reading goes on, so that the idle connection sees its peer close.
    t.equal(pooled.pool.idle, 1);
    peer.end();
    await pooled.pool.close();
  },
);

t.test(
  'a handler that takes one piece at a time gets megabytes in order, and the peer has to wait',
  async (t) => {
    const pooled = await startPooled();
    t.teardown(() => pooled.close());
    const size = 8 * 1024 * 1024;
    let bytes = 0;
    let wrong = 0;
    const heard = hear();
    heard.onData = (chunk) => {
      for (const byte of chunk) if (byte !== bytes++ % 251) wrong++;
      sending.pause();
      setImmediate(() => sending.resume());
    };
    const sending = pooled.pool.send(get(), heard);
    const peer = await pooled.accepted();
    await once(peer, 'data');
    peer.write(`HTTP/1.1 200 OK\r\nContent-Length: ${size}\r\n\r\n`);
    const drained = peer.write(Buffer.from(Uint8Array.from({ length: size }, (_, i) => i % 251)));
    await heard.ended;
    t.same([bytes, wrong, drained, heard.error], [size, 0, false, undefined]);
    t.equal(pooled.pool.idle, 1);
  },
);

t.test('an answer that ends while it is paused leaves a connection that is read', async (t) => {
  const pooled = await startPooled();
  t.teardown(() => pooled.close());
  const heard = hear({ onHead: () => sending.pause() });
  const sending = pooled.pool.send(get(), heard);
  const peer = await pooled.accepted();
  await once(peer, 'data');
  peer.write(EMPTY);
  await heard.ended;
  t.same([heard.error, pooled.pool.idle, pooled.sockets[0]?.isPaused()], [undefined, 1, false]);
});

t.test('what was read before FIN is not lost by a handler that has paused', async (t) => {
  for (const [head, rest, error, body = 'hello'] of [
    ['HTTP/1.1 200 OK\r\n\r\n', 'hello', undefined],
    ['HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n', 'hello', undefined],
    [CHUNKED, '2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n', undefined],
    [CHUNKED, '5\r\nhello\r\n', { code: 'UPSTREAM_CLOSED' }],
    ['HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n', 'hell', { code: 'UPSTREAM_CLOSED' }, 'hell'],
  ] as const) {
    const pooled = await startPooled();
    const heard = hear({ onHead: () => sending.pause() });
    const sending = pooled.pool.send(get(), heard);
    const peer = await pooled.accepted();
    await once(peer, 'data');
    const [socket] = pooled.sockets;
    if (socket === undefined) throw new Error('no connection');
    const closed = once(socket, 'close');
    peer.end(head + rest);
    while (heard.status !== 200) await nextTurn();
    sending.resume();
    await closed;
    t.same([heard.body, heard.ends, pooled.pool.idle, pooled.pool.open], [body, 1, 0, 0], head);
    t.match(heard, { error }, head);
    await pooled.close();
  }
});
