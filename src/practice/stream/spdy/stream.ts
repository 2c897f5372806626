// One SPDY stream as a Node Duplex: ending the writable side is a half-close (FIN), destroying it resets the stream (RST_STREAM), and a
// reader that is slow holds back the connection.

import { Duplex } from 'node:stream';
import { RESET } from '../../../kube/spdyframes.ts';
import type { StreamHeaders } from '../../../kube/spdyheaders.ts';

/** What may wait for a stream's reader before the connection is held back. */
const BUFFER_BYTES = 256 * 1024;
const NOTHING = Buffer.alloc(0);

/** What a stream needs of its session. */
export interface StreamCarrier {
  readonly data: (id: number, chunk: Buffer, fin: boolean, done: () => void) => void;
  readonly reset: (id: number, status: number) => void;
  /** The stream is over: both directions ended, or it was reset. */
  readonly forget: (id: number) => void;
}

/** A stream. An error without listeners is dropped: what breaks is the caller's connection, never the process. */
export class SpdyStream extends Duplex {
  readonly id: number;
  /** What the SYN_STREAM said. */
  readonly headers: StreamHeaders;
  readonly #carrier: StreamCarrier;
  #room: () => void = () => {};
  #sentEnd = false;
  #receivedEnd = false;
  #resetByPeer = false;
  #ignoring = false;

  constructor(id: number, headers: StreamHeaders, carrier: StreamCarrier) {
    super({ allowHalfOpen: true, readableHighWaterMark: BUFFER_BYTES, writableHighWaterMark: BUFFER_BYTES });
    this.id = id;
    this.headers = headers;
    this.#carrier = carrier;
    this.on('error', () => {});
  }

  /** Takes what came; resolves when the reader has room again, undefined means that it has. */
  receive(chunk: Buffer): Promise<void> | undefined {
    if (this.destroyed || this.#receivedEnd || this.#ignoring || this.push(chunk)) return undefined;
    return new Promise((resolve) => {
      this.#room = resolve;
    });
  }

  /** The other side has half-closed. */
  receiveEnd(): void {
    if (this.#receivedEnd) return;
    this.#receivedEnd = true;
    this.push(null);
  }

  /** The other side has reset the stream. */
  receiveReset(status: number): void {
    this.#resetByPeer = true;
    this.destroy(new Error(`the stream was reset with status ${status}`));
  }

  /** Drops what comes from now on. @returns itself */
  ignoreInput(): this {
    this.#ignoring = true;
    this.#room();
    this.resume();
    return this;
  }

  override _read(): void {
    this.#room();
  }

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.#carrier.data(this.id, chunk, false, done);
  }

  override _final(done: () => void): void {
    this.#sentEnd = true;
    this.#carrier.data(this.id, NOTHING, true, done);
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#room();
    const over = this.#resetByPeer || (this.#sentEnd && this.#receivedEnd);
    if (!over) this.#carrier.reset(this.id, RESET.cancel);
    this.#carrier.forget(this.id);
    done(error);
  }
}
