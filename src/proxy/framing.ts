// Reads the body of an answer by its framing (RFC 9112 §6.3): none, Content-Length, chunked, or all until the connection ends. Data is
// handed on as it comes, as pieces of what was read. It is as strict as the reader of heads, for the same reason.

import { MAX_HEADER_BYTES } from '../serverlimits.ts';
import { BYTES, type HeadReader, TEXT, TOKEN, UpstreamHeadTooLarge, UpstreamMalformed } from './response.ts';

/** A chunk's size line, its extensions included. Bytes. */
const MAX_SIZE_LINE_BYTES = 1024;
const LF = 0x0a;
const CR = 0x0d;
const COLON = 0x3a;
const SEMICOLON = 0x3b;

/** What is to come next. DATA alone is also the state of a body that is not chunked. */
const DATA = 0;
const DATA_CR = 1;
const DATA_LF = 2;
const SIZE_FIRST = 3;
const SIZE = 4;
const EXTENSION = 5;
const SIZE_LF = 6;
const TRAILER = 7;
const TRAILER_NAME = 8;
const TRAILER_VALUE = 9;
const TRAILER_LF = 10;
const END_LF = 11;

/** Takes what is data. */
export interface DataSink {
  onData(chunk: Buffer): void;
}

/** Reads one body after another; `start` begins one. */
export class BodyReader {
  /** The body is complete. One until the connection ends never is. */
  done = true;
  /** Set by the sink's owner, also from within `onData`: `read` hands nothing on and returns where it stopped. */
  halted = false;
  /** The connection's end is the body's (RFC 9112 §6.3, rule 8). */
  untilClose = false;
  #isChunked = false;
  #state = DATA;
  /** Bytes to come of the body or chunk. */
  #left = 0;
  /** Bytes of this size line, or of the trailers. */
  #lineBytes = 0;

  /** Prepares for the body that follows `head`. `isHead`: the request was HEAD, whose answers have none. */
  start(head: HeadReader, isHead: boolean): void {
    const hasNone = isHead || head.status < 200 || head.status === 204 || head.status === 304;
    this.halted = false;
    this.#isChunked = !hasNone && head.isChunked;
    this.untilClose = !hasNone && !head.isChunked && head.contentLength === undefined;
    this.#left = hasNone ? 0 : this.untilClose ? Number.POSITIVE_INFINITY : (head.contentLength ?? 0);
    this.#state = this.#isChunked ? SIZE_FIRST : DATA;
    this.#lineBytes = 0;
    this.done = !this.#isChunked && this.#left === 0;
  }

  /**
   * Takes the bytes of `chunk` from `from` on, until its end, the body's, or `halted`.
   * @returns the position where it stopped. @throws UpstreamMalformed, UpstreamHeadTooLarge for the trailers
   */
  read(chunk: Buffer, from: number, sink: DataSink): number {
    let at = from;
    while (at < chunk.length && !this.done && !this.halted) {
      if (this.#state === DATA) at = this.#handOn(chunk, at, sink);
      else this.#frame(chunk[at++] as number);
    }
    return at;
  }

  #handOn(chunk: Buffer, from: number, sink: DataSink): number {
    const end = Math.min(chunk.length, from + this.#left);
    this.#left -= end - from;
    if (this.#left === 0) {
      if (this.#isChunked) this.#state = DATA_CR;
      else this.done = true;
    }
    sink.onData(from === 0 && end === chunk.length ? chunk : chunk.subarray(from, end));
    return end;
  }

  /** Takes one byte of what frames the chunks (RFC 9112 §7.1). */
  #frame(byte: number): void {
    switch (this.#state) {
      case DATA_CR:
        this.#expect(byte, CR, DATA_LF);
        break;
      case DATA_LF:
        this.#expect(byte, LF, SIZE_FIRST);
        break;
      case SIZE_FIRST:
      case SIZE:
      case EXTENSION:
        this.#size(byte);
        break;
      case SIZE_LF:
        this.#expect(byte, LF, this.#left === 0 ? TRAILER : DATA);
        this.#lineBytes = 0;
        break;
      case END_LF:
        this.#expect(byte, LF, DATA);
        this.done = true;
        break;
      default:
        this.#trailer(byte);
    }
  }

  #expect(byte: number, wanted: number, next: number): void {
    if (byte !== wanted) throw new UpstreamMalformed('chunks without CRLF in its place');
    this.#state = next;
  }

  /** Digits first, and nothing between them and CR or the extensions, which count for nothing. */
  #size(byte: number): void {
    if (++this.#lineBytes > MAX_SIZE_LINE_BYTES) throw new UpstreamMalformed('a chunk size line too long');
    const digit = this.#state === EXTENSION ? -1 : hexDigit(byte);
    if (digit !== -1) {
      // #left is 0 when a size begins.
      this.#left = this.#left * 16 + digit;
      this.#state = SIZE;
      if (this.#left > Number.MAX_SAFE_INTEGER) throw new UpstreamMalformed('a chunk size too large');
    } else if (byte === CR && this.#state !== SIZE_FIRST) this.#state = SIZE_LF;
    else if (byte === SEMICOLON && this.#state === SIZE) this.#state = EXTENSION;
    else if (this.#state !== EXTENSION || !may(byte, TEXT)) throw new UpstreamMalformed('not a chunk size');
  }

  /** RFC 9112 §7.1.2: trailers are read, as strictly as a head's lines, and dropped. */
  #trailer(byte: number): void {
    if (++this.#lineBytes > MAX_HEADER_BYTES) throw new UpstreamHeadTooLarge();
    if (this.#state === TRAILER && byte === CR) this.#state = END_LF;
    else if (this.#state === TRAILER_LF) this.#expect(byte, LF, TRAILER);
    else if (this.#state === TRAILER_VALUE && byte === CR) this.#state = TRAILER_LF;
    else if (this.#state === TRAILER_NAME && byte === COLON) this.#state = TRAILER_VALUE;
    else if (this.#state === TRAILER_VALUE ? may(byte, TEXT) : may(byte, TOKEN))
      this.#state = this.#state === TRAILER ? TRAILER_NAME : this.#state;
    else throw new UpstreamMalformed('not a trailer line');
  }
}

function may(byte: number, part: number): boolean {
  return ((BYTES[byte] as number) & part) !== 0;
}

function hexDigit(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const letter = byte | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1;
}
