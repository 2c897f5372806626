// How an upgrade begins or is refused (protocol.md §1.4, §1.6). Whatever is refused gets a complete HTTP answer, because kubectl falls back
// from WebSocket to SPDY on any answer, and on nothing else.

import { type IncomingMessage, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { type ServerOptions, type WebSocket, WebSocketServer } from 'ws';
import { afterDelay } from '../../delay.ts';

/** Time for a refused caller to read its answer. ms. */
const REFUSAL_LINGER_MS = 10_000;
/** Longest WebSocket message; Kubernetes' own server takes 32 MiB in a frame. */
const MAX_MESSAGE_BYTES = 32 * 1024 * 1024;
/** After our close frame the caller may still be reading what came before it, as slowly as a person pages through it. ms. */
const CLOSE_TIMEOUT_MS = 10 * 60_000;

/** A request to leave HTTP, as Node's `upgrade` event has it. The socket is ours from here on. */
export interface UpgradeRequest {
  readonly request: IncomingMessage;
  readonly socket: Duplex;
  /** What came after the request already. */
  readonly head: Buffer;
}

/** An answer other than 101: a text, and header lines beside those of every answer. */
export interface Refusal {
  readonly status: number;
  readonly text: string;
  readonly lines?: readonly string[];
}

/** Whether a request asks for WebSocket: `Upgrade: websocket` in any case. Anything else is taken for SPDY. */
export function isWebSocket({ request }: UpgradeRequest): boolean {
  return (request.headers.upgrade ?? '').toLowerCase() === 'websocket';
}

/** Answers an upgrade with a whole response and closes the connection, gently: a reset could overtake the answer. */
export function refuseUpgrade({ socket }: UpgradeRequest, { status, text, lines = [] }: Refusal): void {
  const body = Buffer.from(`${text}\n`);
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'Error'}`,
    `Date: ${new Date().toUTCString()}`,
    'Content-Type: text/plain; charset=utf-8',
    'X-Content-Type-Options: nosniff',
    ...lines,
    `Content-Length: ${body.length}`,
    'Connection: close',
  ];
  socket.on('error', () => {});
  const cancel = afterDelay(REFUSAL_LINGER_MS, () => socket.destroy());
  socket.once('close', cancel);
  socket.end(Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`, 'latin1'), body]));
  socket.resume();
}

/** Every entry of a header that is a comma list, over all its lines, in order. */
function entries(request: IncomingMessage, name: string): string[] | undefined {
  return request.headersDistinct[name]?.flatMap((line) =>
    line
      .split(',')
      .map((entry) => entry.trim())
      .filter((entry) => entry !== ''),
  );
}

/**
 * Answers a SPDY handshake: 101 with the first protocol of the caller's that is one of `supported`, or a refusal.
 * @returns the protocol; undefined when it was refused
 */
export function acceptSpdy(upgrade: UpgradeRequest, supported: readonly string[]): string | undefined {
  const { request, socket } = upgrade;
  const { connection = '', upgrade: wanted = '' } = request.headers;
  const offered = entries(request, 'x-stream-protocol-version');
  const refuse = (refusal: Refusal) => {
    refuseUpgrade(upgrade, refusal);
    return undefined;
  };
  if (offered === undefined) {
    return refuse({
      status: 400,
      text: 'unable to upgrade: the request has no X-Stream-Protocol-Version',
    });
  }
  if (offered.length === 0) {
    return refuse({
      status: 400,
      text: 'unable to upgrade: X-Stream-Protocol-Version names no protocol',
    });
  }
  const chosen = offered.find((protocol) => supported.includes(protocol));
  if (chosen === undefined) {
    return refuse({
      status: 403,
      text: `unable to upgrade: the client speaks ${offered.join(', ')}; the server speaks ${supported.join(', ')}`,
      lines: supported.map((protocol) => `X-Accepted-Stream-Protocol-Versions: ${protocol}`),
    });
  }
  if (!connection.toLowerCase().includes('upgrade') || !wanted.toLowerCase().includes('spdy/3.1')) {
    return refuse({ status: 400, text: 'unable to upgrade: only SPDY/3.1 and WebSocket are spoken here' });
  }
  const lines = [
    'HTTP/1.1 101 Switching Protocols',
    'Connection: Upgrade',
    'Upgrade: SPDY/3.1',
    `X-Stream-Protocol-Version: ${chosen}`,
  ];
  readySocket(socket);
  socket.write(`${lines.join('\r\n')}\r\n\r\n`, 'latin1');
  return chosen;
}

/** No idle limit, and no waiting for more to send. */
function readySocket(socket: Duplex): void {
  socket.on('error', () => {});
  if ('setTimeout' in socket && typeof socket.setTimeout === 'function') socket.setTimeout(0);
  if ('setNoDelay' in socket && typeof socket.setNoDelay === 'function') socket.setNoDelay(true);
}

/** The protocols that a WebSocket request offers, in order; one that offers none speaks ''. */
export function offeredProtocols({ request }: UpgradeRequest): readonly string[] {
  const offered = entries(request, 'sec-websocket-protocol') ?? [];
  return offered.length === 0 ? [''] : offered;
}

/**
 * Answers a WebSocket handshake with a protocol that was offered ('' for none). No compression.
 * @returns undefined when the request is no sound handshake, which it was told
 */
export function acceptWebSocket(upgrade: UpgradeRequest, protocol: string): Promise<WebSocket | undefined> {
  const { request, socket, head } = upgrade;
  // @types/ws does not know closeTimeout yet.
  const options: ServerOptions & { readonly closeTimeout: number } = {
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: MAX_MESSAGE_BYTES,
    closeTimeout: CLOSE_TIMEOUT_MS,
  };
  // The library would refuse the slash of `SPDY/3.1+portforward.k8s.io`, so it does not see what was offered.
  const { 'sec-websocket-protocol': _offered, ...headers } = request.headers;
  const plain = Object.create(request, { headers: { value: headers } }) as IncomingMessage;
  return new Promise((resolve) => {
    const server = new WebSocketServer(options);
    server.on('headers', (lines) => {
      if (protocol !== '') lines.push(`Sec-WebSocket-Protocol: ${protocol}`);
    });
    server.on('wsClientError', (error) => {
      const status = request.method === 'GET' ? 400 : 405;
      const lines = status === 405 ? ['Allow: GET'] : ['Sec-WebSocket-Version: 13'];
      refuseUpgrade(upgrade, { status, text: `unable to upgrade: ${error.message}`, lines });
      resolve(undefined);
    });
    readySocket(socket);
    socket.once('close', () => resolve(undefined));
    server.handleUpgrade(plain, socket, head, (websocket) => {
      websocket.on('error', () => {});
      resolve(websocket);
    });
  });
}
