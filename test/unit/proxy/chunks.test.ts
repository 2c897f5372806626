// Chunks as they go out, read back by the gate's own reader of chunks and by Node's.

import fc from 'fast-check';
import t from 'tap';
import { CHUNK_ROOM, frameChunk, LAST_CHUNK } from '../../../src/proxy/chunks.ts';
import { BodyReader } from '../../../src/proxy/framing.ts';
import { HeadReader } from '../../../src/proxy/response.ts';
import { holds } from '../../properties.ts';

const HEAD = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n';

/** A piece as Gather hands it over: copied between its rooms, in memory that held something else before. */
function framed(piece: Buffer, spare = 0): Buffer {
  const end = CHUNK_ROOM.before + piece.length;
  const memory = Buffer.alloc(end + CHUNK_ROOM.after + spare, 'z');
  piece.copy(memory, CHUNK_ROOM.before);
  return frameChunk(memory, end);
}

// RFC 9112 §7.1: chunk-size is 1*HEXDIG, without zeros in front here.
const cases = [
  { given: 1, line: '1\r\n' },
  { given: 15, line: 'f\r\n' },
  { given: 16, line: '10\r\n' },
  { given: 255, line: 'ff\r\n' },
  { given: 4096, line: '1000\r\n' },
  { given: 163_831, line: '27ff7\r\n' },
  { given: 0xfffff, line: 'fffff\r\n' },
] as const;
for (const { given, line } of cases)
  t.test(`${given} bytes`, async (t) => {
    const chunk = framed(Buffer.alloc(given, 'x'), 5);
    t.equal(chunk.toString('latin1', 0, line.length), line);
    t.equal(chunk.length, line.length + given + 2, 'in the same memory, without what is left of it');
    t.equal(chunk.toString('latin1', chunk.length - 3), 'x\r\n');
  });

t.test('any pieces come back as they were', async (t) => {
  holds(
    fc.property(fc.array(fc.uint8Array({ minLength: 1, maxLength: 5000 }), { maxLength: 20 }), (pieces) => {
      const body = Buffer.concat(pieces);
      const wire = Buffer.concat([...pieces.map((piece) => framed(Buffer.from(piece))), LAST_CHUNK]);
      const head = new HeadReader();
      head.read(Buffer.from(HEAD));
      const reader = new BodyReader();
      const found: Buffer[] = [];
      reader.start(head, false);
      const end = reader.read(wire, 0, { onData: (chunk) => void found.push(chunk) });
      return reader.done && end === wire.length && Buffer.concat(found).equals(body);
    }),
  );
  t.pass();
});
