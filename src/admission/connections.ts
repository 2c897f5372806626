// Connections, before TLS has cost anything: how many in all, how many from one address, how many handshakes that are not finished, and none
// while the last file descriptors are kept; and few handshakes are begun in one turn of the loop. What is refused is closed without a word: there
// is no HTTP yet to say it in.

import type { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import { sourceOf } from '../authn/sourcebuckets.ts';
import { plainAddress } from '../trusted.ts';
import type { Admission } from './admission.ts';
import { Turns, type Waiter } from './turns.ts';

/** A handshake that has gone on for so long may be closed for another of the same address: honest ones take less, from anywhere. ms */
const HONEST_MS = 3000;

/** What of a server is needed; the socket of `secureConnection` has the same addresses and port as that of `connection`. */
export type GuardedServer = Pick<EventEmitter, 'on' | 'listeners' | 'removeAllListeners'>;

export interface GuardDeps {
  readonly admission: Pick<Admission, 'limits' | 'onRefused'>;
  /** Addresses that many callers share. */
  readonly isTrusted: (address: string) => boolean;
  /** Whether there are descriptors enough for one that has just come. Default there always are. */
  readonly mayStay?: () => boolean;
  /** ms that only grow. */
  readonly elapsed?: () => number;
}

/** What is counted now. */
export interface ConnectionGuard {
  readonly unfinished: number;
  /** Addresses from which something is open. */
  readonly sources: number;
}

/**
 * Comes before everything that listens for `connection` so far. A server that has a limit closes what is beyond it before there is even a
 * socket (`maxConnections`, which from here on follows the configuration).
 */
export function guardConnections(server: GuardedServer, deps: GuardDeps): ConnectionGuard {
  const { admission, mayStay = () => true } = deps;
  Object.defineProperty(server, 'maxConnections', {
    get: () => admission.limits().connections || undefined,
  });
  // Of several workers only one is asked: all that are full would hand a connection round for ever.
  Object.assign(server, { dropMaxConnection: true });
  server.on('drop', () => admission.onRefused('connections'));
  const rest = server.listeners('connection');
  server.removeAllListeners('connection');
  const open = new Map<string, number>();
  const handshakes = new Handshakes(deps);
  server.on('connection', (socket: Socket) => {
    const { remoteAddress } = socket;
    // Its caller is gone already.
    if (remoteAddress === undefined) return void socket.destroy();
    if (!mayStay()) {
      admission.onRefused('descriptors');
      return void socket.destroy();
    }
    const source = sourceOf(plainAddress(remoteAddress));
    const limit = admission.limits().connectionsPerAddress;
    const count = (open.get(source) ?? 0) + 1;
    const isBeyond = limit > 0 && count > limit && !deps.isTrusted(remoteAddress);
    if (isBeyond) admission.onRefused('connectionsPerAddress');
    const handshake = isBeyond
      ? undefined
      : handshakes.take(source, socket, () => begin(server, rest, socket));
    if (handshake === undefined) return void socket.destroy();
    open.set(source, count);
    // It is read from the beginning, and nobody else listens before its turn: a reset would end the process.
    socket.on('error', ignore);
    socket.once('close', () => {
      handshakes.forget(handshake);
      const left = (open.get(source) ?? 1) - 1;
      if (left === 0) open.delete(source);
      else open.set(source, left);
    });
  });
  server.on('secureConnection', (socket: Socket) => handshakes.finished(socket));
  return {
    get unfinished() {
      return handshakes.size;
    },
    get sources() {
      return open.size;
    },
  };
}

function begin(server: GuardedServer, rest: readonly unknown[], socket: Socket): void {
  for (const listener of rest) (listener as (socket: Socket) => void).call(server, socket);
}

interface Handshake {
  readonly key: string;
  readonly source: string;
  readonly socket: Socket;
  readonly since: number;
}

/** Handshakes that are not finished, begun or not. */
class Handshakes implements Waiter {
  /** By addresses and port, in the order in which they came. */
  readonly #all = new Map<string, Handshake>();
  readonly #sources = new Map<string, Set<Handshake>>();
  readonly #queue: { readonly socket: Socket; readonly begin: () => void }[] = [];
  readonly #turns = new Turns();
  readonly #deps: GuardDeps;
  readonly #elapsed: () => number;

  constructor(deps: GuardDeps) {
    this.#deps = deps;
    this.#elapsed = deps.elapsed ?? (() => performance.now());
  }

  get size(): number {
    return this.#all.size;
  }

  /** One more, until it is finished or forgotten. @returns undefined when there is no place for it */
  take(source: string, socket: Socket, begin: () => void): Handshake | undefined {
    const limit = this.#deps.admission.limits().handshakes;
    if (limit > 0 && this.#all.size >= limit && !this.#makeRoom(source)) return undefined;
    const handshake = { key: keyOf(socket), source, socket, since: this.#elapsed() };
    this.#all.set(handshake.key, handshake);
    const ofSource = this.#sources.get(source) ?? new Set();
    this.#sources.set(source, ofSource.add(handshake));
    this.#queue.push({ socket, begin });
    this.#turns.wake(this);
    return handshake;
  }

  /** By the socket of the TLS over it. */
  finished(socket: Socket): void {
    const handshake = this.#all.get(keyOf(socket));
    if (handshake !== undefined) this.forget(handshake);
  }

  /** It counts no more; a second time does nothing. */
  forget(handshake: Handshake): void {
    if (this.#all.get(handshake.key) === handshake) this.#all.delete(handshake.key);
    const ofSource = this.#sources.get(handshake.source);
    ofSource?.delete(handshake);
    if (ofSource?.size === 0) this.#sources.delete(handshake.source);
  }

  next(): boolean {
    const first = this.#queue.shift();
    if (first === undefined) return false;
    if (!first.socket.destroyed) first.begin();
    return true;
  }

  /** Closes the oldest of the address that has most, unless that is no better than closing the newcomer. */
  #makeRoom(newcomer: string): boolean {
    this.#deps.admission.onRefused('handshakes');
    let most: Set<Handshake> = new Set();
    for (const ofSource of this.#sources.values()) if (ofSource.size > most.size) most = ofSource;
    const [oldest] = most;
    if (oldest === undefined) return false;
    const ofNewcomer = this.#sources.get(newcomer)?.size ?? 0;
    const isFairer = most.size > ofNewcomer + 1;
    if (!isFairer && this.#elapsed() - oldest.since < HONEST_MS) return false;
    this.forget(oldest);
    oldest.socket.destroy();
    return true;
  }
}

/** The same for a socket and the TLS over it, as long as they are open. A caller may use one port for several addresses of ours. */
function keyOf({ remoteAddress = '', remotePort = 0, localAddress = '' }: Socket): string {
  return `${remoteAddress} ${remotePort} ${localAddress}`;
}

function ignore(): void {}
