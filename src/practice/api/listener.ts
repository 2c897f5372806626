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

const MAX_HEADER_BYTES = 1024 * 1024;
const MAX_HEADER_PAIRS = 10_000;
const MAX_CONCURRENT_STREAMS = 1000;
const STREAM_WINDOW_BYTES = 256 * 1024;
/** nghttp2 takes a header block in at most nine frames. */
const MAX_FRAME_BYTES = 256 * 1024;
const MAX_SESSION_MEMORY_MB = 100;
const HEADERS_TIMEOUT_MS = 32_000;
/** Above the 90 s for which Go clients keep idle connections. */
const KEEP_ALIVE_TIMEOUT_MS = 95_000;

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
    allowHTTP1: true,
    settings: {
      maxConcurrentStreams: MAX_CONCURRENT_STREAMS,
      initialWindowSize: STREAM_WINDOW_BYTES,
      maxHeaderListSize: MAX_HEADER_BYTES,
      maxFrameSize: MAX_FRAME_BYTES,
    },
    maxHeaderListPairs: MAX_HEADER_PAIRS,
    maxSessionMemory: MAX_SESSION_MEMORY_MB,
    // HTTP/1.1's limits; the typings know them on http.Server only.
    ...({
      maxHeaderSize: MAX_HEADER_BYTES,
      requestTimeout: 0,
      headersTimeout: HEADERS_TIMEOUT_MS,
      keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
      noDelay: true,
    } as object),
  });
  const http1 = server as unknown as {
    timeout: number;
    maxHeadersCount: number;
    shouldUpgradeCallback: (request: IncomingMessage) => boolean;
  };
  http1.timeout = 0;
  // Node keeps 2,000 lines otherwise and drops the rest without a word.
  http1.maxHeadersCount = 0;
  // Anything else (h2c) is an ordinary request.
  http1.shouldUpgradeCallback = ({ headers }) => /websocket|spdy\/3\.1/i.test(headers.upgrade ?? '');
  return server;
}
