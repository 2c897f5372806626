// The request target, parsed once and by hand: what is decided and recorded is byte for byte what is sent, so a path that two parsers
// could read differently is refused instead of repaired. `new URL()` would resolve `..` and `%2e%2e` before anything had looked at them.
// Trusts nothing: the input is the request line's own text. After the API server's request.RequestInfo (which splits the decoded path).

/** A request target in the origin form. `raw` is what is forwarded; `path` is what is decided on. */
export interface Target {
  /** Path and query exactly as received. */
  readonly raw: string;
  /** The part of `raw` before the first `?`. */
  readonly rawPath: string;
  /** The part of `raw` after the first `?`, '' when there is none. */
  readonly rawQuery: string;
  /** `rawPath`, percent-decoded once. */
  readonly path: string;
}

/** What `parseTarget` answers; `detail` is one of a few constant phrases and holds nothing of the request. */
export type ParsedTarget =
  | { readonly ok: true; readonly target: Target }
  | { readonly ok: false; readonly code: 'PATH_MALFORMED'; readonly detail: string };

/**
 * Parses the target of a request line (or HTTP/2 `:path`), from which the caller has taken a cluster's path prefix. Refused are the
 * absolute and asterisk forms, `//`, `.` and `..` segments, `%2f`, `%5c`, `%00`, backslash, `;`, `#`, control bytes, non-ASCII bytes and
 * escapes that are malformed or not UTF-8. The tail behind a `proxy` subresource (or the legacy `proxy` verb) belongs to another program:
 * there only raw control and non-ASCII bytes, `#` and dot segments are refused, so that it cannot climb out above `proxy`.
 * A query of more than MAX_PARAMETERS is refused everywhere. Never throws. The query's escapes are not checked; the API server ignores pairs that it
 * cannot decode.
 */
export function parseTarget(rawTarget: string): ParsedTarget {
  if (rawTarget.charCodeAt(0) !== SLASH) return refuse('the target does not begin with "/"');
  let pathEnd = -1;
  let ordinary = true;
  let previous = 0;
  let parameters = 1;
  for (let i = 0; i < rawTarget.length; i++) {
    const c = rawTarget.charCodeAt(i);
    if (c <= SPACE || c >= DELETE)
      return refuse('the target holds a control character, a space or a non-ASCII byte');
    if (c === HASH) return refuse('the target holds "#"');
    if (pathEnd !== -1) {
      if (c === AMPERSAND) parameters++;
      continue;
    }
    if (c === QUESTION) pathEnd = i;
    else if (c === PERCENT || c === SEMICOLON || c === BACKSLASH) ordinary = false;
    else if (previous === SLASH && (c === SLASH || c === DOT)) ordinary = false;
    previous = c;
  }
  if (parameters > MAX_PARAMETERS) return refuse(`the query holds more than ${MAX_PARAMETERS} parameters`);
  const rawPath = pathEnd === -1 ? rawTarget : rawTarget.slice(0, pathEnd);
  const rawQuery = pathEnd === -1 ? '' : rawTarget.slice(pathEnd + 1);
  if (ordinary) return { ok: true, target: { raw: rawTarget, rawPath, rawQuery, path: rawPath } };
  const decoded = decodePath(rawPath);
  if (!decoded.ok) return refuse(decoded.detail);
  return { ok: true, target: { raw: rawTarget, rawPath, rawQuery, path: decoded.path } };
}

/** Go's net/url, since 1.24.12 and 1.25.6, takes a query with more of them, empty ones counted, for an empty one; before, it read them all. */
const MAX_PARAMETERS = 10_000;
const SPACE = 0x20;
const HASH = 0x23;
const PERCENT = 0x25;
const AMPERSAND = 0x26;
const DOT = 0x2e;
const SLASH = 0x2f;
const SEMICOLON = 0x3b;
const QUESTION = 0x3f;
const BACKSLASH = 0x5c;
const DELETE = 0x7f;

function refuse(detail: string): ParsedTarget {
  return { ok: false, code: 'PATH_MALFORMED', detail };
}

type Decoded = { readonly ok: true; readonly path: string } | { readonly ok: false; readonly detail: string };

/** The careful way, for paths that hold an escape, `;`, a backslash, `//` or a segment that begins with a dot. */
function decodePath(rawPath: string): Decoded {
  const segments = rawPath.slice(1).split('/');
  const decoded: string[] = [];
  for (const [index, segment] of segments.entries()) {
    if (tailStart(decoded) === index) {
      const tail = decodeTail(segments.slice(index).join('/'));
      if (tail.split(/[/\\]/).some(isDots))
        return { ok: false, detail: 'the path behind "proxy" holds a "." or ".." segment' };
      return { ok: true, path: `/${decoded.join('/')}/${tail}` };
    }
    if (segment === '' && index < segments.length - 1) return { ok: false, detail: 'the path holds "//"' };
    const plain = decodeSegment(segment);
    if (!plain.ok) return plain;
    decoded.push(plain.path);
  }
  return { ok: true, path: `/${decoded.join('/')}` };
}

function decodeSegment(segment: string): Decoded {
  if (segment.includes(';')) return { ok: false, detail: 'the path holds ";"' };
  let path: string;
  try {
    path = decodeURIComponent(segment);
  } catch {
    return { ok: false, detail: 'the path holds a percent escape that is malformed or not UTF-8' };
  }
  if (path.includes('/')) return { ok: false, detail: 'the path holds an encoded "/"' };
  if (path.includes('\\')) return { ok: false, detail: 'the path holds a backslash' };
  if (hasControl(path)) return { ok: false, detail: 'the path holds an encoded control character' };
  if (isDots(path)) return { ok: false, detail: 'the path holds a "." or ".." segment' };
  return { ok: true, path };
}

/**
 * The index at which the tail of a proxied request begins, once enough segments are known to tell; otherwise -1. The same reading as
 * `resolveRequestInfo`: …/RESOURCE/NAME/proxy/<tail>, and the legacy …/proxy/[namespaces/NS/]RESOURCE/NAME/<tail>.
 */
function tailStart(segments: readonly string[]): number {
  let at = segments[0] === 'api' ? 2 : segments[0] === 'apis' ? 3 : -1;
  if (at === -1 || segments.length < at + 3) return -1;
  const legacy = segments[at] === 'proxy';
  if (legacy || segments[at] === 'watch') at += 1;
  if (segments[at] === 'namespaces' && segments[at + 2] !== undefined) {
    if (segments[at + 2] !== 'status' && segments[at + 2] !== 'finalize') at += 2;
  }
  if (legacy) return legacyTailStart(segments, at);
  return segments[at + 2] === 'proxy' ? at + 3 : -1;
}

/** `proxy/namespaces/NS` may still be followed by a resource, so its tail is only known to begin when the fourth segment is there. */
function legacyTailStart(segments: readonly string[], at: number): number {
  if (segments[at] === undefined || segments[at + 1] === undefined) return -1;
  if (segments[at] === 'namespaces' && segments.length <= at + 2) return -1;
  return at + 2;
}

/** Decodes what it can and leaves what is no escape: the tail is another program's business and only looked at, never sent. */
function decodeTail(tail: string): string {
  return tail.replace(/(?:%[0-9a-fA-F]{2})+/g, (run) =>
    Buffer.from(run.replaceAll('%', ''), 'hex').toString('utf8'),
  );
}

function isDots(segment: string): boolean {
  return segment === '.' || segment === '..';
}

function hasControl(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c < SPACE || c === DELETE) return true;
  }
  return false;
}
