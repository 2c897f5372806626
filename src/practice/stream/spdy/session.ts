// A SPDY/3.1 connection with its streams (protocol.md §2), either side of it. Nothing that the other side sends is trusted: what is no SPDY
// ends the connection, and only that. Frames are handled strictly one after the other, because header blocks depend on each other.

import type { Duplex } from 'node:stream';
import { afterDelay, type SetTimer } from '../../../delay.ts';
import {
  controlFrame,
  FLAG_FIN,
  FLAG_UNIDIRECTIONAL,
  FRAME,
  type Frame,
  FrameReader,
  GO_AWAY,
  RESET,
  readId,
  SpdyProtocolError,
  synStream,
} from '../../../kube/spdyframes.ts';
import type { StreamHeaders } from '../../../kube/spdyheaders.ts';
import { probeWhile } from '../probe.ts';
import { HeaderDecoder, HeaderEncoder } from './headers.ts';
import { readInput } from './input.ts';
import { SpdyOutput } from './output.ts';
import { SpdyStream } from './stream.ts';

/** Most streams at once; more are refused. */
const MAX_STREAMS = 4096;
/** Time for the other side to close after us. ms. */
const LINGER_MS = 10_000;
const NO_HEADERS: StreamHeaders = new Map();

/** What makes a session. */
export interface SpdyOptions {
  readonly role: 'server' | 'client';
  /** Bytes that came with the upgrade. */
  readonly head?: Buffer | undefined;
  /** Whether a stream with these headers is taken; by default none is. A stream that is not is reset. */
  readonly accept?: (headers: StreamHeaders, id: number) => boolean;
  /** A stream that was taken, after it was replied to. */
  readonly onStream?: (stream: SpdyStream) => void;
  readonly setTimer?: SetTimer;
}

interface Opening {
  readonly stream: SpdyStream;
  readonly resolve: (stream: SpdyStream) => void;
  readonly reject: (error: Error) => void;
}

/** One connection. It never throws into its socket's events and leaves no timer behind. */
export class SpdySession {
  /** Resolves when the socket is closed, for whatever reason. */
  readonly closed: Promise<void>;
  readonly #socket: Duplex;
  readonly #options: SpdyOptions;
  readonly #reader = new FrameReader();
  readonly #decoder = new HeaderDecoder();
  readonly #encoder = new HeaderEncoder();
  readonly #output: SpdyOutput;
  readonly #streams = new Map<number, SpdyStream>();
  readonly #openings = new Map<number, Opening>();
  readonly #pings = new Map<number, () => void>();
  #lastStream = 0;
  #nextStream = 1;
  #nextPing: number;
  #over = false;

  constructor(socket: Duplex, options: SpdyOptions) {
    this.#socket = socket;
    this.#options = options;
    this.#nextPing = options.role === 'client' ? 1 : 2;
    this.#output = new SpdyOutput(socket);
    this.closed = new Promise((resolve) => {
      const close = () => {
        this.#giveUp();
        resolve();
      };
      if (socket.closed) queueMicrotask(close);
      else socket.once('close', close);
    });
    socket.on('error', () => {});
    readInput(socket, options.head, {
      take: (chunk) => this.#consume(chunk).catch(() => this.#finish(GO_AWAY.protocolError)),
      // TCP's half-close means nothing here: who has said their last word is gone.
      ended: () => {
        if (!this.#over) socket.destroy();
      },
    });
  }

  /** Opens a stream (as a client); resolves when the other side has replied, rejects when it resets it or the connection ends. */
  async open(headers: StreamHeaders): Promise<SpdyStream> {
    const block = await this.#encoder.encode(headers);
    if (this.#over) throw new Error('the connection is closed');
    const id = this.#nextStream;
    this.#nextStream += 2;
    const stream = this.#add(id, headers);
    const replied = new Promise<SpdyStream>((resolve, reject) => {
      this.#openings.set(id, { stream, resolve, reject });
    });
    this.#output.control(synStream(id, block));
    return replied;
  }

  /** Resolves when the other side has answered a PING, or is gone. */
  ping(): Promise<void> {
    const id = this.#nextPing;
    this.#nextPing += 2;
    return new Promise((resolve) => {
      if (this.#over) return resolve();
      this.#pings.set(id, resolve);
      this.#output.control(controlFrame(FRAME.ping, 0, [id]));
    });
  }

  /** Ends the connection: streams that are still open are reset, GOAWAY and everything before it is sent. Resolves when it is closed. */
  end(): Promise<void> {
    this.#finish(GO_AWAY.ok);
    return this.closed;
  }

  async #consume(chunk: Buffer): Promise<void> {
    if (this.#over) return;
    for (const frame of this.#reader.read(chunk)) {
      const wait = frame.kind === 'data' ? this.#onData(frame) : this.#onControl(frame);
      if (wait !== undefined) await wait;
      const flooded = this.#output.flooded();
      if (flooded !== undefined) await flooded;
      if (this.#over) return;
    }
  }

  #onData({ id, chunk, fin }: Frame & { readonly kind: 'data' }): Promise<void> | undefined {
    const stream = this.#streams.get(id);
    const known = id % 2 === 1 && id <= Math.max(this.#lastStream, this.#nextStream - 2);
    // Data for a stream that is over may have been under way; for one that never was, the other side has to be told.
    if (stream === undefined) {
      if (!known) this.#output.control(controlFrame(FRAME.rstStream, 0, [id, RESET.invalidStream]));
      return undefined;
    }
    const full = chunk.length > 0 ? stream.receive(chunk) : undefined;
    if (fin) stream.receiveEnd();
    return full === undefined ? undefined : probeWhile(full, () => void this.ping(), this.#options.setTimer);
  }

  #onControl({ type, flags, payload }: Frame & { readonly kind: 'control' }): Promise<void> | undefined {
    switch (type) {
      case FRAME.synStream:
        return this.#onSynStream(readId(payload, 10), flags, payload.subarray(10));
      case FRAME.synReply:
      case FRAME.headers:
        return this.#onHeaders(readId(payload, 4), type, flags, payload.subarray(4));
      case FRAME.rstStream:
        this.#onReset(readId(payload, 8), payload.readUInt32BE(4));
        return undefined;
      case FRAME.ping:
        this.#onPing(readId(payload, 4, 32));
        return undefined;
      default:
        // GOAWAY: the other side will open no more streams, and closes when it has what it wants.
        return undefined;
    }
  }

  async #onSynStream(id: number, flags: number, block: Buffer): Promise<void> {
    const headers = await this.#decoder.decode(block);
    const { role, accept, onStream } = this.#options;
    if (role !== 'server' || id % 2 === 0 || id <= this.#lastStream) {
      throw new SpdyProtocolError('a stream with an id that is not the next');
    }
    this.#lastStream = id;
    const reset = (status: number) => this.#output.control(controlFrame(FRAME.rstStream, 0, [id, status]));
    if ((flags & FLAG_UNIDIRECTIONAL) !== 0 || this.#streams.size >= MAX_STREAMS) return reset(RESET.refused);
    if (!(accept?.(headers, id) ?? false)) return reset(RESET.cancel);
    const reply = await this.#encoder.encode(NO_HEADERS);
    if (this.#over) return;
    const stream = this.#add(id, headers);
    // Before anything is written to the stream: clients drop data that comes ahead of the reply.
    this.#output.control(controlFrame(FRAME.synReply, 0, [id], reply));
    if ((flags & FLAG_FIN) !== 0) stream.receiveEnd();
    onStream?.(stream);
  }

  async #onHeaders(id: number, type: number, flags: number, block: Buffer): Promise<void> {
    await this.#decoder.decode(block);
    if (type === FRAME.synReply) {
      const opening = this.#openings.get(id);
      this.#openings.delete(id);
      opening?.resolve(opening.stream);
    }
    if ((flags & FLAG_FIN) !== 0) this.#streams.get(id)?.receiveEnd();
  }

  #onReset(id: number, status: number): void {
    this.#streams.get(id)?.receiveReset(status);
  }

  #onPing(id: number): void {
    const ours = id % 2 === this.#nextPing % 2;
    if (!ours) this.#output.control(controlFrame(FRAME.ping, 0, [id]));
    else {
      this.#pings.get(id)?.();
      this.#pings.delete(id);
    }
  }

  #add(id: number, headers: StreamHeaders): SpdyStream {
    const stream = new SpdyStream(id, headers, {
      data: (id, chunk, fin, done) => this.#output.data(id, chunk, fin, done),
      reset: (id, status) => this.#output.control(controlFrame(FRAME.rstStream, 0, [id, status])),
      forget: (id) => {
        this.#streams.delete(id);
        this.#openings.get(id)?.reject(new Error('the stream was reset'));
        this.#openings.delete(id);
      },
    });
    this.#streams.set(id, stream);
    return stream;
  }

  #finish(status: number): void {
    if (this.#over) return;
    this.#giveUp();
    this.#output.control(controlFrame(FRAME.goAway, 0, [this.#lastStream, status]));
    const cancel = afterDelay(LINGER_MS, () => this.#socket.destroy(), this.#options.setTimer);
    this.#socket.once('close', cancel);
    this.#socket.end();
  }

  /** Nothing is read or opened any more. */
  #giveUp(): void {
    this.#over = true;
    for (const stream of this.#streams.values()) stream.destroy(new Error('the connection is closed'));
    for (const answer of this.#pings.values()) answer();
    this.#pings.clear();
    this.#output.release();
    this.#encoder.close();
    this.#decoder.close();
  }
}
