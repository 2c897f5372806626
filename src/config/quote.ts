// What of a configuration may appear in a message: names and short values. Keys, certificates and tokens never do, wherever they were
// pasted. And the nearest known name to a mistyped one.

const MAX_QUOTED = 80;
/** Runs that may be a key or a token: PEM, a JWT, or base64 of 32 characters and more without a word break. */
const SECRET = /-----BEGIN|\beyJ[\w-]{8}|[A-Za-z0-9+_=]{40,}/;

/** The text in quotes, or what it seems to be when it may be a secret or is long. */
export function quote(text: string): string {
  if (looksSecret(text)) return '(not shown: it looks like a key or token)';
  return JSON.stringify(text.length > MAX_QUOTED ? `${text.slice(0, MAX_QUOTED)}…` : text);
}

/** Whether the text may be a key or a token. */
export function looksSecret(text: string): boolean {
  return SECRET.test(text);
}

/** A message from elsewhere without anything that may be a key or a token. */
export function scrub(message: string): string {
  return message.includes('-----BEGIN')
    ? 'not valid YAML here'
    : message.replace(/[A-Za-z0-9+/_=.-]{32,}/g, '…');
}

/** The known name nearest to `text`, when it is near enough to have been meant; '' otherwise. */
export function findNearest(text: string, known: readonly string[]): string {
  let best = '';
  let bestDistance = Math.max(2, Math.floor(text.length / 3)) + 1;
  for (const name of known) {
    const distance = editDistance(text.toLowerCase(), name.toLowerCase());
    if (distance < bestDistance) [best, bestDistance] = [name, distance];
  }
  return bestDistance < Math.max(best.length, 1) ? best : '';
}

/** ` did you mean "x"?` or ''. */
export function suggest(text: string, known: readonly string[]): string {
  const nearest = findNearest(text, known);
  return nearest === '' ? '' : ` did you mean ${JSON.stringify(nearest)}?`;
}

/** Optimal string alignment: insertions, deletions, substitutions and swaps of neighbours count one each. */
function editDistance(a: string, b: string): number {
  if (Math.abs(a.length - b.length) > 10) return a.length + b.length;
  const rows: number[][] = [Array.from({ length: b.length + 1 }, (_, j) => j)];
  const at = (i: number, j: number): number => rows[i]?.[j] ?? Number.POSITIVE_INFINITY;
  for (let i = 1; i <= a.length; i++) {
    rows.push([i]);
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      let cost = Math.min(at(i - 1, j) + 1, at(i, j - 1) + 1, at(i - 1, j - 1) + same);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        cost = Math.min(cost, at(i - 2, j - 2) + 1);
      rows[i]?.push(cost);
    }
  }
  return at(a.length, b.length);
}
