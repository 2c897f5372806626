// One request under way, from before it has a connection until its answer has ended, when it lets go of everything: whoever still holds
// it can neither reach the connection, which may serve another request by then, nor keep anything alive by it.

import type { Socket } from 'node:net';
import { type RequestHead, requestHead, Upload, type UpstreamRequest } from './sending.ts';

/** Hears of an answer, synchronously; exactly one of onEnd and onError comes last. */
export interface ResponseHandler {
  /** The final head, once; flat lines in order, repeats kept, latin1. */
  onHead(status: number, message: string, lines: string[]): void;
  /** Good until it returns: the memory is used again. */
  onData(chunk: Buffer): void;
  onEnd(): void;
  onError(error: Error): void;
}

/** A request under way. After the answer's end nothing here has an effect. */
export interface Sending {
  /** Ends it now, with onError. */
  abort(error: Error): void;
  /** Stops reading the answer; what was read by now, 64 KiB at most, still comes. */
  pause(): void;
  resume(): void;
}

/** What carries a request: a connection, as its request sees it. */
export interface Carrier {
  /** Ends the connection and the request under way. */
  fail(error: Error): void;
  /** Reads nothing more; what TLS has decrypted by now still comes. */
  halt(): void;
  /** Reads on. */
  proceed(): void;
}

/** One request and who hears of its answer; it may still wait for its connection. @throws TypeError as requestHead does */
export class Transfer implements Sending {
  readonly isHead: boolean;
  /** It may be sent a second time, when its connection was gone before it came. */
  readonly mayRepeat: boolean;
  paused = false;
  #head: RequestHead | undefined;
  #handler: ResponseHandler | undefined;
  #connection: Carrier | undefined;
  #upload: Upload | undefined;
  /** A body that goes out with the head. */
  #whole: Buffer | undefined;

  constructor(request: UpstreamRequest, handler: ResponseHandler) {
    this.#head = requestHead(request);
    this.isHead = request.method === 'HEAD';
    const { body } = request;
    this.#handler = handler;
    if (Buffer.isBuffer(body)) this.#whole = body;
    else if (body !== null) this.#upload = new Upload(body, this.#head.bodyBytes, this);
    this.mayRepeat = request.mayRepeat === true && this.#upload === undefined;
  }

  /** undefined once the answer has ended. */
  get handler(): ResponseHandler | undefined {
    return this.#handler;
  }

  /** Nothing of the request is still to be sent. */
  get isSent(): boolean {
    return this.#upload === undefined || this.#upload.complete;
  }

  /** Writes the head and starts the body. */
  start(connection: Carrier, socket: Socket): void {
    this.#connection = connection;
    const text = this.#head?.text ?? '';
    if (this.#whole === undefined) socket.write(text, 'latin1');
    else socket.write(Buffer.concat([Buffer.from(text, 'latin1'), this.#whole]));
    if (!this.mayRepeat) this.answered();
    this.#upload?.start(socket);
  }

  /** Its answer has begun, so it is never sent again: a watch does not keep its header lines for hours. */
  answered(): void {
    this.#head = undefined;
    this.#whole = undefined;
  }

  /** Its connection is gone: it waits for another. */
  detach(): void {
    this.#connection = undefined;
  }

  /** The socket takes more of the body. */
  drain(): void {
    this.#upload?.resume();
  }

  /** Lets go of everything. @returns the handler, for its last call */
  finish(): ResponseHandler | undefined {
    const handler = this.#handler;
    this.#upload?.stop();
    this.answered();
    this.#handler = undefined;
    this.#connection = undefined;
    this.#upload = undefined;
    return handler;
  }

  abort(error: Error): void {
    if (this.#connection !== undefined) this.#connection.fail(error);
    else this.finish()?.onError(error);
  }

  pause(): void {
    this.paused = true;
    this.#connection?.halt();
  }

  resume(): void {
    this.paused = false;
    this.#connection?.proceed();
  }

  /** The body failed, and so the request. */
  onUploadError(error: Error): void {
    this.abort(error);
  }
}
