// A pipe between two processes: a bounded queue of bytes, so that a fast writer waits for a slow reader and a writer without a reader ends
// with SIGPIPE. Chunks are never changed after they were written: readers may get the writer's own buffer.

import type { Sink, Source } from './process.ts';
import { SIGPIPE, Signalled, suspend } from './signals.ts';

/** When a pipe is full: by its bytes, or by the number of its chunks. */
const MAX_BYTES = 256 * 1024;
const MAX_CHUNKS = 1024;

/** A pipe. Also what a caller's stdin and a terminal's input are read through. */
export class Pipe implements Source, Sink {
  readonly terminal = undefined;
  readonly #wakers = new Set<() => void>();
  /** `undefined` is a passing end of file, as Ctrl-D makes it. */
  #chunks: (Buffer | undefined)[] = [];
  #bytes = 0;
  #ended = false;
  #broken = false;

  /** Whether the reader has gone. */
  get broken(): boolean {
    return this.#broken;
  }

  /** Whether there is something to read. */
  get waiting(): boolean {
    return this.#chunks.length > 0;
  }

  /** Resolves when a writer would not wait (or never need to again). */
  async room(signal: AbortSignal): Promise<void> {
    while (this.full && !this.#broken && !signal.aborted) await this.#changed(signal);
  }

  /** Whether a writer would wait. */
  get full(): boolean {
    return this.#bytes >= MAX_BYTES || this.#chunks.length >= MAX_CHUNKS;
  }

  /** The next chunk; undefined at the end. @throws Signalled. */
  async read(signal: AbortSignal): Promise<Buffer | undefined> {
    for (;;) {
      signal.throwIfAborted();
      if (this.#chunks.length > 0) {
        const chunk = this.#chunks.shift();
        this.#bytes -= chunk?.length ?? 0;
        this.#wake();
        return chunk;
      }
      if (this.#ended) return undefined;
      await this.#changed(signal);
    }
  }

  /** Gives back the rest of a chunk: the next read gets it. */
  unread(chunk: Buffer): void {
    if (chunk.length === 0) return;
    this.#chunks.unshift(chunk);
    this.#bytes += chunk.length;
    this.#wake();
  }

  /** Waits while the pipe is full. @throws Signalled, of SIGPIPE when nobody reads any more. */
  async write(chunk: Buffer, signal: AbortSignal): Promise<void> {
    for (;;) {
      signal.throwIfAborted();
      if (this.#broken || this.#ended) throw new Signalled(SIGPIPE);
      if (!this.full) return this.push(chunk);
      await this.#changed(signal);
    }
  }

  /** Adds a chunk however full the pipe is. */
  push(chunk: Buffer): void {
    if (chunk.length === 0 || this.#broken || this.#ended) return;
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
    this.#wake();
  }

  /** Lets one read see the end of file. */
  pushEnd(): void {
    this.#chunks.push(undefined);
    this.#wake();
  }

  /** Forgets what nobody has read. */
  clear(): void {
    this.#chunks = [];
    this.#bytes = 0;
    this.#wake();
  }

  /** No more will be written. */
  end(): void {
    this.#ended = true;
    this.#wake();
  }

  /** No more will be read. */
  break(): void {
    this.#broken = true;
    this.clear();
  }

  #changed(signal: AbortSignal): Promise<void> {
    return suspend(signal, (wake) => {
      this.#wakers.add(wake);
      return () => this.#wakers.delete(wake);
    });
  }

  #wake(): void {
    const wakers = [...this.#wakers];
    this.#wakers.clear();
    for (const wake of wakers) wake();
  }
}
