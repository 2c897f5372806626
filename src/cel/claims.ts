// JSON as expressions see it: objects become maps in which a key is found by its name, whatever it is (`constructor` is one like any other), and by
// its escaped name: `claims.kubernetes__dot__io` is the key "kubernetes.io". As apiserver looks keys of claims and users up (pkg/cel/escaping.go
// Unescape; plugin/pkg/authenticator/token/oidc/oidc.go unescapeWrapper), at every depth. Counting and listing see the names as they are.

/** Words that CEL keeps for itself: `claims.__namespace__`. */
const RESERVED: ReadonlySet<string> = new Set(
  (
    'true false null in as break const continue else for function if import let loop package namespace return var void ' +
    'while'
  ).split(' '),
);
const ESCAPES: ReadonlyMap<string, string> = new Map([
  ['underscores', '__'],
  ['dot', '.'],
  ['dash', '-'],
  ['slash', '/'],
]);
const ESCAPED = /__([^_]+)__/g;
/** What lies deeper is left as it is, without escaped names. */
const MAX_DEPTH = 500;

/** A JSON value for an expression. Lists and objects are copied. */
export function toExpressionValue(value: unknown, depth = 0): unknown {
  if (typeof value !== 'object' || value === null || depth > MAX_DEPTH) return value;
  if (Array.isArray(value)) return value.map((item) => toExpressionValue(item, depth + 1));
  const map = new Map(
    Object.entries(value).map(([key, item]) => [key, toExpressionValue(item, depth + 1)] as const),
  );
  const get = map.get.bind(map);
  // Not a subclass: the expression library knows maps by their constructor.
  return Object.defineProperty(map, 'get', { value: (key: string) => get(unescapeName(key)) });
}

/** The name that is meant; one with a sequence that is no escape is meant as it stands. */
export function unescapeName(name: string): string {
  if (!name.includes('__')) return name;
  let isEscaped = true;
  const unescaped = name.replace(ESCAPED, (sequence, word: string) => {
    const meant = ESCAPES.get(word);
    if (meant !== undefined) return meant;
    // A reserved word is escaped only as a whole.
    if (!RESERVED.has(word) || sequence.length !== name.length) isEscaped = false;
    return word;
  });
  return isEscaped ? unescaped : name;
}
