// The practice server's port: TLS on loopback, HTTP/2 and HTTP/1.1 by ALPN, 1.1 also for callers without it (kubectl's upgrades), with the
// limits of a real API server instead of Node's (protocol.md §8).

import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import {
  createSecureServer,
  type Http2SecureServer,
  type Http2ServerRequest,
  type Http2ServerResponse,
  type ServerHttp2Session,
} from 'node:http2';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { DEADLINES, deadlineOptions, liftLimits, SERVER_LIMITS } from '../../serverlimits.ts';
import { header } from './call.ts';

/** Certificate and key, PEM. */
export interface Tls {
  readonly cert: string;
  readonly key: string;
}

/** A request of either version. */
export type HttpRequest = IncomingMessage | Http2ServerRequest;
/** Its answer. */
export type HttpResponse = ServerResponse | Http2ServerResponse;

/** What a listener hands on. */
export interface Handlers {
  readonly onRequest: (request: HttpRequest, response: HttpResponse) => void;
  readonly onUpgrade: (request: IncomingMessage, socket: Duplex, head: Buffer) => void;
}

/** A listener that is open. */
export interface Listener {
  readonly address: AddressInfo;
  /** TCP connections that are open now. */
  readonly connections: () => number;
  /** Ends every connection at once. */
  readonly stop: () => Promise<void>;
}

/** Opens a port. @throws when it cannot be had. */
export async function listen(
  tls: Tls,
  place: { host: string; port: number },
  handlers: Handlers,
): Promise<Listener> {
  const server = makeServer(tls);
  const sockets = new Set<Socket>();
  const sessions = new Set<ServerHttp2Session>();
  server.on('connection', (socket: Socket) => {
    socket.setNoDelay(true);
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
  });
  server.on('secureConnection', (socket) => {
    socket.setNoDelay(true);
    socket.on('error', () => {});
  });
  server.on('session', (session) => {
    sessions.add(session);
    session.on('error', () => {});
    session.on('close', () => sessions.delete(session));
  });
  server.on('tlsClientError', () => {});
  server.on('sessionError', () => {});
  server.on('request', handlers.onRequest as never);
  server.on('upgrade', handlers.onUpgrade as never);
  server.listen(place.port, place.host);
  await once(server, 'listening');
  return {
    address: server.address() as AddressInfo,
    connections: () => sockets.size,
    stop: async () => {
      const closed = [...sockets].map((socket) => once(socket, 'close'));
      closed.push(once(server, 'close'));
      server.close();
      for (const session of sessions) session.destroy();
      for (const socket of sockets) socket.destroy();
      await Promise.all(closed);
    },
  };
}

function makeServer(tls: Tls): Http2SecureServer {
  const server = createSecureServer({
    ...tls,
    ...SERVER_LIMITS,
    ...deadlineOptions(DEADLINES),
  });
  liftLimits(server, (request) => /websocket|spdy\/3\.1/i.test(header(request, 'upgrade')));
  return server;
}
