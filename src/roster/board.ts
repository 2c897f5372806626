// The board is the place where replicas leave their pages and find orders: ConfigMaps or a Redis. It is asked for nothing that could be lost:
// every fact on it is a copy of what a replica knows, and every order is over after a short time.

import type { Order, Wish } from './order.ts';
import type { Page } from './page.ts';

/** What a replica does there. All reject when the board can't be reached or refuses. */
export interface ReplicaBoard {
  /** Puts up the page, in the place of the one before. */
  publish(packed: Buffer): Promise<void>;
  /** Takes it down. */
  withdraw(): Promise<void>;
  /**
   * Tells the orders that stand there, each at least once, and those that come, for some minutes or until `signal` aborts; then it resolves,
   * and is to be called again. `onReached` is called when the board has answered.
   */
  follow(hearer: OrderHearer, signal: AbortSignal): Promise<void>;
  /** Removes what nobody will: pages of replicas that are gone, orders that are over. */
  tidy(): Promise<void>;
  /** Lets go of connections. */
  close(): Promise<void>;
}

export interface OrderHearer {
  readonly onReached: () => void;
  readonly onOrder: (order: Order) => void;
  /** One that nobody can carry out. */
  readonly onMalformed: (name: string, problem: string) => void;
}

/** What a person does there. */
export interface OperatorBoard {
  /** Where it is, for people. */
  readonly place: string;
  pages(): Promise<readonly Page[]>;
  /** Gives an order. @returns its name */
  give(wish: Wish): Promise<string>;
  /** Takes it back; what was ended by it stays so. */
  takeBack(order: string): Promise<void>;
  /** Who the board takes this person for; '' where it can't tell. */
  whoAmI(): Promise<string>;
  close(): Promise<void>;
}

/** The board refused, or said what can't be understood. The message is for people and names the next step. */
export class BoardRefusal extends Error {}
