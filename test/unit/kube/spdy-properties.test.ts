// What holds for any bytes in place of SPDY/3.1: the same frames, or the one error, however they were split; and a header block that is exactly
// what was written.

import fc from 'fast-check';
import t from 'tap';
import {
  controlFrame,
  dataHead,
  FRAME,
  FrameReader,
  SpdyProtocolError,
} from '../../../src/kube/spdyframes.ts';
import { parseHeaders } from '../../../src/kube/spdyheaders.ts';
import { holds } from '../../properties.ts';

/** What a reader says of chunks, piece by piece put together: frames, bytes of data, and the error. */
function transcript(chunks: readonly Buffer[]): string {
  const reader = new FrameReader();
  const said: string[] = [];
  const data = { id: -1, hex: '' };
  const flush = () => {
    if (data.hex !== '') said.push(`data ${data.id} ${data.hex}`);
    data.hex = '';
  };
  try {
    for (const chunk of chunks)
      for (const frame of reader.read(chunk)) {
        if (frame.kind === 'control' || frame.id !== data.id) flush();
        if (frame.kind === 'control')
          said.push(`${frame.type} ${frame.flags} ${frame.payload.toString('hex')}`);
        else {
          data.id = frame.id;
          data.hex += frame.chunk.toString('hex');
          if (frame.fin) data.hex += ' fin';
        }
      }
  } catch (error) {
    flush();
    if (error instanceof SpdyProtocolError) return [...said, error.message].join('\n');
    throw error;
  }
  flush();
  return said.join('\n');
}

/** In pieces of these sizes, again and again. */
function cut(bytes: Buffer, sizes: readonly number[]): Buffer[] {
  const pieces: Buffer[] = [];
  for (let at = 0, i = 0; at < bytes.length; i++) {
    const size = sizes[i % sizes.length] ?? 1;
    pieces.push(bytes.subarray(at, at + size));
    at += size;
  }
  return pieces;
}

const bytes = (maxLength: number) => fc.uint8Array({ maxLength }).map((one) => Buffer.from(one));
const id = fc.oneof(fc.integer({ min: 0, max: 9 }), fc.integer({ min: 0, max: 0x7fffffff }));
const frame = fc.oneof(
  fc
    .tuple(id, bytes(40), fc.boolean())
    .map(([one, its, fin]) => Buffer.concat([dataHead(one, its.length, fin), its])),
  fc
    .tuple(fc.constantFrom(...Object.values(FRAME), 5, 0xffff), fc.nat(255), bytes(40))
    .map(([type, flags, rest]) => controlFrame(type, flags, [], rest)),
  fc
    .constantFrom('8002000600000000', '8003000100ffffff', '8003000100010001', '80030004000000ff')
    .map((hex) => Buffer.from(hex, 'hex')),
  bytes(9),
);
const stream = fc.array(frame, { maxLength: 8 }).map((some) => Buffer.concat(some));
const sizes = fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 6 });

t.test('any bytes are the same frames and the same error however they were split', async () => {
  holds(
    fc.property(stream, sizes, (whole, some) => transcript([whole]) === transcript(cut(whole, some))),
    { numRuns: 2000 },
  );
});

t.test('a control frame of another version, or of more than is kept, is an error', async () => {
  const head = fc.tuple(fc.nat(0x7fff), fc.constantFrom(...Object.values(FRAME), 5), fc.nat(0xffffff));
  holds(
    fc.property(head, fc.boolean(), ([version, type, length], isOurs) => {
      const bytes = controlFrame(type, 0, []);
      bytes.writeUInt16BE(0x8000 | (isOurs ? 3 : version), 0);
      bytes.writeUIntBE(length, 5, 3);
      const isKept = type !== FRAME.settings && type !== FRAME.windowUpdate && type !== 5;
      const isBad = (!isOurs && version !== 3) || (isKept && length > 64 * 1024);
      return transcript([bytes]).startsWith('a control frame of') === isBad;
    }),
    { numRuns: 500 },
  );
});

t.test('frames that are whole are read as they were written', async () => {
  const data = fc.tuple(
    id,
    bytes(40).filter((one) => one.length > 0),
    fc.boolean(),
  );
  holds(
    fc.property(fc.array(data, { minLength: 1, maxLength: 6 }), sizes, (frames, some) => {
      const wire = Buffer.concat(
        frames.flatMap(([one, its, fin]) => [
          dataHead(one, its.length, fin),
          its,
          controlFrame(FRAME.ping, 0, [7]),
        ]),
      );
      const expected = frames.flatMap(([one, its, fin]) => [
        `data ${one} ${its.toString('hex')}${fin ? ' fin' : ''}`,
        '6 0 00000007',
      ]);
      return transcript(cut(wire, some)) === expected.join('\n');
    }),
  );
});

/** An inflated block: counts and lengths in four bytes (protocol.md §2.2). */
function block(entries: readonly (readonly [string, string])[]): Buffer {
  const word = (value: number) => {
    const four = Buffer.alloc(4);
    four.writeUInt32BE(value);
    return four;
  };
  const text = (one: string) => [word(Buffer.byteLength(one)), Buffer.from(one)];
  return Buffer.concat([
    word(entries.length),
    ...entries.flatMap(([name, value]) => [...text(name), ...text(value)]),
  ]);
}

function headersOf(given: Buffer): ReadonlyMap<string, string> | undefined {
  try {
    return parseHeaders(given);
  } catch (error) {
    if (error instanceof SpdyProtocolError) return undefined;
    throw error;
  }
}

t.test('a header block is what was written, and no other bytes are read as the same', async (t) => {
  const name = fc.oneof(
    fc.stringMatching(/^[a-z0-9:-]{1,12}$/),
    fc.constantFrom('streamtype', '__proto__', 'constructor'),
  );
  const entries = fc.uniqueArray(fc.tuple(name, fc.string({ unit: 'grapheme', maxLength: 8 })), {
    selector: ([one]) => one,
    maxLength: 5,
  });
  const wellFormed = entries.filter((some) => some.every(([, value]) => value.isWellFormed()));
  holds(
    fc.property(
      wellFormed,
      (some) => JSON.stringify([...(headersOf(block(some)) ?? [])]) === JSON.stringify(some),
    ),
  );
  const repeated = fc.array(fc.tuple(fc.constantFrom('a', 'b'), fc.constantFrom('', 'x')), { maxLength: 4 });
  const edit = fc.tuple(fc.nat(200), fc.nat(2), bytes(3));
  let read = 0;
  holds(
    fc.property(fc.oneof(entries, repeated), fc.array(edit, { maxLength: 2 }), (some, edits) => {
      const given = edits.reduce(
        (all, [at, removed, put]) =>
          Buffer.concat([all.subarray(0, at % all.length), put, all.subarray((at % all.length) + removed)]),
        block(some),
      );
      const headers = headersOf(given);
      if (headers === undefined) return true;
      read++;
      const isText = ![...headers].flat().some((one) => one.includes('\ufffd'));
      return (
        !isText ||
        (block([...headers]).equals(given) &&
          [...headers.keys()].every((one) => one !== '' && one === one.toLowerCase()))
      );
    }),
    { numRuns: 3000 },
  );
  t.ok(read > 300, `${read} were read`);
});
