// Keeps a replica's page on the board true: changes are joined to few writes, a slow renewal says that the replica lives, and a board that
// can't be reached is tried again, less and less often. Sessions never wait for any of it.

import { afterDelay, type SetTimer } from '../delay.ts';
import type { ReplicaBoard } from './board.ts';

/** Writes are at least so far apart, unless an order has to be answered. ms */
export const MIN_APART_MS = 2_000;
/** A page is renewed at least so often. ms */
export const RENEW_MS = 15_000;
/** Attempts at a board that fails are no further apart than this. ms */
export const MAX_RETRY_MS = 60_000;
/** What others left is looked for so often. ms */
export const TIDY_MS = 60_000;

export interface KeeperDeps {
  readonly board: Pick<ReplicaBoard, 'publish' | 'tidy'>;
  /** The page as it is now. */
  readonly compose: () => Promise<Buffer>;
  /** Told of each attempt. */
  readonly onAttempt: (error: Error | undefined) => void;
  /** 0 up to 1: replicas that were started together should not write together. */
  readonly random: () => number;
  /** ms that only grow. */
  readonly now: () => number;
  readonly setTimer?: SetTimer | undefined;
}

export interface Keeper {
  /** Something has changed that should be seen soon. */
  changed(): void;
  /** Somebody waits for it. */
  urgent(): void;
  /** Writes no more; resolves when none is under way. */
  stop(): Promise<void>;
}

/** Begins with a first write at once. */
export function createKeeper(deps: KeeperDeps): Keeper {
  return new PageKeeper(deps);
}

class PageKeeper implements Keeper {
  readonly #deps: KeeperDeps;
  #stopped = false;
  #failures = 0;
  #begunAt = Number.NEGATIVE_INFINITY;
  #tidiedAt: number;
  #due = Number.POSITIVE_INFINITY;
  #cancel = () => {};
  #writing: Promise<void> | undefined;
  /** When the next write is wanted that was asked for while one is under way, which began with what was before. */
  #wanted = Number.POSITIVE_INFINITY;

  constructor(deps: KeeperDeps) {
    this.#deps = deps;
    this.#tidiedAt = deps.now();
    this.#schedule(deps.now());
  }

  changed(): void {
    // While the board is away, its turn comes with the next attempt.
    if (this.#failures === 0) this.#schedule(Math.max(this.#deps.now(), this.#begunAt + MIN_APART_MS));
  }

  urgent(): void {
    this.#schedule(this.#deps.now());
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancel();
    await this.#writing;
  }

  #schedule(at: number): void {
    if (this.#stopped || at >= this.#due) return;
    if (this.#writing !== undefined) {
      this.#wanted = Math.min(this.#wanted, at);
      return;
    }
    const { now, setTimer } = this.#deps;
    this.#cancel();
    this.#due = at;
    this.#cancel = afterDelay(Math.max(0, at - now()), () => this.#write(), setTimer);
  }

  #write(): void {
    const { now, random } = this.#deps;
    this.#due = Number.POSITIVE_INFINITY;
    this.#begunAt = now();
    this.#writing = this.#attempt().then(() => {
      this.#writing = undefined;
      const wanted = this.#wanted;
      this.#wanted = Number.POSITIVE_INFINITY;
      if (this.#failures > 0) this.#schedule(now() + retryIn(this.#failures, random));
      else this.#schedule(Math.min(wanted, this.#begunAt + RENEW_MS * (0.9 + 0.1 * random())));
    });
  }

  async #attempt(): Promise<void> {
    const { board, compose, now, onAttempt } = this.#deps;
    try {
      await board.publish(await compose());
      if (now() - this.#tidiedAt >= TIDY_MS) {
        this.#tidiedAt = now();
        await board.tidy();
      }
      this.#failures = 0;
      onAttempt(undefined);
    } catch (error) {
      this.#failures++;
      onAttempt(error instanceof Error ? error : new Error(String(error)));
    }
  }
}

/** Doubles from MIN_APART_MS to MAX_RETRY_MS, spread by up to a half. */
export function retryIn(failures: number, random: () => number): number {
  const whole = Math.min(MAX_RETRY_MS, MIN_APART_MS * 2 ** Math.min(failures - 1, 10));
  return whole * (0.5 + 0.5 * random());
}
