// Text → tokens, after the lexer rules of CEL's grammar (cel-go parser/gen/CEL.g4). Each pattern is anchored and has no nested repeats, so
// the time is linear in the text.

import type { Issue } from './source.ts';

export type TokenKind = 'identifier' | 'int' | 'uint' | 'double' | 'string' | 'bytes' | 'punctuation' | 'end';

export interface Token {
  readonly kind: TokenKind;
  readonly text: string;
  readonly at: number;
}

/** Thrown inside parser and checker for what the author of the expression has to change; never leaves this directory. */
export class SyntaxIssue {
  readonly issue: Issue;
  constructor(at: number, message: string) {
    this.issue = { at, message };
  }
}

const SPACE = /(?:[\t \r\n\f]|\/\/[^\n]*)*/y;
const NUMBER =
  /(?:0x([0-9a-fA-F]+)|([0-9]+\.[0-9]+(?:[eE][+-]?[0-9]+)?|[0-9]+[eE][+-]?[0-9]+|\.[0-9]+(?:[eE][+-]?[0-9]+)?)|([0-9]+))([uU])?/y;
const IDENTIFIER = /[A-Za-z_][A-Za-z0-9_]*/y;
const STRING_START = /([rR]?[bB]?|[bB][rR])("""|'''|"|')/y;
const PUNCTUATION = /==|!=|<=|>=|&&|\|\||[<>[\]{}().,\-!?:+*/%]/y;

/** All tokens of a text, the last one an `end`. Throws SyntaxIssue. */
export function tokenize(text: string): readonly Token[] {
  const tokens: Token[] = [];
  let at = skip(text, 0);
  while (at < text.length) {
    const { token, end } = readToken(text, at);
    tokens.push(token);
    at = skip(text, end);
  }
  tokens.push({ kind: 'end', text: '<EOF>', at: text.length });
  return tokens;
}

interface Read {
  readonly token: Token;
  readonly end: number;
}

function readToken(text: string, at: number): Read {
  const string = match(STRING_START, text, at);
  if (string !== undefined) return readString(text, at, string);
  const number = match(NUMBER, text, at);
  if (number !== undefined) return readNumber(at, number);
  const identifier = match(IDENTIFIER, text, at)?.[0];
  if (identifier !== undefined) {
    return { token: { kind: 'identifier', text: identifier, at }, end: at + identifier.length };
  }
  const punctuation = match(PUNCTUATION, text, at)?.[0];
  if (punctuation !== undefined) {
    return { token: { kind: 'punctuation', text: punctuation, at }, end: at + punctuation.length };
  }
  if (text[at] === '`') throw new SyntaxIssue(at, "unsupported syntax: '`'");
  const character = String.fromCodePoint(text.codePointAt(at) ?? 0);
  throw new SyntaxIssue(at, `Syntax error: token recognition error at: '${character}'`);
}

function readNumber(at: number, found: RegExpExecArray): Read {
  const [whole, , double, , unsigned] = found;
  if (double !== undefined && unsigned !== undefined) {
    throw new SyntaxIssue(at, `Syntax error: extraneous input '${unsigned}'`);
  }
  const kind = double === undefined ? (unsigned === undefined ? 'int' : 'uint') : 'double';
  return { token: { kind, text: whole, at }, end: at + whole.length };
}

/** Finds the end of a quoted string; what is in it is read by readStringLiteral. */
function readString(text: string, at: number, start: RegExpExecArray): Read {
  const [opening, prefix = '', quote = ''] = start;
  const raw = /r/i.test(prefix);
  let end = at + opening.length;
  while (!text.startsWith(quote, end)) {
    const character = text[end];
    if (character === undefined || (quote.length === 1 && (character === '\n' || character === '\r'))) {
      throw new SyntaxIssue(at, `Syntax error: token recognition error at: '${text.slice(at, end)}'`);
    }
    end += character === '\\' && !raw ? 2 : 1;
  }
  end += quote.length;
  const kind = /b/i.test(prefix) ? 'bytes' : 'string';
  return { token: { kind, text: text.slice(at, end), at }, end };
}

function skip(text: string, at: number): number {
  return at + (match(SPACE, text, at)?.[0].length ?? 0);
}

function match(pattern: RegExp, text: string, at: number): RegExpExecArray | undefined {
  pattern.lastIndex = at;
  return pattern.exec(text) ?? undefined;
}
