// HTTP/2 callers who begin and do not go on: Node has deadlines for HTTP/1.1 only. All connections are looked at together every few seconds, and
// no request has a timer. What is unfinished is seen from outside: nghttp2 counts a stream when its header block begins (RFC 9113 §6.2), Node
// hands it over when the block is whole, and no other frame may come in between (§6.10), so whoever answers a PING is in the middle of none.

import {
  constants,
  type Http2SecureServer,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import type { TLSSocket } from 'node:tls';
import { afterDelay, type SetTimer } from './delay.ts';
import type { Deadlines } from './serverlimits.ts';

/** How long a caller may take to close a connection after our GOAWAY; Go's servers wait as long (`goAwayTimeout`). ms */
const FAREWELL_MS = 1_000;

export interface Silence {
  /** Looks no more. */
  close(): void;
}

/**
 * Ends the HTTP/2 connections of a server on which a preface or header lines do not come within `headersMs`, and those that carry no request
 * for `idleMs`, each within two looks after that. Time is counted in looks: a process that stood still has not heard its callers, either.
 */
export function watchSilence(
  server: Http2SecureServer,
  { headersMs, idleMs, lookMs }: Deadlines,
  setTimer?: SetTimer,
): Silence {
  const limits = {
    head: Math.ceil(headersMs / lookMs),
    idle: Math.ceil(idleMs / lookMs),
    over: Math.ceil(FAREWELL_MS / lookMs),
  };
  const connections = new Set<Connection>();
  let session: ServerHttp2Session | undefined;
  server.on('session', (one) => {
    session = one;
  });
  // Node has emitted `session` for this very socket, if it speaks HTTP/2; the session itself gives no hold on it.
  server.on('secureConnection', (socket) => {
    if (session === undefined) return;
    const connection = new Connection(session, socket);
    session = undefined;
    connections.add(connection);
    socket.once('close', () => connections.delete(connection));
  });
  let cancel = () => {};
  const look = () => {
    for (const connection of connections) connection.look(limits);
    cancel = afterDelay(lookMs, look, setTimer);
  };
  cancel = afterDelay(lookMs, look, setTimer);
  return { close: () => cancel() };
}

/** What a connection waits for: its caller's header lines, a request, its caller's end after GOAWAY. */
type Wait = 'head' | 'idle' | 'over';

/** One HTTP/2 connection. */
class Connection {
  readonly #session: ServerHttp2Session;
  readonly #socket: TLSSocket;
  readonly #streams = new Set<ServerHttp2Stream>();
  /** Its caller's preface has come, which ends in SETTINGS. */
  #isOpened = false;
  /** The newest stream that is whole, or of which it is known that nothing more comes: one that nghttp2 refused is never handed over. */
  #heard = 0;
  /** The newest stream after whose header block a PING was sent. */
  #asked = 0;
  /** How much we may send, at the last look; and at how many looks something had gone out. */
  #window = 0;
  #taken = 0;
  #wait: Wait | undefined;
  /** What would have changed if the caller had gone on. */
  #mark = '';
  /** Looks since then. */
  #looks = 0;

  constructor(session: ServerHttp2Session, socket: TLSSocket) {
    this.#session = session;
    this.#socket = socket;
    session.once('remoteSettings', () => {
      this.#isOpened = true;
    });
    const streams = this.#streams;
    const onClose = function (this: ServerHttp2Stream) {
      streams.delete(this);
    };
    session.on('stream', (stream) => {
      this.#heard = stream.id ?? 0;
      streams.add(stream);
      stream.on('close', onClose);
    });
  }

  look(limits: Readonly<Record<Wait, number>>): void {
    const wait = this.#waitsFor();
    const mark = this.#markOf(wait);
    if (wait !== this.#wait || mark !== this.#mark) {
      this.#wait = wait;
      this.#mark = mark;
      this.#looks = 0;
    }
    if (wait === undefined || this.#looks++ < limits[wait]) return;
    if (wait === 'over') this.#socket.destroy();
    else if (wait === 'head')
      this.#session.destroy(
        new Error('header lines did not end in time'),
        constants.NGHTTP2_ENHANCE_YOUR_CALM,
      );
    // GOAWAY says up to which stream requests were heard: those that are on their way may be repeated elsewhere (RFC 9113 §6.8).
    else if (!this.#session.closed) this.#session.close();
    else this.#session.destroy();
  }

  #waitsFor(): Wait | undefined {
    if (this.#session.destroyed) return 'over';
    if (!this.#isOpened || this.#hasUnfinishedHead()) return 'head';
    // Node ends the answer to a HEAD before it has begun.
    for (const { headersSent, writableEnded } of this.#streams)
      if (!headersSent || !writableEnded) return undefined;
    return 'idle';
  }

  /** A wait begins anew when this changes. PINGs change nothing, as with Go's servers: client-go sends one every 30 s, wanted or not. */
  #markOf(wait: Wait | undefined): string {
    if (wait === 'head') return String(this.#asked);
    if (wait !== 'idle') return '';
    // Of answers that are complete here, something may wait for the caller to take it; what goes out makes the connection's window smaller.
    const window = this.#session.state.remoteWindowSize ?? 0;
    if (window < this.#window) this.#taken++;
    this.#window = window;
    return `${this.#heard} ${this.#taken}`;
  }

  #hasUnfinishedHead(): boolean {
    const begun = this.#session.state.lastProcStreamID ?? 0;
    if (begun <= this.#heard) return false;
    if (begun !== this.#asked) {
      this.#asked = begun;
      this.#session.ping((error: Error | null) => {
        if (error === null) this.#heard = Math.max(this.#heard, begun);
      });
    }
    return true;
  }
}
