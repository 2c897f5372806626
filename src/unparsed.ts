// What an HTTP/1.1 connection sends that is no request, or is framed so that two programs could read it differently: answered once, in turn, and the
// connection ends. Trusts nothing. An answer here must never stand within, before or beside that of another request on the same connection: whoever
// reads there would take it for theirs (RFC 9112 §9.3.2 and §11.2).

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { answerSocket, renderAnswer } from './answer.ts';
import { type ErrorCode, gateError } from './errors.ts';
import type { Observer } from './observe.ts';
import { MAX_HEADER_PAIRS } from './serverlimits.ts';

/** So many requests are dropped behind one that has ended the connection, before it is cut off. */
const MAX_DROPPED = 16;

/** What is not simply malformed, by Node's codes and ours. */
const UNPARSED: Readonly<Record<string, ErrorCode>> = {
  HPE_HEADER_OVERFLOW: 'HEADERS_TOO_LARGE',
  HEADER_LINES: 'HEADERS_TOO_LARGE',
  ERR_HTTP_REQUEST_TIMEOUT: 'REQUEST_TIMEOUT',
};

/** An error as Node's `clientError` has it. */
type ParseError = Error & { readonly code?: string };

export interface Unparsed {
  /** Notes a request. @returns whether it may be served; otherwise it was answered here, or never will be. */
  begin(request: IncomingMessage, response: ServerResponse): boolean;
  /**
   * Whether a request may make its connection a tunnel: it is well framed, nothing else is being answered there, and the connection is not ending.
   * Otherwise it was answered, or the connection cut off.
   */
  mayUpgrade(request: IncomingMessage): boolean;
  /** Takes a connection on which the parser has failed. */
  fail(error: ParseError, socket: Socket): void;
}

/** One connection with requests. */
interface Turns {
  /** Answers that are not out yet, in order. No Map: what enters and leaves with each request would keep its garbage alive (ADR 0017). */
  readonly open: ServerResponse[];
  /** Why the connection ends after them; undefined while it may go on. */
  ending: string | undefined;
  dropped: number;
}

/** Tells the observer of each once. */
export function createUnparsed(observer: Pick<Observer, 'onUnparsed'>): Unparsed {
  const connections = new WeakMap<Socket, Turns>();
  const answer = (socket: Socket, detail: string) => {
    const refusal = renderAnswer(gateError(UNPARSED[detail] ?? 'BAD_REQUEST', { detail }), undefined);
    observer.onUnparsed(refusal.status, socket.remoteAddress ?? '', detail);
    answerSocket(socket, refusal);
  };
  const end = (socket: Socket, turns: Turns, detail: string) => {
    if (turns.ending !== undefined) return;
    turns.ending = detail;
    if (turns.open.length === 0) answer(socket, detail);
  };
  const fail = (error: ParseError, socket: Socket) => {
    // The parser fails again at everything that comes after its first error: that is read and dropped until the answer has gone out.
    if (socket.writableEnded) return;
    if (error.code === 'ECONNRESET' || !socket.writable) return void socket.destroy();
    if (error.code?.startsWith('HPE_') !== true && error.code !== 'ERR_HTTP_REQUEST_TIMEOUT')
      return void socket.destroy();
    // Nobody has asked anything: an answer would be one to the next request, to a client that keeps the connection for later.
    if (error.code === 'ERR_HTTP_REQUEST_TIMEOUT' && socket.bytesRead === 0) return void socket.destroy();
    const turns = connections.get(socket) ?? newTurns();
    connections.set(socket, turns);
    const response = turns.open.find(({ req }) => !req.complete);
    if (response === undefined) return end(socket, turns, error.code);
    // It was refused before its body was read, and that answer ends the connection.
    if (response.writableEnded) return;
    if (response.headersSent || turns.open.length > 1) return void socket.destroy();
    forget(turns, response);
    end(socket, turns, error.code);
  };
  return {
    begin(request, response) {
      const { socket } = request;
      const turns = connections.get(socket) ?? newTurns();
      connections.set(socket, turns);
      if (turns.ending !== undefined || saysLast(turns, socket)) {
        if (++turns.dropped > MAX_DROPPED) socket.destroy();
        return false;
      }
      const fault = faultOf(request);
      if (fault !== '') {
        end(socket, turns, fault);
        return false;
      }
      turns.open.push(response);
      response.on('close', () => {
        forget(turns, response);
        if (turns.ending !== undefined && turns.open.length === 0 && socket.writable && !socket.writableEnded)
          answer(socket, turns.ending);
      });
      return true;
    },
    mayUpgrade(request) {
      const { socket } = request;
      const turns = connections.get(socket);
      const fault = faultOf(request);
      // What was answered last is still on its way: what comes now is read and dropped until then.
      if (socket.writableEnded) socket.resume();
      else if (turns !== undefined && (turns.ending !== undefined || turns.open.length > 0)) socket.destroy();
      else if (fault === '') return true;
      else answer(socket, fault);
      return false;
    },
    fail,
  };
}

function newTurns(): Turns {
  return { open: [], ending: undefined, dropped: 0 };
}

function forget({ open }: Turns, response: ServerResponse): void {
  const at = open.indexOf(response);
  if (at === 0) open.shift();
  else if (at > 0) open.splice(at, 1);
}

/** RFC 9112 §9.6: behind an answer that says `close`, or will say it, nothing is carried out, for nobody would be told. */
function saysLast({ open }: Turns, socket: Socket): boolean {
  return socket.writableEnded || open.some(({ shouldKeepAlive }) => !shouldKeepAlive);
}

/** Why a request that could be parsed is not served; '' when it may be. */
function faultOf(request: IncomingMessage): string {
  if (request.rawHeaders.length > 2 * MAX_HEADER_PAIRS) return 'HEADER_LINES';
  return isPlainlyFramed(request) ? '' : 'FRAMING';
}

/**
 * HTTP/1.1 or 1.0 (the parser also takes 0.9 and 2.0); one coding, `chunked`, or none; and a length that numbers can say. The parser takes any list
 * that ends in chunked (RFC 9112 §6.1 allows a server to), but then its bytes are of a coding that is not undone here; and it takes one from
 * HTTP/1.0, which knows none. Go's servers refuse the same.
 */
function isPlainlyFramed({ headers, httpVersion }: IncomingMessage): boolean {
  const isHttp11 = httpVersion === '1.1';
  if (!isHttp11 && httpVersion !== '1.0') return false;
  const coding = headers['transfer-encoding'];
  if (coding !== undefined) return isHttp11 && coding.toLowerCase() === 'chunked';
  const length = headers['content-length'];
  return length === undefined || Number(length) <= Number.MAX_SAFE_INTEGER;
}
