// Carries out orders to end sessions, each once, and remembers what became of it for as long as somebody may ask. An order also meets those
// who were on their way in when it came: their request was older than the order.

import { farewell } from '../errors.ts';
import type { Exchange } from '../exchange.ts';
import { isMeant, ORDER_LIFE_MS, type Order } from '../roster/order.ts';
import { type Answer, MAX_ANSWERED } from '../roster/page.ts';
import type { Stay, Stays } from '../stays.ts';
import { identityOf } from './entry.ts';

/** What an order has come to, for the log and metrics. */
export interface Outcome {
  readonly order: Order;
  readonly ended: readonly string[];
  /** Why nothing was done; '' when it was carried out. */
  readonly problem: string;
}

export interface Orders {
  /** Carries it out, unless it was before. */
  carryOut(order: Order): void;
  /** Tells of one that can't be read. */
  refuse(name: string, problem: string): void;
  /** Somebody has come in. */
  meet(stay: Stay): void;
  /** What became of orders that may still be asked about. */
  answers(): readonly Answer[];
}

export interface OrdersDeps {
  readonly stays: Pick<Stays, 'open'>;
  /** ms since the epoch. */
  readonly now: () => number;
  /** ms that only grow: an order stands no longer because the clock is set back. */
  readonly elapsed: () => number;
  readonly onOutcome: (outcome: Outcome) => void;
}

interface Standing {
  /** undefined for one that can't be read. */
  readonly order: Order | undefined;
  /** By the clock, and in time that only grows. */
  readonly seenAt: number;
  readonly since: number;
  readonly answer: Answer;
}

/** Nothing is ordered yet. */
export function createOrders({ stays, now, elapsed, onOutcome }: OrdersDeps): Orders {
  const standing = new Map<string, Standing>();
  const forget = () => {
    // Twice its life: it may have come late, and must not be taken for another one.
    for (const [name, { since }] of standing)
      if (elapsed() - since > 2 * ORDER_LIFE_MS) standing.delete(name);
  };
  const note = (name: string, order: Order | undefined, answer: Omit<Answer, 'order'>) => {
    forget();
    standing.set(name, { order, seenAt: now(), since: elapsed(), answer: { order: name, ...answer } });
  };
  return {
    carryOut(order) {
      if (standing.has(order.name)) return;
      if (now() - order.givenAt > ORDER_LIFE_MS) {
        const problem = "the order is too old by this replica's clock";
        note(order.name, undefined, { ended: [], count: 0, problem });
        return onOutcome({ order, ended: [], problem });
      }
      const meant = [...stays.open].filter(({ exchange }) => isMeant(order, identityOf(exchange)));
      const ended = meant.map(({ exchange }) => exchange.id);
      note(order.name, order, { ended: ended.slice(0, MAX_ANSWERED), count: ended.length, problem: '' });
      for (const stay of meant) showOut(stay, order);
      onOutcome({ order, ended, problem: '' });
    },
    refuse(name, problem) {
      if (!standing.has(name)) note(name, undefined, { ended: [], count: 0, problem });
    },
    meet(stay) {
      if (standing.size === 0) return;
      forget();
      const found = [...standing.values()].find((one) => isLate(stay.exchange, one));
      // Not before whoever lets it in is done with that.
      if (found?.order !== undefined) setImmediate(showOut, stay, found.order);
    },
    answers() {
      forget();
      return [...standing.values()].map(({ answer }) => answer);
    },
  };
}

function isLate(exchange: Exchange, { order, seenAt }: Standing): boolean {
  return order !== undefined && exchange.receivedAt <= seenAt && isMeant(order, identityOf(exchange));
}

function showOut({ end }: Stay, { name, by, reason }: Order): void {
  end(`order ${name}${by === '' ? '' : `, by ${by}`}`, farewell('SESSION_KILLED', { reason }));
}
