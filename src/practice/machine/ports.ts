// The ports of a machine. They are no sockets: a connection is a pair of streams, from port-forward, a probe or a program of the machine to
// a program that listens.

import { type Duplex, duplexPair } from 'node:stream';

/** The ports of a machine. */
export class Ports {
  readonly #listeners = new Map<number, (connection: Duplex) => void>();
  readonly #open = new Set<Duplex>();

  /** Those where somebody listens, in order. */
  listening(): readonly number[] {
    return [...this.#listeners.keys()].sort((a, b) => a - b);
  }

  /** Takes connections; @returns what ends that, or undefined when another has the port. */
  listen(port: number, accept: (connection: Duplex) => void): (() => void) | undefined {
    if (this.#listeners.has(port)) return undefined;
    this.#listeners.set(port, accept);
    return () => this.#listeners.delete(port);
  }

  /** A connection; undefined when nobody listens. */
  connect(port: number): Duplex | undefined {
    const accept = this.#listeners.get(port);
    if (accept === undefined) return undefined;
    const [outside, inside] = duplexPair();
    for (const side of [outside, inside]) {
      this.#open.add(side);
      side.on('error', () => {});
      side.on('close', () => this.#open.delete(side));
    }
    // A side that goes away takes the other with it.
    outside.on('close', () => inside.destroy());
    inside.on('close', () => outside.destroy());
    accept(inside);
    return outside;
  }

  /** Ends all listeners and connections. */
  close(): void {
    this.#listeners.clear();
    for (const side of [...this.#open]) side.destroy();
  }
}
