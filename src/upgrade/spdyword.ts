// The last word over SPDY/3.1: DATA on the error stream, the end of every stream, GOAWAY (protocol.md §1.5, §2). Which stream that is stands in
// the caller's first frames, whose compressed headers are kept, and read only if there is a last word to say.

import { constants, inflateSync } from 'node:zlib';
import { spdyDictionary } from '../kube/spdydictionary.ts';
import { controlFrame, dataHead, FLAG_FIN, FRAME, GO_AWAY } from '../kube/spdyframes.ts';
import { parseHeaders } from '../kube/spdyheaders.ts';
import type { LastWord } from './lastword.ts';

const HEAD_BYTES = 8;
/** First half of a control frame's first word, with its version. */
const CONTROL = 0x8003;
/** exec and attach have five streams at most. */
const MAX_STREAMS = 8;
/** Longest SYN_STREAM that is kept; kubectl's have about 40 bytes. */
const MAX_OPENING_BYTES = 4096;
const MAX_HEADER_BYTES = 64 * 1024;
/** Stream id, associated stream id, priority, slot; the header block follows. */
const OPENING_HEAD_BYTES = 10;

/** Counts frames in both directions. */
export class SpdyWord implements LastWord {
  readonly #down = new FrameCount();
  readonly #up = new FrameCount();
  readonly #openings: Buffer[] = [];
  /** The SYN_STREAM that is being read. */
  #opening: Buffer | undefined;
  #openingBytes = 0;
  #replies = 0;
  /** Streams whose direction to the caller has ended. */
  readonly #ended = new Set<number>();
  /** All streams are open: a caller sends nothing on any before. */
  #knowsStreams = false;
  /** Lost count, or nothing may follow. */
  #isOver = false;

  follow(size: number, bytes: Buffer, stops: boolean): number {
    const down = this.#down;
    let at = 0;
    while (at < size && !this.#isOver) {
      if (down.left > 0) {
        const step = Math.min(down.left, size - at);
        down.left -= step;
        at += step;
      } else {
        at = down.readHead(at, size, bytes);
        if (down.isComplete()) this.#onDown(down.head);
      }
      if (stops && this.isBetween()) return at;
    }
    return size;
  }

  listen(size: number, bytes: Buffer): void {
    const up = this.#up;
    for (let at = 0; at < size && !this.#isOver && !this.#knowsStreams; ) {
      if (up.left > 0) {
        const step = Math.min(up.left, size - at);
        if (this.#opening !== undefined) {
          bytes.copy(this.#opening, this.#openingBytes, at, at + step);
          this.#openingBytes += step;
        }
        up.left -= step;
        at += step;
        if (up.left === 0 && this.#opening !== undefined) {
          this.#openings.push(this.#opening);
          this.#opening = undefined;
        }
      } else {
        at = up.readHead(at, size, bytes);
        if (up.isComplete()) this.#onUp(up.head, up.left);
      }
    }
  }

  isBetween(): boolean {
    return !this.#isOver && this.#down.left === 0 && this.#down.isComplete();
  }

  isOver(): boolean {
    return this.#isOver;
  }

  say(status: string): Buffer | undefined {
    // A caller that waits for the reply to its next stream would not look.
    if (!this.isBetween() || this.#opening !== undefined || this.#replies !== this.#openings.length)
      return undefined;
    const ids = this.#openings.map((opening) => opening.readUInt32BE(0));
    const error = ids[this.#errorStream()];
    if (error === undefined || this.#ended.has(error)) return undefined;
    const text = Buffer.from(status);
    const others = ids.filter((id) => id !== error && !this.#ended.has(id));
    return Buffer.concat([
      dataHead(error, text.length, true),
      text,
      ...others.map((id) => dataHead(id, 0, true)),
      controlFrame(FRAME.goAway, 0, [0, GO_AWAY.ok]),
    ]);
  }

  #onDown(head: Buffer): void {
    const flags = head[4] ?? 0;
    if ((head[0] ?? 0) < 0x80) {
      if ((flags & FLAG_FIN) !== 0) this.#end(head.readUInt32BE(0));
      return;
    }
    const type = head.readUInt16BE(2);
    if (head.readUInt16BE(0) !== CONTROL) this.#isOver = true;
    else if (type === FRAME.synReply) {
      this.#replies++;
      // A stream that ends as it begins is none of Kubernetes'.
      if ((flags & FLAG_FIN) !== 0) this.#isOver = true;
    } else if (type === FRAME.synStream || type === FRAME.rstStream || type === FRAME.goAway)
      this.#isOver = true;
  }

  #onUp(head: Buffer, length: number): void {
    if ((head[0] ?? 0) < 0x80) {
      this.#knowsStreams = true;
      return;
    }
    const type = head.readUInt16BE(2);
    if (head.readUInt16BE(0) !== CONTROL) this.#isOver = true;
    else if (type === FRAME.synStream) {
      const isUsual = length > OPENING_HEAD_BYTES && length <= MAX_OPENING_BYTES;
      if (!isUsual || this.#openings.length === MAX_STREAMS) this.#isOver = true;
      else this.#opening = Buffer.alloc(length);
      this.#openingBytes = 0;
    } else if (type === FRAME.headers || type === FRAME.rstStream || type === FRAME.goAway)
      this.#isOver = true;
  }

  #end(id: number): void {
    this.#ended.add(id);
    if (this.#ended.size > MAX_STREAMS) this.#isOver = true;
  }

  /** @returns its place among the openings, or -1. The blocks are one zlib stream, so that each is read with all before it. */
  #errorStream(): number {
    const blocks = this.#openings.map((opening) => opening.subarray(OPENING_HEAD_BYTES));
    try {
      let read = 0;
      return blocks.findIndex((_, index) => {
        const all = inflateSync(Buffer.concat(blocks.slice(0, index + 1)), {
          dictionary: spdyDictionary(),
          finishFlush: constants.Z_SYNC_FLUSH,
          maxOutputLength: MAX_HEADER_BYTES,
        });
        const headers = parseHeaders(all.subarray(read));
        read = all.length;
        return headers.get('streamtype') === 'error';
      });
    } catch {
      return -1;
    }
  }
}

/** Where in its frames one direction is. */
class FrameCount {
  readonly head = Buffer.alloc(HEAD_BYTES);
  #headBytes = 0;
  /** Bytes of payload that the frame under way still lacks. */
  left = 0;

  /** @returns where the head, or what there is of it, ends; it is complete when isComplete. */
  readHead(start: number, size: number, bytes: Buffer): number {
    let at = start;
    while (at < size && this.#headBytes < HEAD_BYTES) this.head[this.#headBytes++] = bytes[at++] ?? 0;
    if (this.#headBytes === HEAD_BYTES) {
      this.#headBytes = 0;
      this.left = this.head.readUIntBE(5, 3);
    }
    return at;
  }

  /** Whether no head is half read. */
  isComplete(): boolean {
    return this.#headBytes === 0;
  }
}
