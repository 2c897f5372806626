// Asks the API server for an upgrade, on a dedicated connection that is never pooled (CVE-2018-1002105 was a reused one). The head of the
// answer is read as for every request (proxy/response.ts); a 101 gives the raw socket, anything else gives the answer to relay.
// Node's own client would do, but what it allocates stays as long as the session does: see docs/adr/0008-rest-path.md.

import type { TLSSocket } from 'node:tls';
import type { Target } from '../kube/path.ts';
import { UpstreamClosed } from '../proxy/connection.ts';
import { HeadReader } from '../proxy/response.ts';
import { requestHead } from '../proxy/sending.ts';
import type { Upstream } from '../proxy/upstream.ts';

/** The head of the answer, and the connection, which is paused: `rest` came with the head, what else there is comes after `resume`. */
export interface DialAnswer {
  /** 101, or what was answered instead. */
  readonly head: HeadReader;
  readonly socket: TLSSocket;
  readonly rest: Buffer;
}

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
  const { text } = requestHead({ method, path: upstream.basePath + target.raw, lines, body: null });
  const socket = await upstream.dial();
  if (signal.aborted) {
    socket.destroy();
    throw signal.reason;
  }
  socket.write(text, 'latin1');
  try {
    return await answerOf(socket, signal);
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

function answerOf(socket: TLSSocket, signal: AbortSignal): Promise<DialAnswer> {
  const head = new HeadReader();
  return new Promise((resolve, reject) => {
    const settled = () => {
      signal.removeEventListener('abort', onAbort);
      socket.off('data', onData).off('end', onEnd).off('close', onEnd).off('error', onError);
    };
    const fail = (error: unknown) => {
      settled();
      reject(error);
    };
    const onAbort = () => fail(signal.reason);
    const onError = (error: Error) => fail(error);
    const onEnd = () => fail(new UpstreamClosed('the API server closed the connection before it answered'));
    const onData = (chunk: Buffer) => {
      try {
        const end = head.read(chunk);
        if (end === -1) return;
        // Nothing may come by between here and whoever listens next.
        socket.pause();
        settled();
        resolve({ head, socket, rest: chunk.subarray(end) });
      } catch (error) {
        fail(error);
      }
    };
    signal.addEventListener('abort', onAbort, { once: true });
    socket.on('data', onData).on('end', onEnd).on('close', onEnd).on('error', onError);
  });
}
