// A side that has ended its sending and waits for the rest, or that is not read from because the other side takes nothing. Nobody hears of its
// reset: libuv polls no socket that is not read from, or whose end it has read; Linux answers further reads with that end whatever has come since
// (tcp_recvmsg looks at SOCK_DONE before sk_err), and Node keeps the failure of an empty write under TLS to itself. But a socket that was reset, or
// that keep-alive has given up, has no peer any more, and getpeername(2) says so. Node's own `remoteAddress` remembers its answer, so the handle is
// asked; where a Node has no such method a reset is found by the next write.

import type { Socket } from 'node:net';
import type { Side } from './side.ts';

/** How often it is looked whether the peer is still there. ms */
export const LOOK_MS = 1_000;

interface Internals {
  readonly _handle?: { readonly getpeername?: (out: object) => number | undefined } | null;
}

/** Calls `onGone` when the peer has gone, which is to destroy the socket. @returns what stops looking; to be called when the socket closes */
export function watchHalfClosed({ socket }: Pick<Side, 'socket'>, onGone: () => void): () => void {
  const timer = setInterval(() => {
    if (hasNoPeer(socket)) onGone();
  }, LOOK_MS);
  timer.unref();
  return () => clearInterval(timer);
}

/** Calls `onGone` when the peer has gone of a side that was not read from between two looks. @returns what stops looking */
export function watchHeld(
  { socket }: Pick<Side, 'socket'>,
  flow: { readonly isHeld: boolean; readonly taken: number },
  { lookMs, onGone }: { readonly lookMs: number; readonly onGone: () => void },
): () => void {
  let heldAt = -1;
  const timer = setInterval(() => {
    if (flow.isHeld && flow.taken === heldAt && hasNoPeer(socket)) onGone();
    heldAt = flow.isHeld ? flow.taken : -1;
  }, lookMs);
  timer.unref();
  return () => clearInterval(timer);
}

function hasNoPeer(socket: Socket): boolean {
  const handle = (socket as unknown as Internals)._handle;
  const failure = typeof handle?.getpeername === 'function' ? handle.getpeername({}) : undefined;
  return failure !== undefined && failure !== 0;
}
