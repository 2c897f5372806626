// The board in a Redis (6 or newer): a key for each replica's page, which ends by itself when it is not renewed, a sorted set of their names by
// the time of renewal, so that nothing has to be searched for, and a stream of orders, in which a replica that was away finds what it missed.

import { RESP_TYPES } from '@redis/client';
import type { OperatorBoard, OrderHearer, ReplicaBoard } from './board.ts';
import { ORDER_LIFE_MS, readOrder, writeWish } from './order.ts';
import { unpackPage } from './page.ts';
import type { RedisLink } from './redislink.ts';

/** What all keys begin with. */
export const KEY_PREFIX = 'postern:sessions:';
const NAMES = `${KEY_PREFIX}pages`;
const ORDERS = `${KEY_PREFIX}orders`;
/** A page ends when it was not renewed for so long; until then it says that its replica is gone. ms */
export const GONE_MS = 5 * 60_000;
/** How long the stream is waited for at once. ms */
const BLOCK_MS = 5_000;
/** Orders that are kept at most. */
const MAX_ORDERS = 1_000;

/** A replica's side. Orders are waited for on a connection of their own. `now` gives ms since the epoch. */
export function createRedisReplicaBoard(
  link: RedisLink,
  waitingLink: RedisLink,
  { replica, now }: { readonly replica: string; readonly now: () => number },
): ReplicaBoard {
  const key = pageKey(replica);
  let last = `${now() - ORDER_LIFE_MS}-0`;
  return {
    publish: (packed) =>
      link.use(async (redis) => {
        await redis.set(key, packed, { expiration: { type: 'PX', value: GONE_MS } });
        await redis.zAdd(NAMES, { score: now(), value: replica });
      }),
    withdraw: () =>
      link.use(async (redis) => {
        await redis.zRem(NAMES, replica);
        await redis.del(key);
      }),
    async follow(hearer, signal) {
      const stop = () => waitingLink.drop();
      signal.addEventListener('abort', stop, { once: true });
      try {
        while (!signal.aborted) {
          const from = { key: ORDERS, id: last };
          const read = await waitingLink.use((redis) => redis.xRead(from, { BLOCK: BLOCK_MS }), BLOCK_MS);
          hearer.onReached();
          for (const { id, message } of messagesOf(read)) {
            last = id;
            tell(id, message, hearer);
          }
        }
      } catch (error) {
        if (!signal.aborted) throw error;
      } finally {
        signal.removeEventListener('abort', stop);
      }
    },
    tidy: () =>
      link.use(async (redis) => {
        await redis.zRemRangeByScore(NAMES, 0, now() - GONE_MS);
        await redis.xTrim(ORDERS, 'MINID', now() - ORDER_LIFE_MS);
      }),
    close: async () => {
      link.drop();
      waitingLink.drop();
    },
  };
}

/** An operator's side; `place` is for people. */
export function createRedisOperatorBoard(link: RedisLink, place: string): OperatorBoard {
  return {
    place,
    pages: () =>
      link.use(async (redis) => {
        const names = await redis.zRange(NAMES, 0, -1);
        if (names.length === 0) return [];
        const packed = await asBuffers(redis).mGet(names.map(pageKey));
        const pages = await Promise.all(packed.map((one) => (one === null ? undefined : unpackPage(one))));
        return pages.filter((page) => page !== undefined);
      }),
    give: (wish) =>
      link.use((redis) =>
        redis.xAdd(ORDERS, '*', writeWish(wish), {
          TRIM: { strategy: 'MAXLEN', strategyModifier: '~', threshold: MAX_ORDERS },
        }),
      ),
    takeBack: (order) => link.use(async (redis) => void (await redis.xDel(ORDERS, order))),
    whoAmI: async () => '',
    close: async () => link.drop(),
  };
}

function pageKey(replica: string): string {
  return `${KEY_PREFIX}page:${replica}`;
}

interface Message {
  readonly id: string;
  readonly message: Readonly<Record<string, string>>;
}

/** The library's type has both protocols' answers in it. */
function messagesOf(read: unknown): readonly Message[] {
  return ((read ?? []) as readonly { readonly messages: readonly Message[] }[]).flatMap(
    ({ messages }) => messages,
  );
}

/** Pages are bytes; the library reads text unless it is told. */
function asBuffers(redis: unknown): { mGet(keys: readonly string[]): Promise<readonly (Buffer | null)[]> } {
  const mapped = redis as { withTypeMapping(mapping: object): unknown };
  return mapped.withTypeMapping({ [RESP_TYPES.BLOB_STRING]: Buffer }) as ReturnType<typeof asBuffers>;
}

function tell(id: string, message: Message['message'], { onOrder, onMalformed }: OrderHearer): void {
  const order = readOrder(id, Number(id.split('-')[0]), { ...message });
  if (typeof order === 'string') onMalformed(id, order);
  else onOrder(order);
}
