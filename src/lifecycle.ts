// The life of a running gate: starting → ready → leaving → draining → stopped. Leaving lasts as long as `sessions.drainDelay` says: it is not
// ready any more and still takes new work, until whoever sends it has noticed. Draining takes none, lets open sessions and requests end by
// themselves for as long as `sessions.drainTimeout` says, then closes what is left with a reason.

import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Http2SecureServer, Http2ServerRequest, Http2ServerResponse } from 'node:http2';
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { afterDelay, type SetTimer } from './delay.ts';
import { farewell } from './errors.ts';
import type { Log } from './log.ts';
import { Queue, type Queued } from './queue.ts';
import type { SessionRegistry } from './sessions.ts';

export interface Lifecycle {
  readonly isReady: () => boolean;
  /** From the order to stop on: callers are asked to connect anew, elsewhere. */
  readonly isLeaving: () => boolean;
  /** No new work is taken. */
  readonly isDraining: () => boolean;
  markReady(): void;
  /** Leaves, drains and closes; later calls give the same promise. Resolves when nothing is open any more. */
  drain(): Promise<void>;
}

export interface LifecycleDeps {
  readonly connections: Connections;
  /** Ends the watches and followed logs that are open now, as the API server would. */
  readonly endStreams: () => void;
  readonly ops: () => Server | undefined;
  readonly sessions: SessionRegistry;
  readonly drainDelayMs: () => number;
  readonly drainTimeoutMs: () => number;
  readonly log: Log;
  /** For tests; of the delay. */
  readonly setTimer?: SetTimer;
}

/** What is open on the public listener. */
export interface Connections {
  /** Follows a server's connections from now on. */
  follow(server: Http2SecureServer): void;
  /** Asks those who wait for an answer over HTTP/1.1 to connect anew after it. */
  askToLeave(): void;
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
type AnyResponse = ServerResponse | Http2ServerResponse;

/** A request that is being answered. */
interface Answering extends Queued<Answering> {
  readonly response: AnyResponse;
  readonly socket: Socket;
}

/** Makes a lifecycle in the state starting. */
export function createLifecycle(deps: LifecycleDeps): Lifecycle {
  let ready = false;
  let isDraining = false;
  let leaving: Promise<void> | undefined;
  const leave = async () => {
    const delayMs = deps.drainDelayMs();
    if (delayMs > 0) await linger(deps, delayMs);
    isDraining = true;
    await drain(deps);
  };
  return {
    isReady: () => ready && leaving === undefined,
    isLeaving: () => leaving !== undefined,
    isDraining: () => isDraining,
    markReady: () => {
      ready = true;
    },
    drain: () => {
      leaving ??= leave();
      return leaving;
    },
  };
}

/** Follows nothing yet. */
export function createConnections(idleMs: number = IDLE_MS): Connections {
  const sockets = new Set<Socket>();
  const secured = new Set<TLSSocket>();
  const answers = new Queue<Answering>();
  const upgraded = new WeakSet<Socket>();
  let server: Http2SecureServer | undefined;
  let closed: Promise<void> | undefined;
  const begin = (request: AnyRequest, response: AnyResponse) => {
    const one: Answering = { response, socket: request.socket, ahead: undefined, behind: undefined };
    answers.add(one);
    response.once('close', () => {
      answers.remove(one);
      // What was busy when the drain began may be idle now, and would stay so for the whole keep-alive time.
      if (closed !== undefined) setImmediate(() => closeIdle(server));
    });
  };
  /** Closes HTTP/1.1 connections that have not sent a request: Node counts them as active, and looks at no time limit any more. */
  const closeSilent = () => {
    const busy = new Set<Socket>();
    for (const { socket } of answers) busy.add(socket);
    for (const socket of secured)
      if (socket.alpnProtocol !== 'h2' && !busy.has(socket) && !upgraded.has(socket)) socket.destroy();
  };
  const askToLeave = () => {
    for (const { response } of answers)
      if (!('stream' in response) && !response.headersSent) response.shouldKeepAlive = false;
  };
  return {
    askToLeave,
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
      askToLeave();
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

/** HTTP/2 has no such question that Node could ask and still serve what is on its way: its connections get their GOAWAY when the drain begins. */
async function linger(
  { connections, sessions, log, setTimer }: LifecycleDeps,
  delayMs: number,
): Promise<void> {
  log.info({ sessions: sessions.open.size, drainDelayMs: delayMs }, 'leaving: not ready, still serving');
  connections.askToLeave();
  await new Promise<void>((resolve) => afterDelay(delayMs, resolve, setTimer));
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
export async function within(delayMs: number, done: Promise<unknown>): Promise<boolean> {
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
