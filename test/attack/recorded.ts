// What an upstream was sent, read back byte for byte: request heads whose lines are neither joined nor folded nor trimmed beyond one split, and
// bodies by their framing. It is as strict as RFC 9112: what a lenient server might read in another way is said in `malformed`, never repaired.

/** A request as it stands in the bytes. */
export interface RecordedRequest {
  /** The request line, without its end. */
  readonly line: string;
  readonly method: string;
  readonly target: string;
  /** Each header line as it came, without its end. */
  readonly rawLines: readonly string[];
  /** Flat [name, value, …], in order, names as they came, values without the blanks around them. */
  readonly lines: readonly string[];
  readonly body: Buffer;
}

/** All that could be read of some bytes. */
export interface Recording {
  /** Whole requests, in order. */
  readonly requests: readonly RecordedRequest[];
  /** What follows the last whole one. */
  readonly rest: Buffer;
  /** Why `rest` can never become a request; '' while it may. */
  readonly malformed: string;
}

/** A body: what it holds and where it ends; 'more' while it is not whole. */
type Body = { readonly body: Buffer; readonly end: number } | 'more';

/** Thrown within, for what is not strictly HTTP/1.1. */
class Malformed extends Error {}

/** Reads requests one after the other, from a position where one begins. Never throws. */
export function readRequests(bytes: Buffer, from = 0): Recording {
  const requests: RecordedRequest[] = [];
  let at = from;
  try {
    while (at < bytes.length) {
      const headEnd = bytes.indexOf('\r\n\r\n', at);
      if (headEnd === -1) break;
      const head = readHead(bytes.toString('latin1', at, headEnd));
      const found = readBody(bytes, headEnd + 4, head.lines);
      if (found === 'more') break;
      requests.push({ ...head, body: found.body });
      at = found.end;
    }
  } catch (error) {
    return { requests, rest: bytes.subarray(at), malformed: (error as Error).message };
  }
  return { requests, rest: bytes.subarray(at), malformed: '' };
}

/** Every value of a header among flat lines, in order; names are compared in any case. */
export function valuesIn(lines: readonly string[], name: string): string[] {
  const wanted = name.toLowerCase();
  return lines.filter((_, i) => i % 2 === 1 && lines[i - 1]?.toLowerCase() === wanted);
}

/** A body in chunks from `from` on. @throws Malformed */
export function readChunks(bytes: Buffer, from: number): Body {
  const pieces: Buffer[] = [];
  for (let at = from; ; ) {
    const lineEnd = bytes.indexOf('\r\n', at);
    if (lineEnd === -1) return 'more';
    const line = bytes.toString('latin1', at, lineEnd);
    if (!/^[0-9a-fA-F]+$/.test(line)) throw new Malformed(`a chunk size that is none: ${line}`);
    const size = Number.parseInt(line, 16);
    const end = lineEnd + 2 + size;
    if (bytes.length < end + 2) return 'more';
    if (bytes.toString('latin1', end, end + 2) !== '\r\n') throw new Malformed('a chunk without its end');
    if (size === 0) return { body: Buffer.concat(pieces), end: end + 2 };
    pieces.push(bytes.subarray(lineEnd + 2, end));
    at = end + 2;
  }
}

function readHead(text: string): Omit<RecordedRequest, 'body'> {
  const [line = '', ...rawLines] = text.split('\r\n');
  const [method = '', target = '', version, ...more] = line.split(' ');
  if (version !== 'HTTP/1.1' || more.length > 0) throw new Malformed(`a request line that is none: ${line}`);
  return { line, method, target, rawLines, lines: rawLines.flatMap(splitLine) };
}

/** @throws Malformed for a line that is folded, has no plain name, or holds a control character. */
export function splitLine(line: string): [name: string, value: string] {
  const colon = line.indexOf(':');
  const name = line.slice(0, colon);
  if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name)) throw new Malformed(`a name that is none: ${line}`);
  const value = line.slice(colon + 1).replace(/^[ \t]+|[ \t]+$/g, '');
  for (const char of value)
    if (char !== '\t' && (char < ' ' || char === '\x7f')) throw new Malformed(`a control: ${line}`);
  return [name, value];
}

function readBody(bytes: Buffer, from: number, lines: readonly string[]): Body {
  const codings = valuesIn(lines, 'transfer-encoding');
  const lengths = valuesIn(lines, 'content-length');
  if (codings.length + lengths.length > 1) throw new Malformed('framed more than once');
  if (codings.length === 1) {
    if (codings[0] !== 'chunked') throw new Malformed(`coded as ${codings[0]}`);
    return readChunks(bytes, from);
  }
  const text = lengths[0] ?? '0';
  if (!/^[0-9]+$/.test(text)) throw new Malformed(`a length that is none: ${text}`);
  const end = from + Number(text);
  return bytes.length < end ? 'more' : { body: bytes.subarray(from, end), end };
}
