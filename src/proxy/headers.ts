// Which header lines go on and which stay, in both directions: the one table for REST and upgrades. It works on raw lines, because
// joined or de-duplicated views lose repeated lines (Impersonate-Group) and show only the first Authorization.
//
// Hop-by-hop lines (RFC 9110 §7.6.1) end here. The caller's `Connection` list is never honoured beyond that and never passed on: it must
// not make anything downstream drop a line that the gate added (CVE-2021-31999 and its kin). Identity lines are the gate's alone.

/** Lines that end at this hop. `te` and `trailer` are unused by Kubernetes. */
const HOP_BY_HOP: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'http2-settings',
]);

/**
 * Lines that a caller may not send on: credentials, what the gate sets itself, and what some server might read as an override of the
 * request that was authorised. `cookie` holds credentials of access proxies in front, never of the API server.
 */
const CALLER_MAY_NOT: ReadonlySet<string> = new Set([
  'authorization',
  'cookie',
  'host',
  'expect',
  'audit-id',
  'forwarded',
  'via',
  'x-real-ip',
  'x-http-method-override',
  'x-http-method',
  'x-method-override',
  'x-original-url',
  'x-original-uri',
  'x-rewrite-url',
]);
const CALLER_MAY_NOT_PREFIX = /^(?:impersonate-|x-remote-|x-forwarded-|proxy-)/;

/** What the lines for the API server are made of. */
export interface UpstreamLines {
  readonly rawHeaders: readonly string[];
  /** Lower-case names of configured assertion headers: credentials, so they end here. */
  readonly assertionHeaders: ReadonlySet<string>;
  readonly host: string;
  /** Flat lines: Impersonate-*. */
  readonly identity: readonly string[];
  /** Flat lines: the gate's own credential; empty with a client certificate. */
  readonly credential: readonly string[];
  readonly auditID: string;
  readonly peerAddress: string;
  /** Whether this is a WebSocket handshake; its lines, which may hold a bearer subprotocol, go nowhere else. */
  readonly isWebSocket: boolean;
}

/** Builds the flat request lines for the API server into a fresh array; the gate's own lines come first, then the caller's that may pass. */
export function upstreamRequestLines(from: UpstreamLines): string[] {
  const lines = [
    'Host',
    from.host,
    ...from.credential,
    ...from.identity,
    'Audit-ID',
    from.auditID,
    'X-Forwarded-For',
    from.peerAddress,
  ];
  const { rawHeaders } = from;
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] ?? '';
    const lower = name.toLowerCase();
    // Some servers read `_` as `-`: judge such a name as what it may become.
    const read = lower.includes('_') ? lower.replaceAll('_', '-') : lower;
    if (read.startsWith('sec-websocket-') && !(from.isWebSocket && read === lower)) continue;
    if (read === 'content-length' && read !== lower) continue;
    if (callerMaySend(read, from.assertionHeaders)) lines.push(name, rawHeaders[i + 1] ?? '');
  }
  return lines;
}

/** The lines of an upgrade: the same, with exactly one Connection and Upgrade line of our own. */
export function upgradeRequestLines(
  from: UpstreamLines,
  upgrade: string,
  websocketProtocols: string | undefined,
): string[] {
  const lines = upstreamRequestLines(from);
  const kept = ['Connection', 'Upgrade', 'Upgrade', upgrade];
  for (let i = 0; i + 1 < lines.length; i += 2) {
    const name = lines[i] ?? '';
    const lower = name.toLowerCase();
    if (lower === 'content-length') continue;
    // The bearer subprotocol was taken out by authentication; the others go on in one line.
    if (lower === 'sec-websocket-protocol' && websocketProtocols !== undefined) continue;
    kept.push(name, lines[i + 1] ?? '');
  }
  if (websocketProtocols !== undefined) kept.push('Sec-WebSocket-Protocol', websocketProtocols);
  if (upgrade.toLowerCase() !== 'websocket') kept.push('Content-Length', '0');
  return kept;
}

/** The API server's response lines without those that end at this hop, as a fresh flat array; an Audit-ID is there for certain. */
export function downstreamResponseLines(rawHeaders: readonly string[], auditID: string): string[] {
  const lines: string[] = [];
  let hasAuditID = false;
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] ?? '';
    const lower = name.toLowerCase();
    if (HOP_BY_HOP.has(lower)) continue;
    if (lower === 'audit-id') hasAuditID = true;
    lines.push(name, rawHeaders[i + 1] ?? '');
  }
  if (!hasAuditID) lines.push('Audit-ID', auditID);
  return lines;
}

/** The head of an HTTP/1.1 message as bytes: the start line, flat header lines as they are, the empty line. Values are latin1, as Node reads them. */
export function messageHead(startLine: string, lines: readonly string[]): Buffer {
  const head = [startLine];
  for (let i = 0; i + 1 < lines.length; i += 2) head.push(`${lines[i]}: ${lines[i + 1]}`);
  return Buffer.from(`${head.join('\r\n')}\r\n\r\n`, 'latin1');
}

/** The first value of a header among raw lines, or undefined. `name` is lower case. */
export function headerValue(rawHeaders: readonly string[], name: string): string | undefined {
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const candidate = rawHeaders[i] ?? '';
    if (candidate.length === name.length && candidate.toLowerCase() === name) return rawHeaders[i + 1];
  }
  return undefined;
}

/** Whether a request comes with a body: HTTP/2 says so itself, HTTP/1.1 by its framing lines. */
export function announcesBody(request: {
  readonly rawHeaders: readonly string[];
  readonly stream?: { readonly endAfterHeaders: boolean } | undefined;
}): boolean {
  if (request.stream !== undefined) return !request.stream.endAfterHeaders;
  const { rawHeaders } = request;
  return (
    headerValue(rawHeaders, 'transfer-encoding') !== undefined ||
    (headerValue(rawHeaders, 'content-length') ?? '0').trim() !== '0'
  );
}

function callerMaySend(name: string, assertionHeaders: ReadonlySet<string>): boolean {
  if (HOP_BY_HOP.has(name) || CALLER_MAY_NOT.has(name) || assertionHeaders.has(name)) return false;
  return !CALLER_MAY_NOT_PREFIX.test(name);
}
