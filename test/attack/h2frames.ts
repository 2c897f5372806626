// An HTTP/2 client that says whatever a test wants said: frames are bytes (RFC 9113 §4), header blocks are literals without indexing (RFC 7541
// §6.2.2), nothing is checked. Of what comes back it reads frames, and of a header block the status.

/** RFC 9113 §6; 16 is PRIORITY_UPDATE (RFC 9218 §7.1). */
export const TYPE = {
  DATA: 0,
  HEADERS: 1,
  PRIORITY: 2,
  RST_STREAM: 3,
  SETTINGS: 4,
  PUSH_PROMISE: 5,
  PING: 6,
  GOAWAY: 7,
  WINDOW_UPDATE: 8,
  CONTINUATION: 9,
  PRIORITY_UPDATE: 16,
} as const;

export const FLAG = { END_STREAM: 1, ACK: 1, END_HEADERS: 4, PADDED: 8, PRIORITY: 32 } as const;

/** RFC 9113 §6.5.2, RFC 8441 §3. */
export const SETTING = {
  HEADER_TABLE_SIZE: 1,
  ENABLE_PUSH: 2,
  MAX_CONCURRENT_STREAMS: 3,
  INITIAL_WINDOW_SIZE: 4,
  MAX_FRAME_SIZE: 5,
  MAX_HEADER_LIST_SIZE: 6,
  ENABLE_CONNECT_PROTOCOL: 8,
} as const;

/** RFC 9113 §7. */
export const CODE = {
  NO_ERROR: 0,
  PROTOCOL_ERROR: 1,
  INTERNAL_ERROR: 2,
  FLOW_CONTROL_ERROR: 3,
  STREAM_CLOSED: 5,
  FRAME_SIZE_ERROR: 6,
  REFUSED_STREAM: 7,
  CANCEL: 8,
  COMPRESSION_ERROR: 9,
  ENHANCE_YOUR_CALM: 11,
} as const;

export const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
const HEAD_BYTES = 9;
const NOTHING = Buffer.alloc(0);

export interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly stream: number;
  readonly payload: Buffer;
}

/** One frame as bytes. */
export function frame(type: number, flags: number, stream: number, payload: Buffer = NOTHING): Buffer {
  return Buffer.concat([frameHead(payload.length, { type, flags, stream }), payload]);
}

/** A frame's first nine bytes, for a frame of `length` that may never come. */
export function frameHead(length: number, { type, flags, stream }: Omit<Frame, 'payload'>): Buffer {
  const head = Buffer.alloc(HEAD_BYTES);
  head.writeUIntBE(length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(stream, 5);
  return head;
}

export function settings(pairs: readonly (readonly [id: number, value: number])[] = []): Buffer {
  const payload = Buffer.alloc(6 * pairs.length);
  for (const [i, [id, value]] of pairs.entries()) {
    payload.writeUInt16BE(id, 6 * i);
    payload.writeUInt32BE(value, 6 * i + 2);
  }
  return frame(TYPE.SETTINGS, 0, 0, payload);
}

/** A frame whose payload is one number of 32 bits: RST_STREAM with a code, WINDOW_UPDATE with an increment. */
export function numbered(type: number, stream: number, value: number): Buffer {
  const payload = Buffer.alloc(4);
  payload.writeUInt32BE(value);
  return frame(type, 0, stream, payload);
}

export function priority(stream: number, dependsOn: number, weight = 15): Buffer {
  const payload = Buffer.alloc(5, weight);
  payload.writeUInt32BE(dependsOn);
  return frame(TYPE.PRIORITY, 0, stream, payload);
}

/** Fields as a header block; flat [name, value, …], names and values byte for byte, in this order. */
export function block(fields: readonly string[]): Buffer {
  const parts: Buffer[] = [];
  for (let i = 0; i + 1 < fields.length; i += 2)
    parts.push(Buffer.from([0]), text(fields[i] ?? ''), text(fields[i + 1] ?? ''));
  return Buffer.concat(parts);
}

/** A string literal without Huffman coding (RFC 7541 §5.2). */
function text(value: string): Buffer {
  const bytes = Buffer.from(value, 'latin1');
  return Buffer.concat([integer(bytes.length, 7, 0), bytes]);
}

/** An integer with a prefix of so many bits (RFC 7541 §5.1), the bits before it as given. */
export function integer(value: number, prefixBits: number, before: number): Buffer {
  const most = 2 ** prefixBits - 1;
  if (value < most) return Buffer.from([before | value]);
  const bytes = [before | most];
  let rest = value - most;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128);
  return Buffer.from([...bytes, rest]);
}

/** What a request of a stream says at least. */
export function request(path: string, token: string, more: readonly string[] = []): string[] {
  const fields = [':method', 'GET', ':scheme', 'https', ':path', path, ':authority', 'localhost'];
  return [...fields, ...(token === '' ? [] : ['authorization', `Bearer ${token}`]), ...more];
}

/** HEADERS of a whole request; `flags` beside END_HEADERS, default END_STREAM. */
export function headers(stream: number, fields: readonly string[], flags: number = FLAG.END_STREAM): Buffer {
  return frame(TYPE.HEADERS, flags | FLAG.END_HEADERS, stream, block(fields));
}

/**
 * What stands at the beginning of a connection: our settings, and that the peer's are taken (a server has sent them by then). The peer is
 * asked to compress without a table, so that `statusOf` can read it.
 */
export function opening(pairs: readonly (readonly [number, number])[] = []): Buffer {
  const own = settings([[SETTING.HEADER_TABLE_SIZE, 0], ...pairs]);
  return Buffer.concat([PREFACE, own, frame(TYPE.SETTINGS, FLAG.ACK, 0)]);
}

/** The code of a GOAWAY or RST_STREAM. */
export function codeOf({ type, payload }: Frame): number {
  return payload.readUInt32BE(type === TYPE.GOAWAY ? 4 : 0);
}

/** The last stream that a GOAWAY says was, or will be, looked at. */
export function lastStreamOf({ payload }: Frame): number {
  return payload.readUInt32BE(0);
}

/** What came on a stream as its body. */
export function bodyOf(frames: readonly Frame[], stream: number): Buffer {
  return Buffer.concat(
    frames.filter((one) => one.type === TYPE.DATA && one.stream === stream).map(({ payload }) => payload),
  );
}

/** Moves the whole frames at the beginning of `bytes` to `frames`. @returns the rest */
export function takeFrames(bytes: Buffer, frames: Frame[]): Buffer {
  let at = 0;
  while (bytes.length - at >= HEAD_BYTES) {
    const end = at + HEAD_BYTES + bytes.readUIntBE(at, 3);
    if (bytes.length < end) break;
    frames.push({
      type: bytes[at + 3] ?? 0,
      flags: bytes[at + 4] ?? 0,
      stream: bytes.readUInt32BE(at + 5),
      payload: bytes.subarray(at + HEAD_BYTES, end),
    });
    at = end;
  }
  return bytes.subarray(at);
}

/** Statuses of the static table (RFC 7541, appendix A), from index 8 on. */
const STATIC_STATUSES = [200, 204, 206, 304, 400, 404, 500];
const STATUS_INDEX = 8;

/** Reads `:status`, which comes first. @throws Error for a block that uses the dynamic table */
export function statusOf({ payload }: Frame): number {
  let at = 0;
  // Updates of the table's size (RFC 7541 §6.3).
  while (((payload[at] ?? 0) & 0b1110_0000) === 0b0010_0000) at++;
  const first = payload[at] ?? 0;
  const index = first & 0b0111_1111;
  if (first >= 128 && STATIC_STATUSES[index - STATUS_INDEX] !== undefined)
    return STATIC_STATUSES[index - STATUS_INDEX] ?? 0;
  const isLiteral = (first & 0b1100_0000) === 0b0100_0000 || first < 16;
  if (!isLiteral || (first & (first < 16 ? 15 : 63)) !== STATUS_INDEX)
    throw new Error(`no :status first: ${payload.subarray(0, 12).toString('hex')}`);
  const length = (payload[at + 1] ?? 0) & 127;
  const value = payload.subarray(at + 2, at + 2 + length);
  return Number((payload[at + 1] ?? 0) >= 128 ? digitsOf(value) : value.toString('latin1'));
}

/** Digits in Huffman coding (RFC 7541, appendix B): 0 to 2 have five bits, 3 to 9 six. */
function digitsOf(bytes: Buffer): string {
  const bits = [...bytes].map((byte) => byte.toString(2).padStart(8, '0')).join('');
  let digits = '';
  for (let at = 0; at + 5 <= bits.length; ) {
    const short = Number.parseInt(bits.slice(at, at + 5), 2);
    if (short <= 2) {
      digits += short;
      at += 5;
      continue;
    }
    if (at + 6 > bits.length) break;
    const long = Number.parseInt(bits.slice(at, at + 6), 2);
    if (long < 0b011001 || long > 0b011111) break;
    digits += long - 0b011001 + 3;
    at += 6;
  }
  return digits;
}
