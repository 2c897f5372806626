// Relays an answer that is no 101 to an upgrade's socket: status, lines and body whole, then both connections end. The body is framed by
// its own Content-Length or, without one, by the end of the connection.

import type { Socket } from 'node:net';
import { BodyReader, type DataSink } from '../proxy/framing.ts';
import { messageHead } from '../proxy/headers.ts';
import type { DialAnswer } from './dial.ts';

/** Time for the whole answer to pass, as apiserver's upgrade handler gives. ms. */
const RELAY_TIMEOUT_MS = 10_000;

const NOWHERE: DataSink = { onData: () => {} };

/** Whether all of an answer came with its head, as far as a connection that is closed can tell. */
export function hasCome({ head, socket, rest }: DialAnswer, isHead: boolean): boolean {
  const body = new BodyReader();
  body.start(head, isHead);
  try {
    body.read(rest, 0, NOWHERE);
  } catch {
    return false;
  }
  return body.done || (body.untilClose && socket.readableEnded);
}

/** Writes the answer with `lines` and ends both connections: the API server's when all of it has come or failed, `socket` after its last byte. */
export function relayResponse(
  socket: Socket,
  { head, socket: upstream, rest }: DialAnswer,
  lines: readonly string[],
  isHead: boolean,
): void {
  const body = new BodyReader();
  const timer = setTimeout(() => close(), RELAY_TIMEOUT_MS);
  timer.unref();
  const close = () => {
    clearTimeout(timer);
    upstream.destroy();
    socket.destroy();
  };
  let isWhole = false;
  const finish = () => {
    isWhole = true;
    upstream.destroy();
    // FIN after the last byte; what the caller still sends is read and dropped, so that no reset overtakes the answer.
    socket.end();
    socket.resume();
    socket.on('end', () =>
      socket.writableFinished ? socket.destroy() : socket.once('finish', () => socket.destroy()),
    );
  };
  const sink = {
    onData: (piece: Buffer) => {
      if (!socket.write(piece)) upstream.pause();
    },
  };
  const take = (chunk: Buffer) => {
    if (isWhole) return;
    try {
      body.read(chunk, 0, sink);
    } catch {
      close();
      return;
    }
    if (body.done) finish();
  };
  socket.on('close', close);
  socket.on('drain', () => upstream.resume());
  upstream.on('data', take);
  const ended = () => (body.untilClose ? finish() : close());
  upstream.on('end', ended);
  upstream.on('close', () => {
    if (!isWhole) close();
  });
  socket.write(messageHead(`HTTP/1.1 ${head.status} ${head.message}`, [...lines, 'Connection', 'close']));
  body.start(head, isHead);
  take(rest);
  // What ended before somebody listened does not end again.
  if (upstream.readableEnded && !isWhole) ended();
  upstream.resume();
}
