import { constants, createDeflate, createInflate } from 'node:zlib';
import fc from 'fast-check';
import t from 'tap';
import { spdyDictionary } from '../../../../../src/kube/spdydictionary.ts';
import { SpdyProtocolError } from '../../../../../src/kube/spdyframes.ts';
import { parseHeaders } from '../../../../../src/kube/spdyheaders.ts';
import { HeaderDecoder, HeaderEncoder } from '../../../../../src/practice/stream/spdy/headers.ts';
import { holdsInTime } from '../../../../properties.ts';

/** What a plain zlib with the dictionary makes of bytes. */
async function deflated(bytes: Buffer): Promise<Buffer> {
  const deflate = createDeflate({ dictionary: spdyDictionary() });
  const parts: Buffer[] = [];
  deflate.on('data', (part: Buffer) => parts.push(part));
  deflate.write(bytes);
  await new Promise<void>((resolve) => deflate.flush(constants.Z_SYNC_FLUSH, resolve));
  return Buffer.concat(parts);
}

t.test("the first block begins as kubectl's does (protocol.md §2.2)", async (t) => {
  const encoder = new HeaderEncoder();
  const block = await encoder.encode(new Map([['streamtype', 'error']]));
  t.equal(block.subarray(0, 6).toString('hex'), '78f9e3c6a7c2');
  const inflate = createInflate({ dictionary: spdyDictionary() });
  const text = new Promise<Buffer>((resolve) => inflate.once('data', resolve));
  inflate.write(block);
  t.equal((await text).toString('latin1'), '\0\0\0\x01\0\0\0\x0astreamtype\0\0\0\x05error');
  encoder.close();
});

t.test('blocks of one direction build on each other', async (t) => {
  const sessions = fc.array(fc.dictionary(fc.stringMatching(/^[a-z0-9-]{1,20}$/), fc.string()), {
    maxLength: 12,
  });
  await holdsInTime(
    fc.asyncProperty(sessions, async (blocks) => {
      const [encoder, decoder] = [new HeaderEncoder(), new HeaderDecoder()];
      const maps = blocks.map((block) => new Map(Object.entries(block)));
      // All at once: both keep the order of their calls.
      const wire = await Promise.all(maps.map((map) => encoder.encode(map)));
      t.same(await Promise.all(wire.map((block) => decoder.decode(block))), maps);
      encoder.close();
      decoder.close();
    }),
    { numRuns: 30 },
  );
});

t.test('a block out of its order is an error', async (t) => {
  const [encoder, decoder] = [new HeaderEncoder(), new HeaderDecoder()];
  await encoder.encode(new Map([['a', 'b']]));
  const second = await encoder.encode(new Map([['a', 'b']]));
  await t.rejects(decoder.decode(second), SpdyProtocolError);
  await t.rejects(decoder.decode(second), SpdyProtocolError, 'and so is all that follows');
  encoder.close();
});

t.test('a block that inflates to too much is an error, and is not inflated', async (t) => {
  const decoder = new HeaderDecoder();
  const bomb = await deflated(Buffer.alloc(40 * 1024 * 1024));
  t.ok(bomb.length < 64 * 1024, 'it fits into a frame');
  const before = process.memoryUsage().arrayBuffers;
  await t.rejects(decoder.decode(bomb), SpdyProtocolError);
  t.ok(process.memoryUsage().arrayBuffers - before < 8 * 1024 * 1024);
});

t.test('a decoder that is closed answers', async (t) => {
  const decoder = new HeaderDecoder();
  decoder.close();
  await t.rejects(decoder.decode(Buffer.of(1)), SpdyProtocolError);
});

t.test('a header block is exactly what it says', async (t) => {
  const wrong: readonly [what: string, block: string][] = [
    ['nothing', ''],
    ['half a count', '\0\0'],
    ['a header that is missing', '\0\0\0\x01'],
    ['a count of 4 thousand million', '\xff\xff\xff\xff'],
    ['a name longer than the block', '\0\0\0\x01\0\0\0\x09a'],
    ['an empty name', '\0\0\0\x01\0\0\0\0\0\0\0\0'],
    ['a name in upper case', '\0\0\0\x01\0\0\0\x01A\0\0\0\0'],
    ['a name that is there twice', '\0\0\0\x02\0\0\0\x01a\0\0\0\0\0\0\0\x01a\0\0\0\0'],
    ['more than it says', '\0\0\0\0\0'],
  ];
  for (const [what, block] of wrong) {
    t.throws(() => parseHeaders(Buffer.from(block, 'latin1')), SpdyProtocolError, what);
  }
});
