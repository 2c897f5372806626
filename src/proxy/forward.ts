// REST: the only place where @fastify/http-proxy and its options appear. It routes, and it calls undici; what is sent and what is relayed
// comes from the exchange (dispatcher.ts) and goes to the raw response, headers flushed before the first byte of the body, so that a
// watch or `logs -f` is seen to have begun at once.

import type { IncomingMessage, ServerResponse } from 'node:http';
import { METHODS } from 'node:http';
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2';
import type { Readable } from 'node:stream';
import httpProxy from '@fastify/http-proxy';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { Agent } from 'undici';
import { closeIfStillSending } from '../answer.ts';
import { afterDelay } from '../delay.ts';
import { gateError } from '../errors.ts';
import type { Exchange } from '../exchange.ts';
import { isLongRunning, requestKind } from '../kube/longrunning.ts';
import { relayBody, requestBody } from './body.ts';
import { createForwardDispatcher, FORWARDING, type Forwarding } from './dispatcher.ts';
import { upstreamFailure } from './failures.ts';
import { announcesBody, downstreamResponseLines, headerValue } from './headers.ts';

type RawRequest = IncomingMessage | Http2ServerRequest;

export interface ForwardDeps {
  readonly exchangeOf: (request: RawRequest) => Exchange;
  /** Answers with a Status; used when the API server could not be reached or broke off before its headers. */
  readonly refuse: (
    response: ServerResponse | Http2ServerResponse,
    exchange: Exchange,
    error: unknown,
  ) => void;
  /** ms since the epoch. */
  readonly now: () => number;
  /** What ends each watch and followed log that is open now. */
  readonly streams: Set<() => void>;
}

const NOTHING = Buffer.alloc(0);
/** http-proxy insists on an address; nothing is ever sent there, the dispatcher names the real one. */
const STAND_IN = 'http://postern.invalid';

/** Registers the proxy for every path and method on `app`. */
export async function registerForward(app: FastifyInstance, deps: ForwardDeps): Promise<void> {
  const methods = METHODS.filter((method) => method !== 'CONNECT');
  // Fastify looks at the bodies of none: it would judge QUERY by its Content-Type.
  for (const method of methods) app.addHttpMethod(method, { hasBody: false, overrideExisting: true });

  await app.register(httpProxy, {
    upstream: STAND_IN,
    httpMethods: methods as never,
    proxyPayloads: false,
    undici: createForwardDispatcher(new Agent(), deps.now) as never,
    retryMethods: [],
    disableRequestLogging: true,
    handler: (request: FastifyRequest, reply: FastifyReply) => {
      const exchange = deps.exchangeOf(request.raw);
      const forwarding = begin(exchange, request.raw, reply, deps);
      return reply.from('/', {
        queryString: () => '',
        rewriteRequestHeaders: () => ({ [FORWARDING]: forwarding }),
        rewriteHeaders: () => ({}),
        onResponse: (_request, _reply, upstream) => {
          const { statusCode, stream } = upstream as unknown as { statusCode: number; stream: Readable };
          // From here on the raw response is ours: Fastify neither writes nor waits.
          reply.hijack();
          relay(forwarding, statusCode, stream, reply.raw, deps);
        },
        onError: (_reply, { error }) => {
          reply.hijack();
          deps.refuse(reply.raw, exchange, upstreamFailure(error));
        },
      });
    },
  } as never);
}

function begin(exchange: Exchange, request: RawRequest, reply: FastifyReply, deps: ForwardDeps): Forwarding {
  const response = reply.raw;
  const forwarding: Forwarding = {
    exchange,
    body: announcesBody(request) ? requestBody(request as IncomingMessage) : null,
    responseLines: [],
    responseMessage: '',
    abort: undefined,
    aborted: false,
  };
  response.on('close', () => {
    forwarding.aborted = true;
    forwarding.abort?.();
  });
  if (headerValue(exchange.rawHeaders, 'expect')?.toLowerCase() === '100-continue')
    (response as ServerResponse).writeContinue();
  endInTime(forwarding, response as ServerResponse, deps);
  return forwarding;
}

function relay(
  forwarding: Forwarding,
  status: number,
  body: Readable,
  raw: ServerResponse | Http2ServerResponse,
  deps: ForwardDeps,
): void {
  const { exchange } = forwarding;
  const response = raw as ServerResponse;
  body.on('error', () => {});
  try {
    const lines = downstreamResponseLines(forwarding.responseLines, exchange.id);
    closeIfStillSending(response, lines, exchange);
    if (exchange.httpVersion === '2.0') response.writeHead(status, lines);
    else response.writeHead(status, forwarding.responseMessage, lines);
    // An empty Buffer takes the headers out at once, as bytes; HTTP/1.1's flushHeaders would write them as UTF-8 a second time.
    if (exchange.httpVersion === '2.0') response.flushHeaders();
    else response.write(NOTHING);
  } catch (cause) {
    body.destroy();
    deps.refuse(raw, exchange, gateError('UPSTREAM_PROTOCOL', { cause }));
    return;
  }
  relayBody(body, raw, () => {});
}

/**
 * A watch or followed log lives no longer than the identity that opened it, and not beyond the drain: it ends then as the API server ends
 * one, without an error. Other long answers (what a pod serves behind `proxy`) are broken off, so that half of one is not taken for a whole.
 */
function endInTime(forwarding: Forwarding, response: ServerResponse, { now, streams }: ForwardDeps): void {
  const { exchange } = forwarding;
  const { info, generation } = exchange;
  if (info === undefined || !isLongRunning(info)) return;
  const endsCleanly = requestKind(info) !== 'short';
  const end = () => {
    if (endsCleanly && response.headersSent) response.end();
    forwarding.abort?.();
  };
  if (endsCleanly) streams.add(end);
  const { endOnExpiry } = generation.config.sessions;
  const cancel = endOnExpiry ? afterDelay(exchange.expiresAt - now(), end) : () => {};
  response.on('close', () => {
    cancel();
    streams.delete(end);
  });
}
