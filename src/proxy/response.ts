// Reads the heads of what the API server answers on an HTTP/1.1 connection (RFC 9112), from any split into chunks; bodies are framing.ts's.
// It trusts nothing. Where readers of HTTP differ in what they let pass, an answer could be taken for two: here that is refused, with a
// constant phrase that repeats no byte of the answer. The usual case, a head within one chunk, is one search and one pass.

import { MAX_HEADER_BYTES } from '../serverlimits.ts';

/** More informational answers than this before the final one are refused. */
const MAX_INFORMATIONAL = 16;
const HEAD_END = Buffer.from('\r\n\r\n');
const PREFIX = 'HTTP/1.';
const HTAB = 0x09;
const LF = 0x0a;
const CR = 0x0d;
const SP = 0x20;
const COLON = 0x3a;

/** Bits of BYTES: it may stand in a field name (token, RFC 9110 §5.6.2), in a field value or a reason (§5.5: no control but HTAB). */
export const TOKEN = 1;
export const TEXT = 2;
/** What each byte may be part of, by TOKEN and TEXT. */
export const BYTES = Uint8Array.from({ length: 256 }, (_, byte) => {
  const isToken = /[!#$%&'*+\-.^_`|~0-9A-Za-z]/.test(String.fromCharCode(byte));
  return (isToken ? TOKEN : 0) | (byte === HTAB || (byte >= SP && byte !== 0x7f) ? TEXT : 0);
});

/** The answer is not HTTP/1.1 as RFC 9112 has it. The message is a constant. */
export class UpstreamMalformed extends Error {
  readonly code = 'UPSTREAM_MALFORMED';
}

/** A head, or the trailers, of more than MAX_HEADER_BYTES. */
export class UpstreamHeadTooLarge extends Error {
  readonly code = 'UPSTREAM_HEAD_TOO_LARGE';
  constructor() {
    super('the head of the answer is too large');
  }
}

/**
 * Reads heads up to a final one; informational answers are skipped, except 101, which is final here (RFC 9110 §15.2). Of use alone for
 * upgrades: what comes after a 101's head is the other protocol's. `status` and the rest hold once `read` has returned a position.
 */
export class HeadReader {
  status = 0;
  message = '';
  /** Flat lines in order, repeats kept, latin1, values without the white space around them. */
  lines: string[] = [];
  /** Whether the connection may serve another request (RFC 9112 §9.3). */
  keepAlive = false;
  /** undefined without a Content-Length line. Bytes. */
  contentLength: number | undefined;
  isChunked = false;
  #lengthText = '';
  #isHttp11 = false;
  #saysKeepAlive = false;
  #saysClose = false;
  #informational = 0;
  /** A head that has not come whole yet: the first `#used` bytes of a buffer that doubles as needed. */
  #buffer: Buffer | undefined;
  #used = 0;

  /** Forgets everything, for the next answer. */
  reset(): void {
    if (this.status !== 0) this.#clear();
    this.#informational = 0;
    this.#buffer = undefined;
    this.#used = 0;
  }

  /**
   * Takes the bytes of `chunk` from `from` on.
   * @returns the position in `chunk` behind the final head, or -1 when it is not complete. @throws UpstreamMalformed, UpstreamHeadTooLarge
   */
  read(chunk: Buffer, from = 0): number {
    let at = from;
    while (at < chunk.length) {
      const end = this.#used === 0 ? chunk.indexOf(HEAD_END, at) : -1;
      if (end !== -1) {
        this.#parse(chunk, at, end);
        at = end + HEAD_END.length;
      } else {
        at = this.#append(chunk, at);
        if (at === -1) return -1;
      }
      if (this.status >= 200 || this.status === 101) return at;
      if (++this.#informational > MAX_INFORMATIONAL)
        throw new UpstreamMalformed('too many informational answers');
    }
    return -1;
  }

  /** Keeps a piece of a head; only it is searched, with the three bytes before it. */
  #append(chunk: Buffer, from: number): number {
    const before = this.#used;
    // No more is kept than a head may have, and one byte to tell.
    const used = Math.min(before + chunk.length - from, MAX_HEADER_BYTES + 1);
    if (this.#buffer === undefined || this.#buffer.length < used) {
      const larger = Buffer.allocUnsafeSlow(Math.max(2 * used, 4096));
      this.#buffer?.copy(larger, 0, 0, before);
      this.#buffer = larger;
    }
    const piece = chunk.subarray(from, from + used - before);
    piece.copy(this.#buffer, before);
    const held = this.#buffer.subarray(0, used);
    const end = held.indexOf(HEAD_END, Math.max(0, before - HEAD_END.length + 1));
    if (end === -1) {
      if (used > MAX_HEADER_BYTES) throw new UpstreamHeadTooLarge();
      refuseEarly(held, before);
      this.#used = used;
      return -1;
    }
    this.#parse(held, 0, end);
    this.#buffer = undefined;
    this.#used = 0;
    return from + end + HEAD_END.length - before;
  }

  #clear(): void {
    this.status = 0;
    this.message = '';
    this.lines = [];
    this.keepAlive = false;
    this.contentLength = undefined;
    this.isChunked = false;
    this.#lengthText = '';
    this.#saysKeepAlive = false;
    this.#saysClose = false;
  }

  #parse(bytes: Buffer, from: number, end: number): void {
    if (end + HEAD_END.length - from > MAX_HEADER_BYTES) throw new UpstreamHeadTooLarge();
    if (this.status !== 0) this.#clear();
    // Up to and with the last line's CRLF: every line ends in one.
    const text = bytes.toString('latin1', from, end + 2);
    let at = this.#parseStatusLine(text);
    while (at < text.length) at = this.#parseLine(text, at);
    if (this.isChunked && this.contentLength !== undefined)
      throw new UpstreamMalformed('both Transfer-Encoding and Content-Length');
    this.keepAlive = !this.#saysClose && (this.#isHttp11 || this.#saysKeepAlive);
  }

  /** RFC 9112 §4; the space before an empty reason may lack, as many readers allow. */
  #parseStatusLine(text: string): number {
    const minor = text.charCodeAt(7) - 0x30;
    if (!text.startsWith(PREFIX) || (minor !== 1 && minor !== 0) || text.charCodeAt(8) !== SP)
      throw new UpstreamMalformed('not an HTTP/1.1 status line');
    this.status = threeDigits(text, 9);
    this.#isHttp11 = minor === 1;
    const next = text.charCodeAt(12);
    if (this.status < 100 || (next !== SP && next !== CR))
      throw new UpstreamMalformed('not a status code of three digits');
    const end = textEnd(text, 12);
    this.message = text.slice(13, end);
    return end + 2;
  }

  /** RFC 9112 §5: name and colon with nothing between, no folding. @returns where the next line begins. */
  #parseLine(text: string, from: number): number {
    let at = from;
    while ((BYTES[text.charCodeAt(at)] as number) & TOKEN) at++;
    if (at === from || text.charCodeAt(at) !== COLON)
      throw new UpstreamMalformed('not a field name and colon');
    const name = text.slice(from, at++);
    while (isSpace(text.charCodeAt(at))) at++;
    const end = textEnd(text, at);
    let last = end;
    while (last > at && isSpace(text.charCodeAt(last - 1))) last--;
    const value = text.slice(at, last);
    this.lines.push(name, value);
    // Few names have such a length, so that others are not looked at.
    if (name.length === 14) this.#noteLength(name, value);
    else if (name.length === 17) this.#noteCoding(name, value);
    else if (name.length === 10) this.#noteConnection(name, value);
    return end + 2;
  }

  /** RFC 9112 §6.3: the same again is tolerated, anything else never. It goes on once (RFC 9110 §8.6): not all readers tolerate it. */
  #noteLength(name: string, value: string): void {
    if (name.toLowerCase() !== 'content-length') return;
    const length = /^[0-9]+$/.test(value) ? Number(value) : Number.POSITIVE_INFINITY;
    const isOther = this.contentLength !== undefined && this.#lengthText !== value;
    if (length > Number.MAX_SAFE_INTEGER || isOther)
      throw new UpstreamMalformed('an unusable Content-Length line');
    if (this.contentLength !== undefined) this.lines.length -= 2;
    this.contentLength = length;
    this.#lengthText = value;
  }

  /** RFC 9112 §6.1: chunked and nothing else, and never from HTTP/1.0. */
  #noteCoding(name: string, value: string): void {
    if (name.toLowerCase() !== 'transfer-encoding') return;
    if (!this.#isHttp11 || this.isChunked || value.toLowerCase() !== 'chunked')
      throw new UpstreamMalformed('an unusable Transfer-Encoding line');
    this.isChunked = true;
  }

  #noteConnection(name: string, value: string): void {
    if (name.toLowerCase() !== 'connection') return;
    for (const option of value.toLowerCase().split(',')) {
      if (option.trim() === 'close') this.#saysClose = true;
      else if (option.trim() === 'keep-alive') this.#saysKeepAlive = true;
    }
  }
}

/** What can't become a head is refused before it is complete: nothing may ever come after a line that ends in LF alone. */
function refuseEarly(held: Buffer, from: number): void {
  if (
    from < PREFIX.length &&
    !PREFIX.startsWith(held.toString('latin1', 0, Math.min(held.length, PREFIX.length)))
  )
    throw new UpstreamMalformed('not an HTTP/1.1 status line');
  for (let at = held.indexOf(LF, from); at !== -1; at = held.indexOf(LF, at + 1))
    if (held[at - 1] !== CR) throw new UpstreamMalformed('a line that does not end in CRLF');
}

/** -1 when there are not three digits. */
function threeDigits(text: string, from: number): number {
  let value = 0;
  for (let at = from; at < from + 3; at++) {
    const digit = text.charCodeAt(at) - 0x30;
    if (!(digit >= 0 && digit <= 9)) return -1;
    value = value * 10 + digit;
  }
  return value;
}

/** The end of a line's text. Every line of `text` ends in CRLF, so that this stops within it. */
function textEnd(text: string, from: number): number {
  let at = from;
  while ((BYTES[text.charCodeAt(at)] as number) & TEXT) at++;
  if (text.charCodeAt(at) !== CR || text.charCodeAt(at + 1) !== LF)
    throw new UpstreamMalformed('a byte that no line may have');
  return at;
}

function isSpace(code: number): boolean {
  return code === SP || code === HTAB;
}
