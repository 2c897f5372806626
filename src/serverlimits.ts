// What a listener in the API server's place has to let through (protocol: 1 MiB of header lines, many of them, long uploads, idle Go clients): Node's own
// limits would refuse or silently drop what works directly. The gate's listener and the practice API server's have the same.

import type { Http2SecureServer, SecureServerOptions } from 'node:http2';

/** As Go servers: 1 MiB of header lines, both ways. */
export const MAX_HEADER_BYTES = 1024 * 1024;
/** Header lines must be in within this time; client-go's servers wait 32 s. ms. */
const HEADERS_TIMEOUT_MS = 32_000;
/** Above the 90 s for which Go clients keep idle connections: closed under a POST, that request would fail. ms. */
const KEEP_ALIVE_TIMEOUT_MS = 95_000;
/** HTTP/2: streams of one connection (k9s opens dozens of watches) and header lines of one request. */
const MAX_CONCURRENT_STREAMS = 1000;
const MAX_HEADER_PAIRS = 10_000;
/** HTTP/2 memory of one connection, MiB; headers alone may take one. */
const MAX_SESSION_MEMORY_MB = 100;
/** Flow control window of a stream. Bytes. */
const STREAM_WINDOW_BYTES = 256 * 1024;
/** nghttp2 takes a header block in at most nine frames: with the usual 16 KiB a frame that would be 144 KiB instead of 1 MiB. */
const MAX_FRAME_BYTES = 256 * 1024;

/** Options of `http2.createSecureServer` with HTTP/1.1 beside it. */
export const SERVER_LIMITS: SecureServerOptions = {
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
};

/** A request as Node asks about its upgrade. */
export interface UpgradeQuestion {
  readonly rawHeaders: string[];
}

/** Lifts the limits that are no options. `isUpgrade`: which requests are; with other `Upgrade` values (h2c) one is an ordinary request (RFC 9110 §7.8). */
export function liftLimits(
  server: Http2SecureServer,
  isUpgrade: (request: UpgradeQuestion) => boolean,
): void {
  const http1 = server as unknown as {
    timeout: number;
    maxHeadersCount: number;
    shouldUpgradeCallback: (request: UpgradeQuestion) => boolean;
  };
  http1.timeout = 0;
  // Node keeps 2,000 lines otherwise and drops the rest without a word.
  http1.maxHeadersCount = 0;
  http1.shouldUpgradeCallback = isUpgrade;
}
