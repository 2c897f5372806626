// What a caller was answered on one connection, read as strictly as RFC 9112: heads, bodies by their framing, and whatever is left over.
// An answer that a lenient caller could take for two shows as a rest or as `malformed`.

import { readChunks, splitLine, valuesIn } from './recorded.ts';

/** One answer. */
export interface Answer {
  readonly status: number;
  readonly reason: string;
  /** Flat [name, value, …], as they came. */
  readonly lines: readonly string[];
  readonly body: Buffer;
  /** The end of the connection ends its body: whether it is whole nobody can say. */
  readonly untilClose: boolean;
}

/** All answers in some bytes. */
export interface Answers {
  readonly answers: readonly Answer[];
  /** What follows the last whole one. */
  readonly rest: Buffer;
  readonly malformed: string;
}

/** Reads answers one after the other; `isOver`: nothing more will come. `methods` are of the requests, for HEAD's answers. Never throws. */
export function readAnswers(bytes: Buffer, isOver: boolean, methods: readonly string[] = []): Answers {
  const answers: Answer[] = [];
  let at = 0;
  let final = 0;
  try {
    while (at < bytes.length) {
      const headEnd = bytes.indexOf('\r\n\r\n', at);
      if (headEnd === -1) break;
      const head = readHead(bytes.toString('latin1', at, headEnd));
      const found = readBody(bytes, headEnd + 4, head, methods[final] === 'HEAD');
      if (found === 'more' || (found.untilClose && !isOver)) break;
      answers.push({ ...head, body: found.body, untilClose: found.untilClose });
      if (head.status >= 200) final++;
      at = found.end;
      if (head.status === 101) break;
    }
  } catch (error) {
    return { answers, rest: bytes.subarray(at), malformed: (error as Error).message };
  }
  return { answers, rest: bytes.subarray(at), malformed: '' };
}

/** What a refusal of the gate says: the HTTP status, the Status document's code, and the code of the error table. */
export function refusalIn({ status, body }: Answer): {
  readonly status: number;
  readonly kind?: string;
  readonly code?: number;
  readonly cause?: string;
} {
  const text = body.toString();
  if (!text.startsWith('{')) return { status };
  const { kind, code, details } = JSON.parse(text) as {
    kind: string;
    code: number;
    details?: { causes?: { reason: string }[] };
  };
  return { status, kind, code, cause: details?.causes?.[0]?.reason ?? '' };
}

interface Head {
  readonly status: number;
  readonly reason: string;
  readonly lines: readonly string[];
}

function readHead(text: string): Head {
  const [line = '', ...lines] = text.split('\r\n');
  const found = /^HTTP\/1\.1 ([1-9][0-9][0-9]) ([^\r\n]*)$/.exec(line);
  if (found === null) throw new Error(`a status line that is none: ${line}`);
  return { status: Number(found[1]), reason: found[2] ?? '', lines: lines.flatMap(splitLine) };
}

function readBody(
  bytes: Buffer,
  from: number,
  { status, lines }: Head,
  isHead: boolean,
): { readonly body: Buffer; readonly end: number; readonly untilClose: boolean } | 'more' {
  const codings = valuesIn(lines, 'transfer-encoding');
  const lengths = valuesIn(lines, 'content-length');
  if (codings.length + lengths.length > 1) throw new Error('framed more than once');
  if (isHead || status < 200 || status === 204 || status === 304)
    return { body: Buffer.alloc(0), end: from, untilClose: false };
  if (codings.length === 1) {
    if (codings[0] !== 'chunked') throw new Error(`coded as ${codings[0]}`);
    const found = readChunks(bytes, from);
    return found === 'more' ? found : { ...found, untilClose: false };
  }
  if (lengths.length === 0) return { body: bytes.subarray(from), end: bytes.length, untilClose: true };
  if (!/^[0-9]+$/.test(lengths[0] ?? '')) throw new Error(`a length that is none: ${lengths[0]}`);
  const end = from + Number(lengths[0]);
  return bytes.length < end ? 'more' : { body: bytes.subarray(from, end), end, untilClose: false };
}
