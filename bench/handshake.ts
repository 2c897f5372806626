// Which cipher suite and key exchange a TLS 1.3 connection has, read from the ServerHello, which is in the clear (RFC 8446 §4.1.3): so the
// program's own choice is seen, whatever it is written in. A relay on loopback listens to both directions and changes nothing.

import { connect, createServer, type Socket } from 'node:net';

const CONTENT_HANDSHAKE = 22;
const CONTENT_APPLICATION_DATA = 23;
const RECORD_HEADER_BYTES = 5;
const SERVER_HELLO = 2;
const EXTENSION_PRE_SHARED_KEY = 41;
const EXTENSION_SUPPORTED_VERSIONS = 43;
const EXTENSION_KEY_SHARE = 51;
const TLS_1_3 = 0x0304;
/** The random of a HelloRetryRequest, which is a ServerHello otherwise: SHA-256 of "HelloRetryRequest". */
const RETRY_RANDOM = 'cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c';
/** Nothing that a server sends before its ServerHello is longer. */
const MAX_HEARD_BYTES = 64 * 1024;

/** IANA's TLS parameters; others are shown as numbers. */
const CIPHERS: Readonly<Record<number, string>> = {
  4865: 'AES-128-GCM',
  4866: 'AES-256-GCM',
  4867: 'ChaCha20-Poly1305',
};
const GROUPS: Readonly<Record<number, string>> = {
  23: 'P-256',
  24: 'P-384',
  29: 'X25519',
  4588: 'X25519MLKEM768',
};

/** What a handshake settled on. */
export interface Handshake {
  readonly version: string;
  readonly cipher: string;
  /** '' when the session was resumed without a key exchange. */
  readonly group: string;
  readonly resumed: boolean;
}

/** The handshake from the first bytes that a server sent; undefined while they hold no ServerHello, null when there can be none. */
export function parseServerHello(bytes: Buffer): Handshake | undefined | null {
  for (let at = 0; bytes.length - at >= RECORD_HEADER_BYTES; ) {
    const type = bytes.readUInt8(at);
    const end = at + RECORD_HEADER_BYTES + bytes.readUInt16BE(at + 3);
    if (type === CONTENT_APPLICATION_DATA) return null;
    if (bytes.length < end) return undefined;
    if (type === CONTENT_HANDSHAKE) {
      try {
        const hello = parseHello(bytes.subarray(at + RECORD_HEADER_BYTES, end));
        if (hello !== undefined) return hello;
      } catch (error) {
        if (error instanceof RangeError) return null; // lengths that lead out of the message
        throw error;
      }
    }
    at = end;
  }
  return bytes.length > MAX_HEARD_BYTES ? null : undefined;
}

/** undefined for another message, and for the request to try again. */
function parseHello(message: Buffer): Handshake | undefined {
  if (message.readUInt8(0) !== SERVER_HELLO || message.length < 40) return undefined;
  if (message.subarray(6, 38).toString('hex') === RETRY_RANDOM) return undefined;
  let at = 39 + message.readUInt8(38);
  const cipher = message.readUInt16BE(at);
  const extensions = new Map<number, Buffer>();
  for (at += 5; at + 4 <= message.length; ) {
    const length = message.readUInt16BE(at + 2);
    extensions.set(message.readUInt16BE(at), message.subarray(at + 4, at + 4 + length));
    at += 4 + length;
  }
  const version = extensions.get(EXTENSION_SUPPORTED_VERSIONS)?.readUInt16BE(0) ?? message.readUInt16BE(4);
  const share = extensions.get(EXTENSION_KEY_SHARE);
  return {
    version: version === TLS_1_3 ? 'TLS 1.3' : `TLS 0x${version.toString(16)}`,
    cipher: CIPHERS[cipher] ?? `0x${cipher.toString(16)}`,
    group:
      share === undefined ? '' : (GROUPS[share.readUInt16BE(0)] ?? `0x${share.readUInt16BE(0).toString(16)}`),
    resumed: extensions.has(EXTENSION_PRE_SHARED_KEY),
  };
}

/** A relay that listens. */
export interface Tap {
  readonly port: number;
  /** Handshakes so far, in the order in which servers answered. */
  readonly heard: readonly Handshake[];
  readonly close: () => Promise<void>;
}

/** Relays connections to a port of the loopback and notes their handshakes. */
export async function startTap(targetPort: () => number): Promise<Tap> {
  const heard: Handshake[] = [];
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (caller) => {
    const target = connect({ port: targetPort(), host: '127.0.0.1', allowHalfOpen: true });
    for (const [one, other] of [
      [caller, target],
      [target, caller],
    ] as const) {
      sockets.add(one);
      one.setNoDelay(true);
      one.on('error', () => other.destroy());
      one.on('close', () => {
        sockets.delete(one);
        // What ended in order is passed on by the pipe, after what is still on its way.
        if (!one.readableEnded) other.destroy();
      });
      one.pipe(other);
    }
    listenFor(target, heard);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    heard,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

function listenFor(target: Socket, heard: Handshake[]): void {
  let bytes = Buffer.alloc(0);
  const listen = (chunk: Buffer) => {
    bytes = Buffer.concat([bytes, chunk]);
    const hello = parseServerHello(bytes);
    if (hello === undefined) return;
    target.off('data', listen);
    if (hello !== null) heard.push(hello);
  };
  target.on('data', listen);
}
