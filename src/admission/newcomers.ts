// Credentials that are not known yet are judged in turns of the event loop, one a turn, one address after the other, in the same round as the requests
// of busy users: a signature costs a hundred times what a look-up does, and whoever sends a new token with each request asks for nothing else.
// While the loop is busy and sessions are open the turns are apart (ADR 0017). Who is known never waits here.

import { sourceOf } from '../authn/sourcebuckets.ts';
import { Queue, type Queued } from '../queue.ts';
import type { Turns, Waiter } from './turns.ts';

/** So many of one address wait at most. */
export const MAX_NEWCOMERS = 2000;

/** Those who wait to be judged. */
export class Newcomers {
  readonly #turns: Turns;
  readonly #rows = new Map<string, Row>();
  /** How many wait now, of all addresses. */
  waiting = 0;

  constructor(turns: Turns) {
    this.#turns = turns;
  }

  /** Addresses of which somebody waits, or did in the last turn. */
  get sources(): number {
    return this.#rows.size;
  }

  /** Resolves when one of this address may be judged; undefined when too many of it wait already. */
  turnOf(address: string): Promise<void> | undefined {
    const source = sourceOf(address);
    const row = this.#rows.get(source) ?? new Row(() => this.#rows.delete(source));
    if (row.queue.size >= MAX_NEWCOMERS) return undefined;
    this.#rows.set(source, row);
    this.waiting++;
    const { promise, resolve } = Promise.withResolvers<void>();
    const begin = () => {
      this.waiting--;
      resolve();
    };
    row.queue.add({ ahead: undefined, behind: undefined, begin });
    this.#turns.wake(row);
    return promise;
  }
}

interface Newcomer extends Queued<Newcomer> {
  readonly begin: () => void;
}

/** Those of one address, in the order in which they came. */
class Row implements Waiter {
  readonly queue = new Queue<Newcomer>();
  readonly #onEmpty: () => void;

  constructor(onEmpty: () => void) {
    this.#onEmpty = onEmpty;
  }

  next(): boolean {
    const { first } = this.queue;
    if (first === undefined) {
      this.#onEmpty();
      return false;
    }
    this.queue.remove(first);
    first.begin();
    return true;
  }
}
