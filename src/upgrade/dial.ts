// Asks the API server for an upgrade, on a dedicated connection that is never pooled (CVE-2018-1002105 was a reused one). Node's HTTP
// client parses the answer; a 101 gives the raw socket, anything else gives the answer to relay.

import { request as httpRequest, type IncomingMessage } from 'node:http';
import type { TLSSocket } from 'node:tls';
import type { Target } from '../kube/path.ts';
import type { Upstream } from '../proxy/upstream.ts';
import { MAX_HEADER_BYTES } from '../serverlimits.ts';

export type DialAnswer =
  | {
      readonly kind: 'upgraded';
      readonly response: IncomingMessage;
      readonly socket: TLSSocket;
      readonly head: Buffer;
    }
  | { readonly kind: 'response'; readonly response: IncomingMessage; readonly socket: TLSSocket };

export interface DialRequest {
  readonly upstream: Upstream;
  readonly target: Target;
  readonly method: string;
  /** Flat request lines, complete. */
  readonly lines: readonly string[];
  /** Aborted when the caller goes away before there is an answer. */
  readonly signal: AbortSignal;
}

/** Connects, sends the request and waits for the head of the answer, for as long as the caller does. @throws the connection's error. */
export async function dialUpgrade({
  upstream,
  target,
  method,
  lines,
  signal,
}: DialRequest): Promise<DialAnswer> {
  const socket = await upstream.dial();
  if (signal.aborted) {
    socket.destroy();
    throw signal.reason;
  }
  return new Promise((resolve, reject) => {
    const request = httpRequest({
      createConnection: () => socket,
      method,
      path: upstream.basePath + target.raw,
      headers: lines as string[],
      setHost: false,
      maxHeaderSize: MAX_HEADER_BYTES,
    });
    // Node keeps 2,000 header lines otherwise and drops the rest without a word.
    request.maxHeadersCount = 0;
    const abort = () => request.destroy(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    const settled = () => signal.removeEventListener('abort', abort);
    request.on('error', (error) => {
      settled();
      socket.destroy();
      reject(error);
    });
    request.on('upgrade', (response, upgraded, head) => {
      settled();
      resolve({ kind: 'upgraded', response, socket: upgraded as TLSSocket, head });
    });
    request.on('response', (response) => {
      settled();
      resolve({ kind: 'response', response, socket });
    });
    request.end();
  });
}
