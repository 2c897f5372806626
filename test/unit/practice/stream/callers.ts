// Both ends of an upgrade on loopback for the tests of this folder: a listener that hands over upgrades, and callers for SPDY, for SPDY in a
// WebSocket, and for raw bytes. WebSocket callers are the `ws` package's own.

import { once } from 'node:events';
import { createServer, request as httpRequest, type IncomingMessage } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import type { Readable } from 'node:stream';
import { createWebSocketStream, WebSocket } from 'ws';
import type { StreamHeaders } from '../../../../src/kube/spdyheaders.ts';
import type { UpgradeRequest } from '../../../../src/practice/stream/negotiate.ts';
import { SpdySession } from '../../../../src/practice/stream/spdy/session.ts';
import type { SpdyStream } from '../../../../src/practice/stream/spdy/stream.ts';

export interface UpgradeServer {
  readonly port: number;
  /** What the handler's promises came to. */
  readonly served: Promise<void>[];
  readonly close: () => Promise<void>;
}

/** Listens on loopback and hands each upgrade to `serve`. */
export async function listenForUpgrades(
  serve: (upgrade: UpgradeRequest) => Promise<void>,
): Promise<UpgradeServer> {
  const server = createServer((_request, response) => response.writeHead(404).end());
  const served: Promise<void>[] = [];
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  server.on('upgrade', (request, socket, head) => served.push(serve({ request, socket, head })));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    served,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

/** An upgrade's answer, whatever it is. */
export interface UpgradeAnswer {
  readonly response: IncomingMessage;
  readonly socket: Socket;
  readonly head: Buffer;
  /** Of an answer other than 101. */
  readonly body: string;
}

/** Sends a request with these header lines as they are. */
export async function askUpgrade(
  port: number,
  method: string,
  path: string,
  lines: readonly string[],
): Promise<UpgradeAnswer> {
  const request = httpRequest({ host: '127.0.0.1', port, method, path, headers: [...lines], agent: false });
  request.end();
  return new Promise((resolve, reject) => {
    request.on('error', reject);
    request.on('upgrade', (response, socket: Socket, head) => resolve({ response, socket, head, body: '' }));
    request.on('response', async (response) => {
      response.setEncoding('utf8');
      let body = '';
      for await (const chunk of response) body += chunk;
      resolve({ response, socket: request.socket as Socket, head: Buffer.alloc(0), body });
    });
  });
}

const SPDY_LINES = ['Host', 'practice', 'Connection', 'Upgrade', 'Upgrade', 'SPDY/3.1'];

/** Opens a SPDY connection. */
export async function dialSpdy(
  port: number,
  protocols: readonly string[],
  path = '/exec',
): Promise<{ readonly session: SpdySession; readonly socket: Socket; readonly protocol: unknown }> {
  const lines = [...SPDY_LINES, ...protocols.flatMap((name) => ['X-Stream-Protocol-Version', name])];
  const { response, socket, head, body } = await askUpgrade(port, 'POST', path, lines);
  if (response.statusCode !== 101) throw new Error(`${response.statusCode} ${body}`);
  const session = new SpdySession(socket, { role: 'client', head });
  return { session, socket, protocol: response.headers['x-stream-protocol-version'] };
}

/** Opens a SPDY connection inside a WebSocket, as kubectl 1.31 and later do for port-forward. */
export async function dialTunnel(
  port: number,
  protocol = 'SPDY/3.1+portforward.k8s.io',
): Promise<{ readonly session: SpdySession; readonly websocket: WebSocket; readonly protocol: unknown }> {
  const lines = ['Host', 'practice', 'Connection', 'Upgrade', 'Upgrade', 'websocket'];
  lines.push('Sec-WebSocket-Key', 'AAAAAAAAAAAAAAAAAAAAAA==', 'Sec-WebSocket-Version', '13');
  lines.push('Sec-WebSocket-Protocol', protocol);
  const { response, socket, head, body } = await askUpgrade(port, 'GET', '/portforward', lines);
  if (response.statusCode !== 101) throw new Error(`${response.statusCode} ${body}`);
  // The library takes no protocol with a slash, so its handshake is done without it.
  const websocket = new (
    WebSocket as unknown as new (
      address: null,
      protocols: undefined,
      options: object,
    ) => WebSocket
  )(null, undefined, {});
  const inner = websocket as unknown as {
    _isServer: boolean;
    setSocket(s: Socket, h: Buffer, o: object): void;
  };
  inner._isServer = false;
  inner.setSocket(socket, head, { allowSynchronousEvents: true, maxPayload: 0, skipUTF8Validation: false });
  const session = new SpdySession(createWebSocketStream(websocket), { role: 'client' });
  return { session, websocket, protocol: response.headers['sec-websocket-protocol'] };
}

/** The streams of an exec, opened in kubectl's order. */
export async function openStreams<Name extends string>(
  session: SpdySession,
  names: readonly Name[],
): Promise<Record<Name, SpdyStream>> {
  const streams = {} as Record<Name, SpdyStream>;
  for (const name of names) streams[name] = await session.open(headersOf({ streamtype: name }));
  return streams;
}

export function headersOf(fields: Readonly<Record<string, string>>): StreamHeaders {
  return new Map(Object.entries(fields));
}

/** Everything that comes until the end; the other direction stays open (`for await` would destroy the stream). */
export function readAll(stream: Readable): Promise<Buffer> {
  const chunks: Buffer[] = [];
  stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  return new Promise((resolve, reject) => {
    stream.once('end', () => resolve(Buffer.concat(chunks)));
    stream.once('close', () => reject(stream.errored ?? new Error('closed before its end')));
  });
}

/** A WebSocket caller that keeps what comes, message by message. */
export interface Listener {
  readonly websocket: WebSocket;
  readonly messages: { readonly data: Buffer; readonly binary: boolean }[];
  /** Resolves with the close code. */
  readonly closed: Promise<number>;
  /** Resolves when `enough` holds of the messages. */
  readonly until: (enough: (messages: Listener['messages']) => boolean) => Promise<void>;
}

export async function dialWebSocket(port: number, protocols: string[], path = '/exec'): Promise<Listener> {
  const websocket = new WebSocket(`ws://127.0.0.1:${port}${path}`, protocols);
  const messages: { data: Buffer; binary: boolean }[] = [];
  const closed = new Promise<number>((resolve) => websocket.once('close', resolve));
  websocket.on('message', (data: Buffer, binary) => messages.push({ data, binary }));
  await once(websocket, 'open');
  const until = async (enough: (messages: Listener['messages']) => boolean) => {
    while (!enough(messages)) await once(websocket, 'message');
  };
  return { websocket, messages, closed, until };
}

/** A plain TCP connection that has sent `text`. */
export async function dialRaw(port: number, text: string): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => {});
  await once(socket, 'connect');
  socket.write(text);
  return socket;
}
