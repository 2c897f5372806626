// Regular expressions of grep (POSIX BRE and ERE, without back-references), matched by walking all possibilities at once: time grows
// with pattern × text and no further, so no pattern can hold the process up, as JavaScript's own can.

import { PatternReader, RegexError, type RegexOptions, type Test, type Tree } from './pattern.ts';

const MAX_STATES = 20_000;

type State =
  | { readonly kind: 'char'; readonly test: Test; next: number }
  | { readonly kind: 'start' | 'end' | 'edge' | 'empty'; next: number }
  | { readonly kind: 'split'; next: number; other: number }
  | { readonly kind: 'match' };

/** A compiled pattern. */
export class Regex {
  readonly #states: State[] = [];
  readonly #first: number;

  /** @throws RegexError. */
  constructor(pattern: string, options: RegexOptions) {
    const tree = new PatternReader(pattern, options).all();
    const match = this.#add({ kind: 'match' });
    this.#first = this.#build(tree, match);
  }

  /** The first and longest match at or after `from`; undefined without one. */
  find(text: string, from = 0): { readonly start: number; readonly end: number } | undefined {
    for (let start = from; start <= text.length; start += 1) {
      const end = this.#longest(text, start);
      if (end !== -1) return { start, end };
    }
    return undefined;
  }

  /** Whether it matches anywhere: in one pass. */
  test(text: string): boolean {
    return this.#walk(text, 0, true) !== -1;
  }

  #longest(text: string, start: number): number {
    return this.#walk(text, start, false);
  }

  /** The end of the longest match that begins at `start` (of any match, when `anywhere`); -1 without one. */
  #walk(text: string, start: number, anywhere: boolean): number {
    let now = new Set<number>();
    let found = -1;
    this.#enter(now, this.#first, text, start);
    for (let at = start; ; at += 1) {
      for (const index of now) if (this.#states[index]?.kind === 'match') found = at;
      if (at >= text.length || (anywhere && found !== -1) || (now.size === 0 && !anywhere)) return found;
      const char = text[at] ?? '';
      const next = new Set<number>();
      for (const index of now) {
        const state = this.#states[index];
        if (state?.kind === 'char' && state.test(char)) this.#enter(next, state.next, text, at + 1);
      }
      if (anywhere) this.#enter(next, this.#first, text, at + 1);
      now = next;
    }
  }

  /** Adds a state and all that it leads to without a character. */
  #enter(set: Set<number>, first: number, text: string, at: number): void {
    const pending = [first];
    for (let index = pending.pop(); index !== undefined; index = pending.pop()) {
      const state = this.#states[index];
      if (state === undefined || set.has(index)) continue;
      set.add(index);
      if (state.kind === 'split') pending.push(state.next, state.other);
      else if (state.kind === 'empty') pending.push(state.next);
      else if (state.kind === 'start' && at === 0) pending.push(state.next);
      else if (state.kind === 'end' && at === text.length) pending.push(state.next);
      else if (state.kind === 'edge' && isWord(text[at - 1]) !== isWord(text[at])) pending.push(state.next);
    }
  }

  #add(state: State): number {
    if (this.#states.length >= MAX_STATES) throw new RegexError('Regular expression too big');
    this.#states.push(state);
    return this.#states.length - 1;
  }

  /** The state that begins `tree` and goes on with `next`. */
  #build(tree: Tree, next: number): number {
    switch (tree.kind) {
      case 'char':
        return this.#add({ kind: 'char', test: tree.test, next });
      case 'all':
        return tree.parts.reduceRight((after, part) => this.#build(part, after), next);
      case 'any': {
        const [first, ...rest] = tree.parts.map((part) => this.#build(part, next));
        return rest.reduce((other, one) => this.#add({ kind: 'split', next: one, other }), first ?? next);
      }
      case 'repeat': {
        let after = next;
        if (tree.most === Number.POSITIVE_INFINITY) {
          const split = this.#add({ kind: 'split', next: -1, other: next });
          const state = this.#states[split];
          if (state?.kind === 'split') state.next = this.#build(tree.part, split);
          after = split;
        } else {
          for (let count = tree.least; count < tree.most; count += 1) {
            after = this.#add({ kind: 'split', next: this.#build(tree.part, after), other: next });
          }
        }
        for (let count = 0; count < tree.least; count += 1) after = this.#build(tree.part, after);
        return after;
      }
      case 'word':
      case 'empty':
        return this.#add({ kind: 'empty', next });
      default:
        return this.#add({ kind: tree.kind, next });
    }
  }
}

function isWord(char: string | undefined): boolean {
  return char !== undefined && /\w/.test(char);
}
