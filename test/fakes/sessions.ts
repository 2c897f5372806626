// What holds a connection open through the gate: upgraded sessions with an echo behind them, and watches over HTTP/1.1 and HTTP/2 whose
// events the test sends. Each end counts what it got.

import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { type ClientHttp2Session, type ClientHttp2Stream, connect as connectHttp2 } from 'node:http2';
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { TestGate } from './gate.ts';
import { type FakeUpstream, type Handler, startUpstream } from './upstream.ts';

/** An API server whose upgrades echo and whose watches wait for events. */
export interface EchoUpstream extends FakeUpstream {
  /** Watches that are open, in the order they came. */
  readonly watches: ServerResponse[];
  /** Sockets of upgrades, in the order they came. */
  readonly tunnels: Socket[];
  /** Resolves when so many watches have come. */
  watching(count: number): Promise<void>;
}

/** Starts one. Requests that are neither go to `handler`, or are echoed; `onTunnel` is told of each upgrade. */
export async function startEcho(
  options: { handler?: Handler; ca?: FakeUpstream['ca']; onTunnel?: (socket: Socket) => void } = {},
): Promise<EchoUpstream> {
  const watches: ServerResponse[] = [];
  const tunnels: Socket[] = [];
  let waiting: (() => void)[] = [];
  const handler = (request: IncomingMessage, response: ServerResponse) => {
    if (!/[?&]watch=/.test(request.url ?? '')) {
      if (options.handler !== undefined) options.handler(request, response);
      else response.end(JSON.stringify({ url: request.url, rawHeaders: request.rawHeaders }));
      return;
    }
    response.writeHead(200, { 'Content-Type': 'application/json' });
    response.flushHeaders();
    watches.push(response);
    for (const wake of waiting) wake();
  };
  const upstream = await startUpstream({
    ...(options.ca === undefined ? {} : { ca: options.ca }),
    handler,
    onUpgrade: (request, socket, head) => {
      tunnels.push(socket);
      socket.write(
        `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: ${request.headers.upgrade}\r\n\r\n`,
      );
      if (head.length > 0) socket.write(head);
      socket.on('data', (chunk: Buffer) => socket.write(chunk));
      socket.on('end', () => socket.end());
      options.onTunnel?.(socket);
    },
  });
  return Object.assign(upstream, {
    watches,
    tunnels,
    async watching(count: number) {
      while (watches.length < count)
        await new Promise<void>((resolve) => {
          waiting = [...waiting, resolve];
        });
    },
  });
}

/** What these need of a gate, whichever process it is in. */
export type Door = Pick<TestGate, 'port' | 'ca' | 'token' | 'connect'>;

/** What arrives on a socket or stream, readable by waiting for text. */
export interface Reader {
  readonly text: () => string;
  /** Resolves with all so far once it holds `part`; rejects when it ends before. */
  until(part: string): Promise<string>;
  /** Resolves when the other side has ended or closed. */
  readonly ended: Promise<void>;
}

/** Starts to read. */
export function read(from: NodeJS.ReadableStream): Reader {
  let text = '';
  let over = false;
  let waiting: (() => void)[] = [];
  const wake = () => {
    const now = waiting;
    waiting = [];
    for (const resolve of now) resolve();
  };
  from.on('data', (chunk: Buffer) => {
    text += chunk.toString('latin1');
    wake();
  });
  const ended = new Promise<void>((resolve) => {
    for (const event of ['end', 'close', 'error'])
      from.on(event, () => {
        over = true;
        wake();
        resolve();
      });
  });
  return {
    text: () => text,
    ended,
    async until(part) {
      while (!text.includes(part)) {
        if (over) throw new Error(`ended before ${JSON.stringify(part)}: ${JSON.stringify(text)}`);
        await new Promise<void>((resolve) => waiting.push(resolve));
      }
      return text;
    },
  };
}

export interface OpenSession {
  readonly socket: TLSSocket;
  readonly reader: Reader;
  /** Sends text and waits for its echo. */
  say(text: string): Promise<void>;
}

export const EXEC = '/api/v1/namespaces/default/pods/p/exec?command=sh';

/** The lines of an upgrade request, as kubectl sends them. */
export function upgradeHead(
  protocol: 'spdy' | 'websocket',
  path: string,
  headers: readonly string[] = [],
): string {
  const own =
    protocol === 'websocket'
      ? ['Upgrade: websocket', 'Sec-WebSocket-Version: 13', 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==']
      : ['Upgrade: SPDY/3.1', 'X-Stream-Protocol-Version: v4.channel.k8s.io', 'Content-Length: 0'];
  const first = `${protocol === 'websocket' ? 'GET' : 'POST'} ${path} HTTP/1.1`;
  return `${[first, 'Host: gate', 'Connection: Upgrade', ...own, ...headers].join('\r\n')}\r\n\r\n`;
}

/** Opens an upgraded session and waits for its 101. */
export async function openSession(
  gate: Door,
  options: { protocol?: 'spdy' | 'websocket'; path?: string; token?: string; socket?: TLSSocket } = {},
): Promise<OpenSession> {
  const { protocol = 'websocket', path = EXEC, token = await gate.token() } = options;
  const { socket = await gate.connect() } = options;
  const reader = read(socket);
  socket.write(upgradeHead(protocol, path, [`Authorization: Bearer ${token}`]));
  await reader.until('\r\n\r\n');
  if (!reader.text().startsWith('HTTP/1.1 101')) throw new Error(reader.text());
  return {
    socket,
    reader,
    async say(text) {
      socket.write(text);
      await reader.until(text);
    },
  };
}

/** Sends one request on a connection of its own and gives the whole answer; the connection is kept until the gate or we close it. */
export async function ask(
  gate: Door,
  path: string,
  headers: readonly string[] = [],
  method = 'GET',
): Promise<{ readonly status: number; readonly head: string; readonly body: string }> {
  const socket = await gate.connect();
  const reader = read(socket);
  socket.write(
    `${[`${method} ${path} HTTP/1.1`, 'Host: gate', 'Connection: close', ...headers].join('\r\n')}\r\n\r\n`,
  );
  await reader.ended;
  socket.destroy();
  const [head = '', ...rest] = reader.text().split('\r\n\r\n');
  return { status: Number(head.split(' ')[1]), head, body: rest.join('\r\n\r\n') };
}

/** The same with a good token. */
export async function askAs(gate: Door, path: string, headers: readonly string[] = []) {
  return ask(gate, path, [`Authorization: Bearer ${await gate.token()}`, ...headers]);
}

/** Sends an upgrade request and gives the whole answer, for those that are refused. */
export async function askUpgrade(gate: Door, head: string): Promise<string> {
  const socket = await gate.connect();
  const reader = read(socket);
  socket.write(head);
  await reader.ended;
  socket.end();
  return reader.text();
}

export interface OpenWatch {
  readonly reader: Reader;
  close(): void;
}

export const WATCH = '/api/v1/pods?watch=1';

/** Opens a watch over HTTP/1.1 and waits for its headers. */
export async function openWatch(gate: Door, path = WATCH, token?: string): Promise<OpenWatch> {
  const socket = await gate.connect();
  const reader = read(socket);
  socket.write(
    `GET ${path} HTTP/1.1\r\nHost: gate\r\nAuthorization: Bearer ${token ?? (await gate.token())}\r\n\r\n`,
  );
  await reader.until('\r\n\r\n');
  return { reader, close: () => socket.destroy() };
}

export interface Http2Watch extends OpenWatch {
  readonly session: ClientHttp2Session;
  readonly stream: ClientHttp2Stream;
}

/** Opens a watch over HTTP/2 and waits for its headers. */
export async function openWatch2(gate: Door, path = WATCH, token?: string): Promise<Http2Watch> {
  const session = connectHttp2(`https://127.0.0.1:${gate.port}`, { ca: gate.ca.certPem });
  session.on('error', () => {});
  const stream = session.request({ ':path': path, authorization: `Bearer ${token ?? (await gate.token())}` });
  stream.on('error', () => {});
  const reader = read(stream);
  await once(stream, 'response');
  return { session, stream, reader, close: () => session.destroy() };
}

/** Asks again, with short pauses, until it is so: for what only a file watcher can tell. */
export async function eventually(isSo: () => boolean | Promise<boolean>, withinMs = 10_000): Promise<void> {
  const deadline = Date.now() + withinMs;
  while (!(await isSo())) {
    if (Date.now() > deadline) throw new Error('did not come to be in time');
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}
