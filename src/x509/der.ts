// Reads DER (X.690 §10) as far as certificates and revocation lists need it: definite lengths in their shortest form, one-byte tags. What is not that is
// refused; nothing is read beyond the bytes that are there.

/** Tags that are read here. */
export const TAG = {
  INTEGER: 0x02,
  BIT_STRING: 0x03,
  OID: 0x06,
  UTF8: 0x0c,
  PRINTABLE: 0x13,
  TELETEX: 0x14,
  IA5: 0x16,
  UTC_TIME: 0x17,
  GENERALIZED_TIME: 0x18,
  BMP: 0x1e,
  SEQUENCE: 0x30,
  SET: 0x31,
} as const;

/** One value. */
export interface Element {
  readonly tag: number;
  /** With tag and length. */
  readonly whole: Buffer;
  readonly content: Buffer;
}

/** The bytes are not DER, or not what was expected. */
export class DerError extends Error {
  readonly code = 'DER_MALFORMED';
}

/** What has to be there. @throws DerError when it is not */
export function present<T>(value: T | undefined): T {
  if (value === undefined) throw new DerError('something is missing');
  return value;
}

/** Reads the one element that `bytes` are. @throws DerError, also when something follows */
export function readOne(bytes: Buffer): Element {
  const element = readAt(bytes, 0);
  if (element.whole.length !== bytes.length) throw new DerError('bytes behind the end');
  return element;
}

/** Reads the elements in a constructed one of the tag. @throws DerError */
export function readChildren(parent: Element, tag: number = TAG.SEQUENCE): Element[] {
  if (parent.tag !== tag) throw new DerError(`tag ${parent.tag} instead of ${tag}`);
  const found: Element[] = [];
  for (let at = 0; at < parent.content.length; ) {
    const element = readAt(parent.content, at);
    found.push(element);
    at += element.whole.length;
  }
  return found;
}

/** An integer's bytes as hexadecimal digits; one number has one form (X.690 §8.3.2). @throws DerError */
export function readInteger({ tag, content }: Element): string {
  const [first, second = 0] = content;
  if (tag !== TAG.INTEGER || first === undefined) throw new DerError('no integer');
  const isPadded = content.length > 1 && first === (second >= 0x80 ? 0xff : 0);
  if (isPadded) throw new DerError('not the shortest integer');
  return content.toString('hex');
}

/** An object identifier in dots; each has one form (X.690 §8.19.2). @throws DerError */
export function readOid(element: Element): string {
  const { tag, content } = element;
  if (tag !== TAG.OID || ((content.at(-1) ?? 0x80) & 0x80) !== 0) throw new DerError('no object identifier');
  const arcs: bigint[] = [];
  let value = 0n;
  let isFirst = true;
  for (const byte of content) {
    if (isFirst && byte === 0x80) throw new DerError('not the shortest object identifier');
    value = (value << 7n) | BigInt(byte & 0x7f);
    isFirst = (byte & 0x80) === 0;
    if (!isFirst) continue;
    arcs.push(value);
    value = 0n;
  }
  const [first = 0n, ...others] = arcs;
  const root = first < 80n ? first / 40n : 2n;
  return [root, first - root * 40n, ...others].join('.');
}

/** A directory string (RFC 5280 §4.1.2.4). @throws DerError for other types, and for what is not well-formed */
export function readText({ tag, content }: Element): string {
  switch (tag) {
    case TAG.UTF8:
      return decodeUtf8(content);
    case TAG.PRINTABLE:
    case TAG.IA5:
      if (content.some((byte) => byte >= 0x80)) throw new DerError('not ASCII');
      return content.toString('latin1');
    case TAG.TELETEX:
      return content.toString('latin1');
    case TAG.BMP:
      return decodeBmp(content);
    default:
      throw new DerError(`tag ${tag} is no text`);
  }
}

/** A time (RFC 5280 §4.1.2.5), ms since the epoch. @throws DerError */
export function readTime({ tag, content }: Element): number {
  const text = content.toString('latin1');
  const digits = tag === TAG.UTC_TIME ? /^(\d{2})(\d{10})Z$/ : /^(\d{4})(\d{10})Z$/;
  const [, year = '', rest = ''] = digits.exec(text) ?? [];
  if (year === '' || (tag !== TAG.UTC_TIME && tag !== TAG.GENERALIZED_TIME)) throw new DerError('no time');
  const full = year.length === 4 ? year : `${Number(year) >= 50 ? 19 : 20}${year}`;
  const [month, day, hour, minute, second] = rest.match(/\d{2}/g) ?? [];
  const iso = `${full}-${month}-${day}T${hour}:${minute}:${second}.000Z`;
  const time = Date.parse(iso);
  // Date takes 30 February for 1 March, and 24:00 for the next day.
  if (Number.isNaN(time) || new Date(time).toISOString() !== iso) throw new DerError('no such time');
  return time;
}

function readAt(bytes: Buffer, at: number): Element {
  const tag = bytes[at];
  const first = bytes[at + 1];
  if (tag === undefined || first === undefined || (tag & 0x1f) === 0x1f) throw new DerError('no element');
  let start = at + 2;
  let length = first;
  if (first >= 0x80) {
    const count = first & 0x7f;
    if (count === 0 || count > 4 || start + count > bytes.length) throw new DerError('not a length');
    length = bytes.readUIntBE(start, count);
    if (length < 0x80 || length < 2 ** (8 * (count - 1))) throw new DerError('not the shortest length');
    start += count;
  }
  if (start + length > bytes.length) throw new DerError('cut off');
  return { tag, whole: bytes.subarray(at, start + length), content: bytes.subarray(start, start + length) };
}

function decodeBmp(bytes: Buffer): string {
  if (bytes.length % 2 !== 0) throw new DerError('half a character');
  const text = Buffer.from(bytes).swap16().toString('utf16le');
  if (!text.isWellFormed()) throw new DerError('half a character');
  return text;
}

function decodeUtf8(bytes: Buffer): string {
  try {
    // A byte order mark is part of a name as any character: dropped, one name would be another's.
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new DerError('not UTF-8');
  }
}
