// The pool as its users hold it: connected to a fake upstream by real TLS, with a handler that writes down all it hears.

import { once } from 'node:events';
import { type TLSSocket, connect as tlsConnect } from 'node:tls';
import { createPool, type Pool } from '../../src/proxy/pool.ts';
import type { UpstreamRequest } from '../../src/proxy/sending.ts';
import type { ResponseHandler } from '../../src/proxy/transfer.ts';
import { type FakeTime, makeTime } from './time.ts';
import { type FakeUpstream, startRawUpstream } from './upstream.ts';

/** Below this an idle connection is kept. ms. */
export const KEEP_ALIVE_MS = 30_000;

/** What a handler heard. */
export interface Heard extends ResponseHandler {
  status: number;
  message: string;
  lines: readonly string[];
  body: string;
  error: (Error & { code?: string }) | undefined;
  /** How often onEnd or onError was called; it must be once. */
  ends: number;
  /** Resolves with the first of the two. */
  readonly ended: Promise<void>;
}

/** A handler that writes down; `more` is called after that. */
export function hear(more: Partial<ResponseHandler> = {}): Heard {
  const { promise, resolve } = Promise.withResolvers<void>();
  const end = () => {
    heard.ends++;
    resolve();
  };
  const heard: Heard = {
    status: 0,
    message: '',
    lines: [],
    body: '',
    error: undefined,
    ends: 0,
    ended: promise,
    onHead: (status, message, lines) => {
      Object.assign(heard, { status, message, lines });
      more.onHead?.(status, message, lines);
    },
    onData: (chunk) => {
      heard.body += chunk.toString('latin1');
      more.onData?.(chunk);
    },
    onEnd: () => {
      end();
      more.onEnd?.();
    },
    onError: (error) => {
      heard.error = error;
      end();
      more.onError?.(error);
    },
  };
  return heard;
}

/** A GET without a body, but for what is given. */
export function get(over: Partial<UpstreamRequest> = {}): UpstreamRequest {
  return { method: 'GET', path: '/', lines: ['Host', 'api'], body: null, ...over };
}

export interface PooledUpstream {
  readonly pool: Pool;
  readonly upstream: FakeUpstream;
  readonly time: FakeTime;
  /** The pool's own sockets, in the order in which they were connected. */
  readonly sockets: readonly TLSSocket[];
  /** The next connection at the upstream. */
  accepted(): Promise<TLSSocket>;
  close(): Promise<void>;
}

/** Starts a raw TLS upstream and a pool in front of it. */
export async function startPooled(): Promise<PooledUpstream> {
  const waiting: ((socket: TLSSocket) => void)[] = [];
  const arrived: TLSSocket[] = [];
  const upstream = await startRawUpstream((socket) => {
    const next = waiting.shift();
    if (next === undefined) arrived.push(socket);
    else next(socket);
  });
  const time = makeTime(0);
  const sockets: TLSSocket[] = [];
  const pool = createPool({
    connect: (ready, failed) => {
      const socket = tlsConnect({ host: '127.0.0.1', port: upstream.port, ca: upstream.ca.certPem });
      sockets.push(socket);
      socket.once('error', failed);
      socket.once('secureConnect', () => {
        socket.off('error', failed);
        ready(socket);
      });
    },
    keepAliveMs: KEEP_ALIVE_MS,
    now: time.clock.now,
    setTimer: time.setTimer,
  });
  return {
    pool,
    upstream,
    time,
    sockets,
    accepted: () => {
      const socket = arrived.shift();
      return socket === undefined ? new Promise((resolve) => waiting.push(resolve)) : Promise.resolve(socket);
    },
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await upstream.close();
    },
  };
}

/** Reads until `end` has come. */
export async function readUntil(socket: TLSSocket, end: string): Promise<string> {
  let text = '';
  while (!text.endsWith(end)) {
    const [chunk] = await once(socket, 'data');
    text += chunk.toString('latin1');
  }
  return text;
}
