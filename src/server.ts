// TABLE OF CONTENTS. The public listener and everything that hangs on it, in order: TLS and HTTP (listener.ts), a record for each request
// (exchange.ts), the gate (gate.ts), then forwarding for REST (proxy/forward.ts) or the tunnel for upgrades (upgrade/upgrade.ts), and
// what is written down at the end (observe.ts).

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Http2SecureServer, Http2ServerRequest, Http2ServerResponse } from 'node:http2';
import type { Socket } from 'node:net';
import { answerResponse, answerSocket, renderAnswer } from './answer.ts';
import type { Current } from './current.ts';
import { asGateError, type GateError, gateError } from './errors.ts';
import { createExchange, type Exchange } from './exchange.ts';
import { runGate } from './gate.ts';
import { createListener, type TlsMaterial } from './listener.ts';
import type { Observer } from './observe.ts';
import { breakOff } from './proxy/body.ts';
import { forward } from './proxy/forward.ts';
import type { SessionRegistry } from './sessions.ts';
import { requestedUpgrade } from './upgrade/requested.ts';
import { kindOf, queueShare } from './upgrade/session.ts';
import { serveUpgrade } from './upgrade/upgrade.ts';

type AnyRequest = IncomingMessage | Http2ServerRequest;
type AnyResponse = ServerResponse | Http2ServerResponse;

export interface ServerDeps {
  readonly current: Current;
  readonly material: TlsMaterial;
  readonly observer: Observer;
  readonly sessions: SessionRegistry;
  /** What ends each watch and followed log that is open now; kept here, used by the drain. */
  readonly streams: Set<() => void>;
  readonly now: () => number;
  /** Audit-IDs; a UUID v4 each. */
  readonly newID: () => string;
  /** True once no new work is taken. */
  readonly isDraining: () => boolean;
}

/** Puts the server together; it does not listen yet. */
export async function createGateServer(deps: ServerDeps): Promise<Http2SecureServer> {
  const listener = createListener(deps.current.get().config.listen.tls, deps.material);
  const refuse = (response: AnyResponse, exchange: Exchange, error: unknown) => {
    exchange.failure = asGateError(error);
    if ((response as ServerResponse).headersSent) breakOff(response);
    else answerResponse(response as ServerResponse, renderAnswer(exchange.failure, exchange), exchange);
  };
  let open = 0;
  const queueBytes = () => queueShare(open);
  const forwarding = { refuse, now: deps.now, streams: deps.streams, queueBytes };
  const serve = (request: AnyRequest, anyResponse: AnyResponse) => {
    const response = anyResponse as ServerResponse;
    const generation = deps.current.enter();
    const exchange = createExchange(
      { ...arrival(request, deps.now()), transport: 'http', upgrade: '' },
      deps.newID(),
      generation,
    );
    let counted = false;
    let closed = false;
    open++;
    response.on('close', () => {
      open--;
      closed = true;
      if (counted) deps.observer.onUnbegin(exchange);
      deps.current.leave(exchange.generation);
      const status = response.headersSent ? response.statusCode : 499;
      deps.observer.onRequest(exchange, status);
    });
    const stop = (error: unknown) => refuse(response, exchange, error);
    const proceed = () => {
      // The caller left while the gate waited for keys: nothing is forwarded, for nobody would end it.
      if (closed) return;
      counted = true;
      deps.observer.onBegin(exchange);
      try {
        forward(exchange, request, response, forwarding);
      } catch (error) {
        stop(error);
      }
    };
    try {
      if (deps.isDraining() && exchange.httpVersion !== '2.0') response.setHeader('Connection', 'close');
      const pending = runGate(exchange);
      if (pending === undefined) proceed();
      else pending.then(proceed, stop);
    } catch (error) {
      stop(error);
    }
  };
  listener.on('request', serve);
  // The 100 goes out when the request is forwarded, not before it was let in.
  listener.on('checkContinue', serve);
  listener.on('clientError', (error, socket) => refuseUnparsed(error, socket as Socket, deps.observer));
  listener.on('upgrade', (request: IncomingMessage, socket: Socket, head: Buffer) =>
    upgrade(request, socket, head, deps),
  );
  return listener;
}

function upgrade(request: IncomingMessage, socket: Socket, head: Buffer, deps: ServerDeps): void {
  const generation = deps.current.enter();
  const facts = {
    ...arrival(request, deps.now()),
    transport: 'upgrade' as const,
    upgrade: requestedUpgrade(request.rawHeaders),
  };
  const exchange = createExchange(facts, deps.newID(), generation);
  const answered = (status: number) => {
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
      answerSocket(to, answer);
      answered(answer.status);
    },
    onAnswer: (_one, status) => answered(status),
    sessions: deps.sessions,
    now: deps.now,
  }).finally(() => deps.current.leave(generation));
}

/** What could not even be parsed: too large is 431, anything else 400, each a Status; the connection ends. */
function refuseUnparsed(error: Error & { code?: string }, socket: Socket, observer: Observer): void {
  // The parser fails again at everything that comes after its first error: that is read and dropped until the answer has gone out.
  if (socket.writableEnded) return;
  if (error.code === 'ECONNRESET' || !socket.writable) return void socket.destroy();
  if (error.code?.startsWith('HPE_') !== true && error.code !== 'ERR_HTTP_REQUEST_TIMEOUT')
    return void socket.destroy();
  const code = error.code === 'HPE_HEADER_OVERFLOW' ? 'HEADERS_TOO_LARGE' : 'BAD_REQUEST';
  const answer = renderAnswer(gateError(code, { detail: error.code }), undefined);
  observer.onUnparsed(answer.status, socket.remoteAddress ?? '', error.code);
  answerSocket(socket, answer);
}

function arrival(request: AnyRequest, receivedAt: number) {
  const isHttp2 = request.httpVersionMajor === 2;
  const raw = request.rawHeaders;
  return {
    method: request.method ?? '',
    rawTarget: request.url ?? '',
    rawHeaders: isHttp2 ? withoutPseudo(raw) : raw,
    authority: (isHttp2 ? (request as Http2ServerRequest).authority : request.headers.host) ?? '',
    httpVersion: request.httpVersion,
    peerAddress: request.socket.remoteAddress ?? '',
    receivedAt,
  };
}

function withoutPseudo(rawHeaders: readonly string[]): string[] {
  const lines: string[] = [];
  for (let i = 0; i + 1 < rawHeaders.length; i += 2)
    if (rawHeaders[i]?.charCodeAt(0) !== 58) lines.push(rawHeaders[i] ?? '', rawHeaders[i + 1] ?? '');
  return lines;
}
