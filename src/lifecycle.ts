// The life of a running gate: starting → ready → draining → stopped. Draining takes no new work, lets open sessions and requests end by
// themselves for as long as `sessions.drainTimeout` says, then closes what is left with a reason.

import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Http2SecureServer, Http2ServerRequest, Http2ServerResponse } from 'node:http2';
import type { Socket } from 'node:net';
import type { Log } from './log.ts';
import type { SessionRegistry } from './sessions.ts';

export interface Lifecycle {
  readonly isReady: () => boolean;
  readonly isDraining: () => boolean;
  markReady(): void;
  /** Drains and closes; later calls give the same promise. Resolves when nothing is open any more. */
  drain(): Promise<void>;
}

export interface LifecycleDeps {
  readonly connections: Connections;
  readonly ops: () => Server | undefined;
  readonly sessions: SessionRegistry;
  readonly drainTimeoutMs: () => number;
  readonly log: Log;
}

/** What is open on the public listener. */
export interface Connections {
  /** Follows a server's connections from now on. */
  follow(server: Http2SecureServer): void;
  /** Takes no more connections; those that carry nothing are closed, now and as they fall idle. Resolves when none is left. */
  close(): Promise<void>;
  /** Closes the rest at once. */
  destroy(): void;
  readonly size: number;
}

/** Time that closed sessions get to flush what they had received; a little above the tunnel's own limit. ms. */
const FLUSH_MS = 6_000;

/** Makes a lifecycle in the state starting. */
export function createLifecycle(deps: LifecycleDeps): Lifecycle {
  let ready = false;
  let draining: Promise<void> | undefined;
  return {
    isReady: () => ready && draining === undefined,
    isDraining: () => draining !== undefined,
    markReady: () => {
      ready = true;
    },
    drain: () => {
      draining ??= drain(deps);
      return draining;
    },
  };
}

/** Follows nothing yet. */
export function createConnections(): Connections {
  const sockets = new Set<Socket>();
  const responses = new Set<ServerResponse | Http2ServerResponse>();
  let server: Http2SecureServer | undefined;
  let closed: Promise<void> | undefined;
  const begin = (
    _request: IncomingMessage | Http2ServerRequest,
    response: ServerResponse | Http2ServerResponse,
  ) => {
    responses.add(response);
    response.once('close', () => {
      responses.delete(response);
      // What was busy when the drain began may be idle now, and would stay so for the whole keep-alive time.
      if (closed !== undefined) setImmediate(() => closeIdle(server));
    });
  };
  return {
    follow(one) {
      server = one;
      one.on('connection', (socket: Socket) => {
        sockets.add(socket);
        socket.once('close', () => sockets.delete(socket));
      });
      one.on('request', begin);
      one.on('checkContinue', begin);
    },
    close() {
      closed ??= new Promise((resolve) =>
        server?.listening === true ? server.close(() => resolve()) : resolve(),
      );
      for (const response of responses)
        if (!('stream' in response) && !response.headersSent) response.setHeader('Connection', 'close');
      return closed;
    },
    destroy() {
      for (const socket of sockets) socket.destroy();
    },
    get size() {
      return sockets.size;
    },
  };
}

async function drain({ connections, ops, sessions, drainTimeoutMs, log }: LifecycleDeps): Promise<void> {
  const timeoutMs = drainTimeoutMs();
  log.info({ sessions: sessions.open.size, drainTimeoutMs: timeoutMs }, 'draining');
  // Stops accepting; HTTP/2 connections get GOAWAY and idle HTTP/1.1 ones are closed, open answers go on.
  const closed = connections.close();
  const ended = await within(timeoutMs, Promise.all([closed, sessions.whenEmpty()]));
  if (sessions.open.size > 0) {
    log.warn({ sessions: sessions.open.size }, 'drain timeout: closing the sessions that are still open');
    for (const session of [...sessions.open.values()]) session.close('drained', 'the gate shuts down');
    await within(FLUSH_MS, sessions.whenEmpty());
  }
  if (!ended && !(await within(0, closed))) {
    log.warn({ connections: connections.size }, 'drain timeout: closing the connections that are still open');
    connections.destroy();
    await closed;
  }
  const opsServer = ops();
  if (opsServer?.listening !== true) return;
  const opsClosed = new Promise((resolve) => opsServer.close(resolve));
  opsServer.closeAllConnections();
  await opsClosed;
}

/** Waits for `done`, at most `delayMs`. @returns whether it came. */
async function within(delayMs: number, done: Promise<unknown>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const expired = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), delayMs);
  });
  const inTime = await Promise.race([done.then(() => true), expired]);
  clearTimeout(timer);
  return inTime;
}

/** Node has it on HTTP/2 servers, too, for their HTTP/1.1 connections; the typings don't know. */
function closeIdle(server: Http2SecureServer | undefined): void {
  (server as unknown as { closeIdleConnections(): void } | undefined)?.closeIdleConnections();
}
