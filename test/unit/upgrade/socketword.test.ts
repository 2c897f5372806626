import fc from 'fast-check';
import t from 'tap';
import { SocketWord } from '../../../src/upgrade/socketword.ts';
import { lastWordOf } from '../../../src/upgrade/words.ts';
import { holds } from '../../properties.ts';

// Frames that a server sends: RFC 6455 §5.2. What is asked is only where one ends.

const STATUS = '{"kind":"Status","message":"why"}';

/** One frame as a server writes it. */
function frame(first: number, length: number): Buffer {
  const head =
    length < 126
      ? Buffer.from([first, length])
      : length < 65_536
        ? Buffer.from([first, 126, length >> 8, length & 0xff])
        : Buffer.concat([Buffer.from([first, 127]), bigEndian(length)]);
  return Buffer.concat([head, Buffer.alloc(length, 0x82)]);
}

function bigEndian(length: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(length));
  return bytes;
}

function feed(word: SocketWord, bytes: Buffer, sizes: readonly number[] = []): void {
  let at = 0;
  for (const size of [...sizes, bytes.length]) {
    const piece = bytes.subarray(at, at + size);
    at += piece.length;
    word.follow(piece.length, piece, false);
  }
}

t.test('however the bytes are cut, it knows where frames end', async () => {
  const length = fc.oneof(
    fc.integer({ min: 0, max: 200 }),
    fc.constantFrom(125, 126, 65_535, 65_536, 70_000),
  );
  const sizes = fc.array(fc.integer({ min: 1, max: 300 }), { maxLength: 50 });
  holds(
    fc.property(fc.array(length, { minLength: 1, maxLength: 6 }), sizes, (lengths, cuts) => {
      const word = new SocketWord(false);
      const bytes = Buffer.concat(lengths.map((one) => frame(0x82, one)));
      feed(word, bytes, cuts);
      return word.isBetween();
    }),
  );
  holds(
    fc.property(length, sizes, fc.integer({ min: 1, max: 66_000 }), (one, cuts, missing) => {
      const word = new SocketWord(false);
      const whole = frame(0x82, one);
      const part = whole.subarray(0, Math.max(1, whole.length - missing));
      feed(word, part, cuts);
      return word.isBetween() === (part.length === whole.length);
    }),
  );
});

t.test('asked to stop, it stops behind the first whole frame', async (t) => {
  const one = frame(0x82, 1000);
  const all = Buffer.concat([one, frame(0x82, 10), frame(0x82, 10)]);
  for (const passed of [1, 3, 4, 500, 999, 1003]) {
    const word = new SocketWord(false);
    feed(word, all.subarray(0, passed));
    const rest = all.subarray(passed);
    t.equal(word.follow(rest.length, rest, true), one.length - passed, `after ${passed} bytes`);
    t.ok(word.isBetween());
  }
});

t.test('a last word is a message on channel 3 and close 1000', async (t) => {
  const word = new SocketWord(false);
  const said = word.say(STATUS);
  t.same(
    said,
    Buffer.concat([
      Buffer.from([0x82, STATUS.length + 1, 3]),
      Buffer.from(STATUS),
      Buffer.from([0x88, 2, 3, 0xe8]),
    ]),
  );
  const long = 'x'.repeat(300);
  t.same(new SocketWord(false).say(long)?.subarray(0, 5), Buffer.from([0x82, 126, 1, 45, 3]));
  const text = new SocketWord(true).say(STATUS)?.toString('latin1') ?? '';
  t.equal(text.slice(2, -4), `3${Buffer.from(STATUS).toString('base64')}`);
});

// [what, the bytes before, whether something may be said]
const cases: readonly (readonly [string, Buffer, boolean])[] = [
  ['at the start', Buffer.alloc(0), true],
  ['behind a ping', frame(0x89, 0), true],
  ['between the frames of one message', frame(0x02, 5), false],
  ['behind a ping between them', Buffer.concat([frame(0x02, 5), frame(0x89, 3)]), false],
  ['behind the last of them', Buffer.concat([frame(0x02, 5), frame(0x00, 5), frame(0x80, 5)]), true],
  ['behind close', frame(0x88, 2), false],
  ['behind a masked frame, which no server sends', Buffer.from([0x82, 0x80, 1, 2, 3, 4]), false],
  ['behind an unknown kind of frame', frame(0x83, 1), false],
  ['behind a continuation of nothing', frame(0x80, 1), false],
  [
    'behind a length that nobody has',
    Buffer.concat([Buffer.from([0x82, 127]), Buffer.alloc(8, 0xff)]),
    false,
  ],
];

for (const [what, bytes, may] of cases)
  t.test(what, async (t) => {
    const word = new SocketWord(false);
    feed(word, bytes);
    t.equal(word.isBetween(), may);
    t.equal(word.say(STATUS) !== undefined, may);
    if (word.isOver())
      t.equal(word.follow(3, Buffer.from('abc'), true), 3, 'and the bytes go on as they are');
  });

// protocol.md §1.5: from v4 on the error stream holds a Status.
t.test('who has a last word', async (t) => {
  const socket = (protocol: string) => ['Sec-WebSocket-Protocol', protocol];
  const spdy = (version: string) => ['X-Stream-Protocol-Version', version];
  const rows = [
    ['exec', 'websocket', socket('v5.channel.k8s.io'), true],
    ['attach', 'websocket', socket('v4.channel.k8s.io'), true],
    ['exec', 'websocket', socket('v4.base64.channel.k8s.io'), true],
    ['exec', 'websocket', socket('channel.k8s.io'), false],
    ['exec', 'websocket', [], false],
    ['exec', 'spdy', spdy('v4.channel.k8s.io'), true],
    ['exec', 'spdy', spdy('v5.channel.k8s.io'), true],
    ['exec', 'spdy', spdy('v3.channel.k8s.io'), false],
    ['exec', 'spdy', [], false],
    ['portforward', 'spdy', spdy('portforward.k8s.io'), false],
    ['portforward', 'websocket', socket('SPDY/3.1+portforward.k8s.io'), false],
    ['proxy', 'websocket', socket('v4.channel.k8s.io'), false],
  ] as const;
  for (const [kind, protocol, lines, has] of rows)
    t.equal(lastWordOf({ kind, protocol }, lines) !== undefined, has, `${kind} ${lines.join(' ')}`);
});
