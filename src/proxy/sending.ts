// Writes a request to the API server: the head as one string, checked so that no value can begin a line of its own, and the body as it
// streams in, framed by its Content-Length or in chunks, with backpressure.

import type { Socket } from 'node:net';
import type { Readable } from 'node:stream';

/** A request as it goes out. */
export interface UpstreamRequest {
  readonly method: string;
  /** The raw target; each character is a byte. */
  readonly path: string;
  /** Flat lines, complete with Host, without Transfer-Encoding; each character is a byte. */
  readonly lines: readonly string[];
  /** null for none. With a Content-Length line it has to have that length, without one it is sent in chunks; a Buffer has to have such a line. */
  readonly body: Readable | Buffer | null;
  /** It is safe to send it again when an idle connection turns out to be closed; not with a body that streams. Default false. */
  readonly mayRepeat?: boolean;
}

/** A request ready to be sent. */
export interface RequestHead {
  readonly text: string;
  /** The announced length of the body, or CHUNKED. */
  readonly bodyBytes: number;
}

/** The length of a body that is sent in chunks. */
export const CHUNKED = -1;

/** The body was not as its Content-Length said, or broke off. */
export class RequestBodyBroken extends Error {
  readonly code = 'REQUEST_BODY_BROKEN';
}

/**
 * Writes a head and says how the body is framed. O(n) with native searches: every CR and LF has to be one of ours.
 * @throws TypeError for what could be read as anything but this one request; nothing was sent then.
 */
export function requestHead({ method, path, lines, body }: UpstreamRequest): RequestHead {
  if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(method) || method === 'CONNECT')
    throw new TypeError('a method that can not be sent');
  if (path === '' || /[^\u0021-\u00ff]/.test(path))
    throw new TypeError('a request target that can not be sent');
  let text = `${method} ${path} HTTP/1.1\r\n`;
  let announced: string | undefined;
  let ends = 2 + (lines.length >>> 1);
  for (let i = 0; i + 1 < lines.length; i += 2) {
    const name = lines[i] as string;
    const value = lines[i + 1] as string;
    text += `${name}: ${value}\r\n`;
    if (name.length === 14 && name.toLowerCase() === 'content-length') {
      if (announced !== undefined) throw new TypeError('more than one Content-Length line');
      announced = value;
    } else if (name.length === 17 && name.toLowerCase() === 'transfer-encoding')
      throw new TypeError('Transfer-Encoding is set here, not by the caller');
  }
  const framing = framingLine(method, announced, body !== null);
  if (framing !== '') ends++;
  if (Buffer.isBuffer(body) && announced !== String(body.length))
    throw new TypeError('a Content-Length that is not the length of the body');
  text += `${framing}\r\n`;
  // Written as latin1, U+010A would become LF. A search of a one-byte string for two-byte characters costs nothing.
  const isPlain = !/[\u0100-\uffff]/.test(text) && !text.includes('\0');
  if (!isPlain || count(text, '\n') !== ends || count(text, '\r') !== ends)
    throw new TypeError('a header line that can not be sent');
  return { text, bodyBytes: announced === undefined && body !== null ? CHUNKED : Number(announced ?? 0) };
}

/** RFC 9110 §8.6: a method that usually has a body says so when there is none. */
function framingLine(method: string, announced: string | undefined, hasBody: boolean): string {
  if (announced === undefined) {
    if (hasBody) return 'Transfer-Encoding: chunked\r\n';
    return method === 'POST' || method === 'PUT' || method === 'PATCH' ? 'Content-Length: 0\r\n' : '';
  }
  const length = /^[0-9]+$/.test(announced) ? Number(announced) : Number.POSITIVE_INFINITY;
  if (length > Number.MAX_SAFE_INTEGER || (!hasBody && length !== 0))
    throw new TypeError('a Content-Length that is not the length of the body');
  return '';
}

function count(text: string, one: string): number {
  let found = 0;
  for (let at = text.indexOf(one); at !== -1; at = text.indexOf(one, at + 1)) found++;
  return found;
}

/** Hears of a body that failed, at most once and never within the call that starts it. */
export interface UploadOwner {
  onUploadError(error: Error): void;
}

/** A body on its way. It is watched from the beginning, because it may fail while the request waits for a connection. */
export class Upload {
  /** The request is whole for the API server: another may follow. */
  complete: boolean;
  readonly #body: Readable;
  readonly #owner: UploadOwner;
  /** Bytes to come, or CHUNKED. */
  #left: number;
  #ended = false;
  #stopped = false;

  constructor(body: Readable, bodyBytes: number, owner: UploadOwner) {
    this.complete = bodyBytes === 0;
    this.#body = body;
    this.#left = bodyBytes;
    this.#owner = owner;
    const broken = () => this.#fail(new RequestBodyBroken('the request body broke off'));
    body.on('error', (error) => this.#fail(error)).on('close', broken);
    if (body.destroyed) process.nextTick(broken);
  }

  /** Sends the body; the head has been written. */
  start(socket: Socket): void {
    this.#body.on('data', (chunk: Buffer) => this.#write(chunk, socket)).on('end', () => this.#end(socket));
  }

  /** The socket takes more. */
  resume(): void {
    if (!this.#ended && !this.#stopped) this.#body.resume();
  }

  /** No more of it is wanted: what was not read yet is its owner's to drop. */
  stop(): void {
    if (this.#stopped) return;
    this.#stopped = true;
    if (!this.#ended) this.#body.destroy();
  }

  #write(chunk: Buffer, socket: Socket): void {
    if (this.#stopped || chunk.length === 0) return;
    if (this.#left !== CHUNKED && chunk.length > this.#left) {
      this.#fail(new RequestBodyBroken('the request body is longer than announced'));
      return;
    }
    if (!this.#send(chunk, socket)) this.#body.pause();
  }

  #send(chunk: Buffer, socket: Socket): boolean {
    if (this.#left !== CHUNKED) {
      this.#left -= chunk.length;
      this.complete = this.#left === 0;
      return socket.write(chunk);
    }
    socket.cork();
    socket.write(`${chunk.length.toString(16)}\r\n`, 'latin1');
    socket.write(chunk);
    const takesMore = socket.write('\r\n', 'latin1');
    socket.uncork();
    return takesMore;
  }

  #end(socket: Socket): void {
    if (this.#stopped) return;
    if (this.#left > 0) {
      this.#fail(new RequestBodyBroken('the request body is shorter than announced'));
      return;
    }
    this.#ended = true;
    this.complete = true;
    if (this.#left === CHUNKED) socket.write('0\r\n\r\n', 'latin1');
  }

  #fail(error: Error): void {
    if (this.#stopped || this.#ended) return;
    this.stop();
    this.#owner.onUploadError(error);
  }
}
