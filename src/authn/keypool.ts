// Key sources that outlive the authenticators that use them: a reload builds a new authenticator, and must not forget the keys of issuers
// that the change did not touch, least of all while one of them is down.

import type { KeySource } from './jwks.ts';

/** Key sources by what they are made of; each is closed when the last of its users has released it. */
export interface KeyPool {
  /** The source of `key`, opened when there is none. */
  acquire<T extends KeySource>(key: string, open: () => T): T;
  release(key: string): Promise<void>;
}

/** Creates an empty pool. */
export function createKeyPool(): KeyPool {
  const held = new Map<string, { readonly source: KeySource; users: number }>();
  return {
    acquire<T extends KeySource>(key: string, open: () => T): T {
      const entry = held.get(key) ?? { source: open(), users: 0 };
      entry.users++;
      held.set(key, entry);
      // Whoever asks for a key asks for the same kind of source.
      return entry.source as T;
    },
    async release(key) {
      const entry = held.get(key);
      if (entry === undefined) return;
      entry.users--;
      if (entry.users > 0) return;
      held.delete(key);
      await entry.source.close();
    },
  };
}
