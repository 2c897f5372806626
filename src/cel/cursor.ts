// The place in a list of tokens that a parser has reached.

import { SyntaxIssue, type Token } from './lexer.ts';

export class Cursor {
  readonly #tokens: readonly Token[];
  #next = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  /** The next token; the end again and again after the last one. */
  peek(): Token {
    return this.#tokens[this.#next] ?? { kind: 'end', text: '<EOF>', at: 0 };
  }

  advance(): Token {
    const token = this.peek();
    if (token.kind !== 'end') this.#next++;
    return token;
  }

  /** The next token if it is this punctuation, else nothing happens. */
  take(text: string): Token | undefined {
    const token = this.peek();
    if (token.kind !== 'punctuation' || token.text !== text) return undefined;
    this.#next++;
    return token;
  }

  /** As take, but throws SyntaxIssue. */
  expect(text: string): Token {
    return this.take(text) ?? this.unexpected();
  }

  /** Throws SyntaxIssue at a token. */
  unexpected(token: Token = this.peek()): never {
    throw new SyntaxIssue(token.at, `Syntax error: mismatched input '${token.text}'`);
  }

  /** Whether `{` or `.b.C{` follows: a message literal. */
  startsStruct(): boolean {
    let next = this.#next;
    while (this.#tokens[next]?.text === '.' && this.#tokens[next + 1]?.kind === 'identifier') next += 2;
    return this.#tokens[next]?.text === '{' && this.#tokens[next]?.kind === 'punctuation';
  }
}
