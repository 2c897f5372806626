// CEL's extended strings library, version 2, as the API server has it: positions are of Unicode code points, and only ASCII letters change case.
// The expression library has some of these by UTF-16 units or for all letters; those are replaced under names of their own.

import type { Environment } from '@marcbachmann/cel-js';

/** Methods that are replaced, and by what. */
export const REPLACED_METHODS: ReadonlyMap<string, string> = new Map([
  ['matches', 'k8sMatches'],
  ['lowerAscii', 'k8sLowerAscii'],
  ['upperAscii', 'k8sUpperAscii'],
  ['indexOf', 'k8sIndexOf'],
  ['lastIndexOf', 'k8sLastIndexOf'],
  ['substring', 'k8sSubstring'],
  ['trim', 'k8sTrim'],
  ['split', 'k8sSplit'],
]);

/** Unicode's White_Space, which Go's unicode.IsSpace is. */
const OUTER_SPACE = /^[\p{White_Space}]+|[\p{White_Space}]+$/gu;

/** Registers them. */
export function registerStrings(cel: Environment): void {
  registerCases(cel);
  registerPositions(cel);
  cel.registerFunction('string.replace(string, string): string', (text: string, from: string, to: string) =>
    replace(text, from, to, -1),
  );
  cel.registerFunction(
    'string.replace(string, string, int): string',
    (text: string, from: string, to: string, count: bigint) => replace(text, from, to, Number(count)),
  );
  cel.registerFunction('string.k8sSplit(string): list<string>', (text: string, separator: string) =>
    split(text, separator, -1),
  );
  cel.registerFunction(
    'string.k8sSplit(string, int): list<string>',
    (text: string, separator: string, limit: bigint) => split(text, separator, Number(limit)),
  );
}

function registerCases(cel: Environment): void {
  cel.registerFunction('string.k8sLowerAscii(): string', (text: string) =>
    text.replace(/[A-Z]+/g, (run) => run.toLowerCase()),
  );
  cel.registerFunction('string.k8sUpperAscii(): string', (text: string) =>
    text.replace(/[a-z]+/g, (run) => run.toUpperCase()),
  );
  cel.registerFunction('string.k8sTrim(): string', (text: string) => text.replace(OUTER_SPACE, ''));
}

function registerPositions(cel: Environment): void {
  cel.registerFunction('string.charAt(int): string', (text: string, at: bigint) => {
    const points = [...text];
    return points[index(at, points.length)] ?? '';
  });
  cel.registerFunction('string.k8sSubstring(int): string', (text: string, from: bigint) => {
    const points = [...text];
    return points.slice(index(from, points.length)).join('');
  });
  cel.registerFunction('string.k8sSubstring(int, int): string', (text: string, from: bigint, to: bigint) => {
    const points = [...text];
    const [start, end] = [index(from, points.length), index(to, points.length)];
    if (start > end) throw new Error(`invalid substring range. start: ${start}, end: ${end}`);
    return points.slice(start, end).join('');
  });
  cel.registerFunction('string.k8sIndexOf(string): int', (text: string, part: string) =>
    find(text, part, 0n),
  );
  cel.registerFunction('string.k8sIndexOf(string, int): int', find);
  cel.registerFunction('string.k8sLastIndexOf(string): int', (text: string, part: string) =>
    findLast(text, part, BigInt([...text].length)),
  );
  cel.registerFunction('string.k8sLastIndexOf(string, int): int', findLast);
}

function find(text: string, part: string, from: bigint): bigint {
  const [points, wanted] = [[...text], [...part]];
  const start = index(from, points.length);
  for (let at = start; at + wanted.length <= points.length; at++)
    if (isAt(points, wanted, at)) return BigInt(at);
  return -1n;
}

function findLast(text: string, part: string, from: bigint): bigint {
  const [points, wanted] = [[...text], [...part]];
  for (let at = Math.min(index(from, points.length), points.length - wanted.length); at >= 0; at--)
    if (isAt(points, wanted, at)) return BigInt(at);
  return -1n;
}

function isAt(points: readonly string[], wanted: readonly string[], at: number): boolean {
  return wanted.every((point, i) => points[at + i] === point);
}

function index(value: bigint, length: number): number {
  if (value < 0n || value > BigInt(length)) throw new Error(`index out of range: ${value}`);
  return Number(value);
}

/** Go's strings.Replace: an empty `from` matches before each code point and at the end. A negative count is no limit. */
function replace(text: string, from: string, to: string, count: number): string {
  const limit = count < 0 ? Number.POSITIVE_INFINITY : count;
  const parts = from === '' ? ['', ...text, ''] : text.split(from);
  let replaced = 0;
  return parts.reduce((done, part) => done + (replaced++ < limit ? to : from) + part);
}

/** Go's strings.SplitN: the last part holds the rest; 0 is none, a negative limit is no limit. */
function split(text: string, separator: string, limit: number): string[] {
  if (limit === 0) return [];
  const parts = separator === '' ? [...text] : text.split(separator);
  if (limit < 0 || parts.length <= limit) return parts;
  return [...parts.slice(0, limit - 1), parts.slice(limit - 1).join(separator)];
}
