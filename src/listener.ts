// The public listener: one TLS port that speaks HTTP/2 and HTTP/1.1 by ALPN (callers without ALPN get 1.1: kubectl's upgrades send none),
// with limits as the API server has them instead of Node's, which would refuse what works directly.

import { createSecureServer, type Http2SecureServer } from 'node:http2';
import type { Socket } from 'node:net';
import { DEFAULT_CIPHERS } from 'node:tls';
import type { TlsConfig } from './config/config.ts';
import { MAX_HEADER_BYTES, TCP_KEEP_ALIVE_MS } from './proxy/upstream.ts';
import { requestedUpgrade } from './upgrade/requested.ts';

/** Header lines must be in within this time; client-go's servers wait 32 s. ms. */
const HEADERS_TIMEOUT_MS = 32_000;
/** Above the 90 s for which Go clients keep idle connections: closed under a POST, that request would fail. ms. */
const KEEP_ALIVE_TIMEOUT_MS = 95_000;
const TLS_HANDSHAKE_TIMEOUT_MS = 15_000;
/** HTTP/2: streams of one connection (k9s opens dozens of watches) and header lines of one request. */
const MAX_CONCURRENT_STREAMS = 1000;
const MAX_HEADER_PAIRS = 10_000;
/** HTTP/2 memory of one connection, MiB; headers alone may take one. */
const MAX_SESSION_MEMORY_MB = 100;
/** Flow control windows. Bytes; Go's servers use 1 MiB a connection. */
const STREAM_WINDOW_BYTES = 256 * 1024;
const CONNECTION_WINDOW_BYTES = 1024 * 1024;

/** nghttp2 takes a header block in at most nine frames: with the usual 16 KiB a frame that would be 144 KiB instead of 1 MiB. */
const MAX_FRAME_BYTES = 256 * 1024;

/**
 * Node's suites with AES-128 first, as Go's servers and clients have it: Node would take AES-256, whose four more rounds a block are paid for
 * with each byte.
 */
const DEFAULT_ORDER: readonly string[] = [
  ...new Set(['TLS_AES_128_GCM_SHA256', 'TLS_AES_256_GCM_SHA384', ...DEFAULT_CIPHERS.split(':')]),
];

export interface TlsMaterial {
  readonly cert: string;
  readonly key: string;
  /** '' means that client certificates are not asked for. */
  readonly clientCA: string;
}

/** Creates the server, not yet listening. The request listener is Fastify's. */
export function createListener(tls: TlsConfig, material: TlsMaterial): Http2SecureServer {
  const server = createSecureServer({
    ...secureContextOptions(tls, material),
    ...(material.clientCA === '' ? {} : { requestCert: true, rejectUnauthorized: false }),
    allowHTTP1: true,
    handshakeTimeout: TLS_HANDSHAKE_TIMEOUT_MS,
    settings: {
      maxConcurrentStreams: MAX_CONCURRENT_STREAMS,
      initialWindowSize: STREAM_WINDOW_BYTES,
      maxHeaderListSize: MAX_HEADER_BYTES,
      maxFrameSize: MAX_FRAME_BYTES,
    },
    maxHeaderListPairs: MAX_HEADER_PAIRS,
    // The API server's answers too; 64 KiB otherwise.
    maxSendHeaderBlockLength: 2 * MAX_HEADER_BYTES,
    maxSessionMemory: MAX_SESSION_MEMORY_MB,
    // HTTP/1.1's limits; the typings know them on http.Server only.
    ...({
      maxHeaderSize: MAX_HEADER_BYTES,
      requestTimeout: 0,
      headersTimeout: HEADERS_TIMEOUT_MS,
      keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
      noDelay: true,
      // Without Host a request is refused where all are, with a Status.
      requireHostHeader: false,
    } as object),
  });
  const http1 = server as unknown as {
    timeout: number;
    maxHeadersCount: number;
    shouldUpgradeCallback: (request: { rawHeaders: string[] }) => boolean;
  };
  http1.timeout = 0;
  // Node keeps 2,000 lines otherwise and drops the rest without a word.
  http1.maxHeadersCount = 0;
  // Only what we tunnel is an upgrade: with `Upgrade: h2c` and the like a request is an ordinary one (RFC 9110 §7.8).
  http1.shouldUpgradeCallback = ({ rawHeaders }) => requestedUpgrade(rawHeaders) !== '';
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

/** What may change while the server runs: `server.setSecureContext` takes it. */
export function secureContextOptions(tls: TlsConfig, { cert, key, clientCA }: TlsMaterial) {
  return {
    cert,
    key,
    ...(clientCA === '' ? {} : { ca: clientCA }),
    minVersion: tls.minVersion,
    ciphers: (tls.ciphers.length === 0 ? DEFAULT_ORDER : tls.ciphers).join(':'),
  };
}
