import { createHash } from 'node:crypto';
import fc from 'fast-check';
import t from 'tap';
import { spdyDictionary } from '../../../src/kube/spdydictionary.ts';
import {
  controlFrame,
  dataHead,
  FRAME,
  type Frame,
  FrameReader,
  readId,
  SpdyProtocolError,
  synStream,
} from '../../../src/kube/spdyframes.ts';
import { holds } from '../../properties.ts';

/** What a reader makes of chunks, with the pieces of each DATA frame put together. */
function framesOf(chunks: readonly Buffer[]): unknown[] {
  const reader = new FrameReader();
  const all: unknown[] = [];
  const data = new Map<number, { text: string; fin: boolean }>();
  const add = (frame: Frame) => {
    if (frame.kind === 'control') {
      all.push({ type: frame.type, flags: frame.flags, payload: frame.payload.toString('hex') });
      return;
    }
    const before = data.get(frame.id)?.text ?? '';
    data.set(frame.id, { text: before + frame.chunk.toString('hex'), fin: frame.fin });
  };
  for (const chunk of chunks) for (const frame of reader.read(chunk)) add(frame);
  return [...all, ...data];
}

// protocol.md §2.1, written out by hand.
const SESSION = Buffer.from(
  [
    '80030006 00000004 00000001', // PING 1
    '00000003 00000005 68656c6c6f', // DATA 5 bytes on stream 3
    '80030004 0000000c 00000001 00000004 00000064', // SETTINGS, skipped
    '80030003 00000008 00000005 00000005', // RST_STREAM 5 CANCEL
    '00000003 01000000', // DATA, empty, FIN
    '80030009 00000008 00000001 00000010', // WINDOW_UPDATE, skipped
    '80030007 00000008 00000000 00000000', // GOAWAY
  ]
    .join('')
    .replaceAll(' ', ''),
  'hex',
);
const READ = [
  { type: 6, flags: 0, payload: '00000001' },
  { type: 3, flags: 0, payload: '0000000500000005' },
  { type: 7, flags: 0, payload: '0000000000000000' },
  [3, { text: '68656c6c6f', fin: true }],
];

t.test('the dictionary is the published one (protocol.md §2.2)', async (t) => {
  const dictionary = spdyDictionary();
  t.equal(dictionary.length, 1423);
  t.equal(
    createHash('sha256').update(dictionary).digest('hex'),
    '51d27341373f923f3cd88e1eb7162aeaa3723d7585ff2399201dc06498407f02',
  );
});

t.test('frames are the same however they were split', async (t) => {
  t.same(framesOf([SESSION]), READ, 'in one piece');
  t.same(framesOf([...SESSION].map((byte) => Buffer.of(byte))), READ, 'byte by byte');
  for (let at = 0; at <= SESSION.length; at++) {
    t.same(framesOf([SESSION.subarray(0, at), SESSION.subarray(at)]), READ, `split at ${at}`);
  }
});

t.test('data is handed on before its frame is whole', async (t) => {
  const reader = new FrameReader();
  const head = dataHead(0x7fffffff, 0xffffff, true);
  const [first] = [...reader.read(Buffer.concat([head, Buffer.from('begin')]))];
  t.match(first, { kind: 'data', id: 0x7fffffff, fin: false });
  t.equal((first as Frame & { kind: 'data' }).chunk.toString(), 'begin');
  const rest = [...reader.read(Buffer.alloc(0xffffff - 5))];
  t.match(rest, [{ kind: 'data', fin: true }], 'and FIN comes with its end');
});

t.test('what is written is read', async (t) => {
  holds(
    fc.property(
      fc.integer({ min: 1, max: 0x7fffffff }),
      fc.uint8Array({ maxLength: 300 }),
      fc.boolean(),
      fc.array(fc.integer({ min: 1, max: 20 }), { maxLength: 40 }),
      (id, bytes, fin, cuts) => {
        const payload = Buffer.from(bytes);
        const wire = Buffer.concat([
          dataHead(id, payload.length, fin),
          payload,
          synStream(id, payload),
          controlFrame(FRAME.rstStream, 0, [id, 0xffffffff]),
        ]);
        const chunks: Buffer[] = [];
        let at = 0;
        for (const size of cuts) {
          chunks.push(wire.subarray(at, at + size));
          at += size;
        }
        const frames = framesOf([...chunks, wire.subarray(at)]);
        const idHex = id.toString(16).padStart(8, '0');
        const expected: unknown[] = [
          { type: 1, flags: 0, payload: `${idHex}000000000000${payload.toString('hex')}` },
          { type: 3, flags: 0, payload: `${idHex}ffffffff` },
        ];
        if (payload.length > 0 || fin) expected.push([id, { text: payload.toString('hex'), fin }]);
        t.same(frames, expected);
      },
    ),
    { numRuns: 100 },
  );
});

t.test('what is no SPDY/3.1 is an error', async (t) => {
  const wrong: readonly [what: string, hex: string][] = [
    ['version 2', '8002000100000004'],
    ['a SYN_STREAM of a megabyte', '8003000100100000'],
    ['a GOAWAY of 16 MiB', '8003000700ffffff'],
    ['HTTP that happens to have the top bit', 'c7455420202f2048'],
  ];
  for (const [what, hex] of wrong) {
    t.throws(() => [...new FrameReader().read(Buffer.from(hex, 'hex'))], SpdyProtocolError, what);
  }
  t.throws(() => readId(Buffer.alloc(7), 8), SpdyProtocolError, 'a RST_STREAM that is too short');
  t.same(framesOf([Buffer.from('800300ff00000001ff', 'hex')]), [], 'an unknown type is skipped');
});
