// Raw peers at both ends of a tunnel that count and compare every byte: one sends a known sequence, the other checks it. They speak just
// enough HTTP to be upgraded, so that what lies between is judged by bytes alone.

import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { type FakeUpstream, startRawUpstream } from './upstream.ts';

const BLOCK = randomBytes(1024 * 1024);
const SPDY_101 =
  'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\nX-Stream-Protocol-Version: v4.channel.k8s.io\r\n\r\n';

/** Checks that bytes arrive in the order of the known sequence. */
export interface Checker {
  received: number;
  /** Position of the first wrong byte, or -1. */
  firstWrong: number;
}

/** Compares what a socket receives with the sequence from its beginning. */
export function check(socket: Socket, checker: Checker): void {
  socket.on('data', (chunk: Buffer) => compare(chunk, checker));
}

export function newChecker(): Checker {
  return { received: 0, firstWrong: -1 };
}

/** Takes bytes that were received. */
export function compare(chunk: Buffer, checker: Checker): void {
  for (let at = 0; at < chunk.length; ) {
    const from = checker.received % BLOCK.length;
    const length = Math.min(chunk.length - at, BLOCK.length - from);
    if (checker.firstWrong === -1 && chunk.compare(BLOCK, from, from + length, at, at + length) !== 0)
      checker.firstWrong = checker.received;
    checker.received += length;
    at += length;
  }
}

/** Sends `size` bytes of the sequence with backpressure; resolves when the last one was handed to the system. Stops when the socket ends. */
export async function send(socket: Socket, size: number, pieceBytes: number = 64 * 1024): Promise<number> {
  let sent = 0;
  while (sent < size && !socket.destroyed) {
    const from = sent % BLOCK.length;
    const piece = BLOCK.subarray(from, from + Math.min(pieceBytes, size - sent, BLOCK.length - from));
    sent += piece.length;
    const last = sent >= size;
    if (last) await new Promise<void>((resolve) => socket.write(piece, () => resolve()));
    else if (!socket.write(piece)) await drained(socket);
  }
  return sent;
}

async function drained(socket: Socket): Promise<void> {
  if (socket.destroyed) return;
  await new Promise<void>((resolve) => {
    const done = () => {
      socket.off('drain', done);
      socket.off('close', done);
      resolve();
    };
    socket.on('drain', done);
    socket.on('close', done);
  });
}

/** Reads only now and then, so that everything before it has to wait. */
export function readSlowly(socket: Socket, pauseMs: number): void {
  socket.on('data', () => {
    socket.pause();
    setTimeout(() => socket.resume(), pauseMs);
  });
}

/** A raw upstream that answers each upgrade with a 101 and then hands the socket over, with what came behind the head. */
export async function startUpgrading(
  onTunnel: (socket: TLSSocket, head: string, rest: Buffer) => void,
  answer: string = SPDY_101,
): Promise<FakeUpstream> {
  return startRawUpstream((socket) => {
    let seen = Buffer.alloc(0);
    const read = (chunk: Buffer) => {
      seen = Buffer.concat([seen, chunk]);
      const end = seen.indexOf('\r\n\r\n');
      if (end === -1) return;
      socket.off('data', read);
      socket.pause();
      socket.write(answer);
      onTunnel(socket, seen.subarray(0, end + 4).toString('latin1'), seen.subarray(end + 4));
    };
    socket.on('data', read);
  });
}

/** What an upgrade request looks like; `more` are further lines. */
export function upgradeRequest(
  token: string,
  options: { path?: string; method?: string; protocol?: string; more?: string } = {},
): string {
  const {
    path = '/api/v1/namespaces/default/pods/p/exec?command=cat&stdout=true',
    method = 'POST',
    protocol = 'SPDY/3.1',
    more = '',
  } = options;
  return (
    `${method} ${path} HTTP/1.1\r\nHost: gate\r\nAuthorization: Bearer ${token}\r\nConnection: Upgrade\r\nUpgrade: ${protocol}\r\n` +
    `X-Stream-Protocol-Version: v4.channel.k8s.io\r\nX-Stream-Protocol-Version: v3.channel.k8s.io\r\n${more}Content-Length: 0\r\n\r\n`
  );
}

/** Sends an upgrade request and reads the answer's head; the socket is paused, and bytes behind the head are put back. */
export async function requestUpgrade(
  socket: Socket,
  request: string,
): Promise<{ head: string; status: number }> {
  let seen = Buffer.alloc(0);
  return new Promise((resolve, reject) => {
    const closed = () => reject(new Error(`closed after ${seen.length} bytes`));
    const read = (chunk: Buffer) => {
      seen = Buffer.concat([seen, chunk]);
      const end = seen.indexOf('\r\n\r\n');
      if (end === -1) return;
      socket.off('data', read);
      socket.off('close', closed);
      socket.pause();
      if (seen.length > end + 4) socket.unshift(seen.subarray(end + 4));
      const head = seen.subarray(0, end + 4).toString('latin1');
      resolve({ head, status: Number(head.split(' ')[1]) });
    };
    socket.on('data', read);
    socket.once('close', closed);
    socket.write(request);
  });
}

/** Reads a socket to its end. */
export async function readAll(socket: Socket): Promise<string> {
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  socket.resume();
  if (!socket.readableEnded && !socket.destroyed)
    await Promise.race([once(socket, 'end'), once(socket, 'close')]);
  return Buffer.concat(chunks).toString('latin1');
}

/** Closes the connection under a TLS socket with RST, throwing away what its own kernel still holds. */
export function reset(socket: TLSSocket): void {
  // TLSSocket itself can't be reset; the TCP socket that it was put over can.
  const { _parent: parent } = socket as unknown as { _parent?: Socket };
  if (parent === undefined) throw new TypeError('not put over a TCP socket');
  parent.resetAndDestroy();
}
