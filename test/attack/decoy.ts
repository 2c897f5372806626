// A real listener, to which no request and no answer ever leads a gate.

import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import t from 'tap';

export interface Decoy {
  readonly port: number;
  /** Connections so far. */
  readonly dialled: () => number;
}

/** Starts one on loopback; it ends with the file's tests. */
export async function startDecoy(): Promise<Decoy> {
  let dialled = 0;
  const server = createServer((socket) => {
    dialled++;
    socket.destroy();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => void server.close());
  return { port: (server.address() as AddressInfo).port, dialled: () => dialled };
}
