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
  const { board, compose, onAttempt, random, now, setTimer } = deps;
  let stopped = false;
  let failures = 0;
  let begunAt = Number.NEGATIVE_INFINITY;
  let tidiedAt = now();
  let due = Number.POSITIVE_INFINITY;
  let cancel = () => {};
  let writing: Promise<void> | undefined;
  /** Wanted while a write is under way, when it began with what was before. */
  let wanted = Number.POSITIVE_INFINITY;

  const attempt = async () => {
    try {
      await board.publish(await compose());
      if (now() - tidiedAt >= TIDY_MS) {
        tidiedAt = now();
        await board.tidy();
      }
      failures = 0;
      onAttempt(undefined);
    } catch (error) {
      failures++;
      onAttempt(error instanceof Error ? error : new Error(String(error)));
    }
  };
  const write = () => {
    due = Number.POSITIVE_INFINITY;
    begunAt = now();
    writing = attempt().then(() => {
      writing = undefined;
      const next =
        failures > 0 ? now() + retryIn(failures, random) : begunAt + RENEW_MS * (0.9 + 0.1 * random());
      const asked = failures > 0 ? Number.POSITIVE_INFINITY : wanted;
      wanted = Number.POSITIVE_INFINITY;
      schedule(Math.min(next, asked));
    });
  };
  const schedule = (at: number) => {
    if (stopped || at >= due) return;
    if (writing !== undefined) {
      wanted = Math.min(wanted, at);
      return;
    }
    cancel();
    due = at;
    cancel = afterDelay(Math.max(0, at - now()), write, setTimer);
  };
  schedule(now());
  return {
    changed: () => {
      // While the board is away, its turn comes with the next attempt.
      if (failures === 0) schedule(Math.max(now(), begunAt + MIN_APART_MS));
    },
    urgent: () => schedule(now()),
    async stop() {
      stopped = true;
      cancel();
      await writing;
    },
  };
}

/** Doubles from MIN_APART_MS to MAX_RETRY_MS, spread by up to a half. */
export function retryIn(failures: number, random: () => number): number {
  const whole = Math.min(MAX_RETRY_MS, MIN_APART_MS * 2 ** Math.min(failures - 1, 10));
  return whole * (0.5 + 0.5 * random());
}
