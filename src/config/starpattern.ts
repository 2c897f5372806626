// Names with at most one star, which stands for any characters, none included. Everything else is compared as it is: case counts, and
// nothing is normalised, since the API server doesn't either.

/** Whether a text fits any of the patterns it was made from. */
export type Matcher = (text: string) => boolean;

/** Compiles patterns; exact ones cost one look-up together, however many. */
export function compilePatterns(patterns: readonly string[]): Matcher {
  const exact = new Set<string>();
  const starred: (readonly [before: string, after: string])[] = [];
  for (const pattern of patterns) {
    const star = pattern.indexOf('*');
    if (star === -1) exact.add(pattern);
    else starred.push([pattern.slice(0, star), pattern.slice(star + 1)]);
  }
  if (starred.length === 0) return (text) => exact.has(text);
  return (text) => {
    if (exact.has(text)) return true;
    for (const [before, after] of starred) {
      if (text.length >= before.length + after.length && text.startsWith(before) && text.endsWith(after))
        return true;
    }
    return false;
  };
}

/** Compiles one pattern. */
export function compilePattern(pattern: string): Matcher {
  return compilePatterns([pattern]);
}
