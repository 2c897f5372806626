// Relays an answer that is no 101 to an upgrade's socket: status, lines and body whole, then both connections end. The body is framed by
// its own Content-Length or, without one, by the end of the connection.

import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { messageHead } from '../proxy/headers.ts';

/** Time for the whole answer to pass, as apiserver's upgrade handler gives. ms. */
const RELAY_TIMEOUT_MS = 10_000;

/** Writes the answer and ends `socket`; `done` is called once, when the answer has passed or failed, to end the other connection. */
export function relayResponse(
  socket: Socket,
  response: IncomingMessage,
  lines: readonly string[],
  done: () => void,
): void {
  const timer = setTimeout(() => close(), RELAY_TIMEOUT_MS);
  timer.unref();
  const close = () => {
    clearTimeout(timer);
    response.destroy();
    socket.destroy();
    done();
  };
  socket.on('close', close);
  response.on('error', close);
  const startLine = `HTTP/1.1 ${response.statusCode} ${response.statusMessage ?? ''}`;
  socket.write(messageHead(startLine, [...lines, 'Connection', 'close']));
  response.on('data', (chunk: Buffer) => {
    if (!socket.write(chunk)) response.pause();
  });
  socket.on('drain', () => response.resume());
  response.on('end', () => {
    done();
    // FIN after the last byte; what the caller still sends is read and dropped, so that no reset overtakes the answer.
    socket.end();
    socket.resume();
    socket.on('end', () =>
      socket.writableFinished ? socket.destroy() : socket.once('finish', () => socket.destroy()),
    );
  });
}
