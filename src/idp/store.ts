// What oidc-provider has to remember (sessions, codes, grants), in memory and bounded: with the process it is gone. The models look after
// expiry themselves.

import { LRUCache } from 'lru-cache';
import type { Adapter, AdapterFactory, AdapterPayload } from 'oidc-provider';

/** Most entries of each kind; the ones unused for longest go first. */
const MAX_ENTRIES = 1000;

/** Makes a store; each kind of thing has its own place in it, so that many of one never drive out another. */
export function createStore(): AdapterFactory {
  const kinds = new Map<string, Adapter>();
  return (kind) => {
    const known = kinds.get(kind) ?? createShelf();
    kinds.set(kind, known);
    return known;
  };
}

function createShelf(): Adapter {
  const entries = new LRUCache<string, AdapterPayload>({ max: MAX_ENTRIES });
  const findBy = async (matches: (payload: AdapterPayload) => boolean) => {
    for (const payload of entries.values()) if (matches(payload)) return payload;
    return undefined;
  };
  return {
    async upsert(id, payload) {
      entries.set(id, payload);
    },
    find: async (id) => entries.get(id),
    findByUserCode: (userCode) => findBy((payload) => payload.userCode === userCode),
    findByUid: (uid) => findBy((payload) => payload.uid === uid),
    async consume(id) {
      const payload = entries.get(id);
      // oidc-provider asks only whether it is there.
      if (payload !== undefined) entries.set(id, { ...payload, consumed: true });
    },
    async destroy(id) {
      entries.delete(id);
    },
    async revokeByGrantId(grantId) {
      for (const [id, payload] of [...entries.entries()]) if (payload.grantId === grantId) entries.delete(id);
    },
  };
}
