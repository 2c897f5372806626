// The sending half of a SPDY connection. SPDY/3.1 as Kubernetes speaks it has no flow control: the only brake is the socket, and all streams
// share it, so each write is answered when the socket has room again.

import type { Duplex } from 'node:stream';
import { dataHead } from '../../../kube/spdyframes.ts';

/** Longest DATA frame that is sent, so that streams take turns. */
const MAX_DATA_BYTES = 64 * 1024;
/** What may wait in the socket before writers wait too. */
const FULL_BYTES = 512 * 1024;
/** What may wait before even answers to control frames are too much: then nothing more is read. */
const FLOODED_BYTES = 4 * 1024 * 1024;

/** Writes frames and tells when there is room for more. */
export class SpdyOutput {
  readonly #socket: Duplex;
  #waiting: (() => void)[] = [];

  constructor(socket: Duplex) {
    this.#socket = socket;
    socket.on('drain', () => this.release());
  }

  /** Sends what a stream wrote; `done` is called when it may write more, at once if that is now. */
  data(id: number, chunk: Buffer, fin: boolean, done: () => void): void {
    const socket = this.#socket;
    if (!this.#open()) {
      done();
      return;
    }
    socket.cork();
    let at = 0;
    do {
      const piece = chunk.subarray(at, at + MAX_DATA_BYTES);
      at += piece.length;
      socket.write(dataHead(id, piece.length, fin && at === chunk.length));
      if (piece.length > 0) socket.write(piece);
    } while (at < chunk.length);
    socket.uncork();
    if (socket.writableNeedDrain && socket.writableLength > FULL_BYTES) this.#waiting.push(done);
    else done();
  }

  /** Sends a control frame at once. */
  control(frame: Buffer): void {
    if (this.#open()) this.#socket.write(frame);
  }

  /** Resolves when there is room again; undefined while nothing is wrong. */
  flooded(): Promise<void> | undefined {
    const { writableNeedDrain, writableLength } = this.#socket;
    if (!this.#open() || !writableNeedDrain || writableLength <= FLOODED_BYTES) return undefined;
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Answers everyone who waits: there is room, or nothing will ever be sent again. */
  release(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resume of waiting) resume();
  }

  #open(): boolean {
    return !this.#socket.destroyed && !this.#socket.writableEnded;
  }
}
