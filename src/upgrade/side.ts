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
    stopLooking: () => {},
  };
}

/** Whether bytes may be written to it. */
export function takesBytes({ closed, writeBroken, socket }: Side): boolean {
  return !closed && !writeBroken && !socket.writableEnded;
}

/** Sends FIN after all that is queued, keeps reading (and dropping) so that the close is clean, and closes for good in bounded time. */
export function finish(one: Side, lingerMs: number): void {
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
