// Asks the API server something for the gate itself, as the gate's own account: a review, a config map. The answer is read whole, so it is
// bounded in size and time; nothing of a caller's request goes along.

import { afterDelay } from '../delay.ts';
import type { Upstream } from './upstream.ts';

/** The largest answer that is read. bytes */
const MAX_ANSWER_BYTES = 4 * 1024 * 1024;

/** A question. */
export interface ClusterQuestion {
  readonly method: string;
  /** From the API server's root. */
  readonly path: string;
  /** JSON; absent for none. */
  readonly body?: string;
  /** What is wanted; default application/json. */
  readonly accept?: string;
  /** Further flat lines; default none. */
  readonly lines?: readonly string[];
  /** It carries nothing out, so it is asked once more when the idle connection that it went on turns out to be closed. Default: a GET. */
  readonly mayRepeat?: boolean;
  readonly timeoutMs: number;
}

/** An answer, whatever its status. */
export interface ClusterAnswer {
  readonly status: number;
  readonly body: Buffer;
}

/** There was no answer in time. */
export class AskTimeout extends Error {
  readonly code = 'ETIMEDOUT';
}

/** Sends it and reads the whole answer. @throws the connection's error, AskTimeout, or Error for an answer that is too large */
export function askCluster(
  upstream: Upstream,
  {
    method,
    path,
    body,
    accept = 'application/json',
    lines: more = [],
    mayRepeat = method === 'GET',
    timeoutMs,
  }: ClusterQuestion,
): Promise<ClusterAnswer> {
  const bytes = body === undefined ? undefined : Buffer.from(body);
  const lines = ['Host', upstream.host, ...upstream.credential, ...more, 'Accept', accept];
  if (bytes !== undefined)
    lines.push('Content-Type', 'application/json', 'Content-Length', String(bytes.length));
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let status = 0;
    let size = 0;
    let cancel = () => {};
    const sending = upstream.pool.send(
      {
        method,
        path: upstream.basePath + path,
        lines,
        body: bytes ?? null,
        mayRepeat,
      },
      {
        onHead: (code) => {
          status = code;
        },
        onData: (chunk) => {
          size += chunk.length;
          if (size > MAX_ANSWER_BYTES) sending.abort(new Error('the answer is too large'));
          else chunks.push(Buffer.from(chunk));
        },
        onEnd: () => {
          cancel();
          resolve({ status, body: Buffer.concat(chunks) });
        },
        onError: (error) => {
          cancel();
          reject(error);
        },
      },
    );
    cancel = afterDelay(timeoutMs, () => sending.abort(new AskTimeout('no answer in time')));
  });
}
