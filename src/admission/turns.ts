// The order in which work that can wait is begun: one piece in each turn of the event loop, and one after the other of those who have some. What
// else is ready, keystrokes above all, comes between any two turns, so that nobody waits for a heap of somebody else's work.

/** How many pieces of work are begun in one turn. Measured: docs/adr/0017-admission.md. */
const STARTS_A_TURN = 1;

/** Somebody who has work that waits. */
export interface Waiter {
  /** Begins one piece. @returns whether there was one that can begin */
  next(): boolean;
}

/** Calls back once in a later turn of the loop. */
export type NextTurn = (act: () => void) => void;

/** Who has work, and whose turn it is. */
export class Turns {
  readonly #ready = new Set<Waiter>();
  readonly #nextTurn: NextTurn;
  #scheduled = false;

  constructor(nextTurn: NextTurn = setImmediate) {
    this.#nextTurn = nextTurn;
  }

  /** There is work that can begin; who is in the row keeps the place. */
  wake(waiter: Waiter): void {
    this.#ready.add(waiter);
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#nextTurn(this.#turn);
  }

  readonly #turn = () => {
    let begun = 0;
    for (const waiter of this.#ready) {
      this.#ready.delete(waiter);
      if (!waiter.next()) continue;
      // At the end of the row again; one that has no more is left out when its turn comes.
      this.#ready.add(waiter);
      if (++begun >= STARTS_A_TURN) break;
    }
    this.#scheduled = this.#ready.size > 0;
    if (this.#scheduled) this.#nextTurn(this.#turn);
  };
}
