import fc from 'fast-check';
import t from 'tap';
import { controlFrame, dataHead, FRAME, FrameReader, synStream } from '../../../src/kube/spdyframes.ts';
import { HeaderEncoder } from '../../../src/practice/stream/spdy/headers.ts';
import { SpdyWord } from '../../../src/upgrade/spdyword.ts';
import { holds } from '../../properties.ts';

// An exec as kubectl opens it (protocol.md §2.3): a stream after the other, each replied to; then the bytes of the command.

const STATUS = '{"kind":"Status","message":"why"}';
const ORDER = ['error', 'stdin', 'stdout', 'stderr'] as const;

async function openings(order: readonly string[]): Promise<Buffer[]> {
  const encoder = new HeaderEncoder();
  const frames: Buffer[] = [];
  for (const [index, streamtype] of order.entries()) {
    const block = await encoder.encode(new Map([['streamtype', streamtype]]));
    frames.push(synStream(1 + 2 * index, block));
  }
  encoder.close();
  return frames;
}

function reply(id: number): Buffer {
  return controlFrame(FRAME.synReply, 0, [id], Buffer.from('78bb', 'hex'));
}

function data(id: number, bytes: Buffer | string, fin = false): Buffer {
  return Buffer.concat([dataHead(id, bytes.length, fin), Buffer.from(bytes)]);
}

async function opened(order: readonly string[] = ORDER): Promise<SpdyWord> {
  const word = new SpdyWord();
  for (const [index, frame] of (await openings(order)).entries()) {
    word.listen(frame.length, frame);
    const answer = reply(1 + 2 * index);
    word.follow(answer.length, answer, false);
  }
  return word;
}

function framesOf(bytes: Buffer | undefined) {
  return [...new FrameReader().read(bytes ?? Buffer.alloc(0))];
}

t.test('the Status on the error stream, the end of all streams, GOAWAY', async (t) => {
  const word = await opened();
  t.match(framesOf(word.say(STATUS)), [
    { kind: 'data', id: 1, fin: true, chunk: Buffer.from(STATUS) },
    { kind: 'data', id: 3, fin: true },
    { kind: 'data', id: 5, fin: true },
    { kind: 'data', id: 7, fin: true },
    { kind: 'control', type: FRAME.goAway },
  ]);
});

t.test('in whatever order the streams were opened', async (t) => {
  for (const order of [
    ['stdin', 'error', 'stdout'],
    ['stdout', 'stderr', 'resize', 'error'],
  ]) {
    const word = await opened(order);
    t.match(framesOf(word.say(STATUS))[0], {
      id: 1 + 2 * order.indexOf('error'),
      chunk: Buffer.from(STATUS),
    });
  }
});

t.test('however the bytes of both directions are cut', async () => {
  const up = Buffer.concat([
    ...(await openings(ORDER)),
    controlFrame(FRAME.ping, 0, [1]),
    data(3, 'input'),
    Buffer.from('no SPDY at all'),
  ]);
  const sent = [1, 3, 5, 7].map(reply);
  const down = Buffer.concat([
    ...sent,
    data(5, Buffer.alloc(70_000, 0x80)),
    controlFrame(FRAME.ping, 0, [2]),
    data(7, ''),
  ]);
  const sizes = fc.array(fc.integer({ min: 1, max: 50 }), { maxLength: 60 });
  holds(
    fc.property(sizes, sizes, (ups, downs) => {
      const word = new SpdyWord();
      pieces(up, ups, (piece) => word.listen(piece.length, piece));
      pieces(down, downs, (piece) => word.follow(piece.length, piece, false));
      return word.isBetween() && framesOf(word.say(STATUS)).length === 5;
    }),
  );
});

t.test('asked to stop, it stops behind the frame that is under way', async (t) => {
  const frame = data(5, Buffer.alloc(1000));
  for (const passed of [1, 7, 8, 500, 1007]) {
    const word = await opened();
    word.follow(passed, frame, false);
    t.notOk(word.isBetween());
    const rest = Buffer.concat([frame.subarray(passed), data(5, 'more')]);
    t.equal(word.follow(rest.length, rest, true), frame.length - passed);
    t.ok(word.isBetween());
  }
});

t.test('a stream that has ended is not ended again', async (t) => {
  const word = await opened();
  const end = data(5, 'last', true);
  word.follow(end.length, end, false);
  t.same(
    framesOf(word.say(STATUS)).map((frame) => (frame.kind === 'data' ? frame.id : 'control')),
    [1, 3, 7, 'control'],
  );
});

// [what, down, up]: nothing is said after it, and nothing breaks.
const silent: readonly (readonly [string, Buffer, Buffer])[] = [
  ['the command’s own end was told', data(1, '{}', true), Buffer.alloc(0)],
  ['the API server has said goodbye', controlFrame(FRAME.goAway, 0, [0, 0]), Buffer.alloc(0)],
  ['the API server has reset a stream', controlFrame(FRAME.rstStream, 0, [5, 5]), Buffer.alloc(0)],
  ['the caller has said goodbye', Buffer.alloc(0), controlFrame(FRAME.goAway, 0, [0, 0])],
  ['another version', Buffer.from('8002000600000004', 'hex'), Buffer.alloc(0)],
  ['headers that nobody sends', Buffer.alloc(0), controlFrame(FRAME.headers, 0, [1], Buffer.alloc(4))],
  ['a stream that was not replied to yet', Buffer.alloc(0), synStream(9, Buffer.from('4a2c', 'hex'))],
  ['headers that are no zlib', reply(9), synStream(9, Buffer.alloc(40, 7))],
  [
    'more streams than an exec has',
    Buffer.alloc(0),
    Buffer.concat(Array.from({ length: 9 }, () => synStream(9, Buffer.alloc(4)))),
  ],
  ['a frame that is not whole', data(5, 'abc').subarray(0, 9), Buffer.alloc(0)],
];

for (const [what, down, up] of silent)
  t.test(`nothing is said: ${what}`, async (t) => {
    const word = await opened(what.includes('no zlib') ? ['stdin', 'stdout'] : ORDER);
    word.listen(up.length, up);
    t.equal(word.follow(down.length, down, false), down.length);
    t.equal(word.say(STATUS), undefined);
  });

t.test('nothing is said before the first stream', async (t) => {
  t.equal(new SpdyWord().say(STATUS), undefined, 'kubectl drops what comes with the 101');
});

function pieces(bytes: Buffer, sizes: readonly number[], take: (piece: Buffer) => void): void {
  let at = 0;
  for (const size of [...sizes, bytes.length]) {
    const piece = bytes.subarray(at, at + size);
    at += piece.length;
    if (piece.length > 0) take(piece);
  }
}
