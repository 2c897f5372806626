// SPDY/3.1 frames as Kubernetes uses them (protocol.md §2.1): what comes is read piece by piece, however it was split, and DATA is handed on
// without waiting for the rest of its frame, which may be 16 MiB long. What is read here may be anything: it ends in frames or in an error.

/** Control frame types. */
export const FRAME = {
  synStream: 1,
  synReply: 2,
  rstStream: 3,
  settings: 4,
  ping: 6,
  goAway: 7,
  headers: 8,
  windowUpdate: 9,
} as const;

/** Status codes of RST_STREAM. */
export const RESET = { protocolError: 1, invalidStream: 2, refused: 3, cancel: 5 } as const;

/** Status codes of GOAWAY. */
export const GO_AWAY = { ok: 0, protocolError: 1 } as const;

/** Ends the sender's direction of a stream. */
export const FLAG_FIN = 1;
/** Of SYN_STREAM: the other side has nothing to send. */
export const FLAG_UNIDIRECTIONAL = 2;

const VERSION = 3;
const HEAD_BYTES = 8;
const MAX_ID = 0x7fffffff;
/** Longest control frame that is kept; Kubernetes' own have less than 200 bytes. */
const MAX_CONTROL_BYTES = 64 * 1024;
/** Frames whose content means something here; others are skipped without being kept. */
const READ_TYPES: ReadonlySet<number> = new Set([
  FRAME.synStream,
  FRAME.synReply,
  FRAME.rstStream,
  FRAME.ping,
  FRAME.goAway,
  FRAME.headers,
]);

/** The other side does not speak SPDY/3.1; the connection can't go on. */
export class SpdyProtocolError extends Error {
  override readonly name = 'SpdyProtocolError';
}

/** A whole control frame, or a piece of a DATA frame. `fin` is set on the last piece of a frame that ends its direction. */
export type Frame =
  | { readonly kind: 'data'; readonly id: number; readonly chunk: Buffer; readonly fin: boolean }
  | { readonly kind: 'control'; readonly type: number; readonly flags: number; readonly payload: Buffer };

/** Cuts one direction of a connection into frames. */
export class FrameReader {
  readonly #head = Buffer.alloc(HEAD_BYTES);
  #headBytes = 0;
  /** Bytes that the frame under way still lacks; undefined while a head is read. */
  #left: number | undefined;
  #parts: Buffer[] = [];

  /** Yields what `chunk` completes; the state is right at each yield. @throws SpdyProtocolError */
  *read(chunk: Buffer): Generator<Frame, void> {
    let at = 0;
    for (;;) {
      if (this.#left === undefined) {
        const taken = chunk.copy(this.#head, this.#headBytes, at);
        at += taken;
        this.#headBytes += taken;
        if (this.#headBytes < HEAD_BYTES) return;
        this.#headBytes = 0;
        this.#left = this.#checkedLength();
      } else if (at === chunk.length) return;
      const piece = chunk.subarray(at, at + this.#left);
      at += piece.length;
      const frame = this.#take(piece, this.#left - piece.length);
      if (frame !== undefined) yield frame;
    }
  }

  /** @returns the length of the frame whose head has come. */
  #checkedLength(): number {
    const length = this.#head.readUIntBE(5, 3);
    if (!this.#isControl()) return length;
    const version = this.#head.readUInt16BE(0) & 0x7fff;
    if (version !== VERSION) throw new SpdyProtocolError(`a control frame of version ${version}`);
    if (READ_TYPES.has(this.#type()) && length > MAX_CONTROL_BYTES) {
      throw new SpdyProtocolError(`a control frame of ${length} bytes`);
    }
    return length;
  }

  #isControl(): boolean {
    return ((this.#head[0] ?? 0) & 0x80) !== 0;
  }

  #type(): number {
    return this.#head.readUInt16BE(2);
  }

  #take(piece: Buffer, left: number): Frame | undefined {
    this.#left = left === 0 ? undefined : left;
    const flags = this.#head[4] ?? 0;
    if (!this.#isControl()) {
      const fin = left === 0 && (flags & FLAG_FIN) !== 0;
      if (piece.length === 0 && !fin) return undefined;
      return { kind: 'data', id: this.#head.readUInt32BE(0), chunk: piece, fin };
    }
    const type = this.#type();
    if (!READ_TYPES.has(type)) return undefined;
    this.#parts.push(piece);
    if (left > 0) return undefined;
    const payload = this.#parts.length === 1 ? piece : Buffer.concat(this.#parts);
    this.#parts = [];
    return { kind: 'control', type, flags, payload };
  }
}

/** Reads a stream's id (or a PING's id: `bits` 32) and makes sure that the payload has at least `minBytes`. @throws SpdyProtocolError */
export function readId(payload: Buffer, minBytes: number, bits: 31 | 32 = 31): number {
  if (payload.length < minBytes) throw new SpdyProtocolError('a control frame that is too short');
  const id = payload.readUInt32BE(0);
  return bits === 32 ? id : id & MAX_ID;
}

/** The 8 bytes before `length` bytes (below 2²⁴) of a stream's data. */
export function dataHead(id: number, length: number, fin: boolean): Buffer {
  const head = Buffer.allocUnsafe(HEAD_BYTES);
  head.writeUInt32BE(id, 0);
  head.writeUInt32BE((fin ? FLAG_FIN << 24 : 0) + length, 4);
  return head;
}

/** A control frame: head, then `words` as 32-bit numbers, then `rest`. */
export function controlFrame(type: number, flags: number, words: readonly number[], rest?: Buffer): Buffer {
  const fixed = Buffer.allocUnsafe(HEAD_BYTES + words.length * 4);
  fixed.writeUInt16BE(0x8000 | VERSION, 0);
  fixed.writeUInt16BE(type, 2);
  fixed.writeUInt32BE(flags * 2 ** 24 + words.length * 4 + (rest?.length ?? 0), 4);
  for (const [index, word] of words.entries()) fixed.writeUInt32BE(word, HEAD_BYTES + index * 4);
  return rest === undefined ? fixed : Buffer.concat([fixed, rest]);
}

/** SYN_STREAM with the compressed header block; associated stream, priority and slot are 0. */
export function synStream(id: number, block: Buffer): Buffer {
  return controlFrame(FRAME.synStream, 0, [id, 0], Buffer.concat([Buffer.alloc(2), block]));
}
