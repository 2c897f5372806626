// The life of a running gate: starting → ready → draining → stopped. Draining takes no new work, lets open sessions and requests end by
// themselves for as long as `sessions.drainTimeout` says, then closes what is left with a reason.

import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Http2SecureServer, Http2ServerRequest, Http2ServerResponse } from 'node:http2';
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { farewell } from './errors.ts';
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
  /** Ends the watches and followed logs that are open now, as the API server would. */
  readonly endStreams: () => void;
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
/** Time that a connection without a request gets to send one while the gate drains. ms. */
const IDLE_MS = 5_000;

type AnyRequest = IncomingMessage | Http2ServerRequest;

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
export function createConnections(idleMs: number = IDLE_MS): Connections {
  const sockets = new Set<Socket>();
  const secured = new Set<TLSSocket>();
  const responses = new Map<ServerResponse | Http2ServerResponse, Socket>();
  const upgraded = new WeakSet<Socket>();
  let server: Http2SecureServer | undefined;
  let closed: Promise<void> | undefined;
  const begin = (request: AnyRequest, response: ServerResponse | Http2ServerResponse) => {
    responses.set(response, request.socket);
    response.once('close', () => {
      responses.delete(response);
      // What was busy when the drain began may be idle now, and would stay so for the whole keep-alive time.
      if (closed !== undefined) setImmediate(() => closeIdle(server));
    });
  };
  /** Closes HTTP/1.1 connections that have not sent a request: Node counts them as active, and looks at no time limit any more. */
  const closeSilent = () => {
    const busy = new Set(responses.values());
    for (const socket of secured)
      if (socket.alpnProtocol !== 'h2' && !busy.has(socket) && !upgraded.has(socket)) socket.destroy();
  };
  return {
    follow(one) {
      server = one;
      one.on('connection', (socket: Socket) => hold(sockets, socket));
      one.on('secureConnection', (socket) => hold(secured, socket));
      one.on('request', begin);
      one.on('checkContinue', begin);
      one.on('upgrade', (_request: IncomingMessage, socket: Socket) => upgraded.add(socket));
    },
    close() {
      const sweep = closed === undefined ? setInterval(closeSilent, idleMs).unref() : undefined;
      closed ??= whenClosed(server).finally(() => clearInterval(sweep));
      for (const response of responses.keys())
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

function whenClosed(server: Http2SecureServer | undefined): Promise<void> {
  return new Promise((resolve) => {
    if (server?.listening === true) server.close(() => resolve());
    else resolve();
  });
}

function hold<T extends Socket>(sockets: Set<T>, socket: T): void {
  sockets.add(socket);
  socket.once('close', () => sockets.delete(socket));
}

async function drain({
  connections,
  endStreams,
  ops,
  sessions,
  drainTimeoutMs,
  log,
}: LifecycleDeps): Promise<void> {
  const timeoutMs = drainTimeoutMs();
  log.info({ sessions: sessions.open.size, drainTimeoutMs: timeoutMs }, 'draining');
  // Stops accepting; HTTP/2 connections get GOAWAY and idle HTTP/1.1 ones are closed, open answers go on.
  const closed = connections.close();
  const ended = await within(timeoutMs, Promise.all([closed, sessions.whenEmpty()]));
  if (!ended) {
    if (sessions.open.size > 0)
      log.warn({ sessions: sessions.open.size }, 'drain timeout: closing the sessions that are still open');
    const status = farewell('SESSION_DRAINED');
    for (const session of [...sessions.open.values()])
      session.close('drained', 'the gate shuts down', status);
    // Watches and followed logs end cleanly; what is left after that is cut.
    endStreams();
    await within(FLUSH_MS, Promise.all([closed, sessions.whenEmpty()]));
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
