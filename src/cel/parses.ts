// Whether a text is of a kind, told by the parser of that kind.

/** Whether `parse` returns instead of throwing. */
export function parses(parse: () => unknown): boolean {
  try {
    parse();
    return true;
  } catch {
    return false;
  }
}
