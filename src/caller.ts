// The caller's request and response as the request path sees them. Over HTTP/1.1 they are Node's own objects; over HTTP/2 both are the stream
// itself, because the objects that Node would put before it to make it look like HTTP/1.1 cost a short request more than the gate does.
// Where the two protocols differ, they differ here.

import type { IncomingMessage, ServerResponse } from 'node:http';
import { constants, type ServerHttp2Stream } from 'node:http2';
import type { Readable } from 'node:stream';

/** How long a caller may take to read what was written before an answer is broken off. ms */
const LAST_BYTES_MS = 10_000;
const NOTHING = Buffer.alloc(0);

/** A request's body as it comes; what else a request says is in its exchange. */
export type CallerRequest = IncomingMessage | ServerHttp2Stream;

/** Where an answer goes: a ServerResponse or a ServerHttp2Stream, and what they have in common. */
export interface CallerResponse {
  readonly headersSent: boolean;
  readonly destroyed: boolean;
  readonly writableEnded: boolean;
  /** Bytes that wait to be sent. */
  readonly writableLength: number;
  on(event: 'close', listener: () => void): unknown;
  once(event: 'close' | 'drain', listener: () => void): unknown;
  write(chunk: Buffer, done?: () => void): boolean;
  end(last?: Buffer): unknown;
}

/** The HTTP/2 stream that a request or a response is; undefined over HTTP/1.1. */
export function asStream(one: CallerResponse | Readable): ServerHttp2Stream | undefined {
  return 'respond' in one ? (one as ServerHttp2Stream) : undefined;
}

/** The HTTP/1.1 response that it is; undefined over HTTP/2. */
export function asHttp1(response: CallerResponse): ServerResponse | undefined {
  return 'respond' in response ? undefined : (response as ServerResponse);
}

/**
 * Gives the head of the final answer, once; `lines` are flat, belong to this function from here on, and hold none that end at this hop. Does
 * nothing for a caller that is gone. Adds Date where it is missing.
 * @throws Error for a status or a line that can't be sent: nothing was sent then.
 */
export function sendHead(response: CallerResponse, status: number, message: string, lines: string[]): void {
  const stream = asStream(response);
  if (stream === undefined) {
    (response as ServerResponse).writeHead(status, message, lines);
    return;
  }
  if (stream.destroyed || stream.closed) return;
  // HEAD: Node has ended it already.
  const endStream = stream.writableEnded || isWithoutBody(status, lines);
  lines.unshift(':status', String(status));
  stream.respond(lines, { endStream });
}

/**
 * Takes the framing of a body in chunks over from Node, where the head that was sent announces it: what is written from here on goes out as it
 * is, chunks and the last one included. @returns whether it was taken over; never over HTTP/2
 */
export function framesOwnChunks(response: CallerResponse): boolean {
  const http1 = asHttp1(response);
  if (http1 === undefined || !http1.chunkedEncoding) return false;
  http1.chunkedEncoding = false;
  return true;
}

/** Answers `Expect: 100-continue`: the body may come. HTTP/1.0 knows no 100 and would take it for the answer (RFC 9110 §10.1.1). */
export function sendContinue(response: CallerResponse): void {
  const stream = asStream(response);
  const http1 = asHttp1(response);
  if (http1?.req.httpVersion === '1.1') http1.writeContinue();
  else if (stream === undefined) return;
  else if (!stream.destroyed && !stream.closed && !stream.headersSent)
    stream.additionalHeaders({ ':status': 100 });
}

/**
 * Ends an answer. Over HTTP/2 a caller who is still sending is told that no more is wanted (RFC 9113 §8.1), as Go's servers do; without that a
 * stream would stay open until its caller ends it. Over HTTP/1.1 the connection is closed then (closeIfStillSending).
 */
export function endAnswer(response: CallerResponse, last?: Buffer): void {
  // HTTP/2: an answer without a body has ended with its head.
  if (!response.writableEnded) response.end(last);
  const stream = asStream(response);
  if (stream === undefined || stream.endAfterHeaders || stream.destroyed) return;
  if (stream.state.remoteClose === 0) stream.close(constants.NGHTTP2_NO_ERROR);
}

/**
 * Ends a response so that the caller sees that it is incomplete: a closed connection on HTTP/1.1, a reset stream on HTTP/2. What was written
 * before goes out first, for LAST_BYTES_MS at most; nothing may be written after.
 */
export function breakOff(response: CallerResponse): void {
  const stream = asStream(response);
  const [flushThenEnd, end] = stream === undefined ? endsOfHttp1(response as ServerResponse) : endsOf(stream);
  // Its caller has gone: nobody reads on, and no `close` would come.
  if (response.destroyed) {
    end();
    return;
  }
  const timer = setTimeout(end, LAST_BYTES_MS);
  timer.unref();
  response.once('close', () => clearTimeout(timer));
  flushThenEnd();
}

type Ends = readonly [flushThenEnd: () => void, end: () => void];

function endsOfHttp1(response: ServerResponse): Ends {
  const { socket, req } = response;
  const end = () => response.destroy();
  // HTTP/1.0 knows an answer's end by the connection's: an orderly one would make half an answer whole.
  return [socket === null || req.httpVersion === '1.0' ? end : () => socket.destroySoon(), end];
}

function endsOf(stream: ServerHttp2Stream): Ends {
  const end = () => {
    // Node's close() ends the body before it resets, and that end would go out first: the answer would look whole.
    stream._final = (callback) => callback();
    if (!stream.destroyed) stream.close(constants.NGHTTP2_INTERNAL_ERROR);
  };
  // An empty write comes back when all before it has gone out.
  return [() => (stream.writableLength === 0 ? end() : void stream.write(NOTHING, end)), end];
}

/** RFC 9110 §6.4.1: these end with their head, so no empty frame has to say so. */
function isWithoutBody(status: number, lines: readonly string[]): boolean {
  if (status === 204 || status === 304) return true;
  for (let i = 0; i + 1 < lines.length; i += 2)
    if (lines[i + 1] === '0' && lines[i]?.toLowerCase() === 'content-length') return true;
  return false;
}
