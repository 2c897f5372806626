// Kubernetes' channels over a WebSocket (protocol.md §1.6): each message begins with the number of its channel. In the base64 variants that
// is a digit, and the rest is base64 text. A slow reader of one channel holds back all of them; writers wait for the socket.

import { Readable, Writable } from 'node:stream';
import type { WebSocket } from 'ws';
import type { SetTimer } from '../../delay.ts';
import { probeWhile } from './probe.ts';

/** What may wait for a channel's reader, and in the socket, before the other side waits. */
const BUFFER_BYTES = 256 * 1024;
const FULL_BYTES = 512 * 1024;
/** Longest message that is sent. */
const MAX_MESSAGE_BYTES = 64 * 1024;
const CLOSE_CHANNEL = 255;
const DIGIT_ZERO = 0x30;

/** How messages look. */
export interface ChannelFormat {
  readonly base64: boolean;
  /** Whether the caller half-closes a channel by `[255, channel]` (v5). */
  readonly halfClose: boolean;
}

/** The channels of one connection. */
export class Channels {
  /** Resolves when the WebSocket is closed, whoever closed it. */
  readonly closed: Promise<void>;
  readonly #websocket: WebSocket;
  readonly #format: ChannelFormat;
  readonly #count: number;
  readonly #readers = new Map<number, Readable>();
  readonly #writers: Writable[] = [];
  readonly #ended = new Set<number>();
  /** Channels whose reader has no room. */
  readonly #full = new Set<number>();
  readonly #setTimer: SetTimer | undefined;
  #release = () => {};

  /** `count`: a half-close of a channel from there on ends the connection. */
  constructor(websocket: WebSocket, format: ChannelFormat, count: number, setTimer?: SetTimer) {
    this.#websocket = websocket;
    this.#format = format;
    this.#count = count;
    this.#setTimer = setTimer;
    this.closed = new Promise((resolve) => {
      websocket.once('close', () => {
        this.#giveUp();
        resolve();
      });
    });
    websocket.on('message', (data) => this.#onMessage(data as Buffer));
  }

  /** What the caller sends on a channel; it ends when the caller half-closes it. */
  reader(channel: number): Readable {
    const reader = new Readable({
      highWaterMark: BUFFER_BYTES,
      read: () => this.#hasRoom(channel),
      destroy: (error, done) => {
        this.#hasRoom(channel);
        done(error);
      },
    });
    reader.on('error', () => {});
    this.#readers.set(channel, reader);
    return reader;
  }

  /** What is sent to the caller on a channel. */
  writer(channel: number): Writable {
    const writer = new Writable({
      highWaterMark: BUFFER_BYTES,
      write: (chunk: Buffer, _encoding, done) => this.#send(channel, chunk, done),
    });
    writer.on('error', () => {});
    this.#writers.push(writer);
    return writer;
  }

  /** Tells the caller that the connection is there: an empty message on a channel. */
  announce(channel: number): void {
    this.#send(channel, Buffer.alloc(0), () => {});
  }

  /** Closes with code 1000 after everything that was written, and drops what the caller still sends. Resolves when it is closed. */
  finish(): Promise<void> {
    for (const reader of this.#readers.values()) reader.destroy();
    this.#websocket.close(1000);
    return this.closed;
  }

  #onMessage(data: Buffer): void {
    const [first, second] = data;
    if (first === undefined) return;
    if (this.#format.halfClose && first === CLOSE_CHANNEL) {
      this.#onHalfClose(data.length === 2 ? second : undefined);
      return;
    }
    const channel = this.#format.base64 ? first - DIGIT_ZERO : first;
    const reader = this.#readers.get(channel);
    if (reader === undefined || reader.destroyed || this.#ended.has(channel) || data.length === 1) return;
    const payload = data.subarray(1);
    const bytes = this.#format.base64 ? Buffer.from(payload.toString('latin1'), 'base64') : payload;
    if (!reader.push(bytes)) this.#holdBack(channel);
  }

  #onHalfClose(channel: number | undefined): void {
    if (channel === undefined || channel >= this.#count) {
      this.#websocket.terminate();
      return;
    }
    if (this.#ended.has(channel)) return;
    this.#ended.add(channel);
    this.#readers.get(channel)?.push(null);
  }

  #holdBack(channel: number): void {
    this.#full.add(channel);
    if (this.#websocket.isPaused) return;
    this.#websocket.pause();
    const held = new Promise<void>((resolve) => {
      this.#release = resolve;
    });
    // A pong that nobody asked for is allowed (RFC 6455, 5.5.3), and kubectl goes on waiting only as long as it gets pongs.
    void probeWhile(held, () => this.#websocket.pong(), this.#setTimer);
  }

  #hasRoom(channel: number): void {
    if (!this.#full.delete(channel) || this.#full.size > 0) return;
    this.#release();
    this.#websocket.resume();
  }

  #send(channel: number, chunk: Buffer, done: () => void): void {
    const { base64 } = this.#format;
    const websocket = this.#websocket;
    let at = 0;
    do {
      const piece = chunk.subarray(at, at + MAX_MESSAGE_BYTES);
      at += piece.length;
      const last = at === chunk.length;
      const full = websocket.bufferedAmount > FULL_BYTES;
      websocket.send(
        base64
          ? String.fromCharCode(DIGIT_ZERO + channel) + piece.toString('base64')
          : Buffer.concat([Buffer.of(channel), piece]),
        { binary: !base64 },
        last && full ? () => done() : undefined,
      );
      if (last && !full) done();
    } while (at < chunk.length);
  }

  #giveUp(): void {
    this.#release();
    const gone = new Error('the connection is closed');
    for (const stream of [...this.#readers.values(), ...this.#writers]) stream.destroy(gone);
  }
}
