// Joins the caller's socket and the API server's after a 101: raw bytes both ways with backpressure, nothing parsed.
//
// The promise: what was received from one side is delivered to the other before anything is torn down, also when a side resets.
// Three things that a plain `a.pipe(b); b.pipe(a)` with destroy-on-close gets wrong, each seen to cost a session its last bytes:
//   1. `close` of one side destroys the other while bytes still wait in its write queue.
//   2. A reset destroys the stream object at once, with what it had read but, being paused, not handed over yet.
//   3. A failed write (a SPDY ping to a peer that has just closed) destroys the stream too, although the kernel still holds bytes
//      that the peer had sent before.
// So here: FIN is passed on as FIN; write failures only end writing; buffered bytes are taken from a reset stream; and a socket is
// closed only once its own queue is flushed and its peer has closed or LINGER_MS has passed (closing with unread input would make
// the kernel send RST and drop what is still on its way).

import type { Socket } from 'node:net';
import type { Direction, EndReason, Session } from '../sessions.ts';

/** How long a side may take to close after it was sent everything and FIN, when the other side is gone. ms. */
export const LINGER_MS = 120_000;
/** The same for sessions that the gate itself ends (expiry, drain): nobody waits for more bytes. ms. */
const OWN_CLOSE_LINGER_MS = 5_000;

export interface TunnelOptions {
  readonly client: Socket;
  readonly upstream: Socket;
  /** Bytes that came with the request's head or the 101's; delivered first. */
  readonly clientHead: Buffer;
  readonly upstreamHead: Buffer;
  /** Counters are kept here; `close` is taken over by the tunnel. */
  readonly session: Session;
  /** How much may wait for a slow receiver, each way, before the sender is stopped. Bytes; asked anew each time. */
  readonly queueBytes: () => number;
  /** Called once, when both sockets are closed. */
  readonly onEnd: (reason: EndReason, detail: string) => void;
  readonly lingerMs?: number;
}

/** One of the two sockets and what is known of its state. */
interface Side {
  readonly socket: Socket;
  /** The direction of the bytes that this side sends. */
  readonly direction: Direction;
  readonly name: 'client' | 'upstream';
  /** No more bytes will be read from it. */
  readEnded: boolean;
  /** Bytes can't be written to it any more; they are counted as lost. */
  writeBroken: boolean;
  closed: boolean;
  linger: NodeJS.Timeout | undefined;
}

/** Starts moving bytes; returns at once. Both sockets belong to the tunnel from here on. */
export function openTunnel(options: TunnelOptions): void {
  const { session, lingerMs = LINGER_MS } = options;
  const client = side(options.client, 'client', 'up');
  const upstream = side(options.upstream, 'upstream', 'down');
  let reason: EndReason | undefined;
  let detail = '';

  const blame = (ended: EndReason, why: string) => {
    reason ??= ended;
    detail ||= why;
  };
  const settle = () => {
    if (client.closed && upstream.closed) options.onEnd(reason ?? 'error', detail);
  };
  session.close = (why, text = '') => {
    blame(why, text);
    for (const one of [client, upstream]) {
      finish(one, OWN_CLOSE_LINGER_MS);
      // A peer that reads nothing would never let the queue run empty.
      arm(one, OWN_CLOSE_LINGER_MS);
      one.socket.resume();
    }
  };
  for (const [from, to] of [
    [client, upstream],
    [upstream, client],
  ] as const) {
    guardWrites(from, session, (error) => blame(from.name, error.message));
    join(from, to, { session, queueBytes: options.queueBytes, blame, settle, lingerMs });
  }
  deliver(client, upstream, options.clientHead, options);
  deliver(upstream, client, options.upstreamHead, options);
}

interface Delivery {
  readonly session: Session;
  readonly queueBytes: () => number;
}

interface JoinContext extends Delivery {
  readonly blame: (reason: EndReason, why: string) => void;
  readonly settle: () => void;
  readonly lingerMs: number;
}

/** Wires the direction from → to. */
function join(from: Side, to: Side, context: JoinContext): void {
  const { session, blame } = context;
  from.socket.on('data', (chunk: Buffer) => deliver(from, to, chunk, context));
  to.socket.on('drain', () => from.socket.resume());
  from.socket.on('end', () => {
    blame(from.name, '');
    from.readEnded = true;
    to.socket.end();
    // Its writing side failed before: nothing more can come or go.
    if (from.writeBroken) from.socket.destroy();
  });
  from.socket.on('error', (error: Error) => blame(from.name, error.message));
  from.socket.on('close', () => {
    blame(from.name, '');
    from.closed = true;
    clearTimeout(from.linger);
    if (!from.readEnded) {
      // Destroyed by a reset: what was read but not handed over is still in the stream's buffer.
      from.readEnded = true;
      const rest: Buffer | null = from.socket.read();
      if (rest !== null) deliver(from, to, rest, context);
    }
    session.delivered[to.direction] -= from.socket.writableLength;
    finish(to, context.lingerMs);
    to.socket.resume();
    context.settle();
  });
}

/** Hands bytes over, and stops reading when the other side can't take more for now. */
function deliver(from: Side, to: Side, chunk: Buffer, context: Delivery): void {
  const { session } = context;
  if (chunk.length === 0) return;
  session.received[from.direction] += chunk.length;
  if (to.closed || to.writeBroken || to.socket.writableEnded) return;
  session.delivered[from.direction] += chunk.length;
  // Node would have us stop at 64 KiB, and then start and stop for every few records: 1.7 CPU seconds a GB instead of 1.35 (stream-down).
  if (!to.socket.write(chunk) && to.socket.writableLength >= context.queueBytes() && !from.closed)
    from.socket.pause();
}

/** Sends FIN after all that is queued, keeps reading (and dropping) so that the close is clean, and closes for good in bounded time. */
function finish(one: Side, lingerMs: number): void {
  if (one.closed || one.linger !== undefined) return;
  if (one.readEnded && one.writeBroken) {
    one.socket.destroy();
    return;
  }
  if (one.socket.writableFinished || one.writeBroken) arm(one, lingerMs);
  else one.socket.once('finish', () => arm(one, lingerMs));
  one.socket.end();
}

/** Closes for good after `lingerMs`. */
function arm(one: Side, lingerMs: number): void {
  if (one.closed || one.linger !== undefined) return;
  one.linger = setTimeout(() => one.socket.destroy(), lingerMs);
  one.linger.unref();
}

/**
 * Makes a failed write end only the writing. Node destroys the whole stream on a write error, with the bytes that can still be read;
 * the `_write` and `_writev` of this one socket report success instead, and the failure is kept in `writeBroken`.
 */
function guardWrites(one: Side, session: Session, onBroken: (error: Error) => void): void {
  const { socket } = one;
  const intoSide: Direction = one.direction === 'up' ? 'down' : 'up';
  const write = socket._write.bind(socket);
  const writev = socket._writev?.bind(socket);
  const settle = (size: number, callback: (error?: Error | null) => void) => (error?: Error | null) => {
    if (error) {
      session.delivered[intoSide] -= size;
      if (!one.writeBroken) {
        one.writeBroken = true;
        onBroken(error);
        if (one.readEnded) setImmediate(() => socket.destroy());
      }
    }
    callback();
  };
  socket._write = (chunk: Buffer, encoding, callback) => {
    if (one.writeBroken) settle(chunk.length, callback)(new Error('the peer is gone'));
    else write(chunk, encoding, settle(chunk.length, callback));
  };
  if (writev === undefined) return;
  socket._writev = (chunks: { chunk: Buffer; encoding: BufferEncoding }[], callback) => {
    const size = chunks.reduce((sum, { chunk }) => sum + chunk.length, 0);
    if (one.writeBroken) settle(size, callback)(new Error('the peer is gone'));
    else writev(chunks, settle(size, callback));
  };
}

function side(socket: Socket, name: 'client' | 'upstream', direction: Direction): Side {
  // Half-open on purpose: the end of one direction says nothing about the other.
  socket.allowHalfOpen = true;
  socket.setTimeout(0);
  return {
    socket,
    name,
    direction,
    readEnded: false,
    writeBroken: false,
    closed: socket.destroyed,
    linger: undefined,
  };
}
