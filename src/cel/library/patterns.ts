// Regular expressions in RE2's grammar and time: matches, and Kubernetes' find and findAll (apiserver pkg/cel/library/regex.go). Compiled ones
// are remembered, in a bounded number.

import { LRUCache } from 'lru-cache';
import { RE2JS } from 're2js';
import type { Budget } from '../budget.ts';
import { Fault, fn, type Library, method } from '../declare.ts';
import { TextList } from '../value.ts';

/** The longest pattern; a token may bring one. */
export const MAX_PATTERN = 1_000;
const MAX_REMEMBERED = 500;
/** A character of a pattern costs as much to compile as a few steps. */
const COMPILE_FACTOR = 20;

/** `{n}` and `{n,m}`; after a group it multiplies what is in it. */
const REPEAT = /(\)?)\{([0-9]+)(?:,([0-9]*))?\}/g;

/** A compiled pattern, and how many states it has, about: what a character of text costs to match. */
interface Compiled {
  readonly regexp: RE2JS;
  readonly weight: number;
}

type Compile = (budget: Budget, text: string, pattern: string) => RE2JS;

/** The functions, with patterns of their own to remember. */
export function createPatterns(): Library {
  const compiled = new LRUCache<string, Compiled>({ max: MAX_REMEMBERED });
  const compile: Compile = (budget, text, pattern) => {
    const known = compiled.get(pattern) ?? compilePattern(budget, pattern);
    compiled.set(pattern, known);
    budget.spend(1 + text.length * known.weight);
    return known.regexp;
  };
  return declarePatterns(compile);
}

function declarePatterns(compile: Compile): Library {
  const findAll = (budget: Budget, text: string, pattern: string, limit: bigint): readonly string[] => {
    const matcher = compile(budget, text, pattern).matcher(text);
    const found = new TextList();
    while ((limit < 0n || BigInt(found.length) < limit) && matcher.find()) {
      budget.spend(1);
      found.push(matcher.group() ?? '');
    }
    return found;
  };
  return [
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
}

/** Whether a pattern is one, else what is wrong with it. */
export function describePattern(pattern: string): string | undefined {
  try {
    RE2JS.compile(pattern);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function compilePattern(budget: Budget, pattern: string): Compiled {
  if (pattern.length > MAX_PATTERN) {
    throw new Fault(`regular expression of ${pattern.length} characters exceeds limit: ${MAX_PATTERN}`);
  }
  const weight = weigh(pattern);
  budget.spend(weight * COMPILE_FACTOR);
  const problem = describePattern(pattern);
  if (problem !== undefined) throw new Fault(problem);
  return { regexp: RE2JS.compile(pattern), weight };
}

/** At least as many as the pattern's states. */
function weigh(pattern: string): number {
  let size = pattern.length;
  let factor = 1;
  for (const [, group, from = '', to] of pattern.matchAll(REPEAT)) {
    const count = Math.max(1, Number(from), Number(to ?? 0));
    if (group === '') size += count;
    else factor *= count;
  }
  return size * factor;
}
