// The beginning of an answer that is not passed on yet, because it is not known whether it is the caller's: head, what came of the body until its
// reading stopped (Sending.pause), and whether it has ended. Then it goes on as it came, or to nobody.

import type { ResponseHandler } from './transfer.ts';

/** One answer, held back. */
export class HeldAnswer {
  readonly #status: number;
  readonly #message: string;
  readonly #lines: string[];
  readonly #chunks: Buffer[] = [];
  #isWhole = false;

  constructor(status: number, message: string, lines: string[]) {
    this.#status = status;
    this.#message = message;
    this.#lines = lines;
  }

  /** More of the body; copied. */
  take(chunk: Buffer): void {
    this.#chunks.push(Buffer.from(chunk));
  }

  /** There will be no more. */
  end(): void {
    this.#isWhole = true;
  }

  /** Tells all of it, in the order in which it came. */
  tell(handler: Pick<ResponseHandler, 'onHead' | 'onData' | 'onEnd'>): void {
    handler.onHead(this.#status, this.#message, this.#lines);
    for (const chunk of this.#chunks) handler.onData(chunk);
    if (this.#isWhole) handler.onEnd();
  }
}
