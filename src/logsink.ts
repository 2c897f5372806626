// Where log lines go: written from a queue that is bounded, so that a full disk or a reader that has stopped costs log lines and never a request,
// a session, or the process (docs/adr/0018-log.md). What is lost is counted, and said in the log itself at the place where it is missing.

import { fstatSync, write as fsWrite, writeSync } from 'node:fs';
import { afterDelay, type SetTimer } from './delay.ts';

/** Lines wait for one another for so long, so that a busy gate writes once for many. ms */
export const WRITE_EVERY_MS = 50;
/** … and not beyond so much. Characters */
const WRITE_CHARS = 8 * 1024;
/** The most that one write takes, but for a single longer line. Characters; container runtimes read 16 KiB at once. */
const CHUNK_CHARS = 16 * 1024;
/** What a pipe takes as one piece, however many write to it (POSIX, PIPE_BUF; Linux' value). Characters */
export const PIPE_CHARS = 4096;
/** Lines beyond so much are dropped while the log can't be written. Characters; in memory one to two bytes each. */
export const MAX_WAITING_CHARS = 4 * 1024 * 1024;
/** A reader that is behind gets more after so long. ms */
export const BEHIND_MS = 50;
/** After a fault, as of a full disk, it is tried again so often. ms */
export const RETRY_MS = 1_000;
/** A reader that has taken nothing for so long is a fault, too. ms */
export const STALL_MS = 5_000;
/** When the process ends, what still waits has so long to be written. ms */
const LAST_MS = 1_000;

export interface LogSinkOptions {
  /** What a write at most takes; PIPE_CHARS where several processes write to one pipe. Default CHUNK_CHARS. */
  readonly chunkChars?: number;
  /** Told of each line that was dropped. Must not write. */
  readonly onDrop: () => void;
  /** It is written again. What this writes stands where the lost lines are missing. */
  readonly onAgain: (trouble: Trouble) => void;
  /** For tests; default is fs.write on standard error. */
  readonly writeTo?: WriteTo;
  /** ms that only grow. Default `performance.now`. */
  readonly elapsed?: () => number;
  readonly setTimer?: SetTimer;
}

/** A time in which the log could not be written, or not fast enough. */
export interface Trouble {
  /** Lines that were dropped meanwhile. */
  readonly lost: number;
  readonly lastedMs: number;
  /** The first fault; undefined when its reader was only too slow. */
  readonly cause: Error | undefined;
}

/** Writes some of the bytes; calls back once, not before it returns. */
export type WriteTo = (bytes: Buffer, done: (error: Error | null, written: number) => void) => void;

export interface LogSink {
  /** Takes a line with its end. Never throws, never waits. */
  write(line: string): void;
  /** False after a fault and while its reader takes nothing, until something was written again. */
  isWritable(): boolean;
  /** Writes what still waits, at once and for at most LAST_MS: for the end of the process. */
  flushLast(writeNow?: (bytes: Buffer) => number): void;
}

const NOTHING = Buffer.alloc(0);
const STANDARD_ERROR = 2;

/** Opens the log on standard error; what waits at the end of the process is written then. */
export function openLogSink(options: LogSinkOptions): LogSink {
  // Node makes pipes and sockets non-blocking when it first opens the stream: a write into a full one would hold a thread of the pool, and the exit.
  if (isPipe(STANDARD_ERROR)) void process.stderr.fd;
  const sink = createLogSink(options);
  process.on('exit', () => sink.flushLast());
  return sink;
}

/** Makes a sink. */
export function createLogSink(options: LogSinkOptions): LogSink {
  return new QueueSink(options);
}

class QueueSink implements LogSink {
  readonly #options: LogSinkOptions;
  readonly #chunkChars: number;
  readonly #elapsed: () => number;
  #lines: string[] = [];
  #chars = 0;
  /** What is being written, or comes next: the rest of a write that took less. */
  #head: Buffer = NOTHING;
  /** `waiting` for its time to try again. */
  #state: 'idle' | 'writing' | 'waiting' = 'idle';
  #cancelFlush: (() => void) | undefined;
  /** Lines dropped since lines were last taken; 0 means that they are taken. */
  #dropped = 0;
  #trouble: { readonly since: number; cause: Error | undefined } | undefined;
  /** Since when nothing has been taken of what is being written. */
  #triedAt = 0;

  constructor(options: LogSinkOptions) {
    this.#options = options;
    this.#chunkChars = options.chunkChars ?? CHUNK_CHARS;
    this.#elapsed = options.elapsed ?? (() => performance.now());
  }

  write(line: string): void {
    if (this.#dropped > 0 || this.#chars + line.length > MAX_WAITING_CHARS) {
      this.#trouble ??= { since: this.#elapsed(), cause: undefined };
      this.#dropped++;
      this.#options.onDrop();
      return;
    }
    this.#lines.push(line);
    this.#chars += line.length;
    if (this.#state === 'idle') this.#goOn();
  }

  isWritable(): boolean {
    return this.#trouble === undefined && !this.#isStalled();
  }

  flushLast(writeNow = (bytes: Buffer) => writeSync(STANDARD_ERROR, bytes)): void {
    // A write that is under way is the thread's: it ends before the process does.
    if (this.#state === 'writing') this.#head = NOTHING;
    const deadline = this.#elapsed() + LAST_MS;
    while (this.#head.length > 0 || this.#lines.length > 0) {
      if (this.#head.length === 0) this.#head = this.#take();
      try {
        this.#head = this.#head.subarray(writeNow(this.#head));
      } catch (error) {
        if (!isBehind(error as Error) || this.#elapsed() >= deadline) return;
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, BEHIND_MS);
      }
    }
  }

  #isStalled(): boolean {
    return this.#state !== 'idle' && this.#elapsed() - this.#triedAt >= STALL_MS;
  }

  /** Writes now when there is enough, else a little later. */
  #goOn(): void {
    if (this.#head.length > 0 || this.#chars >= WRITE_CHARS) this.#begin();
    else if (this.#chars > 0) this.#cancelFlush ??= this.#after(WRITE_EVERY_MS, () => this.#begin());
  }

  #begin(): void {
    this.#cancelFlush?.();
    this.#cancelFlush = undefined;
    this.#triedAt = this.#elapsed();
    if (this.#head.length === 0) this.#head = this.#take();
    this.#try();
  }

  #try(): void {
    this.#state = 'writing';
    const { writeTo = writeToStandardError } = this.#options;
    writeTo(this.#head, (error, written) => {
      if (error === null && written > 0) this.#succeeded(written);
      else this.#failed(error ?? new Error('nothing was written'));
    });
  }

  #succeeded(written: number): void {
    this.#state = 'idle';
    this.#head = this.#head.subarray(written);
    // Not with the first room that there is: a slow reader would get a gap after each line.
    if (this.#dropped === 0 || this.#chars <= MAX_WAITING_CHARS / 2) this.#endTrouble();
    if (this.#state === 'idle') this.#goOn();
  }

  #endTrouble(): void {
    const trouble = this.#trouble;
    if (trouble === undefined) return;
    const lost = this.#dropped;
    this.#trouble = undefined;
    this.#dropped = 0;
    const lastedMs = Math.round(this.#elapsed() - trouble.since);
    this.#options.onAgain({ lost, lastedMs, cause: trouble.cause });
  }

  #failed(error: Error): void {
    this.#state = 'waiting';
    const isFault = !isBehind(error);
    if (isFault || this.#isStalled()) {
      this.#trouble ??= { since: this.#triedAt, cause: error };
      this.#trouble.cause ??= error;
    }
    this.#after(isFault ? RETRY_MS : BEHIND_MS, () => this.#try());
  }

  /** Whole lines, as many as one write takes, and one at least. */
  #take(): Buffer {
    let count = 0;
    let chars = 0;
    for (const line of this.#lines) {
      if (count > 0 && chars + line.length > this.#chunkChars) break;
      count++;
      chars += line.length;
    }
    this.#chars -= chars;
    return Buffer.from(this.#lines.splice(0, count).join(''));
  }

  #after(delayMs: number, act: () => void): () => void {
    return afterDelay(delayMs, act, this.#options.setTimer);
  }
}

/** Its reader is behind, and that is all. */
function isBehind({ code }: Error & { code?: string }): boolean {
  return code === 'EAGAIN' || code === 'EBUSY';
}

function isPipe(descriptor: number): boolean {
  try {
    const stats = fstatSync(descriptor);
    return stats.isFIFO() || stats.isSocket();
  } catch {
    return false;
  }
}

function writeToStandardError(bytes: Buffer, done: (error: Error | null, written: number) => void): void {
  fsWrite(STANDARD_ERROR, bytes, done);
}
