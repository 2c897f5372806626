// Joins the caller's socket and the API server's after a 101: raw bytes both ways with backpressure, nothing changed.
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
import { readInto } from '../proxy/reading.ts';
import type { Slabs } from '../proxy/slabs.ts';
import type { EndReason, Session } from '../sessions.ts';
import { Flow, type FlowContext } from './flow.ts';
import { watchHalfClosed, watchHeld } from './halfclosed.ts';
import type { LastWord } from './lastword.ts';
import { part } from './parting.ts';
import { arm, finish, guardWrites, newSide, type Side, takesBytes } from './side.ts';

/** How long a side may take to close after it was sent everything and FIN, when the other side is gone. ms. */
export const LINGER_MS = 120_000;
/** The same where nobody waits for more bytes: for sessions that the gate itself ends (expiry, drain), and behind a side that ended, then vanished. ms. */
const OWN_CLOSE_LINGER_MS = 5_000;
/** How often it is looked whether a caller is still there who is not read from meanwhile. ms. */
const HELD_LOOK_MS = 10_000;

export interface TunnelOptions {
  readonly client: Socket;
  readonly upstream: Socket;
  /** Bytes that came with the request's head or the 101's; delivered first. */
  readonly clientHead: Buffer;
  readonly upstreamHead: Buffer;
  /** Counters are kept here; `close` is taken over by the tunnel. */
  readonly session: Session;
  /** The memory that bytes pass through. */
  readonly slabs: Slabs;
  /** What the protocol has for telling why the gate ends the session; absent: nothing. */
  readonly lastWord?: LastWord | undefined;
  /** Called once, when both sockets are closed. */
  readonly onEnd: (reason: EndReason, detail: string) => void;
  readonly lingerMs?: number;
  readonly heldLookMs?: number;
}

interface Tunnel extends FlowContext {
  /** The first one to be blamed is the reason of the session's end. */
  readonly blame: (reason: EndReason, why: string) => void;
  /** Reports the end once both sides are closed. */
  readonly settle: () => void;
  readonly lingerMs: number;
  readonly heldLookMs: number;
}

/** Starts moving bytes; returns at once. Both sockets belong to the tunnel from here on. */
export function openTunnel(options: TunnelOptions): void {
  const { session, slabs, lingerMs = LINGER_MS, heldLookMs = HELD_LOOK_MS } = options;
  const client = newSide(options.client, 'client', 'up');
  const upstream = newSide(options.upstream, 'upstream', 'down');
  const parting = part(options.lastWord, { write: (bytes) => sayLast(bytes), end: () => endBoth() });
  const up = new Flow(client, upstream, options, parting?.watchUp);
  const down = new Flow(upstream, client, options, parting?.watchDown);
  let reason: EndReason | undefined;
  let detail = '';

  const blame = (ended: EndReason, why: string) => {
    reason ??= ended;
    detail ||= why;
  };
  const settle = () => {
    if (!client.closed || !upstream.closed) return;
    parting?.dispose();
    options.onEnd(reason ?? 'error', detail);
  };
  const tunnel = { session, slabs, blame, settle, lingerMs, heldLookMs };
  const sayLast = (bytes: Buffer) => {
    down.flush();
    if (!takesBytes(client)) return;
    session.ownBytes += bytes.length;
    session.delivered.down += bytes.length;
    client.socket.write(bytes);
  };
  const endBoth = () => {
    up.flush();
    down.flush();
    for (const one of [client, upstream]) {
      finish(one, OWN_CLOSE_LINGER_MS, lingerMs);
      // A peer that reads nothing would never let the queue run empty.
      arm(one, OWN_CLOSE_LINGER_MS);
      one.socket.resume();
    }
  };
  session.close = (why, text = '', status = '') => {
    blame(why, text);
    if (parting === undefined || status === '') endBoth();
    else parting.begin(status);
  };
  deliverHead(client, upstream, options.clientHead, session);
  deliverHead(upstream, client, options.upstreamHead, session);
  parting?.watchUp(options.clientHead.length, options.clientHead);
  parting?.watchDown(options.upstreamHead.length, options.upstreamHead);
  watch(client, upstream, { leaving: up, arriving: down }, tunnel);
  watch(upstream, client, { leaving: down, arriving: up }, tunnel);
  client.socket.resume();
  upstream.socket.resume();
}

/** Wires what happens to one side: its bytes, its end, its failures, its close. */
function watch(
  one: Side,
  other: Side,
  { leaving, arriving }: { readonly leaving: Flow; readonly arriving: Flow },
  { session, slabs, blame, settle, lingerMs, heldLookMs }: Tunnel,
): void {
  const { socket } = one;
  // Not of an API server that is gone: what the system still holds of it is the caller's, whenever that reads on (`| less`).
  if (one.name === 'client')
    one.stopLooking = watchHeld(one, leaving, { lookMs: heldLookMs, onGone: () => socket.destroy() });
  guardWrites(one, session, (error) => blame(one.name, error.message));
  readInto(socket, slabs.landing, (size, bytes) => leaving.take(size, bytes));
  socket.on('end', () => {
    blame(one.name, '');
    one.readEnded = true;
    leaving.flush();
    other.socket.end();
    // Its writing side failed before: nothing more can come or go.
    if (one.writeBroken) socket.destroy();
    else {
      one.stopLooking();
      one.stopLooking = watchHalfClosed(one, () => {
        one.writeBroken = true;
        socket.destroy();
      });
    }
  });
  socket.on('error', (error: Error) => blame(one.name, error.message));
  socket.on('close', () => {
    blame(one.name, '');
    one.closed = true;
    clearTimeout(one.linger);
    clearInterval(one.standstill);
    one.stopLooking();
    // The other side was told the end before, and what it says now has nobody to go to.
    const isKnown = one.readEnded && one.writeBroken;
    if (!one.readEnded) {
      // Destroyed by a reset: what was read but not handed over is still in the stream's buffer.
      one.readEnded = true;
      const rest: Buffer | null = socket.read();
      if (rest !== null) leaving.take(rest.length, rest);
    }
    leaving.flush();
    arriving.dispose();
    session.delivered[other.direction] -= socket.writableLength;
    finish(other, isKnown ? OWN_CLOSE_LINGER_MS : lingerMs, lingerMs);
    other.socket.resume();
    settle();
  });
}

/** Hands over what came with a head; it is the socket's to keep. */
function deliverHead(from: Side, to: Side, head: Buffer, session: Session): void {
  session.received[from.direction] += head.length;
  if (head.length === 0 || !takesBytes(to)) return;
  session.delivered[from.direction] += head.length;
  to.socket.write(head);
}
