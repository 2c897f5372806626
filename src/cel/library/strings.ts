// cel-go's strings library at version 2 (ext/strings.go). Positions count code points; letters of the case functions are ASCII's.

import type { Budget } from '../budget.ts';
import { Fault, fn, type Library, method } from '../declare.ts';
import { TextList, typeNameOf, type Value } from '../value.ts';
import { checkLength, countCharacters } from './operators.ts';

const ASCII_UPPER = /[A-Z]+/g;
const ASCII_LOWER = /[a-z]+/g;
/** Go's unicode.IsSpace, which differs from JavaScript's \s in U+0085 and U+FEFF. */
const SPACE = /[\t-\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]/;
const QUOTED: ReadonlyMap<string, string> = new Map(
  Object.entries({
    '\x07': '\\a',
    '\b': '\\b',
    '\f': '\\f',
    '\n': '\\n',
    '\r': '\\r',
    '\t': '\\t',
    '\v': '\\v',
    '\\': '\\\\',
    '"': '\\"',
  }),
);

export const strings: Library = [
  method('charAt', ['string', 'int'], 'string', (budget: Budget, text: string, at: bigint) => {
    const characters = split(budget, text);
    return characters[position(at, characters.length)] ?? '';
  }),
  method('indexOf', ['string', 'string'], 'int', (budget: Budget, text: string, part: string) =>
    indexOf(budget, text, part, 0n),
  ),
  method('indexOf', ['string', 'string', 'int'], 'int', indexOf),
  method('lastIndexOf', ['string', 'string'], 'int', (budget: Budget, text: string, part: string) => {
    budget.spendOn(text.length);
    return pointsBefore(budget, text, text.lastIndexOf(part));
  }),
  method('lastIndexOf', ['string', 'string', 'int'], 'int', lastIndexOf),
  method('join', ['list(string)'], 'string', (budget: Budget, items: readonly Value[]) =>
    join(budget, items, ''),
  ),
  method('join', ['list(string)', 'string'], 'string', join),
  method('lowerAscii', ['string'], 'string', (budget: Budget, text: string) => {
    budget.spendOn(text.length);
    return text.replace(ASCII_UPPER, (letters) => letters.toLowerCase());
  }),
  method('upperAscii', ['string'], 'string', (budget: Budget, text: string) => {
    budget.spendOn(text.length);
    return text.replace(ASCII_LOWER, (letters) => letters.toUpperCase());
  }),
  method(
    'replace',
    ['string', 'string', 'string'],
    'string',
    (budget: Budget, text: string, old: string, by: string) => replace(budget, { text, old, by, limit: -1n }),
  ),
  method(
    'replace',
    ['string', 'string', 'string', 'int'],
    'string',
    (budget: Budget, text: string, old: string, by: string, limit: bigint) =>
      replace(budget, { text, old, by, limit }),
  ),
  method('split', ['string', 'string'], 'list(string)', (budget: Budget, text: string, separator: string) =>
    splitBy(budget, text, separator, -1n),
  ),
  method('split', ['string', 'string', 'int'], 'list(string)', splitBy),
  method('substring', ['string', 'int'], 'string', (budget: Budget, text: string, start: bigint) => {
    const characters = split(budget, text);
    return characters.slice(position(start, characters.length)).join('');
  }),
  method(
    'substring',
    ['string', 'int', 'int'],
    'string',
    (budget: Budget, text: string, start: bigint, end: bigint) => {
      const characters = split(budget, text);
      if (start > end) throw new Fault(`invalid substring range. start: ${start}, end: ${end}`);
      return characters.slice(position(start, characters.length), position(end, characters.length)).join('');
    },
  ),
  method('trim', ['string'], 'string', (budget: Budget, text: string) => {
    budget.spendOn(text.length);
    return trim(text);
  }),
  fn('strings.quote', ['string'], 'string', (budget: Budget, text: string) => {
    budget.spendOn(text.length);
    return quote(text);
  }),
];

/** A string in double quotes with what can't stand there escaped. */
export function quote(text: string): string {
  return `"${text.toWellFormed().replace(/[\p{Cc}\\"]/gu, (character) => QUOTED.get(character) ?? character)}"`;
}

/** A loop, because a pattern would be quadratic in the spaces. */
function trim(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && SPACE.test(text.charAt(start))) start++;
  while (end > start && SPACE.test(text.charAt(end - 1))) end--;
  return text.slice(start, end);
}

function split(budget: Budget, text: string): readonly string[] {
  budget.spendOn(text.length);
  return [...text];
}

/** Checks that a position is in the text, or right after it. */
function position(at: bigint, length: number): number {
  if (at < 0n || at > BigInt(length)) throw new Fault(`index out of range: ${at}`);
  return Number(at);
}

function indexOf(budget: Budget, text: string, part: string, from: bigint): bigint {
  if (from < 0n) throw new Fault(`index out of range: ${from}`);
  if (part === '') return from;
  const units = unitsBefore(budget, text, from);
  return units === undefined ? -1n : pointsBefore(budget, text, text.indexOf(part, units));
}

function lastIndexOf(budget: Budget, text: string, part: string, from: bigint): bigint {
  if (from < 0n) throw new Fault(`index out of range: ${from}`);
  if (part === '') return from;
  const units = unitsBefore(budget, text, from);
  return units === undefined ? -1n : pointsBefore(budget, text, text.lastIndexOf(part, units));
}

/** How many UTF-16 units come before a position; undefined when it is behind the text. */
function unitsBefore(budget: Budget, text: string, points: bigint): number | undefined {
  budget.spendOn(text.length);
  let units = 0;
  for (let point = 0n; point < points; point++) {
    const code = text.codePointAt(units);
    if (code === undefined) return undefined;
    units += code > 0xffff ? 2 : 1;
  }
  return units;
}

function pointsBefore(budget: Budget, text: string, units: number): bigint {
  return units < 0 ? -1n : BigInt(countCharacters(budget, text.slice(0, units)));
}

function join(budget: Budget, items: readonly Value[], separator: string): string {
  budget.spend(items.length);
  let length = 0;
  for (const item of items) {
    if (typeof item !== 'string') throw new Fault(`join: invalid input: ${typeNameOf(item)}`);
    length += item.length + separator.length;
  }
  checkLength(budget, length);
  return items.join(separator);
}

interface Replacement {
  readonly text: string;
  readonly old: string;
  readonly by: string;
  /** All when negative. */
  readonly limit: bigint;
}

function replace(budget: Budget, { text, old, by, limit }: Replacement): string {
  budget.spendOn(text.length);
  const all = limit < 0n;
  if (old === '') {
    // Go puts it before each character and at the end.
    const places = text.length + 1;
    checkLength(budget, text.length + places * by.length);
    let left = all ? BigInt(places) : limit;
    const parts = [...text].map((character) => (left-- > 0n ? by + character : character));
    return parts.join('') + (left > 0n ? by : '');
  }
  const parts = text.split(old);
  const count = all || limit >= BigInt(parts.length) ? parts.length - 1 : Number(limit);
  checkLength(budget, text.length + count * by.length);
  const head = parts.slice(0, count + 1).join(by);
  const tail = parts.slice(count + 1);
  return tail.length === 0 ? head : [head, ...tail].join(old);
}

function splitBy(budget: Budget, text: string, separator: string, limit: bigint): readonly string[] {
  budget.spendOn(text.length);
  if (limit === 0n) return new TextList();
  const parts = separator === '' ? [...text] : text.split(separator);
  budget.spend(parts.length);
  if (limit < 0n || limit >= BigInt(parts.length)) return TextList.from(parts);
  const count = Number(limit) - 1;
  return TextList.from([...parts.slice(0, count), parts.slice(count).join(separator)]);
}
