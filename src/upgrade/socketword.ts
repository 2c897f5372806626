// The last word over WebSocket: a message on channel 3, then close with 1000, which kubectl takes for the regular end (protocol.md §1.6). RFC 6455.

import type { LastWord } from './lastword.ts';

const ERROR_CHANNEL = 3;
const FIN = 0x80;
const MASKED = 0x80;
const OPCODE = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;
const MAX_HEAD_BYTES = 10;
/** Close, two bytes, code 1000. */
const CLOSE = Buffer.from([FIN | OPCODE.close, 2, 0x03, 0xe8]);

/** Counts frames that go to the caller. */
export class SocketWord implements LastWord {
  readonly #isBase64: boolean;
  readonly #head = Buffer.alloc(MAX_HEAD_BYTES);
  #headBytes = 0;
  /** Bytes of payload that the frame under way still lacks. */
  #left = 0;
  /** Within a message of several frames; only control frames may come between them. */
  #isFragmented = false;
  /** Lost count, or nothing may follow. */
  #isOver = false;

  constructor(isBase64: boolean) {
    this.#isBase64 = isBase64;
  }

  follow(size: number, bytes: Buffer, stops: boolean): number {
    let at = 0;
    while (at < size && !this.#isOver) {
      if (this.#left > 0) {
        const step = Math.min(this.#left, size - at);
        this.#left -= step;
        at += step;
      } else at = this.#readHead(at, size, bytes);
      if (stops && this.isBetween()) return at;
    }
    return size;
  }

  /** What the caller sends has no part in it. */
  listen(): void {}

  isBetween(): boolean {
    return !this.#isOver && this.#left === 0 && this.#headBytes === 0 && !this.#isFragmented;
  }

  isOver(): boolean {
    return this.#isOver;
  }

  say(status: string): Buffer | undefined {
    if (!this.isBetween()) return undefined;
    const payload = this.#isBase64
      ? Buffer.from(`${ERROR_CHANNEL}${Buffer.from(status).toString('base64')}`)
      : Buffer.concat([Buffer.from([ERROR_CHANNEL]), Buffer.from(status)]);
    const head = Buffer.alloc(4);
    head[0] = FIN | (this.#isBase64 ? OPCODE.text : OPCODE.binary);
    head[1] = 126;
    head.writeUInt16BE(payload.length, 2);
    const short = Buffer.from([head[0], payload.length]);
    return Buffer.concat([payload.length < 126 ? short : head, payload, CLOSE]);
  }

  /** @returns where the head, or what there is of it, ends. */
  #readHead(start: number, size: number, bytes: Buffer): number {
    const head = this.#head;
    for (let at = start; at < size; ) {
      head[this.#headBytes++] = bytes[at++] ?? 0;
      if (this.#headBytes < 2) continue;
      const short = (head[1] ?? 0) & 0x7f;
      const needed = short < 126 ? 2 : short === 126 ? 4 : MAX_HEAD_BYTES;
      if (this.#headBytes < needed) continue;
      this.#headBytes = 0;
      this.#left = short < 126 ? short : short === 126 ? head.readUInt16BE(2) : head.readUIntBE(4, 6);
      // What a server sends is not masked, and no payload has 2⁴⁸ bytes.
      if (((head[1] ?? 0) & MASKED) !== 0 || (short === 127 && head.readUInt16BE(2) !== 0))
        this.#isOver = true;
      this.#begin(head[0] ?? 0);
      return at;
    }
    return size;
  }

  #begin(first: number): void {
    const isLast = (first & FIN) !== 0;
    switch (first & 0x0f) {
      case OPCODE.continuation:
        if (!this.#isFragmented) this.#isOver = true;
        this.#isFragmented = !isLast;
        return;
      case OPCODE.text:
      case OPCODE.binary:
        if (this.#isFragmented) this.#isOver = true;
        this.#isFragmented = !isLast;
        return;
      case OPCODE.ping:
      case OPCODE.pong:
        return;
      default:
        // Close: nothing may follow. Anything else is no WebSocket.
        this.#isOver = true;
    }
  }
}
