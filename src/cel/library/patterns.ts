// Regular expressions in RE2's grammar and time: matches, and Kubernetes' find and findAll (apiserver pkg/cel/library/regex.go). Compiled ones
// are remembered, in a bounded number.

import { LRUCache } from 'lru-cache';
import { RE2JS } from 're2js';
import type { Budget } from '../budget.ts';
import { Fault, fn, type Library, method } from '../declare.ts';

/** The longest pattern; a token may bring one. */
export const MAX_PATTERN = 1_000;
const MAX_REMEMBERED = 500;
/** A character of a pattern costs as much to compile as a few steps. */
const COMPILE_FACTOR = 20;

const compiled = new LRUCache<string, RE2JS>({ max: MAX_REMEMBERED });

export const patterns: Library = [
  ...[fn, method].map((declare) =>
    declare('matches', ['string', 'string'], 'bool', (budget: Budget, text: string, pattern: string) => {
      const regexp = compile(budget, text, pattern);
      return regexp.matcher(text).find();
    }),
  ),
  method('find', ['string', 'string'], 'string', (budget: Budget, text: string, pattern: string) => {
    const matcher = compile(budget, text, pattern).matcher(text);
    return matcher.find() ? (matcher.group() ?? '') : '';
  }),
  method('findAll', ['string', 'string'], 'list(string)', (budget: Budget, text: string, pattern: string) =>
    findAll(budget, text, pattern, -1n),
  ),
  method('findAll', ['string', 'string', 'int'], 'list(string)', findAll),
];

/** Whether a pattern is one, else what is wrong with it. */
export function describePattern(pattern: string): string | undefined {
  try {
    RE2JS.compile(pattern);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** Also pays for matching the text: RE2 in JavaScript looks at each character with each part of the pattern, some ten million a second. */
function compile(budget: Budget, text: string, pattern: string): RE2JS {
  if (pattern.length > MAX_PATTERN)
    throw new Fault(`regular expression of ${pattern.length} characters exceeds limit: ${MAX_PATTERN}`);
  budget.spend(1 + text.length * pattern.length);
  const known = compiled.get(pattern);
  if (known !== undefined) return known;
  budget.spend(pattern.length * COMPILE_FACTOR);
  const problem = describePattern(pattern);
  if (problem !== undefined) throw new Fault(problem);
  const made = RE2JS.compile(pattern);
  compiled.set(pattern, made);
  return made;
}

function findAll(budget: Budget, text: string, pattern: string, limit: bigint): readonly string[] {
  const matcher = compile(budget, text, pattern).matcher(text);
  const found: string[] = [];
  while ((limit < 0n || BigInt(found.length) < limit) && matcher.find()) {
    budget.spend(1);
    found.push(matcher.group() ?? '');
  }
  return found;
}
