// Reads an answer from pieces with both readers, the head’s and the body’s, as a connection does.

import { BodyReader } from '../../../src/proxy/framing.ts';
import { HeadReader } from '../../../src/proxy/response.ts';

export interface Read {
  readonly status: number;
  readonly message: string;
  readonly lines: readonly string[];
  readonly body: string;
  /** Whole by its own framing; one until the connection ends is not. */
  readonly done: boolean;
  readonly untilClose: boolean;
  readonly surplus: string;
}

/** Reads an answer from pieces, as a connection does. @throws what the readers throw; undefined when the head is not complete */
export function readAnswer(pieces: readonly Buffer[], isHead = false): Read | undefined {
  const head = new HeadReader();
  const body = new BodyReader();
  let inBody = false;
  const chunks: Buffer[] = [];
  let surplus = '';
  for (const piece of pieces) {
    let at = 0;
    if (!inBody) {
      at = head.read(piece);
      if (at === -1) continue;
      inBody = true;
      body.start(head, isHead);
    }
    at = body.read(piece, at, { onData: (chunk) => void chunks.push(chunk) });
    surplus += piece.toString('latin1', at);
  }
  if (!inBody) return undefined;
  const { status, message, lines } = head;
  const text = Buffer.concat(chunks).toString('latin1');
  return { status, message, lines, body: text, done: body.done, untilClose: body.untilClose, surplus };
}

/** What `expected` names of an answer, to be compared exactly. */
export function named(read: Read | undefined, expected: Partial<Read>): Partial<Read> {
  const all = Object.entries(read ?? {});
  return Object.fromEntries(all.filter(([name]) => name in expected));
}

export const latin1 = (text: string) => Buffer.from(text, 'latin1');
export const bytewise = (text: string) => Array.from(latin1(text), (byte) => Buffer.of(byte));
export const MALFORMED = { code: 'UPSTREAM_MALFORMED' };
export const TOO_LARGE = { code: 'UPSTREAM_HEAD_TOO_LARGE' };
export const OK = 'HTTP/1.1 200 OK\r\n';
export const CHUNKED = `${OK}Transfer-Encoding: Chunked\r\n\r\n`;
