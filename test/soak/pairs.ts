// Sessions of which the test holds both ends: a caller's connection to the gate, and the connection that the gate opened for it at the API server.
// The two find each other by a number in a header line. Every byte that goes through is compared with what was sent.

import { connect as connectTcp } from 'node:net';
import { connect as connectTls, createSecureContext, type SecureContext, type TLSSocket } from 'node:tls';
import type { SessionProtocol } from '../../src/sessions.ts';
import type { GateProcess } from '../fakes/gateprocess.ts';
import { compare, newChecker, send } from '../fakes/peers.ts';
import { upgradeHead } from '../fakes/sessions.ts';
import { type FakeUpstream, startRawUpstream } from '../fakes/upstream.ts';

/** The header line that numbers a session. */
const NUMBER = 'X-Soak-Number';

/** What a session is: chosen by its number, so that all kinds meet all ends. */
export interface Asked {
  readonly number: number;
  readonly kind: 'exec' | 'attach' | 'portforward' | 'proxy';
  readonly protocol: SessionProtocol;
  /** The way in which it is to end: part of the target, as the command of an exec is. */
  readonly way: string;
  readonly token: string;
}

/** Both ends of a session. */
export interface Pair {
  readonly caller: TLSSocket;
  readonly upstream: TLSSocket;
}

/** Bytes that were sent through sessions, and those that did not arrive as they were sent. */
export interface Bytes {
  compared: number;
  lost: number;
}

/** Where sessions are opened. */
export interface Place {
  readonly gate: GateProcess;
  readonly upstream: FakeUpstream;
  readonly bytes: Bytes;
  /** Requests that have reached the API server. */
  readonly arrived: () => number;
  /** Another one for each session. */
  nextNumber(): number;
  /** A TLS connection to the gate. */
  connect(): Promise<TLSSocket>;
  /** Sends the request; resolves with the API server's end when its head has come there. */
  ask(caller: TLSSocket, asked: Asked): Promise<TLSSocket>;
}

/** The API server of soaks: hands over the connection of each upgrade request to whoever sent it. */
export interface PairingUpstream extends FakeUpstream {
  readonly arrived: () => number;
  /** Resolves with the connection on which the request of this number came. */
  expect(number: number): Promise<TLSSocket>;
}

/** Starts it. */
export async function startPairing(ca?: FakeUpstream['ca']): Promise<PairingUpstream> {
  const expected = new Map<number, (socket: TLSSocket) => void>();
  let arrived = 0;
  const upstream = await startRawUpstream((socket) => {
    let head = '';
    const read = (chunk: Buffer) => {
      head += chunk.toString('latin1');
      const end = head.indexOf('\r\n\r\n');
      if (end === -1) return;
      socket.off('data', read);
      socket.pause();
      arrived++;
      // What a caller sends at once comes behind the head.
      if (head.length > end + 4) socket.unshift(Buffer.from(head.slice(end + 4), 'latin1'));
      const number = Number(new RegExp(`^${NUMBER}: (\\d+)`, 'im').exec(head)?.[1]);
      const take = expected.get(number);
      expected.delete(number);
      if (take === undefined) socket.destroy();
      else take(socket);
    };
    socket.on('data', read);
  }, ca);
  return Object.assign(upstream, {
    arrived: () => arrived,
    expect: (number: number) => new Promise<TLSSocket>((resolve) => expected.set(number, resolve)),
  });
}

/** Sessions through `gate` to `upstream`. */
export function placeOf(gate: GateProcess, upstream: PairingUpstream): Place {
  let numbers = 0;
  // One for all: to read the authority anew would cost more than the handshake.
  const secureContext = createSecureContext({ ca: gate.files.ca.certPem });
  return {
    gate,
    upstream,
    bytes: { compared: 0, lost: 0 },
    arrived: upstream.arrived,
    nextNumber: () => ++numbers,
    connect: () => connect(gate.port, secureContext),
    ask(caller, asked) {
      const there = upstream.expect(asked.number);
      caller.write(headOf(asked));
      return there;
    },
  };
}

function connect(port: number, secureContext: SecureContext): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    // Over a TCP socket of its own, which can be reset.
    const socket = connectTls({
      socket: connectTcp({ port, host: '127.0.0.1', allowHalfOpen: true }),
      host: '127.0.0.1',
      secureContext,
    });
    socket.allowHalfOpen = true;
    socket.once('error', reject);
    socket.once('secureConnect', () => {
      socket.off('error', reject).on('error', () => {});
      resolve(socket);
    });
  });
}

/** The request's head. */
export function headOf({ number, kind, protocol, way, token }: Asked): string {
  // Both protocols have targets of their own: a refused WebSocket and a refused SPDY of one target count as one refusal.
  const path = `/api/v1/namespaces/default/pods/p/${kind}${kind === 'proxy' ? '/' : ''}?command=${encodeURIComponent(way)}&container=${protocol}`;
  const credential = token === '' ? [] : [`Authorization: Bearer ${token}`];
  return upgradeHead(protocol, path, [...credential, `${NUMBER}: ${number}`]);
}

/** Answers the upgrade as an API server that accepts it. */
export function accept(upstream: TLSSocket, protocol: SessionProtocol): void {
  const name = protocol === 'spdy' ? 'SPDY/3.1' : 'websocket';
  upstream.write(`HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: ${name}\r\n\r\n`);
}

/** Opens a session whole: both ends are quiet, and paused. @throws Error when it is refused */
export async function open(place: Place, asked: Asked): Promise<Pair> {
  const caller = await place.connect();
  const head = readHead(caller);
  const refused = head.then((text) => {
    throw new Error(`not accepted: ${text}`);
  });
  // Either the request comes to the API server, or its caller hears why not.
  const upstream = await Promise.race([place.ask(caller, asked), refused]);
  refused.catch(() => {});
  accept(upstream, asked.protocol);
  const text = await head;
  if (!text.startsWith('HTTP/1.1 101 ')) throw new Error(`not accepted: ${text}`);
  return { caller, upstream };
}

/** Reads the head of an answer and pauses; what came behind it is put back. @throws Error when the connection ends before */
export function readHead(socket: TLSSocket): Promise<string> {
  return new Promise((resolve, reject) => {
    let seen: Buffer = Buffer.alloc(0);
    const ended = () => reject(new Error(`it ended before the answer's head: ${seen.toString('latin1')}`));
    const read = (chunk: Buffer) => {
      seen = seen.length === 0 ? chunk : Buffer.concat([seen, chunk]);
      const end = seen.indexOf('\r\n\r\n');
      if (end === -1) return;
      socket.off('data', read).off('end', ended).off('close', ended);
      socket.pause();
      if (seen.length > end + 4) socket.unshift(seen.subarray(end + 4));
      resolve(seen.subarray(0, end + 4).toString('latin1'));
    };
    socket.on('data', read).on('end', ended).on('close', ended);
    socket.resume();
  });
}

/** Sends `size` bytes through the session from one end, and compares what arrives at the other, which is paused then. */
export async function carry(
  from: TLSSocket,
  to: TLSSocket,
  { size, bytes }: { readonly size: number; readonly bytes: Bytes },
): Promise<void> {
  const checker = newChecker();
  const arrived = new Promise<void>((resolve) => {
    const look = () => {
      if (checker.received < size && !to.destroyed && !to.readableEnded) return;
      to.off('data', take).off('end', look).off('close', look);
      to.pause();
      resolve();
    };
    const take = (chunk: Buffer) => {
      compare(chunk, checker);
      look();
    };
    to.on('data', take).on('end', look).on('close', look);
    to.resume();
  });
  await Promise.all([send(from, size), arrived]);
  bytes.compared += size;
  bytes.lost += checker.firstWrong === -1 ? Math.abs(size - checker.received) : size - checker.firstWrong;
}

/** Lets the end of the other side be the end of this one, too, as programs do. */
export function follow(socket: TLSSocket): void {
  socket.on('end', () => socket.end());
  socket.resume();
}

/** Resolves when both are closed. */
export async function closed(...sockets: readonly TLSSocket[]): Promise<void> {
  await Promise.all(
    sockets.map((one) => (one.closed ? undefined : new Promise((resolve) => one.once('close', resolve)))),
  );
}

/** Resolves when the other side of it has sent its end, or nothing more will come. */
export async function ended(socket: TLSSocket): Promise<void> {
  if (socket.readableEnded || socket.closed) return;
  await new Promise<void>((resolve) => {
    socket.once('end', resolve).once('close', resolve);
    socket.resume();
  });
}
