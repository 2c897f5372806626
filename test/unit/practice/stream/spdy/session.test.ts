import { once } from 'node:events';
import { type Duplex, duplexPair } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';
import t from 'tap';
import {
  controlFrame,
  dataHead,
  FRAME,
  type Frame,
  FrameReader,
  synStream,
} from '../../../../../src/kube/spdyframes.ts';
import { HeaderEncoder } from '../../../../../src/practice/stream/spdy/headers.ts';
import { type SpdyOptions, SpdySession } from '../../../../../src/practice/stream/spdy/session.ts';
import type { SpdyStream } from '../../../../../src/practice/stream/spdy/stream.ts';
import { makeTime } from '../../../../fakes/time.ts';
import { headersOf, readAll } from '../callers.ts';

/** A server whose streams are kept, and the other end of its socket. */
function serve(options: Partial<SpdyOptions> = {}) {
  const [far, near] = duplexPair();
  const streams: SpdyStream[] = [];
  const server = new SpdySession(near, {
    role: 'server',
    accept: () => true,
    onStream: (stream) => streams.push(stream),
    ...options,
  });
  return { far, near, server, streams };
}

/** Both sides. */
function pair(options: Partial<SpdyOptions> = {}) {
  const served = serve(options);
  return { ...served, client: new SpdySession(served.far, { role: 'client' }) };
}

/** Frames as a raw peer sees them. */
function watch(far: Duplex): { readonly frames: Frame[]; readonly until: (type: number) => Promise<Frame> } {
  const reader = new FrameReader();
  const frames: Frame[] = [];
  far.on('data', (chunk: Buffer) => frames.push(...reader.read(chunk)));
  const until = async (type: number) => {
    for (;;) {
      const found = frames.find((frame) => frame.kind === 'control' && frame.type === type);
      if (found !== undefined) return found;
      await once(far, 'data');
    }
  };
  return { frames, until };
}

async function blocks(...headers: Readonly<Record<string, string>>[]): Promise<Buffer[]> {
  const encoder = new HeaderEncoder();
  const all = await Promise.all(headers.map((each) => encoder.encode(headersOf(each))));
  encoder.close();
  return all;
}

t.test('streams have odd ids in order, their headers, and end in each direction by itself', async (t) => {
  const { client, streams, server } = pair();
  const first = await client.open(headersOf({ streamtype: 'error' }));
  const second = await client.open(headersOf({ streamtype: 'data', port: '80' }));
  t.same([first.id, second.id], [1, 3]);
  const [, served] = streams;
  if (served === undefined) throw new Error('no stream');
  t.same(
    [...served.headers],
    [
      ['streamtype', 'data'],
      ['port', '80'],
    ],
  );
  second.end('question');
  t.equal((await readAll(served)).toString(), 'question', 'half-closed by the client');
  served.write('ans');
  served.end('wer');
  t.equal((await readAll(second)).toString(), 'answer', 'and the other half goes on');
  await server.end();
  await client.closed;
});

t.test('the reply comes before any data, though the stream is written to at once', async (t) => {
  const { far } = serve({ onStream: (stream) => stream.end('first') });
  const { frames } = watch(far);
  const [block] = await blocks({ streamtype: 'data' });
  far.write(synStream(1, block ?? Buffer.alloc(0)));
  while (frames.length < 2) await once(far, 'data');
  t.match(frames[0], { kind: 'control', type: FRAME.synReply });
  t.match(frames[1], { kind: 'data', id: 1 });
});

t.test('a stream that is not accepted is reset, and the others go on', async (t) => {
  const { client } = pair({ accept: (headers) => headers.get('streamtype') === 'data' });
  await t.rejects(client.open(headersOf({ streamtype: 'odd' })));
  const stream = await client.open(headersOf({ streamtype: 'data' }));
  t.equal(stream.id, 3);
});

t.test('RST_STREAM destroys the stream on the other side', async (t) => {
  const { client, streams } = pair();
  const stream = await client.open(headersOf({ streamtype: 'data' }));
  const [served] = streams;
  if (served === undefined) throw new Error('no stream');
  const closed = new Promise<void>((resolve) => served.once('close', resolve));
  stream.destroy();
  await closed;
  t.ok(served.errored instanceof Error, 'with an error, so that pipelines break');
});

t.test('PING: the ids of the other side are echoed, our own are not', async (t) => {
  const { client, server, far } = pair();
  await client.ping();
  await server.ping();
  const raw = serve();
  const { frames, until } = watch(raw.far);
  raw.far.write(controlFrame(FRAME.ping, 0, [2])); // an answer to nothing
  raw.far.write(controlFrame(FRAME.ping, 0, [0xffffffff]));
  await until(FRAME.ping);
  t.equal(frames.length, 1);
  t.match(frames[0], { payload: Buffer.from('ffffffff', 'hex') });
  far.destroy();
});

t.test('HEADERS is inflated though nobody wants it, and unknown frames are skipped', async (t) => {
  const { far, streams } = serve();
  const { until } = watch(far);
  const [ignored, block] = await blocks({ streamtype: 'data' }, { streamtype: 'data' });
  far.write(controlFrame(FRAME.headers, 0, [1], ignored));
  far.write(controlFrame(FRAME.settings, 0, [0]));
  far.write(controlFrame(FRAME.windowUpdate, 0, [1, 100]));
  far.write(controlFrame(99, 0, [1, 100]));
  far.write(synStream(1, block ?? Buffer.alloc(0)));
  await until(FRAME.synReply);
  t.equal(streams.length, 1);
});

t.test('data for streams that are over is dropped, for streams that never were is refused', async (t) => {
  const { far, streams } = serve();
  const { frames, until } = watch(far);
  const [block] = await blocks({ streamtype: 'data' });
  far.write(
    Buffer.concat([synStream(1, block ?? Buffer.alloc(0)), controlFrame(FRAME.rstStream, 0, [1, 5])]),
  );
  await until(FRAME.synReply);
  far.write(
    Buffer.concat([dataHead(1, 2, false), Buffer.from('xx'), dataHead(7, 2, false), Buffer.from('xx')]),
  );
  const reset = await until(FRAME.rstStream);
  t.same((reset as Frame & { kind: 'control' }).payload, Buffer.from('0000000700000002', 'hex'));
  t.equal(frames.length, 2);
  t.equal(streams[0]?.destroyed, true);
});

t.test('what is no SPDY ends the connection with GOAWAY, and only that', async (t) => {
  const [good, again] = await blocks({ streamtype: 'data' }, { streamtype: 'data' });
  if (good === undefined || again === undefined) throw new Error('no blocks');
  const wrong: readonly [what: string, bytes: Buffer][] = [
    ['HTTP', Buffer.from('\xc7ET / HTTP/1.1\r\n\r\n', 'latin1')],
    ['an even id', synStream(2, good)],
    ['id 0', synStream(0, good)],
    ['an id twice', Buffer.concat([synStream(1, good), synStream(1, again)])],
    ['an id that goes back', Buffer.concat([synStream(5, good), synStream(3, again)])],
    ['a header block that is no zlib', synStream(1, Buffer.from('not compressed'))],
    ['a short RST_STREAM', controlFrame(FRAME.rstStream, 0, [1])],
    ['an empty PING', controlFrame(FRAME.ping, 0, [])],
    ['a short SYN_STREAM', controlFrame(FRAME.synStream, 0, [1])],
  ];
  for (const [what, bytes] of wrong) {
    const { far, server, streams } = serve();
    const { until } = watch(far);
    far.write(bytes);
    const goAway = (await until(FRAME.goAway)) as Frame & { kind: 'control' };
    t.equal(goAway.payload.readUInt32BE(4), 1, what);
    far.end();
    await server.closed;
    t.ok(
      streams.every(({ destroyed }) => destroyed),
      `${what}: no stream is left`,
    );
  }
});

t.test('a slow reader holds back the connection, and memory stays flat', async (t) => {
  const { client, streams } = pair();
  const stream = await client.open(headersOf({ streamtype: 'data' }));
  const chunk = Buffer.alloc(64 * 1024);
  let written = 0;
  let room = true;
  while (room && written < 64 * 1024 * 1024) {
    stream.write(chunk);
    written += chunk.length;
    for (let turns = 0; turns < 20; turns++) await turn();
    room = !stream.writableNeedDrain;
  }
  t.ok(written < 4 * 1024 * 1024, `${written} bytes went in`);
  const [served] = streams;
  if (served === undefined) throw new Error('no stream');
  stream.end();
  t.equal((await readAll(served)).length, written, 'and all of it comes out');
});

t.test('while it is held back, a PING every 5 s finds out whether the caller is there', async (t) => {
  const time = makeTime();
  const { far, streams } = serve({ setTimer: time.setTimer });
  const { until, frames } = watch(far);
  const [block] = await blocks({ streamtype: 'data' });
  far.write(synStream(1, block ?? Buffer.alloc(0)));
  await until(FRAME.synReply);
  far.write(Buffer.concat([dataHead(1, 400_000, false), Buffer.alloc(400_000)]));
  while (time.waiting().length === 0) await turn();
  time.advance(5_000);
  t.match(await until(FRAME.ping), { payload: Buffer.from('00000002', 'hex') });
  time.advance(5_000);
  while (frames.length < 3) await once(far, 'data');
  streams[0]?.resume();
  while (time.waiting().length > 0) await turn();
  t.pass('and it stops when there is room');
});

t.test('an end of the socket ends every stream, opening and ping', async (t) => {
  const { client, far, near, streams, server } = pair({ accept: () => true });
  const stream = await client.open(headersOf({ streamtype: 'data' }));
  near.pause();
  const opening = client.open(headersOf({ streamtype: 'data' }));
  const refused = t.rejects(opening);
  await turn();
  const ping = client.ping();
  far.destroy();
  await refused;
  await ping;
  await client.closed;
  t.equal(stream.destroyed, true);
  near.destroy();
  await server.closed;
  t.ok(streams.every(({ destroyed }) => destroyed));
  await t.rejects(client.open(headersOf({})), 'and nothing can be opened');
});

t.test('a socket that is closed already', async (t) => {
  const [, near] = duplexPair();
  near.destroy();
  await once(near, 'close');
  await new SpdySession(near, { role: 'server' }).closed;
  t.pass('closed');
});

t.test('the other side that does not close after GOAWAY is closed', async (t) => {
  const time = makeTime();
  const { server, far } = serve({ setTimer: time.setTimer });
  const { until } = watch(far);
  void server.end();
  await until(FRAME.goAway);
  time.advance(10_000);
  await server.closed;
  t.same(time.waiting(), [], 'no timer is left');
});

t.test('thousands of streams: the last are refused', async (t) => {
  const { client } = pair();
  for (let opened = 0; opened < 4096; opened++) await client.open(headersOf({}));
  await t.rejects(client.open(headersOf({})));
});
