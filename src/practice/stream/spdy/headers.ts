// Header blocks of SPDY/3.1 (protocol.md §2.2): one zlib stream per direction for the whole connection, primed with the dictionary and
// flushed after each block, so that every block depends on all before it. What comes may be hostile: a small block may inflate to gigabytes.

import { constants, createDeflate, createInflate, type Deflate, type Inflate } from 'node:zlib';
import { spdyDictionary } from '../../../kube/spdydictionary.ts';
import { SpdyProtocolError } from '../../../kube/spdyframes.ts';
import { parseHeaders, type StreamHeaders } from '../../../kube/spdyheaders.ts';

/** Most bytes that a block may inflate to. */
const MAX_BLOCK_BYTES = 64 * 1024;

/** Inflates the blocks of one direction, in the order of its calls. */
export class HeaderDecoder {
  readonly #pump = new Pump(
    createInflate({ dictionary: spdyDictionary(), finishFlush: constants.Z_SYNC_FLUSH }),
  );

  /** @throws SpdyProtocolError when it is no zlib, no header block, or too large; nothing more can be decoded after that. */
  async decode(block: Buffer): Promise<StreamHeaders> {
    return parseHeaders(await this.#pump.pass(block));
  }

  close(): void {
    this.#pump.close();
  }
}

/** Deflates the blocks of one direction, in the order of its calls. */
export class HeaderEncoder {
  readonly #pump = new Pump(
    createDeflate({ dictionary: spdyDictionary(), level: constants.Z_BEST_COMPRESSION }),
  );

  async encode(headers: StreamHeaders): Promise<Buffer> {
    return this.#pump.pass(renderHeaders(headers));
  }

  close(): void {
    this.#pump.close();
  }
}

/** One zlib stream, used block by block. */
class Pump {
  readonly #zlib: Deflate | Inflate;
  #last: Promise<unknown> = Promise.resolve();
  #parts: Buffer[] = [];
  #bytes = 0;
  #fail: (error: Error) => void = () => {};

  constructor(zlib: Deflate | Inflate) {
    this.#zlib = zlib;
    zlib.on('data', (part: Buffer) => {
      this.#parts.push(part);
      this.#bytes += part.length;
      if (this.#bytes > MAX_BLOCK_BYTES)
        zlib.destroy(new SpdyProtocolError('a header block that is too large'));
    });
    zlib.on('error', (error) => this.#fail(error));
    zlib.on('close', () => this.#fail(new Error('closed')));
  }

  pass(block: Buffer): Promise<Buffer> {
    const result = this.#last.then(() => this.#passNow(block));
    this.#last = result.catch(() => {});
    return result;
  }

  close(): void {
    this.#zlib.destroy();
  }

  #passNow(block: Buffer): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      this.#fail = (error) =>
        reject(
          error instanceof SpdyProtocolError ? error : new SpdyProtocolError('headers', { cause: error }),
        );
      if (this.#zlib.destroyed) return this.#fail(new Error('closed'));
      this.#zlib.write(block);
      this.#zlib.flush(constants.Z_SYNC_FLUSH, () => {
        resolve(Buffer.concat(this.#parts));
        this.#parts = [];
        this.#bytes = 0;
      });
    });
  }
}

function renderHeaders(headers: StreamHeaders): Buffer {
  const parts: Buffer[] = [uint32(headers.size)];
  for (const text of [...headers].flat()) {
    const bytes = Buffer.from(text);
    parts.push(uint32(bytes.length), bytes);
  }
  return Buffer.concat(parts);
}

function uint32(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
