// What holds for any bytes that a server sends over WebSocket: the counter of frames, fed in any pieces, knows as much as a reader that has all of
// them at once, and where it is asked to stop is the first place where a word can be said.

import fc from 'fast-check';
import t from 'tap';
import { SocketWord } from '../../../src/upgrade/socketword.ts';
import { holds } from '../../properties.ts';

/** RFC 6455 §5.2, of all bytes at once: whether a new message may begin behind them, and whether there is none any more. */
function model(bytes: Buffer): { between: boolean; over: boolean } {
  let at = 0;
  let isFragmented = false;
  const none = { between: false, over: true };
  const within = { between: false, over: false };
  while (at < bytes.length) {
    const [first = 0, second] = bytes.subarray(at);
    if (second === undefined) return within;
    const short = second & 0x7f;
    const head = short < 126 ? 2 : short === 126 ? 4 : 10;
    if (at + head > bytes.length) return within;
    const length =
      short < 126
        ? BigInt(short)
        : short === 126
          ? BigInt(bytes.readUInt16BE(at + 2))
          : bytes.readBigUInt64BE(at + 2);
    const opcode = first & 0x0f;
    const isData = opcode === 1 || opcode === 2;
    if (second >= 0x80 || length >= 1n << 48n || !(opcode <= 2 || opcode === 9 || opcode === 10)) return none;
    if ((opcode === 0 && !isFragmented) || (isData && isFragmented)) return none;
    if (opcode <= 2) isFragmented = first < 0x80;
    if (length > BigInt(bytes.length - at - head)) return within;
    at += head + Number(length);
  }
  return { between: !isFragmented, over: false };
}

const frame = fc
  .tuple(
    fc.constantFrom(0x82, 0x82, 0x81, 0x02, 0x00, 0x80, 0x89, 0x8a, 0x88, 0x83),
    fc.constantFrom(0, 1, 5, 125, 126, 300),
  )
  .map(([first, length]) =>
    Buffer.concat([
      length < 126 ? Buffer.from([first, length]) : Buffer.from([first, 126, length >> 8, length & 0xff]),
      Buffer.alloc(length, 0x82),
    ]),
  );
const long = fc
  .constantFrom('827f0000000000000003616263', '827f0001000000000000', '827fffffffffffffffff', '8280')
  .map((hex) => Buffer.from(hex, 'hex'));
const piece = fc.oneof(
  { weight: 8, arbitrary: frame },
  { weight: 1, arbitrary: long },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 4 }).map((one) => Buffer.from(one)) },
);
const stream = fc.array(piece, { maxLength: 7 }).map((some) => Buffer.concat(some));
const sizes = fc.array(fc.integer({ min: 1, max: 140 }), { minLength: 1, maxLength: 6 });

t.test('fed in any pieces it knows what a reader of the whole knows', async (t) => {
  const seen = { between: 0, over: 0 };
  holds(
    fc.property(stream, sizes, (bytes, some) => {
      const word = new SocketWord(false);
      for (let at = 0, i = 0; at < bytes.length; i++) {
        const given = bytes.subarray(at, at + (some[i % some.length] ?? 1));
        if (word.follow(given.length, given, false) !== given.length) return false;
        at += given.length;
      }
      const { between, over } = model(bytes);
      seen.between += Number(between);
      seen.over += Number(over);
      return (
        word.isOver() === over && word.isBetween() === between && (word.say('{}') !== undefined) === between
      );
    }),
    { numRuns: 2000 },
  );
  t.ok(seen.between > 200 && seen.over > 200, JSON.stringify(seen));
});

t.test(
  'asked to stop, it stops at the first place where a word can be said, or lets everything pass',
  async () => {
    holds(
      fc.property(stream, fc.nat(400), (bytes, passed) => {
        const from = Math.min(passed, bytes.length);
        const word = new SocketWord(false);
        word.follow(from, bytes.subarray(0, from), false);
        const rest = bytes.subarray(from);
        const stopped = from + word.follow(rest.length, rest, true);
        const places = Array.from({ length: bytes.length - from }, (_, i) => from + i + 1);
        return stopped === (places.find((end) => model(bytes.subarray(0, end)).between) ?? bytes.length);
      }),
      { numRuns: 1000 },
    );
  },
);
