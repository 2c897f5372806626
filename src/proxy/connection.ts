// One connection to the API server: it sends one request, reads its answer, and is free again only when both are whole and nothing more
// has come. Listeners are set once; a request brings one object, its Transfer, and leaves nothing behind. The requests are the gate's, the
// answers are not trusted: what is not strictly HTTP/1.1 ends the connection (response.ts, framing.ts).

import type { Socket } from 'node:net';
import { BodyReader } from './framing.ts';
import { readInto } from './reading.ts';
import { HeadReader, UpstreamMalformed } from './response.ts';
import type { Carrier, Transfer } from './transfer.ts';

/** Whom a connection tells about itself. */
export interface ConnectionOwner {
  /** It may take another request. */
  onIdle(connection: Connection): void;
  /** It is over; called once. */
  onClosed(connection: Connection): void;
  /** It had been idle and its peer went away without a word about this request, which may be sent again. */
  onStale(transfer: Transfer): void;
}

/** The connection ended before the answer was complete. */
export class UpstreamClosed extends Error {
  readonly code = 'UPSTREAM_CLOSED';
}

/** The connection ended before anything of a request was sent on it. */
export class NeverConnected extends Error {
  readonly code = 'NEVER_CONNECTED';
}

/** How a peer that went away looks from here. */
const GONE: ReadonlySet<unknown> = new Set(['UPSTREAM_CLOSED', 'ECONNRESET', 'EPIPE']);

/** A connected socket that belongs to nobody else. */
export class Connection implements Carrier {
  /** When it became idle, by its owner's clock. ms. */
  idleSince = 0;
  readonly #socket: Socket;
  readonly #owner: ConnectionOwner;
  readonly #head = new HeadReader();
  readonly #body = new BodyReader();
  #transfer: Transfer | undefined;
  /** Some byte of the answer has come. */
  #answered = false;
  #inBody = false;
  /** FIN has come. */
  #ended = false;
  /** It has been idle: its peer may have closed it while the request was on its way. */
  #isReused = false;

  /** `landing` is where its reads land; others may use it too. */
  constructor(socket: Socket, owner: ConnectionOwner, landing: Buffer) {
    this.#socket = socket;
    this.#owner = owner;
    readInto(socket, landing, (size, bytes) => {
      this.#onData(size === bytes.length ? bytes : bytes.subarray(0, size));
      return true;
    });
    socket.resume();
    socket.on('drain', () => this.#transfer?.drain());
    socket.on('end', () => this.#onEnd());
    socket.on('error', (error) => this.#lose(error));
    socket.on('close', () => {
      this.#failClosed();
      owner.onClosed(this);
    });
  }

  /** Idle and, as far as is known, still good. */
  get isUsable(): boolean {
    const { readable, writable, destroyed, readableLength } = this.#socket;
    return this.#transfer === undefined && readable && writable && !destroyed && readableLength === 0;
  }

  /** Sends a request; only on a usable connection. */
  send(transfer: Transfer): void {
    if (!this.isUsable) throw new TypeError('the connection is not free');
    this.#transfer = transfer;
    transfer.start(this, this.#socket);
    if (transfer.paused) this.halt();
  }

  /** Ends it at once; a request under way fails with UpstreamClosed. */
  destroy(): void {
    this.#socket.destroy();
  }

  /** Ends the connection and the request under way. */
  fail(error: Error): void {
    const transfer = this.#transfer;
    if (transfer === undefined) return;
    this.#forget();
    // It may be called from within the reading of a body: nothing more of that is handed on.
    this.#body.halted = true;
    this.#socket.destroy();
    transfer.finish()?.onError(error);
  }

  /** Reads nothing more; what TLS has decrypted by now still comes. */
  halt(): void {
    this.#socket.pause();
  }

  /** Reads on. */
  proceed(): void {
    this.#socket.resume();
  }

  #onData(chunk: Buffer): void {
    const transfer = this.#transfer;
    // Nobody asked: never to be taken for the answer to the next request.
    if (transfer === undefined) {
      this.#socket.destroy();
      return;
    }
    try {
      this.#read(transfer, chunk);
    } catch (error) {
      // What a handler throws after its last call is nobody's to hear here.
      if (transfer.handler === undefined) throw error;
      this.fail(error as Error);
    }
  }

  #read(transfer: Transfer, chunk: Buffer): void {
    const handler = transfer.handler;
    if (handler === undefined) return;
    let at = 0;
    if (!this.#answered) transfer.answered();
    this.#answered = true;
    if (!this.#inBody) {
      at = this.#head.read(chunk);
      if (at === -1) return;
      const { status, message, lines } = this.#head;
      if (status === 101) throw new UpstreamMalformed('a switch of protocols that nobody asked for');
      this.#inBody = true;
      this.#body.start(this.#head, transfer.isHead);
      handler.onHead(status, message, lines);
    }
    at = this.#body.read(chunk, at, handler);
    if (this.#transfer !== transfer) return;
    if (this.#body.done) this.#finish(transfer, at === chunk.length);
  }

  /** The answer is whole. Only a connection on which nothing is left over, either way, is used again. */
  #finish(transfer: Transfer, isExact: boolean): void {
    const reusable =
      isExact && !this.#ended && this.#head.keepAlive && !this.#body.untilClose && transfer.isSent;
    this.#forget();
    const handler = transfer.finish();
    if (reusable) {
      this.#isReused = true;
      if (this.#socket.isPaused()) this.#socket.resume();
      this.#owner.onIdle(this);
    } else this.#socket.destroy();
    handler?.onEnd();
  }

  #onEnd(): void {
    this.#ended = true;
    const transfer = this.#transfer;
    if (transfer === undefined) this.#socket.destroy();
    else if (this.#inBody && this.#body.untilClose) this.#finish(transfer, true);
    else this.#failClosed();
  }

  #failClosed(): void {
    if (this.#transfer === undefined) return;
    const phase = this.#answered ? 'within its answer' : 'before it answered';
    this.#lose(new UpstreamClosed(`the API server closed the connection ${phase}`));
  }

  /** The peer is gone, and with it the request under way; RFC 9110 §9.2.2 says which of those may be sent again. */
  #lose(error: Error & { readonly code?: unknown }): void {
    const transfer = this.#transfer;
    const isStale = this.#isReused && !this.#answered && GONE.has(error.code);
    if (!isStale || transfer?.mayRepeat !== true) {
      this.fail(error);
      return;
    }
    this.#forget();
    this.#socket.destroy();
    transfer.detach();
    this.#owner.onStale(transfer);
  }

  #forget(): void {
    this.#transfer = undefined;
    this.#answered = false;
    this.#inBody = false;
    this.#head.reset();
  }
}
