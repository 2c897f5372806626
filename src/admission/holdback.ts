// Refusals that are held back for a while: somebody who sends the next request as soon as the last one is answered sends one a second for each
// connection or stream then, instead of thousands. They go out one by one, a few milliseconds apart.

import type { Turns, Waiter } from './turns.ts';

/** How long a refusal is held back. ms. */
export const HOLD_MS = 1000;
/** So many are held at once; more go out as they come. About 5 kB each. */
const MAX_HELD = 5000;

interface Held {
  readonly until: number;
  readonly release: (error: Error) => void;
  readonly error: Error;
}

/** The refusals that are held back now. */
export class Holdback implements Waiter {
  /** In the order in which they go. */
  readonly #held = new Set<Held>();
  readonly #turns: Turns;
  readonly #elapsed: () => number;

  constructor(turns: Turns, elapsed: () => number) {
    this.#turns = turns;
    this.#elapsed = elapsed;
  }

  get size(): number {
    return this.#held.size;
  }

  /** Rejects with the error, later. @throws it at once when too many are held */
  hold(error: Error): Promise<never> {
    if (this.#held.size >= MAX_HELD) throw error;
    return new Promise((_, release) => {
      this.#held.add({ until: this.#elapsed() + HOLD_MS, release, error });
    });
  }

  /** Now and then: lets go what is due. */
  sweep(): void {
    const [first] = this.#held;
    if (first !== undefined && this.#elapsed() >= first.until) this.#turns.wake(this);
  }

  next(): boolean {
    const [first] = this.#held;
    if (first === undefined || this.#elapsed() < first.until) return false;
    this.#held.delete(first);
    first.release(first.error);
    return true;
  }
}
