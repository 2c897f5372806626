// Regular expressions as RE2 has them (linear time, Go's grammar), for `matches` and Kubernetes' regex library: `find`, `findAll`.

import type { Environment } from '@marcbachmann/cel-js';
import { LRUCache } from 'lru-cache';
import { RE2JS } from 're2js';

/** Compiled patterns that are remembered; nearly all are constants. */
const MAX_PATTERNS = 500;
const MAX_PATTERN_CHARS = 2048;

/** `k8sMatches` is what `matches` becomes: strings.ts. */
export function registerPatterns(cel: Environment): void {
  const compiled = new LRUCache<string, RE2JS>({ max: MAX_PATTERNS });
  const compile = (pattern: string): RE2JS => {
    const known = compiled.get(pattern);
    if (known !== undefined) return known;
    if (pattern.length > MAX_PATTERN_CHARS) throw new Error('a regular expression that is too long');
    const made = RE2JS.compile(pattern);
    compiled.set(pattern, made);
    return made;
  };
  const findAll = (text: string, pattern: string, limit: number): string[] => {
    const found: string[] = [];
    const matcher = compile(pattern).matcher(text);
    while (found.length < limit && matcher.find()) found.push(matcher.group() ?? '');
    return found;
  };
  cel.registerFunction('string.k8sMatches(string): bool', (text: string, pattern: string) =>
    compile(pattern).matcher(text).find(),
  );
  cel.registerFunction(
    'string.find(string): string',
    (text: string, pattern: string) => findAll(text, pattern, 1)[0] ?? '',
  );
  cel.registerFunction('string.findAll(string): list<string>', (text: string, pattern: string) =>
    findAll(text, pattern, Number.POSITIVE_INFINITY),
  );
  cel.registerFunction(
    'string.findAll(string, int): list<string>',
    (text: string, pattern: string, limit: bigint) =>
      findAll(text, pattern, limit < 0n ? Number.POSITIVE_INFINITY : Number(limit)),
  );
}
