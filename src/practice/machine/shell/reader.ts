// Reads the shell's words from text: quotes, backslashes, `$` in all its forms, and operators as tokens. parser.ts makes commands of them.

import { type Part, SyntaxFailure, type Word } from './syntax.ts';
import { joined, type Token } from './tokens.ts';

const OPERATORS = [
  '<<-',
  '&&',
  '||',
  ';;',
  '<<',
  '>>',
  '<&',
  '>&',
  '&>',
  '>|',
  '&',
  '|',
  ';',
  '<',
  '>',
  '(',
  ')',
];
const NAME = /^[A-Za-z_][A-Za-z0-9_]*/;
const MAX_DEPTH = 60;

/** Reads tokens from a text, one ahead. */
export class ShellReader {
  readonly text: string;
  at = 0;
  readonly #firstLine: number;
  readonly #depth: number;

  constructor(text: string, firstLine = 1, depth = 0) {
    this.text = text;
    this.#firstLine = firstLine;
    this.#depth = depth;
    if (depth > MAX_DEPTH) throw new SyntaxFailure('too deeply nested', firstLine, false);
  }

  get line(): number {
    let line = this.#firstLine;
    for (let i = 0; i < this.at; i += 1) if (this.text[i] === '\n') line += 1;
    return line;
  }

  fail(message: string, incomplete = false): SyntaxFailure {
    return new SyntaxFailure(message, this.line, incomplete);
  }

  /** The next token. @throws SyntaxFailure. */
  token(): Token {
    this.#skipBlanks();
    const start = this.at;
    if (start >= this.text.length) return { kind: 'end', start };
    if (this.text[start] === '\n') {
      this.at += 1;
      return { kind: 'newline', start };
    }
    const numbered = /^[0-9](?=[<>])/.exec(this.text.slice(start, start + 2));
    if (numbered !== null) this.at += 1;
    const operator = OPERATORS.find((one) => this.text.startsWith(one, this.at));
    if (operator !== undefined) {
      this.at += operator.length;
      const text = operator === '>|' ? '>' : operator;
      return { kind: 'operator', text, start, ...(numbered === null ? {} : { fd: Number(numbered[0]) }) };
    }
    const word = this.word((char) => /[ \t\r\n;&|<>()]/.test(char));
    const plain = word.every((part) => part.kind === 'text' && !part.quoted)
      ? this.text.slice(start, this.at)
      : undefined;
    return { kind: 'word', word, plain, start };
  }

  /** A word up to a character that `stops` it outside of quotes, or the end of the text. */
  word(stops: (char: string) => boolean): Word {
    const parts: Part[] = [];
    while (this.at < this.text.length) {
      const char = this.text[this.at] ?? '';
      if (char === '\\') {
        this.at += 2;
        const next = this.text[this.at - 1];
        if (next === '\n') continue;
        parts.push({ kind: 'text', text: next ?? '\\', quoted: true });
      } else if (char === "'") {
        parts.push({ kind: 'text', text: this.#until("'"), quoted: true });
      } else if (char === '"') {
        this.at += 1;
        // So that "" is a word, though nothing is in it.
        parts.push({ kind: 'text', text: '', quoted: true }, ...this.quoted('"'));
        this.at += 1;
      } else if (char === '$' || char === '`') {
        parts.push(this.#dollar(false));
      } else if (stops(char)) {
        break;
      } else {
        this.at += 1;
        parts.push({ kind: 'text', text: char, quoted: false });
      }
    }
    return joined(parts);
  }

  /** What is inside double quotes, up to `close` ('' for the end of the text: a here-document). */
  quoted(close: '"' | '}' | ''): Part[] {
    const parts: Part[] = [];
    for (;;) {
      const char = this.text[this.at];
      if (char === undefined) {
        if (close === '') return parts;
        throw this.fail('Unterminated quoted string', true);
      }
      if (char === close) return parts;
      if (char === '"' && close === '}') {
        // Quotes inside of "${x:-"y"}" are quotes of their own.
        this.at += 1;
        parts.push(...this.quoted('"'));
        this.at += 1;
      } else if (char === '\\') {
        const next = this.text[this.at + 1] ?? '';
        this.at += 2;
        if (next === '\n') continue;
        const special = '$`\\'.includes(next) || (next === '"' && close !== '') || next === close;
        parts.push({ kind: 'text', text: special ? next : `\\${next}`, quoted: true });
      } else if (char === '$' || char === '`') {
        parts.push(this.#dollar(true));
      } else {
        this.at += 1;
        parts.push({ kind: 'text', text: char, quoted: true });
      }
    }
  }

  #skipBlanks(): void {
    for (;;) {
      const char = this.text[this.at];
      if (char === ' ' || char === '\t' || char === '\r') this.at += 1;
      else if (char === '\\' && this.text[this.at + 1] === '\n') this.at += 2;
      else break;
    }
    if (this.text[this.at] !== '#') return;
    while (this.at < this.text.length && this.text[this.at] !== '\n') this.at += 1;
  }

  /** The text after the opening character up to `close`, which is passed. */
  #until(close: string): string {
    const end = this.text.indexOf(close, this.at + 1);
    if (end === -1) throw this.fail('Unterminated quoted string', true);
    const text = this.text.slice(this.at + 1, end);
    this.at = end + 1;
    return text;
  }

  #backquoted(): string {
    const found = /^`((?:[^`\\]|\\[\s\S])*)`/.exec(this.text.slice(this.at));
    if (found === null) throw this.fail('EOF in backquote substitution', true);
    this.at += found[0].length;
    return found[1] ?? '';
  }

  #dollar(quoted: boolean): Part {
    if (this.text[this.at] === '`') {
      return { kind: 'command', source: this.#backquoted().replace(/\\([$`\\])/g, '$1'), quoted };
    }
    const rest = this.text.slice(this.at + 1, this.at + 257);
    if (rest.startsWith('((')) {
      const arithmetic = this.#arithmetic(quoted);
      if (arithmetic !== undefined) return arithmetic;
    }
    if (rest.startsWith('(')) {
      const start = this.at + 2;
      this.at = start;
      this.#skipCommands();
      return { kind: 'command', source: this.text.slice(start, this.at - 1), quoted };
    }
    if (rest.startsWith('{')) return this.#braced(quoted);
    const name = NAME.exec(rest)?.[0] ?? (/^[0-9@*#?$!-]/.test(rest) ? rest.slice(0, 1) : undefined);
    this.at += 1 + (name?.length ?? 0);
    return name === undefined ? { kind: 'text', text: '$', quoted } : { kind: 'parameter', name, quoted };
  }

  /** Passes the `)` that ends a command substitution. A `case` inside needs its patterns written `(a)`. */
  #skipCommands(): void {
    const inner = new ShellReader(this.text, this.#firstLine, this.#depth + 1);
    inner.at = this.at;
    for (let open = 1; ; ) {
      const token = inner.token();
      if (token.kind === 'end') throw this.fail('end of file unexpected (expecting ")")', true);
      if (token.kind !== 'operator') continue;
      if (token.text === '(') open += 1;
      if (token.text === ')') open -= 1;
      if (open === 0) break;
    }
    this.at = inner.at;
  }

  #arithmetic(quoted: boolean): Part | undefined {
    const start = this.at;
    this.at += 3;
    const parts: Part[] = [];
    for (let open = 0; ; ) {
      const char = this.text[this.at];
      if (char === undefined) throw this.fail("Missing '))'", true);
      if (char === '$' || char === '`') {
        parts.push(this.#dollar(true));
        continue;
      }
      if (char === ')' && open === 0) {
        if (this.text[this.at + 1] === ')') break;
        this.at = start;
        return undefined;
      }
      open += char === '(' ? 1 : char === ')' ? -1 : 0;
      parts.push({ kind: 'text', text: char, quoted: true });
      this.at += 1;
    }
    this.at += 2;
    return { kind: 'arithmetic', word: joined(parts), quoted };
  }

  #braced(quoted: boolean): Part {
    const rest = this.text.slice(this.at + 2, this.at + 300);
    const length = /^#([A-Za-z_][A-Za-z0-9_]*|[0-9@*?$!]+)\}/.exec(rest);
    if (length !== null) {
      this.at += 2 + length[0].length;
      return { kind: 'parameter', name: length[1] ?? '', change: { operator: 'length', word: [] }, quoted };
    }
    const found = /^([A-Za-z_][A-Za-z0-9_]*|[0-9]+|[@*#?$!-])(:?[-=?+]|%%?|##?)?/.exec(rest);
    const [whole = '', name = '', operator] = found ?? [];
    this.at += 2 + whole.length;
    if (found === null || (operator === undefined && this.text[this.at] !== '}')) {
      if (this.text.indexOf('}', this.at) === -1) throw this.fail("Missing '}'", true);
      throw this.fail('Bad substitution');
    }
    if (operator === undefined) {
      this.at += 1;
      return { kind: 'parameter', name, quoted };
    }
    const inner = new ShellReader(this.text, this.#firstLine, this.#depth + 1);
    inner.at = this.at;
    const word = quoted && !/[%#]/.test(operator) ? inner.quoted('}') : inner.word((char) => char === '}');
    this.at = inner.at + 1;
    if (this.text[inner.at] !== '}') throw this.fail("Missing '}'", true);
    return { kind: 'parameter', name, change: { operator, word }, quoted };
  }
}
