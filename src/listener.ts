// The public listener: one TLS port that speaks HTTP/2 and HTTP/1.1 by ALPN (callers without ALPN get 1.1: kubectl's upgrades send none),
// with limits as the API server has them instead of Node's, which would refuse what works directly.

import { createSecureServer, type Http2SecureServer } from 'node:http2';
import type { Socket } from 'node:net';
import type { TlsConfig } from './config/config.ts';
import { TCP_KEEP_ALIVE_MS } from './proxy/upstream.ts';
import { secureContextOptions, type TlsMaterial } from './securecontext.ts';
import {
  type Deadlines,
  deadlineOptions,
  liftLimits,
  MAX_HEADER_BYTES,
  SERVER_LIMITS,
} from './serverlimits.ts';
import { requestedUpgrade } from './upgrade/requested.ts';

/** HTTP/2's flow control window of a connection. Bytes; Go's servers use 1 MiB. */
const CONNECTION_WINDOW_BYTES = 1024 * 1024;

/** Creates the server, not yet listening. The request listener is server.ts's. */
export function createListener(
  tls: TlsConfig,
  material: TlsMaterial,
  deadlines: Deadlines,
): Http2SecureServer {
  const server = createSecureServer({
    ...secureContextOptions(tls, material),
    ...(material.clientCA === '' ? {} : { requestCert: true, rejectUnauthorized: false }),
    ...SERVER_LIMITS,
    ...deadlineOptions(deadlines),
    // The API server's answers too; 64 KiB otherwise.
    maxSendHeaderBlockLength: 2 * MAX_HEADER_BYTES,
    // Without Host a request is refused where all are, with a Status. HTTP/1.1's, which the typings know on http.Server only.
    ...({ requireHostHeader: false } as object),
  });
  // Only what we tunnel is an upgrade.
  liftLimits(server, ({ rawHeaders }) => requestedUpgrade(rawHeaders) !== '');
  server.on('connection', (socket: Socket) => {
    // Sockets of an HTTP/2 server keep Nagle on for HTTP/1.1 callers otherwise: 44 ms a request, measured.
    socket.setNoDelay(true);
    socket.setKeepAlive(true, TCP_KEEP_ALIVE_MS);
  });
  server.on('secureConnection', (socket) => socket.setNoDelay(true));
  server.on('session', (session) => {
    session.setLocalWindowSize(CONNECTION_WINDOW_BYTES);
    session.on('error', () => {});
  });
  return server;
}
