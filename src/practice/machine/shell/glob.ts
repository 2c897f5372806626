// Shell patterns (POSIX.1-2024 2.14): `*`, `?`, `[…]` and backslash. Matching takes time in proportion to both lengths at worst: no pattern
// can hold the process up.

import { absolute, type FileTree } from '../files/tree.ts';

const MAX_MATCHES = 10_000;

type Piece = { readonly kind: 'many' } | { readonly kind: 'one'; readonly test: (char: string) => boolean };

const CLASSES: Readonly<Record<string, RegExp>> = {
  alnum: /[A-Za-z0-9]/,
  alpha: /[A-Za-z]/,
  blank: /[ \t]/,
  digit: /[0-9]/,
  lower: /[a-z]/,
  punct: /[!-/:-@[-`{-~]/,
  space: /\s/,
  upper: /[A-Z]/,
  xdigit: /[0-9A-Fa-f]/,
};

/** Whether the whole of `text` matches. */
export function globMatches(pattern: string, text: string): boolean {
  return matches(piecesOf(pattern), [...text]);
}

/**
 * How much of the start (or of the end) of `text` matches: `${x#p}`, `${x##p}`, `${x%p}`, `${x%%p}`.
 * @returns the text without it.
 */
export function stripPattern(text: string, pattern: string, operator: string): string {
  const pieces = piecesOf(pattern);
  const chars = [...text].slice(0, 10_000);
  const lengths = [...chars.keys(), chars.length];
  if (operator.length === 2) lengths.reverse();
  for (const length of lengths) {
    const start = operator.startsWith('#');
    const part = start ? chars.slice(0, length) : chars.slice(chars.length - length);
    if (!matches(pieces, part)) continue;
    return (start ? chars.slice(length) : chars.slice(0, chars.length - length)).join('');
  }
  return text;
}

/** Literal text as a pattern. */
export function escapePattern(text: string): string {
  return text.replace(/[\\*?[\]]/g, '\\$&');
}

/** The paths that a pattern names, sorted; empty when there are none. `cwd` is for relative ones. */
export function expandPath(files: FileTree, cwd: string, pattern: string): readonly string[] {
  let found = [pattern.startsWith('/') ? '/' : ''];
  const parts = pattern.split('/').filter((part) => part !== '');
  for (const [index, part] of parts.entries()) {
    const last = index === parts.length - 1;
    found = found.flatMap((base) =>
      namesIn(files, absolute(cwd, base), part).map((name) => `${base}${name}${last ? '' : '/'}`),
    );
    if (found.length > MAX_MATCHES) found.length = MAX_MATCHES;
  }
  return found.sort();
}

function namesIn(files: FileTree, directory: string, part: string): readonly string[] {
  const node = files.peek(directory);
  if (node?.kind !== 'directory') return [];
  const plain = /[*?[]/.test(part.replace(/\\./g, '')) ? undefined : part.replace(/\\(.)/g, '$1');
  if (plain === '.' || plain === '..') return [plain];
  if (plain !== undefined) return node.entries.has(plain) ? [plain] : [];
  const pieces = piecesOf(part);
  return [...node.entries.keys()].filter(
    (name) => (!name.startsWith('.') || part.startsWith('.')) && matches(pieces, [...name]),
  );
}

function piecesOf(pattern: string): readonly Piece[] {
  const chars = [...pattern];
  const pieces: Piece[] = [];
  for (let at = 0; at < chars.length; at += 1) {
    const char = chars[at] ?? '';
    if (char === '*') {
      if (pieces.at(-1)?.kind !== 'many') pieces.push({ kind: 'many' });
    } else if (char === '?') {
      pieces.push({ kind: 'one', test: () => true });
    } else if (char === '[') {
      const set = setAt(chars, at);
      if (set === undefined) pieces.push({ kind: 'one', test: (one) => one === '[' });
      else pieces.push({ kind: 'one', test: set.test });
      at = set?.end ?? at;
    } else {
      if (char === '\\' && at + 1 < chars.length) at += 1;
      const wanted = chars[at];
      pieces.push({ kind: 'one', test: (one) => one === wanted });
    }
  }
  return pieces;
}

/** A bracket expression that begins at `start`; `end` is its `]`. Regular expressions have the same. */
export function setAt(
  chars: readonly string[],
  start: number,
): { readonly test: (char: string) => boolean; readonly end: number } | undefined {
  let at = start + 1;
  const negated = chars[at] === '!' || chars[at] === '^';
  if (negated) at += 1;
  const tests: ((char: string) => boolean)[] = [];
  for (let first = true; ; first = false) {
    const char = chars[at];
    if (char === undefined) return undefined;
    if (char === ']' && !first) break;
    const named = char === '[' && chars[at + 1] === ':' ? chars.indexOf(':', at + 2) : -1;
    const matcher = named === -1 ? undefined : CLASSES[chars.slice(at + 2, named).join('')];
    const top = chars[at + 2];
    if (matcher !== undefined && chars[named + 1] === ']') {
      tests.push((one) => matcher.test(one));
      at = named + 2;
    } else if (chars[at + 1] === '-' && top !== undefined && top !== ']') {
      tests.push((one) => one >= char && one <= top);
      at += 3;
    } else {
      const wanted = char === '\\' ? (chars[at + 1] ?? char) : char;
      tests.push((one) => one === wanted);
      at += char === '\\' ? 2 : 1;
    }
  }
  return { test: (char) => tests.some((test) => test(char)) !== negated, end: at };
}

/** Goes back to the last `*` only: the earlier ones need no other try. */
function matches(pieces: readonly Piece[], chars: readonly string[]): boolean {
  let piece = 0;
  let char = 0;
  let starPiece = -1;
  let starChar = 0;
  while (char < chars.length) {
    const now = pieces[piece];
    if (now?.kind === 'many') {
      starPiece = piece;
      starChar = char;
      piece += 1;
    } else if (now?.test(chars[char] ?? '') === true) {
      piece += 1;
      char += 1;
    } else if (starPiece !== -1) {
      starChar += 1;
      char = starChar;
      piece = starPiece + 1;
    } else {
      return false;
    }
  }
  return pieces.slice(piece).every(({ kind }) => kind === 'many');
}
