// Stands where the API server would, on raw TLS sockets: it remembers each connection and each byte of it, and does on each what a script says:
// answer these bytes, hold, reset, half-close, answer late. What is asserted to have "reached nobody" is asserted on the bytes here.

import type { TLSSocket } from 'node:tls';
import { reset } from '../fakes/peers.ts';
import { type FakeUpstream, startRawUpstream } from '../fakes/upstream.ts';
import { type RecordedRequest, type Recording, readRequests, valuesIn } from './recorded.ts';

/** So much of a connection is remembered. Bytes. */
const MAX_RECORDED_BYTES = 16 * 1024 * 1024;

/** What an upstream does on one connection. It may wait. When it throws, because the peer is gone or has sent no HTTP, the connection is destroyed. */
export type Script = (connection: UpstreamConnection) => Promise<void> | void;

/** One connection, from the upstream's side. */
export interface UpstreamConnection {
  readonly socket: TLSSocket;
  /** Position among all that were accepted and have shaken hands. */
  readonly index: number;
  /** Every byte so far. @throws RangeError beyond what is remembered */
  readonly bytes: Buffer;
  /** How many came, remembered or not. */
  readonly received: number;
  /** The requests in the bytes so far, and what follows them. */
  readonly recording: Recording;
  /** The `index`th whole request; default the first that was not asked for yet. Rejects when the connection ends, or its bytes go wrong, before. */
  request(index?: number): Promise<RecordedRequest>;
  /** Resolves when the bytes so far fit. Rejects when the connection ends before. */
  until(fits: (bytes: Buffer) => boolean): Promise<void>;
  /** Resolves when the bytes (a text is latin1) are handed to the system; false when the peer is gone. */
  write(bytes: string | Buffer): Promise<boolean>;
  /** FIN after what was written; it still reads. */
  end(): void;
  /** RST. */
  reset(): void;
  /** FIN has come from the gate, which is answered with one, or the connection is over. */
  readonly ended: Promise<void>;
  readonly closed: Promise<void>;
}

export interface AttackUpstream {
  readonly port: number;
  readonly ca: FakeUpstream['ca'];
  readonly connections: readonly UpstreamConnection[];
  /** TCP connections, whether or not they have shaken hands. */
  accepted(): number;
  /** What the next connections do, in turn; replaces what was planned. Those after them do as `serve` says. */
  plan(...scripts: readonly Script[]): void;
  /** Resolves with the `index`th connection, old or new. */
  connection(index: number): Promise<UpstreamConnection>;
  /** Whether any connection has carried these bytes (a text is latin1). */
  reached(marker: string | Buffer): boolean;
  /** All whole requests on all connections so far, in the order in which they became whole. */
  requests(): readonly RecordedRequest[];
  close(): Promise<void>;
}

/** Starts one. Without a plan it serves each connection by `serve`. */
export async function startAttackUpstream(serving: Script = serve): Promise<AttackUpstream> {
  const connections: UpstreamConnection[] = [];
  const requests: RecordedRequest[] = [];
  let planned: Script[] = [];
  let waiting: (() => void)[] = [];
  const upstream = await startRawUpstream((socket) => {
    const connection = record(socket, connections.length, (request) => requests.push(request));
    connections.push(connection);
    for (const one of waiting.splice(0)) one();
    const script = planned.shift() ?? serving;
    void run(script, connection);
  });
  return {
    port: upstream.port,
    ca: upstream.ca,
    connections,
    accepted: upstream.accepted,
    plan: (...scripts) => {
      planned = [...scripts];
    },
    async connection(index) {
      for (;;) {
        const found = connections[index];
        if (found !== undefined) return found;
        await new Promise<void>((resolve) => waiting.push(resolve));
      }
    },
    reached: (marker) => connections.some(({ bytes }) => bytes.includes(toBytes(marker))),
    requests: () => requests,
    close: async () => {
      waiting = [];
      await upstream.close();
    },
  };
}

/**
 * Answers a request with 200 and, as JSON, what it was, and closes: each request has a connection of its own. An upgrade is accepted with a 101 of
 * its protocol, and its bytes come back as they are.
 */
export const serve: Script = async (connection) => {
  const request = await connection.request();
  const protocol = valuesIn(request.lines, 'upgrade')[0];
  if (protocol !== undefined) return acceptUpgrade(connection, protocol);
  await connection.write(echoOf(request, 'Connection: close\r\n'));
  connection.end();
};

/** As `serve` for requests, but the connection may be used again. */
export const serveOnAndOn: Script = async (connection) => {
  for (;;) await connection.write(echoOf(await connection.request()));
};

/** Answers the first request with these bytes and leaves the connection open: whatever else comes is only remembered. */
export function answering(bytes: string | Buffer): Script {
  return async (connection) => {
    await connection.request();
    await connection.write(bytes);
  };
}

/** Takes the request and never says a word. */
export const hold: Script = () => {};

/** The answer to a request that says what it was; `more` are further lines. */
export function echoOf({ line, rawLines, body }: RecordedRequest, more = ''): string {
  const text = JSON.stringify({ line, rawLines, body: body.toString('latin1') });
  const length = Buffer.byteLength(text, 'latin1');
  return `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n${more}Content-Length: ${length}\r\n\r\n${text}`;
}

/** A 101 for this protocol. */
export function switching(protocol: string, more = ''): string {
  return `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: ${protocol}\r\n${more}\r\n`;
}

async function run(script: Script, connection: UpstreamConnection): Promise<void> {
  try {
    await script(connection);
  } catch {
    connection.socket.destroy();
  }
}

async function acceptUpgrade(connection: UpstreamConnection, protocol: string): Promise<void> {
  const { socket, recording } = connection;
  await connection.write(switching(protocol, 'X-Stream-Protocol-Version: v4.channel.k8s.io\r\n'));
  if (recording.rest.length > 0) await connection.write(recording.rest);
  socket.pipe(socket);
}

function toBytes(bytes: string | Buffer): Buffer {
  return typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes;
}

function record(
  socket: TLSSocket,
  index: number,
  onRequest: (request: RecordedRequest) => void,
): UpstreamConnection {
  const chunks: Buffer[] = [];
  /** Where the first request begins that is not whole yet. */
  let readTo = 0;
  let received = 0;
  let asked = 0;
  let waiting: (() => void)[] = [];
  let isOver = false;
  const wake = () => {
    const woken = waiting;
    waiting = [];
    for (const one of woken) one();
  };
  socket.on('data', (chunk: Buffer) => {
    if (received <= MAX_RECORDED_BYTES) chunks.push(chunk);
    received += chunk.length;
    if (received <= MAX_RECORDED_BYTES) {
      const { requests, rest } = readRequests(bytes(), readTo);
      readTo = received - rest.length;
      for (const one of requests) onRequest(one);
    }
    wake();
  });
  const over = () => {
    isOver = true;
    socket.end();
    wake();
  };
  const ended = new Promise<void>((resolve) => socket.once('end', resolve).once('close', () => resolve()));
  // Not by events.once, which takes an RST for a failure of the test.
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  void ended.then(over);
  const bytes = () => {
    if (received > MAX_RECORDED_BYTES) throw new RangeError('more came than is remembered');
    const [first = Buffer.alloc(0), ...more] = chunks;
    if (more.length > 0) chunks.splice(0, chunks.length, Buffer.concat(chunks));
    return chunks[0] ?? first;
  };
  const found = async <T>(look: () => T | undefined): Promise<T> => {
    for (;;) {
      const one = look();
      if (one !== undefined) return one;
      if (isOver) throw new Error(`connection ${index} ended after ${received} bytes`);
      await new Promise<void>((resolve) => waiting.push(resolve));
    }
  };
  return {
    socket,
    index,
    get bytes() {
      return bytes();
    },
    get received() {
      return received;
    },
    get recording() {
      return readRequests(bytes());
    },
    request: (wanted) => {
      const at = wanted ?? asked;
      asked = at + 1;
      return found(() => {
        const { requests, malformed } = readRequests(bytes());
        if (requests[at] === undefined && malformed !== '') throw new Error(malformed);
        return requests[at];
      });
    },
    until: async (fits) => void (await found(() => (fits(bytes()) ? true : undefined))),
    write: (piece) =>
      new Promise((resolve) => socket.write(toBytes(piece), (error) => resolve(error == null))),
    end: () => void socket.end(),
    reset: () => reset(socket),
    ended,
    closed,
  };
}
