// What a listener in the API server's place has to let through (protocol: 1 MiB of header lines, many of them, long uploads, idle Go clients): Node's own
// limits would refuse or silently drop what works directly. The gate's listener and the practice API server's have the same.

import type { Http2SecureServer, SecureServerOptions } from 'node:http2';

/** As Go servers: 1 MiB of header lines, both ways. */
export const MAX_HEADER_BYTES = 1024 * 1024;
/** How long a caller may take over what it has begun, or keep a connection that it does not use. ms. */
export interface Deadlines {
  /** For the handshake of TLS. */
  readonly handshakeMs: number;
  /** For the header lines of a request, and for the first bytes after the handshake. */
  readonly headersMs: number;
  /** For a connection without a request. */
  readonly idleMs: number;
  /** Between two looks at the last two: they act up to two looks later. */
  readonly lookMs: number;
}

/** The gate's own. */
export const DEADLINES: Deadlines = {
  handshakeMs: 15_000,
  // kube-apiserver's ReadHeaderTimeout.
  headersMs: 32_000,
  // Above the 90 s for which Go clients keep idle connections: closed under a POST, that request would fail.
  idleMs: 95_000,
  lookMs: 2_000,
};

/** HTTP/2: streams of one connection (k9s opens dozens of watches). */
const MAX_CONCURRENT_STREAMS = 1000;
/** Header lines of one request. HTTP/1.1's parser counts names and values, not what is between them: 1 MiB of them may be 400,000 lines. */
export const MAX_HEADER_PAIRS = 10_000;
/** HTTP/2 memory of one connection, MiB; headers alone may take one. */
const MAX_SESSION_MEMORY_MB = 100;
/** Resets that a connection may go on with, after the first as many as streams may be open. */
const STREAM_RESETS_PER_SECOND = 33;
/** Frames for which a stream is reset by us (CVE-2025-8671), in a connection's life: client libraries send none. Node's default is 1,000. */
const MAX_INVALID_FRAMES = 100;
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
  // As many streams as may be open are reset at once by a caller who stops its watches (k9s, informers); whoever opens and resets on and on
  // (CVE-2023-44487) is ended. nghttp2's defaults, which are to stay.
  streamResetBurst: MAX_CONCURRENT_STREAMS,
  streamResetRate: STREAM_RESETS_PER_SECOND,
  maxSessionInvalidFrames: MAX_INVALID_FRAMES,
  // nghttp2 would leave a line out that has a space before or after its value, and tell nobody: `kubectl --as "bob "` would act as its caller.
  strictFieldWhitespaceValidation: false,
  // An answer that says a thing twice (X-Content-Type-Options, by two layers of an application) goes on as it is, as over HTTP/1.1.
  strictSingleValueFields: false,
  // HTTP/1.1's limits; the typings know them on http.Server only.
  ...({
    maxHeaderSize: MAX_HEADER_BYTES,
    requestTimeout: 0,
    noDelay: true,
  } as object),
};

/** The deadlines of HTTP/1.1 connections and of handshakes, as further options. Those of HTTP/2 are silence.ts'. */
export function deadlineOptions({ handshakeMs, headersMs, idleMs, lookMs }: Deadlines): SecureServerOptions {
  return {
    handshakeTimeout: handshakeMs,
    ...({
      headersTimeout: headersMs,
      keepAliveTimeout: idleMs,
      // Node looks at the header limit every 30 s otherwise.
      connectionsCheckingInterval: lookMs,
    } as object),
  };
}

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
