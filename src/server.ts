// TABLE OF CONTENTS. The public listener and everything that hangs on it, in order: TLS and HTTP (listener.ts), a record for each request
// (exchange.ts), the gate (gate.ts), then forwarding for REST (proxy/forward.ts) or the tunnel for upgrades (upgrade/upgrade.ts), and
// what is written down at the end (observe.ts).

import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Http2SecureServer } from 'node:http2';
import type { Socket } from 'node:net';
import { answerResponse, answerSocket, renderAnswer } from './answer.ts';
import { breakOff, type CallerRequest, type CallerResponse } from './caller.ts';
import type { Current } from './current.ts';
import { asGateError, type GateError, gateError } from './errors.ts';
import { type Arrival, createExchange, type Exchange, type Transport } from './exchange.ts';
import { runGate } from './gate.ts';
import { createListener } from './listener.ts';
import type { Observer } from './observe.ts';
import {
  type CertificateReader,
  type ClientAuthorities,
  createCertificateReader,
} from './peercertificate.ts';
import { forward } from './proxy/forward.ts';
import { Slabs } from './proxy/slabs.ts';
import type { TlsMaterial } from './securecontext.ts';
import type { Deadlines } from './serverlimits.ts';
import type { SessionRegistry } from './sessions.ts';
import type { Stays } from './stays.ts';
import { serveStreams } from './streams.ts';
import { createUnparsed } from './unparsed.ts';
import { requestedUpgrade } from './upgrade/requested.ts';
import { kindOf } from './upgrade/session.ts';
import { serveUpgrade } from './upgrade/upgrade.ts';

export interface ServerDeps {
  readonly current: Current;
  readonly material: TlsMaterial;
  readonly authorities: ClientAuthorities;
  readonly observer: Observer;
  readonly sessions: SessionRegistry;
  /** What ends each watch and followed log that is open now; kept here, used by the drain. */
  readonly streams: Set<() => void>;
  /** Who is in; reviewed after a reload. */
  readonly stays: Stays;
  readonly deadlines: Deadlines;
  readonly now: () => number;
  /** Audit-IDs; a UUID v4 each. */
  readonly newID: () => string;
  /** True once callers are to connect anew, elsewhere. */
  readonly isLeaving: () => boolean;
  /** True once no new work is taken. */
  readonly isDraining: () => boolean;
}

interface UpgradingDeps extends ServerDeps {
  readonly certificateOf: CertificateReader;
  readonly slabs: Slabs;
}

/** Puts the server together; it does not listen yet. */
export async function createGateServer(deps: ServerDeps): Promise<Http2SecureServer> {
  const listener = createListener(deps.current.get().config.listen.tls, deps.material, deps.deadlines);
  const refuse = (response: CallerResponse, exchange: Exchange, error: unknown) => {
    exchange.failure = asGateError(error);
    if (response.headersSent) breakOff(response);
    else answerResponse(response, renderAnswer(exchange.failure, exchange), exchange);
  };
  const slabs = new Slabs();
  const asks = deps.material.clientCA !== '';
  const certificateOf = asks ? createCertificateReader(deps.authorities) : () => undefined;
  // Before its first request: the authorities may be others by then.
  if (asks) listener.on('secureConnection', certificateOf);
  const upgrading = { ...deps, slabs, certificateOf };
  const forwarding = { refuse, now: deps.now, streams: deps.streams, stays: deps.stays, slabs };
  const serve = (arrived: Arrival, request: CallerRequest, response: CallerResponse) => {
    const exchange = createExchange(arrived, deps.newID(), deps.current.enter());
    let counted = false;
    let closed = false;
    response.on('close', () => {
      closed = true;
      exchange.place?.leave();
      if (counted) deps.observer.onUnbegin(exchange);
      deps.current.leave(exchange.generation);
      deps.observer.onRequest(exchange, response.headersSent ? exchange.status : 499);
    });
    const stop = (error: unknown) => {
      if (closed) exchange.place?.leave();
      refuse(response, exchange, error);
    };
    const proceed = () => {
      // The caller left while the gate waited for keys: nothing is forwarded, for nobody would end it.
      if (closed) return exchange.place?.leave();
      counted = true;
      deps.observer.onBegin(exchange);
      try {
        forward(exchange, request, response, forwarding);
      } catch (error) {
        stop(error);
      }
    };
    try {
      const pending = runGate(exchange);
      if (pending === undefined) proceed();
      else pending.then(proceed, stop);
    } catch (error) {
      stop(error);
    }
  };
  const unparsed = createUnparsed(deps.observer);
  const serveHttp1 = (request: IncomingMessage, response: ServerResponse) => {
    if (!unparsed.begin(request, response)) return;
    if (deps.isLeaving()) response.shouldKeepAlive = false;
    const certificate = certificateOf(request.socket);
    serve({ ...arrival(request, 'http', deps.now()), upgrade: '', certificate }, request, response);
  };
  // The typings say HTTP/2's objects, which serveStreams has done away with.
  const http1 = listener as unknown as Server;
  http1.on('request', serveHttp1);
  // The 100 goes out when the request is forwarded, not before it was let in.
  http1.on('checkContinue', serveHttp1);
  serveStreams(listener, { now: deps.now, certificateOf }, (arrived, stream) =>
    serve(arrived, stream, stream),
  );
  listener.on('tlsClientError', deps.observer.onHandshakeFailure);
  listener.on('clientError', (error, socket) => unparsed.fail(error, socket as Socket));
  listener.on('upgrade', (request: IncomingMessage, socket: Socket, head: Buffer) => {
    if (unparsed.mayUpgrade(request)) upgrade(request, socket, head, upgrading);
  });
  return listener;
}

function upgrade(request: IncomingMessage, socket: Socket, head: Buffer, deps: UpgradingDeps): void {
  const generation = deps.current.enter();
  const arrived = {
    ...arrival(request, 'upgrade', deps.now()),
    upgrade: requestedUpgrade(request.rawHeaders),
    certificate: deps.certificateOf(request.socket),
  };
  const exchange = createExchange(arrived, deps.newID(), generation);
  // A session leaves at its own end, which the caller's may come long before (upgrade.ts); what is none, once that is known.
  const leave = () => exchange.place?.leave();
  socket.once('close', leave);
  const answered = (status: number) => {
    if (status === 101) socket.off('close', leave);
    else leave();
    if (status !== 101)
      deps.observer.onRefusedSession(exchange.upstream?.name ?? '', kindOf(exchange), exchange);
    deps.observer.onRequest(exchange, status);
  };
  void serveUpgrade(exchange, request, socket, head, {
    runGate: (one) => {
      if (deps.isDraining()) throw gateError('SHUTTING_DOWN');
      return runGate(one);
    },
    refuse: (to: Socket, one: Exchange, error: GateError) => {
      const answer = renderAnswer(error, one);
      answerSocket(to, answer, one.method === 'HEAD');
      answered(answer.status);
    },
    onAnswer: (_one, status) => answered(status),
    sessions: deps.sessions,
    stays: deps.stays,
    slabs: deps.slabs,
    now: deps.now,
  }).finally(() => deps.current.leave(generation));
}

function arrival(
  request: IncomingMessage,
  transport: Transport,
  receivedAt: number,
): Omit<Arrival, 'upgrade' | 'certificate'> {
  return {
    transport,
    method: request.method ?? '',
    rawTarget: request.url ?? '',
    rawHeaders: request.rawHeaders,
    authority: request.headers.host ?? '',
    httpVersion: request.httpVersion,
    peerAddress: request.socket.remoteAddress ?? '',
    receivedAt,
  };
}
