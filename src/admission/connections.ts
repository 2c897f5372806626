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

/** What of a server is needed; the socket of `secureConnection` has the same address and port as that of `connection`. */
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
    if (isBeyond || !handshakes.take(source, socket, () => begin(server, rest, socket)))
      return void socket.destroy();
    open.set(source, count);
    socket.once('close', () => {
      handshakes.over(socket);
      const left = (open.get(source) ?? 1) - 1;
      if (left === 0) open.delete(source);
      else open.set(source, left);
    });
  });
  server.on('secureConnection', (socket: Socket) => handshakes.over(socket));
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
  readonly source: string;
  readonly socket: Socket;
  readonly since: number;
}

/** Handshakes that are not finished, begun or not. */
class Handshakes implements Waiter {
  /** By address and port, in the order in which they came. */
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

  /** One more. @returns false when there is no place for it */
  take(source: string, socket: Socket, begin: () => void): boolean {
    const limit = this.#deps.admission.limits().handshakes;
    if (limit > 0 && this.#all.size >= limit && !this.#makeRoom(source)) return false;
    const handshake = { source, socket, since: this.#elapsed() };
    this.#all.set(keyOf(socket), handshake);
    const ofSource = this.#sources.get(source) ?? new Set();
    this.#sources.set(source, ofSource.add(handshake));
    this.#queue.push({ socket, begin });
    this.#turns.wake(this);
    return true;
  }

  /** It is finished, or its socket is closed; a second time does nothing. */
  over(socket: Socket): void {
    const handshake = this.#all.get(keyOf(socket));
    if (handshake !== undefined) this.#forget(handshake);
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
    this.#forget(oldest);
    oldest.socket.destroy();
    return true;
  }

  #forget(handshake: Handshake): void {
    this.#all.delete(keyOf(handshake.socket));
    const ofSource = this.#sources.get(handshake.source);
    ofSource?.delete(handshake);
    if (ofSource?.size === 0) this.#sources.delete(handshake.source);
  }
}

/** The same for a socket and the TLS over it, also when it is closed. */
function keyOf({ remoteAddress = '', remotePort = 0 }: Socket): string {
  return `${remoteAddress} ${remotePort}`;
}
