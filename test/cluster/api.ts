// A small client for the tests' own API server with the administrator's certificate: to wait until it is ready and to make the first
// objects without needing a kubectl. Answers are our own cluster's, and trusted.

import { Agent, request } from 'node:https';
import { setTimeout as delay } from 'node:timers/promises';
import type { CertificatePair } from '../../src/certificates.ts';

const REQUEST_TIMEOUT_MS = 10_000;
const POLL_MS = 100;

/** An answer: the status, and the body as parsed JSON or text. */
export interface Answer {
  readonly status: number;
  readonly body: unknown;
}

/** The client. */
export interface ApiClient {
  readonly send: (method: string, path: string, body?: object) => Promise<Answer>;
  /** Asks `path` until `isReady` says so; errors and refusals count as not yet. */
  readonly waitFor: (path: string, isReady: (answer: Answer) => boolean, timeoutMs: number) => Promise<void>;
  readonly close: () => void;
}

/** What a client is made from; `signal` ends its waiting. */
export interface ApiSettings {
  readonly server: string;
  readonly caPem: string;
  readonly pair: CertificatePair;
  readonly signal: AbortSignal;
}

/** A client of `server` as the holder of `pair`. */
export function makeApiClient({ server, caPem, pair, signal }: ApiSettings): ApiClient {
  const agent = new Agent({ ca: caPem, cert: pair.certPem, key: pair.keyPem, keepAlive: true });
  const send = (method: string, path: string, body?: object): Promise<Answer> =>
    new Promise((resolve, reject) => {
      const headers = { accept: 'application/json', 'content-type': 'application/json' };
      const outgoing = request(
        new URL(path, server),
        { method, agent, headers, timeout: REQUEST_TIMEOUT_MS },
        (answer) => {
          const chunks: Buffer[] = [];
          answer.on('data', (chunk: Buffer) => chunks.push(chunk));
          answer.once('error', reject);
          answer.once('end', () =>
            resolve({ status: answer.statusCode ?? 0, body: parse(Buffer.concat(chunks).toString()) }),
          );
        },
      );
      outgoing.once('timeout', () => outgoing.destroy(new Error('no answer in time')));
      outgoing.once('error', reject);
      outgoing.end(body === undefined ? undefined : JSON.stringify(body));
    });
  return {
    send,
    close: () => agent.destroy(),
    waitFor: async (path, isReady, timeoutMs) => {
      let last = 'no answer';
      for (const deadline = Date.now() + timeoutMs; Date.now() < deadline; ) {
        signal.throwIfAborted();
        try {
          const answer = await send('GET', path);
          if (isReady(answer)) return;
          last = `status ${answer.status}`;
        } catch (error) {
          last = String(error);
        }
        await delay(POLL_MS);
      }
      throw new Error(`${path} was not ready within ${timeoutMs / 1000} s (${last})`);
    },
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
