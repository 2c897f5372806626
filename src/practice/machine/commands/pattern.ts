// Reads grep's patterns (POSIX BRE and ERE, with a few of GNU's escapes) into trees; regex.ts makes machines of them.

import { setAt } from '../shell/glob.ts';

const MAX_REPEAT = 255;

/** How a pattern is read. */
export interface RegexOptions {
  /** ERE instead of BRE. */
  readonly extended: boolean;
  readonly ignoreCase: boolean;
}

/** Thrown for a pattern that is none; the message is what grep says. */
export class RegexError extends Error {}

/** Whether a character fits. */
export type Test = (char: string) => boolean;

/** A piece of a pattern. */
export type Tree =
  | { readonly kind: 'char'; readonly test: Test }
  | { readonly kind: 'start' | 'end' | 'word' | 'edge' | 'empty' }
  | { readonly kind: 'all'; readonly parts: readonly Tree[] }
  | { readonly kind: 'any'; readonly parts: readonly Tree[] }
  | { readonly kind: 'group'; readonly number: number; readonly part: Tree }
  | { readonly kind: 'repeat'; readonly part: Tree; readonly least: number; readonly most: number };

const CLASSES: Readonly<Record<string, Test>> = {
  w: (char) => /\w/.test(char),
  W: (char) => !/\w/.test(char),
  s: (char) => /\s/.test(char),
  S: (char) => !/\s/.test(char),
};

/** Reads a pattern. */
export class PatternReader {
  readonly #chars: readonly string[];
  readonly #extended: boolean;
  readonly #ignoreCase: boolean;
  #at = 0;
  #open = 0;
  #groups = 0;

  constructor(pattern: string, { extended, ignoreCase }: RegexOptions) {
    this.#chars = [...pattern];
    this.#extended = extended;
    this.#ignoreCase = ignoreCase;
  }

  all(): Tree {
    const tree = this.#either();
    if (this.#at < this.#chars.length) throw new RegexError('Unmatched ) or \\)');
    return tree;
  }

  /** What is special here: `*`, or in a BRE `\(` as `(`; undefined for a plain character. */
  #special(): string | undefined {
    const char = this.#chars[this.#at];
    if (char === undefined) return undefined;
    if (char === '\\') {
      const next = this.#chars[this.#at + 1];
      return next !== undefined && !this.#extended && '(){}|+?'.includes(next) ? next : undefined;
    }
    if (char === '*') return char;
    return this.#extended && '(){|+?'.includes(char) ? char : undefined;
  }

  #skipSpecial(): void {
    this.#at += this.#chars[this.#at] === '\\' ? 2 : 1;
  }

  #either(): Tree {
    const parts = [this.#sequence()];
    while (this.#special() === '|') {
      this.#skipSpecial();
      parts.push(this.#sequence());
    }
    return parts.length === 1 ? (parts[0] ?? { kind: 'empty' }) : { kind: 'any', parts };
  }

  #sequence(): Tree {
    const parts: Tree[] = [];
    while (this.#at < this.#chars.length) {
      const special = this.#special();
      if (special === '|' || (special === ')' && this.#open > 0)) break;
      const first = parts.length === 0 || parts.at(-1)?.kind === 'start';
      parts.push(this.#repeated(this.#atom(special, parts.length === 0, first)));
    }
    return { kind: 'all', parts };
  }

  #atom(special: string | undefined, atStart: boolean, literalStar: boolean): Tree {
    if (special === '(') {
      this.#skipSpecial();
      this.#open += 1;
      this.#groups += 1;
      const number = this.#groups;
      if (this.#open > 100) throw new RegexError('Regular expression too big');
      const part = this.#either();
      if (this.#special() !== ')') throw new RegexError('Unmatched ( or \\(');
      this.#skipSpecial();
      this.#open -= 1;
      return { kind: 'group', number, part };
    }
    if (special === ')' && !this.#extended) throw new RegexError('Unmatched ) or \\)');
    if (special !== undefined && '*+?{'.includes(special) && !literalStar)
      throw new RegexError('Invalid preceding regular expression');
    const char = this.#chars[this.#at] ?? '';
    if (special !== undefined) {
      this.#skipSpecial();
      return this.#plain(special);
    }
    this.#at += 1;
    if (char === '.') return { kind: 'char', test: () => true };
    if (char === '^' && (this.#extended || atStart)) return { kind: 'start' };
    if (char === '$' && (this.#extended || this.#endsHere())) return { kind: 'end' };
    if (char === '[') return this.#bracket();
    if (char === '\\') return this.#escape();
    return this.#plain(char);
  }

  #endsHere(): boolean {
    const special = this.#special();
    return this.#at >= this.#chars.length || special === ')' || special === '|';
  }

  #bracket(): Tree {
    // In a regular expression a backslash between brackets is itself.
    const chars = this.#chars.flatMap((char, index) =>
      char === '\\' && index >= this.#at ? ['\\', '\\'] : [char],
    );
    const set = setAt(chars, this.#at - 1);
    if (set === undefined) throw new RegexError('Unmatched [, [^, [:, [., or [=');
    const doubled = chars.slice(this.#at, set.end).filter((char) => char === '\\').length / 2;
    this.#at = set.end + 1 - doubled;
    const { test } = set;
    if (!this.#ignoreCase) return { kind: 'char', test };
    return { kind: 'char', test: (char) => test(char.toLowerCase()) || test(char.toUpperCase()) };
  }

  #escape(): Tree {
    const char = this.#chars[this.#at];
    if (char === undefined) throw new RegexError('Trailing backslash');
    this.#at += 1;
    const test = CLASSES[char];
    if (test !== undefined) return { kind: 'char', test };
    if (char === 'b' || char === '<' || char === '>') return { kind: 'edge' };
    if (/[1-9]/.test(char)) throw new RegexError('Invalid back reference');
    return this.#plain(char);
  }

  #plain(char: string): Tree {
    if (!this.#ignoreCase) return { kind: 'char', test: (one) => one === char };
    const lower = char.toLowerCase();
    return { kind: 'char', test: (one) => one.toLowerCase() === lower };
  }

  #repeated(part: Tree): Tree {
    let tree = part;
    for (;;) {
      const special = this.#special();
      if (special === undefined || !'*+?{'.includes(special)) return tree;
      if (tree.kind === 'start' && !this.#extended) return tree;
      this.#skipSpecial();
      const [least, most] =
        special === '{'
          ? this.#bounds()
          : special === '?'
            ? [0, 1]
            : [special === '+' ? 1 : 0, Number.POSITIVE_INFINITY];
      tree = { kind: 'repeat', part: tree, least, most };
    }
  }

  #bounds(): readonly [number, number] {
    const close = this.#extended ? '}' : '\\}';
    const rest = this.#chars.slice(this.#at).join('');
    const end = rest.indexOf(close);
    const found = /^(\d*)(,?)(\d*)$/.exec(rest.slice(0, Math.max(0, end)));
    if (end === -1) throw new RegexError('Unmatched { or \\{');
    if (found === null || (found[1] === '' && found[3] === ''))
      throw new RegexError('Invalid content of \\{\\}');
    this.#at += end + close.length;
    const least = Number(found[1]);
    const most = found[2] === '' ? least : found[3] === '' ? Number.POSITIVE_INFINITY : Number(found[3]);
    if (least > MAX_REPEAT || (most !== Number.POSITIVE_INFINITY && (most > MAX_REPEAT || most < least))) {
      throw new RegexError('Invalid content of \\{\\}');
    }
    return [least, most];
  }
}
