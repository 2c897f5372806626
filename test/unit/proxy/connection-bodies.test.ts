import { once } from 'node:events';
import { PassThrough, Readable } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import t from 'tap';
import { get, hear, readUntil, startPooled } from '../../fakes/pool.ts';

// Bodies of requests on their connection: how they are framed, what is not as announced, and how fast they are read.

const EMPTY = 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n';

t.test('a body without Content-Length is sent in chunks, one with it as it is', async (t) => {
  for (const [lines, end, expected] of [
    [[], '0\r\n\r\n', 'Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n'],
    [['content-length', '11'], 'world', 'content-length: 11\r\n\r\nhello world'],
  ] as const) {
    const pooled = await startPooled();
    const heard = hear();
    const body = Readable.from([Buffer.from('hello'), Buffer.alloc(0), Buffer.from(' world')]);
    pooled.pool.send(get({ method: 'POST', lines, body }), heard);
    const peer = await pooled.accepted();
    t.equal(await readUntil(peer, end), `POST / HTTP/1.1\r\n${expected}`);
    peer.write(EMPTY);
    await heard.ended;
    t.match(heard, { status: 200, error: undefined });
    t.equal(pooled.pool.idle, 1);
    await pooled.close();
  }
});

t.test('the head does not wait for the first byte of the body', async (t) => {
  const pooled = await startPooled();
  t.teardown(() => pooled.close());
  const body = new PassThrough();
  pooled.pool.send(get({ method: 'PUT', body }), hear());
  const peer = await pooled.accepted();
  t.match(await readUntil(peer, '\r\n\r\n'), /^PUT/);
});

t.test('a body that is not what was announced fails its request', async (t) => {
  for (const [what, body, code] of [
    ['shorter', Readable.from([Buffer.from('abc')]), 'REQUEST_BODY_BROKEN'],
    ['longer', Readable.from([Buffer.from('abc'), Buffer.from('def')]), 'REQUEST_BODY_BROKEN'],
    [
      'failed',
      new Readable({
        read() {
          this.destroy(Object.assign(new Error('x'), { code: 'OURS' }));
        },
      }),
      'OURS',
    ],
    [
      'closed without an end',
      new Readable({
        read() {
          this.destroy();
        },
      }),
      'REQUEST_BODY_BROKEN',
    ],
    ['destroyed before', new Readable({ read() {} }).destroy(), 'REQUEST_BODY_BROKEN'],
  ] as const) {
    const pooled = await startPooled();
    const heard = hear();
    pooled.pool.send(get({ method: 'PUT', lines: ['Content-Length', '5'], body }), heard);
    await heard.ended;
    t.match(heard, { error: { code }, ends: 1 }, what);
    t.equal(body.destroyed, true, what);
    await pooled.close();
  }
});

t.test(
  'an answer before the end of the body: heard whole, the body ended, the connection closed',
  async (t) => {
    const pooled = await startPooled();
    t.teardown(() => pooled.close());
    const body = new PassThrough();
    const heard = hear();
    pooled.pool.send(get({ method: 'PUT', body }), heard);
    const peer = await pooled.accepted();
    await once(peer, 'data');
    peer.write('HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno');
    await heard.ended;
    t.match(heard, { status: 413, body: 'no', error: undefined });
    t.same([pooled.pool.idle, pooled.sockets[0]?.destroyed, body.destroyed], [0, true, true]);
  },
);

// HTTP/2 callers may say that a body has ended in a frame of its own, long after the last byte.
t.test('a body whose announced bytes are all sent is complete, before its end is heard', async (t) => {
  const pooled = await startPooled();
  t.teardown(() => pooled.close());
  const body = new PassThrough();
  const heard = hear();
  pooled.pool.send(get({ method: 'PUT', lines: ['Content-Length', '2'], body }), heard);
  body.write('ab');
  const peer = await pooled.accepted();
  await readUntil(peer, 'ab');
  peer.write(EMPTY);
  await heard.ended;
  t.same([pooled.pool.idle, heard.error], [1, undefined]);
});

t.test('a body is read no faster than the API server takes it', async (t) => {
  const pooled = await startPooled();
  t.teardown(() => pooled.close());
  const size = 64 * 1024 * 1024;
  let given = 0;
  const body = new Readable({
    read() {
      given += 64 * 1024;
      this.push(given > size ? null : Buffer.alloc(64 * 1024));
    },
  });
  const heard = hear();
  pooled.pool.send(get({ method: 'PUT', lines: ['Content-Length', `${size}`], body }), heard);
  const peer = await pooled.accepted();
  // It reads nothing: wait until no more is given.
  for (let before = -1, still = 0; still < 20; before = given) {
    await nextTurn();
    still = given === before && given > 0 ? still + 1 : 0;
  }
  t.ok(given < size / 2, `${given} of ${size} were read`);
  let received = 0;
  peer.on('data', (chunk: Buffer) => {
    received += chunk.length;
    if (received > size) peer.write(EMPTY);
  });
  await heard.ended;
  t.match(heard, { status: 200, error: undefined });
  t.equal(pooled.pool.idle, 1);
});
