// The shell parser's place among the tokens: one ahead, with the here-documents of a line read where the line ends.

import { ShellReader } from './reader.ts';
import type { Redirect, SyntaxFailure, Word } from './syntax.ts';
import type { Token } from './tokens.ts';

/** Words that have a meaning where a command begins. */
export const RESERVED: ReadonlySet<string> = new Set(
  '! { } if then elif else fi while until do done for case esac'.split(' '),
);
const REDIRECTS = new Set(['<', '>', '>>', '<&', '>&', '&>', '<<', '<<-']);

interface HereDocument {
  readonly redirect: { target: Word };
  readonly mark: string;
  readonly tabs: boolean;
  readonly quoted: boolean;
}

/** Walks over tokens. */
export class TokenCursor {
  readonly reader: ShellReader;
  token: Token;
  #pending: HereDocument[] = [];

  constructor(text: string, firstLine: number) {
    this.reader = new ShellReader(text, firstLine);
    this.token = { kind: 'newline', start: 0 };
  }

  advance(): void {
    if (this.token.kind === 'newline' && this.#pending.length > 0) this.readHereDocuments();
    this.token = this.reader.token();
  }

  readHereDocuments(): void {
    const pending = this.#pending;
    this.#pending = [];
    for (const { redirect, mark, tabs, quoted } of pending) {
      const text = this.#hereDocument(mark, tabs);
      redirect.target = quoted
        ? [{ kind: 'text', text, quoted: true }]
        : new ShellReader(text, this.reader.line).quoted('');
    }
  }

  atLineEnd(): boolean {
    return this.token.kind === 'newline' || this.token.kind === 'end';
  }

  is(text: string): boolean {
    const token = this.token;
    return token.kind === 'word' ? token.plain === text : token.kind === 'operator' && token.text === text;
  }

  unexpected(expecting?: string): SyntaxFailure {
    const token = this.token;
    const more = expecting === undefined ? '' : ` (expecting "${expecting}")`;
    if (token.kind === 'end') return this.reader.fail(`end of file unexpected${more}`, true);
    if (token.kind === 'newline') return this.reader.fail(`newline unexpected${more}`);
    if (token.kind === 'operator') return this.reader.fail(`"${token.text}" unexpected${more}`);
    const reserved = token.plain !== undefined && RESERVED.has(token.plain);
    return this.reader.fail(`${reserved ? `"${token.plain}"` : 'word'} unexpected${more}`);
  }

  expect(text: string): void {
    if (!this.is(text)) throw this.unexpected(text);
    this.advance();
  }

  skipNewlines(): void {
    while (this.token.kind === 'newline') this.advance();
  }

  atRedirect(): boolean {
    return this.token.kind === 'operator' && REDIRECTS.has(this.token.text);
  }

  redirect(): Redirect {
    const token = this.token;
    if (token.kind !== 'operator') throw this.unexpected();
    const operator = token.text.replace('<<-', '<<') as Redirect['operator'];
    const fd = token.fd ?? (operator.startsWith('<') ? 0 : 1);
    this.advance();
    if (this.token.kind !== 'word') throw this.unexpected();
    const redirect = { fd, operator, target: this.token.word };
    if (operator === '<<') {
      const mark = redirect.target.map((part) => (part.kind === 'text' ? part.text : '')).join('');
      const quoted = redirect.target.some((part) => part.quoted);
      this.#pending.push({ redirect, mark, tabs: token.text === '<<-', quoted });
    }
    this.advance();
    return redirect;
  }

  /** The text up to and without the line `mark`; what follows is read on. */
  #hereDocument(mark: string, tabs: boolean): string {
    const { reader } = this;
    let text = '';
    while (reader.at < reader.text.length) {
      const end = reader.text.indexOf('\n', reader.at);
      const next = end === -1 ? reader.text.length : end + 1;
      const whole = reader.text.slice(reader.at, end === -1 ? next : end);
      const line = tabs ? whole.replace(/^\t+/, '') : whole;
      reader.at = next;
      if (line === mark) return text;
      text += `${line}\n`;
    }
    throw reader.fail('here-document unterminated', true);
  }
}
