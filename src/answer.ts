// The answers that Postern itself makes, as bytes: one way for REST responses and one for upgrade sockets, from the same Status.

import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { asHttp1, type CallerResponse, endAnswer, sendHead } from './caller.ts';
import { errorHeaders, errorStatus, type GateError } from './errors.ts';
import type { Exchange } from './exchange.ts';
import { renderStatus, statusHeaders } from './kube/status.ts';
import { announcesBody, headerValue, messageHead } from './proxy/headers.ts';

/** What kubectl reads before anything else: API groups, versions and their resources. */
const DISCOVERY = /^\/(?:api(?:\/[^/]+)?|apis(?:\/[^/]+){0,2})\/?$/;
/** How long a caller may take to read a refusal before its connection is closed for good. ms. */
const REFUSAL_LINGER_MS = 10_000;
/** The same when the caller has sent its FIN already. ms */
const AFTER_FIN_LINGER_MS = 1_000;
const NOTHING = Buffer.alloc(0);

/** What is to be answered: HTTP status, flat header lines, body. */
export interface Answer {
  readonly status: number;
  readonly lines: readonly string[];
  readonly body: Buffer;
}

/** Renders a refusal; without an exchange when the request could not even be read. */
export function renderAnswer(error: GateError, exchange: Exchange | undefined): Answer {
  const fields = errorStatus(error);
  // client-go throws away the message of a JSON Status on discovery and prints "unknown"; a text it prints as it is. Of a 401 it prints neither.
  const asText =
    (fields.code === 403 || fields.code >= 500) && exchange !== undefined && isClientGoDiscovery(exchange);
  const body = asText ? Buffer.from(fields.message) : renderStatus(fields);
  const headers: Record<string, string> = { ...statusHeaders(body), ...errorHeaders(error) };
  if (asText) headers['Content-Type'] = 'text/plain; charset=utf-8';
  if (exchange !== undefined) headers['Audit-ID'] = exchange.id;
  const hsts = exchange?.generation.config.listen.strictTransportSecurity ?? '';
  if (hsts !== '') headers['Strict-Transport-Security'] = hsts;
  const lines = Object.entries(headers).flat();
  return { status: fields.code, lines, body };
}

/** By its default User-Agent: `NAME/VERSION (OS/ARCH) kubernetes/COMMIT`. */
function isClientGoDiscovery({ target, rawHeaders }: Exchange): boolean {
  return (
    DISCOVERY.test(target?.path ?? '') &&
    (headerValue(rawHeaders, 'user-agent') ?? '').includes(' kubernetes/')
  );
}

/** Writes a refusal to a response that has not begun; one that has is broken off by its owner. */
export function answerResponse(response: CallerResponse, answer: Answer, exchange: Exchange): void {
  if (response.headersSent || response.destroyed) return;
  closeIfStillSending(response);
  sendHead(response, answer.status, STATUS_CODES[answer.status] ?? 'Error', [...answer.lines]);
  exchange.status = answer.status;
  // The answer to a HEAD over HTTP/2 has ended with its head, which a reset at once would overtake.
  if (!response.writableEnded) endAnswer(response, answer.body);
}

/**
 * For an answer that comes before the request's body has: an HTTP/1.1 connection can't carry a next request then, so the answer, whose head is
 * still to be sent, will say that it closes. It closes gently, as Go's servers and nginx do: Node would close with unread input, for which the
 * kernel sends RST, and that may take the answer away from a caller that is still sending.
 */
export function closeIfStillSending(response: CallerResponse): void {
  const http1 = asHttp1(response);
  if (http1 === undefined || http1.socket === null || http1.req.complete || !announcesBody(http1.req)) return;
  const { socket } = http1;
  http1.shouldKeepAlive = false;
  socket.destroySoon = () => endSocket(socket, NOTHING);
}

/** Writes a refusal to an upgrade's socket: complete (to HEAD without its body), then FIN, never a reset that could overtake it. */
export function answerSocket(socket: Socket, answer: Answer, isHead = false): void {
  const startLine = `HTTP/1.1 ${answer.status} ${STATUS_TEXT[answer.status] ?? 'Error'}`;
  const lines = ['Date', new Date().toUTCString(), ...answer.lines, 'Connection', 'close'];
  socket.write(messageHead(startLine, lines));
  endSocket(socket, isHead ? NOTHING : answer.body);
}

/** Ends a socket that carries no tunnel: what is queued is sent, input is dropped, and it is closed at the latest after REFUSAL_LINGER_MS. */
function endSocket(socket: Socket, last: Buffer): void {
  // It would not close a second time, and be kept by the timer.
  if (socket.destroyed) return;
  // Behind a caller's FIN there is no input that a close could answer by a reset. Node does not always tell that the last byte is out then.
  const lingerMs = socket.readableEnded ? AFTER_FIN_LINGER_MS : REFUSAL_LINGER_MS;
  const timer = setTimeout(() => socket.destroy(), lingerMs);
  timer.unref();
  socket.on('close', () => clearTimeout(timer));
  // Answered is answered: a caller that has sent its own FIN, or does so now, is closed as soon as the last byte is out.
  socket.on('end', () =>
    socket.writableFinished ? socket.destroy() : socket.once('finish', () => socket.destroy()),
  );
  socket.end(last);
  socket.resume();
}

const STATUS_TEXT: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  408: 'Request Timeout',
  414: 'URI Too Long',
  429: 'Too Many Requests',
  431: 'Request Header Fields Too Large',
  499: 'Client Closed Request',
  500: 'Internal Server Error',
  502: 'Bad Gateway',
  503: 'Service Unavailable',
  504: 'Gateway Timeout',
};
