// Reads sed's scripts: `s/a/b/g`, `2,/end/d`, `$!p`, with `;` or newlines between.

import type { RegexOptions } from './pattern.ts';
import { Regex } from './regex.ts';

/** Which line. */
export type Address =
  | { readonly kind: 'line'; readonly number: number }
  | { readonly kind: 'last' }
  | { readonly kind: 'regex'; readonly regex: Regex };

/** A piece of a replacement: text, or what a group took (0: the whole match). */
export type Piece = string | number;

/** What is done with a line. */
export type Action =
  | { readonly kind: 'd' | 'p' | 'q' | '=' }
  | { readonly kind: 'a' | 'i' | 'c'; readonly text: string }
  | { readonly kind: 'y'; readonly map: ReadonlyMap<string, string> }
  | {
      readonly kind: 's';
      readonly regex: Regex;
      readonly pieces: readonly Piece[];
      /** From which match on. */
      readonly first: number;
      readonly all: boolean;
      readonly print: boolean;
    };

/** A command of a script. */
export interface SedCommand {
  readonly from: Address | undefined;
  readonly to: Address | undefined;
  readonly negated: boolean;
  readonly action: Action;
}

/** Thrown for a script that is none. */
export class SedError extends Error {}

/** Reads a script. @throws SedError, RegexError. */
export function readScript(text: string, extended: boolean): readonly SedCommand[] {
  return new ScriptReader(text, extended).all();
}

class ScriptReader {
  readonly #text: string;
  readonly #extended: boolean;
  #at = 0;

  constructor(text: string, extended: boolean) {
    this.#text = text;
    this.#extended = extended;
  }

  all(): readonly SedCommand[] {
    const commands: SedCommand[] = [];
    for (;;) {
      this.#skip(/[\s;]*/y);
      if (this.#skip(/#[^\n]*/y) !== '') continue;
      if (this.#at >= this.#text.length) return commands;
      commands.push(this.#command());
    }
  }

  #skip(pattern: RegExp): string {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0] ?? '';
    this.#at += found.length;
    return found;
  }

  #command(): SedCommand {
    const from = this.#address();
    let to: Address | undefined;
    if (from !== undefined && this.#skip(/\s*,\s*/y) !== '') {
      to = this.#address();
      if (to === undefined) throw new SedError("unexpected `,'");
    }
    const negated = this.#skip(/\s*!\s*/y) !== '';
    this.#skip(/[ \t]*/y);
    const letter = this.#text[this.#at] ?? '';
    this.#at += 1;
    return { from, to, negated, action: this.#action(letter) };
  }

  #address(): Address | undefined {
    const number = this.#skip(/\d{1,15}/y);
    if (number !== '') return { kind: 'line', number: Number(number) };
    if (this.#skip(/\$/y) !== '') return { kind: 'last' };
    if (this.#skip(/\//y) === '') return undefined;
    const pattern = this.#until('/', 'unterminated address regex', true);
    return { kind: 'regex', regex: this.#regex(pattern, this.#skip(/I/y) !== '') };
  }

  #regex(pattern: string, ignoreCase: boolean): Regex {
    if (pattern === '') throw new SedError('no previous regular expression');
    const options: RegexOptions = { extended: this.#extended, ignoreCase };
    return new Regex(pattern.replace(/\\n/g, '\n'), options);
  }

  /** Up to the next `mark` that is not escaped, nor between a pattern's brackets. */
  #until(mark: string, failure: string, pattern = false): string {
    let out = '';
    for (; this.#at < this.#text.length; this.#at += 1) {
      const char = this.#text[this.#at] ?? '';
      const next = this.#text[this.#at + 1];
      if (char === mark) {
        this.#at += 1;
        return out;
      }
      const set = pattern && char === '[' ? this.#skip(/\[\^?\]?(?:\[:[a-z]+:\]|[^\]])*\]/y) : '';
      if (set !== '') {
        out += set;
        this.#at -= 1;
        continue;
      }
      if (char === '\\' && next !== undefined) {
        out += next === mark ? mark : char + next;
        this.#at += 1;
      } else out += char;
    }
    throw new SedError(failure);
  }

  #action(letter: string): Action {
    switch (letter) {
      case 'd':
      case 'p':
      case 'q':
      case '=':
        this.#end();
        return { kind: letter };
      case 'a':
      case 'i':
      case 'c':
        return { kind: letter, text: this.#inserted() };
      case 's':
        return this.#substitution();
      case 'y':
        return this.#transliteration();
      case '':
        throw new SedError('missing command');
      default:
        throw new SedError(`unknown command: \`${letter}'`);
    }
  }

  #end(): void {
    this.#skip(/[ \t]*/y);
    const next = this.#text[this.#at];
    if (next !== undefined && !';\n#'.includes(next)) throw new SedError('extra characters after command');
  }

  /** The rest of the line is text; `a\` may have it on the next one. */
  #inserted(): string {
    this.#skip(/[ \t]*(?:\\[ \t]*\n?)?/y);
    const text = this.#skip(/(?:\\[\s\S]|[^\n\\])*/y);
    if (text === '') throw new SedError("expected \\ after `a', `c' or `i'");
    return text.replace(/\\([\s\S])/g, '$1');
  }

  #mark(letter: string): string {
    const mark = this.#text[this.#at] ?? '';
    if (mark === '' || mark === '\n' || mark === '\\')
      throw new SedError(`unterminated \`${letter}' command`);
    this.#at += 1;
    return mark;
  }

  #substitution(): Action {
    const mark = this.#mark('s');
    const failure = "unterminated `s' command";
    const pattern = this.#until(mark, failure, true);
    const pieces = readReplacement(this.#until(mark, failure));
    const flags = this.#skip(/[gpiI0-9]*/y);
    this.#end();
    const first = Number(/\d+/.exec(flags)?.[0] ?? '1');
    if (first < 1) throw new SedError("number option to `s' command may not be zero");
    const regex = this.#regex(pattern, /i/i.test(flags));
    const groups = (pattern.match(this.#extended ? /(?<!\\)\(/g : /\\\(/g) ?? []).length;
    const most = Math.max(0, ...pieces.filter((piece) => typeof piece === 'number'));
    if (most > groups) throw new SedError(`invalid reference \\${most} on \`s' command's RHS`);
    return { kind: 's', regex, pieces, first, all: flags.includes('g'), print: flags.includes('p') };
  }

  #transliteration(): Action {
    const mark = this.#mark('y');
    const plain = (text: string) => [...text.replace(/\\n/g, '\n').replace(/\\\\/g, '\\')];
    const from = plain(this.#until(mark, "unterminated `y' command"));
    const to = plain(this.#until(mark, "unterminated `y' command"));
    this.#end();
    if (from.length !== to.length) throw new SedError("strings for `y' command are different lengths");
    return { kind: 'y', map: new Map(from.map((char, index) => [char, to[index] ?? char])) };
  }
}

/** `&` and `\1`; `\n` is a newline, `\t` a tab, any other escaped character itself. */
function readReplacement(text: string): readonly Piece[] {
  const pieces: Piece[] = [];
  for (const [piece] of text.matchAll(/\\[\s\S]|&|[^\\&]+|\\$/g)) {
    if (piece === '&') pieces.push(0);
    else if (/^\\[0-9]$/.test(piece)) pieces.push(Number(piece[1]));
    else if (piece.startsWith('\\') && piece.length === 2)
      pieces.push({ '\\n': '\n', '\\t': '\t' }[piece] ?? piece.slice(1));
    else pieces.push(piece);
  }
  return pieces;
}
