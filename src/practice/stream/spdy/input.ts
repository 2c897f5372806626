// The receiving half of a connection: hands over chunk after chunk, the next when the last is dealt with, and leaves the rest in the socket.

import { type Duplex, Writable } from 'node:stream';

/** What becomes of a socket's bytes. */
export interface InputHandler {
  /** Deals with a chunk; the next comes when it has resolved. Never rejects. */
  readonly take: (chunk: Buffer) => Promise<void>;
  /** No more will come. */
  readonly ended: () => void;
}

/** Reads `socket` from now on, after the bytes that are there already. */
export function readInput(socket: Duplex, head: Buffer | undefined, handler: InputHandler): void {
  const input = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      handler.take(chunk).then(() => done(), done);
    },
    final: (done) => {
      handler.ended();
      done();
    },
  });
  if (head !== undefined && head.length > 0) input.write(head);
  socket.pipe(input);
}
