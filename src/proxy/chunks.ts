// Frames the body of an HTTP/1.1 answer in chunks (RFC 9112 §7.1), in place: the bytes have been copied once anyway, into memory with room around
// them. Node's own framing makes three writes of each piece, which its TLS copies into one again: a seventh of what a large list costs.

/** Hexadecimal digits for as much as a slab holds, and CRLF. Bytes. */
const HEAD_BYTES = 7;
const CRLF_BYTES = 2;
const CR = 0x0d;
const LF = 0x0a;
const DIGITS = Buffer.from('0123456789abcdef');

/** What a receiver needs before and behind the bytes that it is given. */
export interface Room {
  readonly before: number;
  readonly after: number;
}

/** Bytes that go out as they are. */
export const NO_ROOM: Room = { before: 0, after: 0 };
/** Bytes that go out as a chunk. */
export const CHUNK_ROOM: Room = { before: HEAD_BYTES, after: CRLF_BYTES };
/** The end of a body in chunks, without trailers. */
export const LAST_CHUNK: Buffer = Buffer.from('0\r\n\r\n');

/** Makes a chunk of the bytes from CHUNK_ROOM.before to `end`, which are not none and fewer than 1 MiB. @returns the chunk, in the same memory */
export function frameChunk(bytes: Buffer, end: number): Buffer {
  let at = HEAD_BYTES;
  bytes[--at] = LF;
  bytes[--at] = CR;
  for (let left = end - HEAD_BYTES; left > 0; left >>>= 4) bytes[--at] = DIGITS[left & 15] as number;
  bytes[end] = CR;
  bytes[end + 1] = LF;
  return bytes.subarray(at, end + CRLF_BYTES);
}
