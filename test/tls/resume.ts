// A caller that keeps its TLS session for the next connection, as Go's clients do with a session cache.

import { once } from 'node:events';
import { type ConnectionOptions, connect } from 'node:tls';

/** One connection: whether it was resumed, and the newest session that it got. */
export interface Visit {
  readonly resumed: boolean;
  readonly session: Buffer;
  /** The ticket in it. */
  readonly ticket: Buffer;
}

const REQUEST = 'GET /version HTTP/1.1\r\nHost: gate\r\nConnection: close\r\n\r\n';

/** Opens a connection with `session`, asks one thing and reads to the end: with TLS 1.3 the ticket comes after the handshake. @throws where there is no answer */
export async function visit(port: number, more: ConnectionOptions, session?: Buffer): Promise<Visit> {
  const socket = connect({ port, host: '127.0.0.1', ...more, ...(session === undefined ? {} : { session }) });
  let latest: Buffer | undefined;
  socket.on('session', (fresh: Buffer) => {
    latest = fresh;
  });
  await once(socket, 'secureConnect');
  let answer = '';
  socket.on('data', (chunk: Buffer) => (answer += chunk.toString('latin1')));
  socket.write(REQUEST);
  await once(socket, 'end');
  const resumed = socket.isSessionReused();
  const ticket = socket.getTLSTicket() ?? Buffer.alloc(0);
  socket.destroy();
  if (!answer.startsWith('HTTP/1.1 ')) throw new Error(`no answer: ${JSON.stringify(answer)}`);
  return { resumed, session: latest ?? session ?? Buffer.alloc(0), ticket };
}
