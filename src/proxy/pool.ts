// The connections to one API server that wait for a request: the one used last first, so that the others grow old and are closed. There
// is no bound on how many are open and no pipelining. Nothing is sent twice, except what says that it may be, once, when the idle connection that it
// was sent on turns out to be closed: an API server that restarts or is scaled down closes them whenever it likes.

import type { Socket } from 'node:net';
import type { SetTimer } from '../delay.ts';
import { Connection, type ConnectionOwner, NeverConnected } from './connection.ts';
import type { UpstreamRequest } from './sending.ts';
import { RECORD_BYTES } from './slabs.ts';
import { type ResponseHandler, type Sending, Transfer } from './transfer.ts';

/** Sends requests to one API server. */
export interface Pool {
  /**
   * Sends a request, at once when a connection is idle, else on one of its own as soon as it is connected.
   * @throws TypeError for a request that can't be sent as it is, and after `close`; the handler hears nothing then.
   */
  send(request: UpstreamRequest, handler: ResponseHandler): Sending;
  /** Closes idle connections now and busy ones when they are done; resolves when there is none. */
  close(): Promise<void>;
  /** Connections that wait. */
  readonly idle: number;
  /** Connections, idle or busy. */
  readonly open: number;
}

export interface PoolOptions {
  /** Connects and calls one of the two, once, not before it returns. The socket is ready for HTTP/1.1 and the pool's from then on. */
  connect(ready: (socket: Socket) => void, failed: (error: Error) => void): void;
  /** How long a connection may wait. ms. */
  readonly keepAliveMs: number;
  /** ms; only differences count. */
  now(): number;
  /** Its timers should keep no process alive. */
  readonly setTimer: SetTimer;
}

/** Nothing is connected before the first request. */
export function createPool(options: PoolOptions): Pool {
  return new ConnectionPool(options);
}

class ConnectionPool implements Pool, ConnectionOwner {
  readonly #options: PoolOptions;
  /** In the order in which they became idle. */
  readonly #idle: Connection[] = [];
  /** All its connections read into it, one at a time. */
  readonly #landing = Buffer.allocUnsafeSlow(RECORD_BYTES);
  #open = 0;
  #connecting = 0;
  /** One timer for all: for the connection that has waited longest when it was set. */
  #cancelTimer: (() => void) | undefined;
  #closed: PromiseWithResolvers<void> | undefined;

  constructor(options: PoolOptions) {
    this.#options = options;
  }

  get idle(): number {
    return this.#idle.length;
  }

  get open(): number {
    return this.#open;
  }

  send(request: UpstreamRequest, handler: ResponseHandler): Sending {
    if (this.#closed !== undefined) throw new TypeError('the pool is closed');
    const transfer = new Transfer(request, handler);
    const connection = this.#take();
    if (connection !== undefined) connection.send(transfer);
    else this.#connect(transfer);
    return transfer;
  }

  close(): Promise<void> {
    if (this.#closed === undefined) {
      this.#closed = Promise.withResolvers<void>();
      this.#cancelTimer?.();
      this.#cancelTimer = undefined;
      for (const connection of this.#idle.splice(0)) connection.destroy();
      this.#settle();
    }
    return this.#closed.promise;
  }

  onIdle(connection: Connection): void {
    if (this.#closed !== undefined) {
      connection.destroy();
      return;
    }
    connection.idleSince = this.#options.now();
    this.#idle.push(connection);
    if (this.#cancelTimer === undefined) this.#arm(this.#options.keepAliveMs);
  }

  onClosed(connection: Connection): void {
    const at = this.#idle.indexOf(connection);
    if (at !== -1) this.#idle.splice(at, 1);
    this.#open--;
    this.#settle();
  }

  onStale(transfer: Transfer): void {
    // Not on another idle one, which may be as stale.
    this.#connect(transfer);
  }

  /** The last one that became idle, unless it has waited too long: then a late timer has left them all. */
  #take(): Connection | undefined {
    for (let found = this.#idle.pop(); found !== undefined; found = this.#idle.pop()) {
      if (found.isUsable && !this.#isOld(found)) return found;
      found.destroy();
    }
    return undefined;
  }

  #isOld(connection: Connection): boolean {
    return this.#options.now() - connection.idleSince >= this.#options.keepAliveMs;
  }

  #connect(transfer: Transfer): void {
    this.#connecting++;
    this.#options.connect(
      (socket) => {
        this.#connecting--;
        this.#begin(transfer, socket);
      },
      (error) => {
        this.#connecting--;
        transfer.abort(error);
        this.#settle();
      },
    );
  }

  #begin(transfer: Transfer, socket: Socket): void {
    if (socket.destroyed) {
      transfer.abort(new NeverConnected('the API server closed the connection at once'));
      this.#settle();
      return;
    }
    this.#open++;
    const connection = new Connection(socket, this, this.#landing);
    // Aborted meanwhile: the next request may have the connection.
    if (transfer.handler === undefined) this.onIdle(connection);
    else if (connection.isUsable) connection.send(transfer);
    else {
      connection.destroy();
      transfer.abort(new NeverConnected('the connection was not usable'));
    }
  }

  #arm(delayMs: number): void {
    this.#cancelTimer = this.#options.setTimer(() => this.#expire(), delayMs);
  }

  #expire(): void {
    this.#cancelTimer = undefined;
    const firstYoung = this.#idle.findIndex((connection) => !this.#isOld(connection));
    const old = this.#idle.splice(0, firstYoung === -1 ? this.#idle.length : firstYoung);
    for (const connection of old) connection.destroy();
    const [next] = this.#idle;
    if (next !== undefined) this.#arm(next.idleSince + this.#options.keepAliveMs - this.#options.now());
  }

  #settle(): void {
    if (this.#open === 0 && this.#connecting === 0) this.#closed?.resolve();
  }
}
