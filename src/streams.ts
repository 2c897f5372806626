// HTTP/2 requests as they come: each stream is handed on as it is, with what its header block says. Node's own handler, which would make two
// objects of it that look like HTTP/1.1's, is taken out; what that one refuses by itself is refused here in the same way.

import type { Http2SecureServer, IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import type { Arrival } from './exchange.ts';
import type { CertificateReader } from './peercertificate.ts';

/** Takes one request over. */
export type ServeStream = (arrival: Arrival, stream: ServerHttp2Stream) => void;

const COLON = 58;

export interface StreamDeps {
  /** ms since the epoch. */
  readonly now: () => number;
  readonly certificateOf: CertificateReader;
}

/**
 * Has `serve` called for each HTTP/2 request of a server. To be called after its `request` listener was set, which is for HTTP/1.1 only from
 * then on.
 */
export function serveStreams(
  server: Http2SecureServer,
  { now, certificateOf }: StreamDeps,
  serve: ServeStream,
): void {
  server.removeAllListeners('stream');
  server.on('session', (session) => {
    const peerAddress = session.socket.remoteAddress ?? '';
    const certificate = certificateOf(session.socket);
    session.on('stream', (stream, headers, _flags, rawHeaders) => {
      // A stream that was reset says so; `close` comes in any case, and is listened to.
      stream.on('error', ignore);
      const refusal = refusalOf(headers);
      if (refusal !== 0) stream.respond({ ':status': refusal }, { endStream: true });
      else serve({ ...arrivalOf(headers, rawHeaders), peerAddress, certificate, receivedAt: now() }, stream);
    });
  });
}

function ignore(): void {}

/** As Node does over HTTP/1.1, too: a tunnel to somewhere is not what the gate is for, and no expectation but one is known. 0 is none. */
function refusalOf(headers: IncomingHttpHeaders): number {
  if (headers[':method'] === 'CONNECT') return 405;
  return headers.expect === undefined || headers.expect === '100-continue' ? 0 : 417;
}

function arrivalOf(
  headers: IncomingHttpHeaders,
  rawHeaders: readonly string[],
): Omit<Arrival, 'peerAddress' | 'certificate' | 'receivedAt'> {
  return {
    transport: 'http',
    method: headers[':method'] ?? '',
    rawTarget: headers[':path'] ?? '',
    rawHeaders: withoutPseudo(rawHeaders),
    authority: headers[':authority'] ?? headers.host ?? '',
    httpVersion: '2.0',
    upgrade: '',
  };
}

function withoutPseudo(rawHeaders: readonly string[]): string[] {
  const lines: string[] = [];
  for (let i = 0; i + 1 < rawHeaders.length; i += 2)
    if (rawHeaders[i]?.charCodeAt(0) !== COLON) lines.push(rawHeaders[i] ?? '', rawHeaders[i + 1] ?? '');
  return lines;
}
