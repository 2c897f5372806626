// Where in an expression something is wrong, printed as cel-go prints it (common/error.go): line and column counted in code points, the
// line itself below, and a caret under the place.

/** A thing that is wrong before evaluation: in the text, or in its types. */
export interface Issue {
  /** Offset in UTF-16 units. */
  readonly at: number;
  readonly message: string;
}

/** The most issues that one message prints. */
const MAX_ISSUES = 10;

/** `ERROR: <input>:1:8: message` with the line and a caret below, one issue after the other in the order of the text. */
export function formatIssues(text: string, issues: readonly Issue[]): string {
  const sorted = [...issues].sort((a, b) => a.at - b.at);
  const printed = sorted.slice(0, MAX_ISSUES).map((issue) => formatIssue(text, issue));
  if (sorted.length > MAX_ISSUES) printed.push(`${sorted.length - MAX_ISSUES} more errors were truncated`);
  return printed.join('\n');
}

/** `1:8: message`, one after the other in one line. */
export function describeIssues(text: string, issues: readonly Issue[]): string {
  const sorted = [...issues].sort((a, b) => a.at - b.at).slice(0, MAX_ISSUES);
  const places = sorted.map(({ at, message }) => {
    const { line, column } = placeOf(text, at);
    return `${line}:${column + 1}: ${message}`;
  });
  return places.join('; ');
}

function formatIssue(text: string, { at, message }: Issue): string {
  const { line, column, start } = placeOf(text, at);
  const shown = text.slice(start).split('\n', 1)[0] ?? '';
  return `ERROR: <input>:${line}:${column + 1}: ${message}\n | ${shown.replaceAll('\t', ' ')}\n | ${'.'.repeat(column)}^`;
}

/** Line from 1, column from 0, and where the line starts. */
function placeOf(
  text: string,
  at: number,
): { readonly line: number; readonly column: number; readonly start: number } {
  const before = text.slice(0, at);
  const start = before.lastIndexOf('\n') + 1;
  return { line: before.split('\n').length, column: [...before.slice(start)].length, start };
}
