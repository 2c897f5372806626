// Regular expressions of grep and sed (POSIX BRE and ERE, without back-references), matched by walking all possibilities at once: time grows
// with pattern × text and no further, so no pattern can hold the process up, as JavaScript's own can.

import { PatternReader, RegexError, type RegexOptions, type Test, type Tree } from './pattern.ts';

const MAX_STATES = 20_000;

type State =
  | { readonly kind: 'char'; readonly test: Test; next: number }
  | { readonly kind: 'start' | 'end' | 'edge' | 'empty'; next: number }
  | { readonly kind: 'mark'; readonly slot: number; next: number }
  | { readonly kind: 'split'; next: number; other: number }
  | { readonly kind: 'match' };

/** Where a match is. */
export interface Match {
  readonly start: number;
  readonly end: number;
}

/** Where the group `n` began, at 2n, and ended, at 2n + 1. */
type Slots = readonly (number | undefined)[];

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

  /** The first and longest match at or after `from`, in one pass; undefined without one. */
  find(text: string, from = 0): Match | undefined {
    let now = new Map<number, number>();
    let best: Match | undefined;
    for (let at = from; ; at += 1) {
      // Those that began earlier are there already, and keep their states.
      if (best === undefined) this.#enter(now, { first: this.#first, start: at }, text, at);
      for (const [index, start] of now) {
        if (this.#states[index]?.kind !== 'match') continue;
        if (best === undefined || start <= best.start) best = { start, end: at };
      }
      if (at >= text.length || (best !== undefined && now.size === 0)) return best;
      now = this.#step(now, text, at, best?.start ?? Number.POSITIVE_INFINITY);
    }
  }

  /** Whether it matches anywhere: in one pass. */
  test(text: string): boolean {
    let now = new Map<number, number>();
    for (let at = 0; ; at += 1) {
      this.#enter(now, { first: this.#first, start: 0 }, text, at);
      for (const index of now.keys()) if (this.#states[index]?.kind === 'match') return true;
      if (at >= text.length) return false;
      now = this.#step(now, text, at, 0);
    }
  }

  /** What the groups \1 to \9 of a match took: where each begins and ends, by its number; undefined for one that took nothing. */
  groups(text: string, { start, end }: Match): readonly (Match | undefined)[] {
    let now = new Map<number, Slots>();
    this.#trace(now, { first: this.#first, slots: [] }, text, start);
    for (let at = start; at < end; at += 1) {
      const next = new Map<number, Slots>();
      for (const [index, slots] of now) {
        const state = this.#states[index];
        if (state?.kind !== 'char' || !state.test(text[at] ?? '')) continue;
        this.#trace(next, { first: state.next, slots }, text, at + 1);
      }
      now = next;
    }
    const slots = [...now].find(([index]) => this.#states[index]?.kind === 'match')?.[1] ?? [];
    return Array.from({ length: 10 }, (_none, number) => {
      const [from, to] = [slots[2 * number], slots[2 * number + 1]];
      return from === undefined || to === undefined ? undefined : { start: from, end: to };
    });
  }

  /** All states after a character; of those that began after `latest`, none. */
  #step(now: ReadonlyMap<number, number>, text: string, at: number, latest: number): Map<number, number> {
    const next = new Map<number, number>();
    const char = text[at] ?? '';
    // In the order of their starts: a state that two reach is the earlier one's.
    for (const [index, start] of now) {
      const state = this.#states[index];
      if (start > latest || state?.kind !== 'char' || !state.test(char)) continue;
      this.#enter(next, { first: state.next, start }, text, at + 1);
    }
    return next;
  }

  /** As `enter`, with what the groups have taken so far; the ways that a greedy match prefers come first. */
  #trace(
    set: Map<number, Slots>,
    { first, slots }: { readonly first: number; readonly slots: Slots },
    text: string,
    at: number,
  ): void {
    const pending: [number, Slots][] = [[first, slots]];
    for (let one = pending.pop(); one !== undefined; one = pending.pop()) {
      const [index, taken] = one;
      const state = this.#states[index];
      if (state === undefined || set.has(index)) continue;
      set.set(index, taken);
      if (state.kind === 'split') pending.push([state.other, taken], [state.next, taken]);
      else if (state.kind === 'mark') {
        const marked = [...taken];
        marked[state.slot] = at;
        pending.push([state.next, marked]);
      } else if (passes(state, text, at)) pending.push([state.next, taken]);
    }
  }

  /** Adds a state and all that it leads to without a character. */
  #enter(
    set: Map<number, number>,
    { first, start }: { readonly first: number; readonly start: number },
    text: string,
    at: number,
  ): void {
    const pending = [first];
    for (let index = pending.pop(); index !== undefined; index = pending.pop()) {
      const state = this.#states[index];
      if (state === undefined || set.has(index)) continue;
      set.set(index, start);
      if (state.kind === 'split') pending.push(state.next, state.other);
      else if (passes(state, text, at)) pending.push(state.next);
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
      case 'group': {
        if (tree.number > 9) return this.#build(tree.part, next);
        const close = this.#add({ kind: 'mark', slot: 2 * tree.number + 1, next });
        return this.#add({ kind: 'mark', slot: 2 * tree.number, next: this.#build(tree.part, close) });
      }
      case 'word':
      case 'empty':
        return this.#add({ kind: 'empty', next });
      default:
        return this.#add({ kind: tree.kind, next });
    }
  }
}

/** Whether a state that takes no character lets pass. */
function passes(state: State, text: string, at: number): state is State & { next: number } {
  switch (state.kind) {
    case 'empty':
    case 'mark':
      return true;
    case 'start':
      return at === 0;
    case 'end':
      return at === text.length;
    case 'edge':
      return isWord(text[at - 1]) !== isWord(text[at]);
    default:
      return false;
  }
}

function isWord(char: string | undefined): boolean {
  return char !== undefined && /\w/.test(char);
}
