// A header block of SPDY/3.1 once it was inflated (protocol.md §2.2). What comes may be hostile.

import { SpdyProtocolError } from './spdyframes.ts';

/** Headers by lower-case name. */
export type StreamHeaders = ReadonlyMap<string, string>;

/** Reads an inflated block. @throws SpdyProtocolError unless it is exactly what its counts say, with each name once, in lower case. */
export function parseHeaders(block: Buffer): StreamHeaders {
  let at = 0;
  const number = () => {
    if (block.length - at < 4) throw new SpdyProtocolError('a header block that is cut short');
    at += 4;
    return block.readUInt32BE(at - 4);
  };
  const text = () => {
    const length = number();
    if (block.length - at < length) throw new SpdyProtocolError('a header block that is cut short');
    at += length;
    return block.toString('utf8', at - length, at);
  };
  const headers = new Map<string, string>();
  for (let left = number(); left > 0; left--) {
    const name = text();
    if (name === '' || name !== name.toLowerCase() || headers.has(name)) {
      throw new SpdyProtocolError('a header name that is empty, not in lower case, or there twice');
    }
    headers.set(name, text());
  }
  if (at !== block.length) throw new SpdyProtocolError('a header block with more than it says');
  return headers;
}
