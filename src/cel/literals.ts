// Tokens of constants → their values (cel-go parser/unescape.go, parser.go visitInt and its neighbours).

import { SyntaxIssue, type Token } from './lexer.ts';
import { Uint } from './value.ts';

const MAX_INT = 2n ** 63n - 1n;
const MAX_UINT = 2n ** 64n - 1n;
const MAX_CODE_POINT = 0x10ffff;
const SURROGATES = { first: 0xd800, last: 0xdfff };

const SIMPLE: ReadonlyMap<string, string> = new Map(
  Object.entries({
    a: '\x07',
    b: '\b',
    f: '\f',
    n: '\n',
    r: '\r',
    t: '\t',
    v: '\v',
    '"': '"',
    "'": "'",
    '\\': '\\',
    '?': '?',
    '`': '`',
  }),
);
const NUMERIC = /\\(?:([0-3][0-7]{2})|[xX]([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8}))/y;
const PREFIX = /^([rRbB]*)("""|'''|"|')/;

/** An int or a double, with its sign. */
export function readNumber(token: Token, negative: boolean): bigint | number {
  return token.kind === 'int' ? readInt(token, negative) : readDouble(token, negative);
}

/** `12`, `0x1f`; a sign before it belongs to the constant, so that the smallest int can be written. */
function readInt(token: Token, negative: boolean): bigint {
  const value = negative ? -BigInt(token.text) : BigInt(token.text);
  if (value > MAX_INT || value < -MAX_INT - 1n) throw new SyntaxIssue(token.at, 'invalid int literal');
  return value;
}

export function readUint(token: Token): Uint {
  const value = BigInt(token.text.slice(0, -1));
  if (value > MAX_UINT) throw new SyntaxIssue(token.at, 'invalid uint literal');
  return new Uint(value);
}

function readDouble(token: Token, negative: boolean): number {
  const value = Number(token.text);
  if (!Number.isFinite(value)) throw new SyntaxIssue(token.at, 'invalid double literal');
  return negative ? -value : value;
}

export function readStringLiteral(token: Token): string {
  const { content, raw } = unquote(token);
  if (raw) return content;
  let text = '';
  for (const piece of readEscapes(token, content)) {
    if (typeof piece === 'string') text += piece;
    else text += codePoint(token, piece.code);
  }
  return text;
}

/** In bytes `\xff` and `\377` are one byte each; `\u00ff` isn't allowed, as in cel-go. */
export function readBytesLiteral(token: Token): Uint8Array {
  const { content, raw } = unquote(token);
  if (raw) return Buffer.from(content);
  const parts: Uint8Array[] = [];
  for (const piece of readEscapes(token, content)) {
    if (typeof piece === 'string') parts.push(Buffer.from(piece));
    else if (piece.unicode) throw new SyntaxIssue(token.at, 'unable to unescape string');
    else parts.push(Uint8Array.of(piece.code));
  }
  return Buffer.concat(parts);
}

function unquote(token: Token): { readonly content: string; readonly raw: boolean } {
  const [opening = '', prefix = '', quote = ''] = PREFIX.exec(token.text) ?? [];
  const content = token.text.slice(opening.length, token.text.length - quote.length);
  // cel-go reads all line ends in a string as \n.
  return { content: content.replace(/\r\n?/g, '\n'), raw: /r/i.test(prefix) };
}

interface Escape {
  readonly code: number;
  readonly unicode: boolean;
}

function* readEscapes(token: Token, content: string): Generator<string | Escape> {
  let at = 0;
  while (at < content.length) {
    const next = content.indexOf('\\', at);
    if (next !== at) yield content.slice(at, next === -1 ? content.length : next);
    if (next === -1) return;
    const simple = SIMPLE.get(content[next + 1] ?? '');
    if (simple !== undefined) {
      yield simple;
      at = next + 2;
      continue;
    }
    NUMERIC.lastIndex = next;
    const found = NUMERIC.exec(content);
    if (found === null) throw new SyntaxIssue(token.at, 'unable to unescape string');
    const [whole, octal, byte, short, long] = found;
    yield octal === undefined
      ? { code: Number.parseInt(byte ?? short ?? long ?? '', 16), unicode: byte === undefined }
      : { code: Number.parseInt(octal, 8), unicode: false };
    at = next + whole.length;
  }
}

function codePoint(token: Token, code: number): string {
  if (code > MAX_CODE_POINT || (code >= SURROGATES.first && code <= SURROGATES.last)) {
    throw new SyntaxIssue(token.at, 'invalid unicode code point');
  }
  return String.fromCodePoint(code);
}
