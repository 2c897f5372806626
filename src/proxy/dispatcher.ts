// The interceptor between @fastify/http-proxy and undici. What http-proxy knows of a request is a stand-in; the exchange rides along under
// a symbol in its headers, and here the real request takes its place: the caller's raw path bytes, the raw header lines with repeats,
// the body as it streams in. It also ties the two ends together: when the caller goes away the upstream request is aborted at once.

import type { Readable } from 'node:stream';
import type { Dispatcher } from 'undici';
import type { Exchange } from '../exchange.ts';
import { CallerGone } from './body.ts';

/** Key under which http-proxy's copied headers carry the forwarding. */
export const FORWARDING: unique symbol = Symbol('postern.forwarding');

/** One forwarded request: what is sent, and what came back before its body. */
export interface Forwarding {
  readonly exchange: Exchange;
  /** null when the request has none. */
  readonly body: Readable | null;
  /** The API server's header lines as they came; empty before. */
  responseLines: readonly string[];
  responseMessage: string;
  /** Ends the upstream request now, whatever its phase; set while there is one. */
  abort: (() => void) | undefined;
  /** The caller went away before undici had started. */
  aborted: boolean;
}

/**
 * A dispatcher that sends the exchange instead of http-proxy's stand-in, through the exchange's own upstream. `now` gives ms since the
 * epoch, for the exchange's times.
 */
export function createForwardDispatcher(base: Dispatcher, now: () => number): Dispatcher {
  return base.compose(() => (options, handler) => {
    const forwarding = forwardingOf(options.headers);
    const { exchange, body } = forwarding;
    const { upstream, target, upstreamHeaders } = exchange;
    if (upstream === undefined || target === undefined || upstreamHeaders === undefined)
      throw new TypeError('forwarded before the gate passed it');
    exchange.forwardedAt = now();
    return upstream.dispatcher.dispatch(
      {
        origin: upstream.origin,
        path: upstream.basePath + target.raw,
        method: exchange.method as Dispatcher.HttpMethod,
        headers: upstreamHeaders as string[],
        body,
        headersTimeout: 0,
        bodyTimeout: 0,
      },
      {
        onRequestStart(controller, context) {
          forwarding.abort = () => controller.abort(new CallerGone());
          if (forwarding.aborted) forwarding.abort();
          else handler.onRequestStart?.(controller, context);
        },
        onRequestUpgrade(controller, status, headers, socket) {
          handler.onRequestUpgrade?.(controller, status, headers, socket);
        },
        onResponseStart(controller, status, headers, message) {
          if (status >= 200) {
            exchange.answeredAt = now();
            forwarding.responseLines = rawLines(controller.rawHeaders);
            forwarding.responseMessage = message ?? '';
          }
          handler.onResponseStart?.(controller, status, headers, message);
        },
        onResponseData(controller, chunk) {
          handler.onResponseData?.(controller, chunk);
        },
        onResponseEnd(controller, trailers) {
          handler.onResponseEnd?.(controller, trailers);
        },
        onResponseError(controller, error) {
          handler.onResponseError?.(controller, error);
        },
      },
    );
  });
}

function forwardingOf(headers: unknown): Forwarding {
  const forwarding = (headers as { [FORWARDING]?: Forwarding } | null)?.[FORWARDING];
  if (forwarding === undefined) throw new TypeError('a request came to the dispatcher without its exchange');
  return forwarding;
}

function rawLines(rawHeaders: unknown): string[] {
  if (!Array.isArray(rawHeaders)) return [];
  return rawHeaders.map((line: Buffer | string) =>
    typeof line === 'string' ? line : line.toString('latin1'),
  );
}
