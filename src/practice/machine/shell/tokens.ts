// What the shell's reader gives its parser.

import type { Part, Word } from './syntax.ts';

/** A word, an operator, the end of a line, or the end of all. */
export type Token =
  | {
      readonly kind: 'word';
      readonly word: Word;
      /** The text where nothing is quoted or expanded, else undefined: only such words are reserved or assign. */
      readonly plain: string | undefined;
      readonly start: number;
    }
  | { readonly kind: 'operator'; readonly text: string; readonly start: number; readonly fd?: number }
  | { readonly kind: 'newline'; readonly start: number }
  | { readonly kind: 'end'; readonly start: number };

/** Neighbouring texts of the same kind as one. */
export function joined(parts: readonly Part[]): Part[] {
  const out: Part[] = [];
  for (const part of parts) {
    const last = out.at(-1);
    if (part.kind === 'text' && last?.kind === 'text' && last.quoted === part.quoted) {
      out[out.length - 1] = { ...last, text: last.text + part.text };
    } else {
      out.push(part);
    }
  }
  return out;
}
