// Which generation new requests begin with, and when an old one may be closed: once the last request that began with it has ended.

import { type Generation, retireGeneration } from './generation.ts';

export interface Current {
  /** The generation for a request that begins now; pair it with `leave`. */
  enter(): Generation;
  leave(generation: Generation): void;
  get(): Generation;
  /** Closes every generation, used or not: the end. */
  close(): Promise<void>;
  /** Makes `next` the current one; the old one is closed when nobody uses it any more. */
  swap(next: Generation): void;
}

/** Holds the current generation, starting with `first`. */
export function holdCurrent(first: Generation): Current {
  let current = first;
  const users = new Map<Generation, number>([[first, 0]]);
  const retireUnused = (generation: Generation) => {
    if (generation === current || (users.get(generation) ?? 0) > 0) return;
    if (!users.delete(generation)) return;
    // What a generation in between still uses may be the old one's too: nothing is closed that any living generation shares.
    void retireGeneration(generation, users.keys());
  };
  return {
    enter() {
      users.set(current, (users.get(current) ?? 0) + 1);
      return current;
    },
    leave(generation) {
      users.set(generation, (users.get(generation) ?? 1) - 1);
      retireUnused(generation);
    },
    get: () => current,
    close: async () => {
      await Promise.all([...users.keys()].map((generation) => retireGeneration(generation, [])));
    },
    swap(next) {
      const old = current;
      current = next;
      users.set(next, 0);
      retireUnused(old);
    },
  };
}
