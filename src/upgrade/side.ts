// One of a tunnel's two sockets: what is known of its state, writing that fails without ending the reading, and its end in bounded time.

import type { Socket } from 'node:net';
import type { Direction, Session } from '../sessions.ts';

/** One of the two sockets and what is known of its state. */
export interface Side {
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
  /** Looks whether it still takes what is queued for it. */
  standstill: NodeJS.Timeout | undefined;
  /** Stops what looks whether it is still there. */
  stopLooking: () => void;
}

/** Takes a socket for a tunnel. */
export function newSide(socket: Socket, name: 'client' | 'upstream', direction: Direction): Side {
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
    standstill: undefined,
    stopLooking: () => {},
  };
}

/** Whether bytes may be written to it. */
export function takesBytes({ closed, writeBroken, socket }: Side): boolean {
  return !closed && !writeBroken && !socket.writableEnded;
}

/**
 * Sends FIN after all that is queued, keeps reading (and dropping) so that the close is clean, and closes for good in bounded time. A caller may
 * take its time over what is queued (`| less`); an API server that takes nothing of it for `standstillMs` is let go of, for nobody waits for it.
 */
export function finish(one: Side, lingerMs: number, standstillMs: number): void {
  if (one.closed || one.linger !== undefined) return;
  if (one.readEnded && one.writeBroken) {
    one.socket.destroy();
    return;
  }
  if (one.socket.writableFinished || one.writeBroken) arm(one, lingerMs);
  else {
    one.socket.once('finish', () => {
      clearInterval(one.standstill);
      arm(one, lingerMs);
    });
    if (one.name === 'upstream') watchStandstill(one, standstillMs);
  }
  one.socket.end();
}

function watchStandstill(one: Side, standstillMs: number): void {
  let waiting = one.socket.writableLength;
  clearInterval(one.standstill);
  one.standstill = setInterval(() => {
    const { writableLength } = one.socket;
    if (writableLength === waiting) one.socket.destroy();
    waiting = writableLength;
  }, standstillMs);
  one.standstill.unref();
}

/** Closes for good after `lingerMs`. */
export function arm(one: Side, lingerMs: number): void {
  if (one.closed || one.linger !== undefined) return;
  one.linger = setTimeout(() => one.socket.destroy(), lingerMs);
  one.linger.unref();
}

/**
 * Makes a failed write end only the writing. Node destroys the whole stream on a write error, with the bytes that can still be read;
 * the `_write` and `_writev` of this one socket report success instead, and the failure is kept in `writeBroken`.
 */
export function guardWrites(one: Side, session: Session, onBroken: (error: Error) => void): void {
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
