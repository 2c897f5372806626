// How many requests, watches and sessions each user has at the gate. Who is beyond a limit waits, bounded in time and number, before the refusal:
// that holds back callers who ignore a 429, which costs nearly as much as an answer. And who has several requests at once begins the others in
// turns of the loop, when somebody else is there (ADR 0017). The ordinary request costs one look-up and two additions.

import { gateError } from '../errors.ts';
import { Queue, type Queued } from '../queue.ts';
import type { Turns, Waiter } from './turns.ts';

/** What is counted, each by itself: `watches` are all long answers. */
export const PLACE_KINDS = ['requests', 'watches', 'sessions'] as const;
export type PlaceKind = (typeof PLACE_KINDS)[number];

/** How long a request may wait for a place. ms. */
export const WAIT_MS = 1000;
/** How many of one user and kind may wait; more are refused at once. */
export const MAX_WAITING = 2000;
/** So many of a user begin at once, whoever else is there. */
const FREE = 2;
/** A user who had nothing here for so long is forgotten. ms. */
const IDLE_MS = 1000;

const REFUSALS = {
  requests: 'TOO_MANY_REQUESTS',
  watches: 'TOO_MANY_WATCHES',
  sessions: 'TOO_MANY_SESSIONS',
} as const;

export interface PlacesDeps {
  /** How many of a kind a user may have now; Infinity for no limit. */
  readonly roomOf: (kind: PlaceKind) => number;
  readonly turns: Turns;
  /** ms that only grow. */
  readonly elapsed: () => number;
  readonly onRefused: (kind: PlaceKind) => void;
}

/** The place of one request, watch or session; `leave` has to be called once it is over, and may be called again. */
export interface Place {
  /** Resolves when it is in, rejects with the refusal; undefined for who is in at once. */
  readonly pending: Promise<void> | undefined;
  leave(): void;
}

/** Everybody's places. */
export class Places {
  readonly #accounts = new Map<string, Account>();
  readonly #deps: PlacesDeps;
  /** Requests that wait now. */
  waiting = 0;
  /** Sessions that are open now. */
  sessions = 0;

  constructor(deps: PlacesDeps) {
    this.#deps = deps;
  }

  /** Users who are here, or were a moment ago. */
  get users(): number {
    return this.#accounts.size;
  }

  /** A place for one more; to be kept from here on, for it may have to wait. @throws GateError when too many wait already */
  enter(user: string, kind: PlaceKind): Place {
    let account = this.#accounts.get(user);
    if (account === undefined) {
      account = new Account(this, this.#deps);
      this.#accounts.set(user, account);
    }
    const lane = account[kind];
    const isFree = lane.open < FREE || this.#accounts.size === 1;
    const place = new Seat(account, lane);
    if (isFree && lane.size === 0 && lane.open < this.#deps.roomOf(kind)) {
      account.letIn(place);
    } else if (lane.size < MAX_WAITING) account.queue(place);
    else throw account.refusal(kind);
    return place;
  }

  /** Now and then: refuses who has waited for too long, forgets who has left. */
  sweep(): void {
    const now = this.#deps.elapsed();
    for (const [user, account] of this.#accounts) {
      if (account.isOverdue(now)) this.#deps.turns.wake(account);
      if (account.isIdle(now)) this.#accounts.delete(user);
    }
  }
}

/** One user's places of one kind, and who waits for one, in order. */
class Lane {
  readonly kind: PlaceKind;
  open = 0;
  readonly queue = new Queue<Seat>();

  constructor(kind: PlaceKind) {
    this.kind = kind;
  }

  get size(): number {
    return this.queue.size;
  }
}

class Account implements Waiter {
  readonly requests = new Lane('requests');
  readonly watches = new Lane('watches');
  readonly sessions = new Lane('sessions');
  readonly #places: Places;
  readonly #deps: PlacesDeps;
  /** When a sweep found nothing of this user for the first time; -1 while there is something. */
  #idleSince = -1;

  constructor(places: Places, deps: PlacesDeps) {
    this.#places = places;
    this.#deps = deps;
  }

  queue(seat: Seat): void {
    seat.state = 'waiting';
    seat.until = this.#deps.elapsed() + WAIT_MS;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    seat.pending = promise;
    seat.settle = { resolve, reject };
    seat.lane.queue.add(seat);
    this.#places.waiting++;
    this.#deps.turns.wake(this);
  }

  /** Lets the next one in, or refuses one who has waited for too long. */
  next(): boolean {
    for (const kind of PLACE_KINDS) {
      const lane = this[kind];
      const seat = lane.queue.first;
      if (seat === undefined) continue;
      const hasRoom = lane.open < this.#deps.roomOf(kind);
      if (!hasRoom && this.#deps.elapsed() < seat.until) continue;
      this.unqueue(seat);
      if (hasRoom) {
        this.letIn(seat);
        seat.settle?.resolve();
      } else {
        seat.state = 'gone';
        seat.settle?.reject(this.refusal(kind));
      }
      return true;
    }
    return false;
  }

  refusal(kind: PlaceKind): Error {
    this.#deps.onRefused(kind);
    return gateError(REFUSALS[kind]);
  }

  unqueue(seat: Seat): void {
    seat.lane.queue.remove(seat);
    this.#places.waiting--;
  }

  letIn(seat: Seat): void {
    seat.state = 'in';
    seat.lane.open++;
    if (seat.lane === this.sessions) this.#places.sessions++;
  }

  /** A place has become free. */
  freed(lane: Lane): void {
    lane.open--;
    if (lane === this.sessions) this.#places.sessions--;
    if (lane.size > 0) this.#deps.turns.wake(this);
  }

  isOverdue(now: number): boolean {
    return PLACE_KINDS.some((kind) => {
      const seat = this[kind].queue.first;
      return seat !== undefined && (now >= seat.until || this[kind].open < this.#deps.roomOf(kind));
    });
  }

  /** Asked by each sweep. */
  isIdle(now: number): boolean {
    const isEmpty = PLACE_KINDS.every((kind) => this[kind].open === 0 && this[kind].size === 0);
    if (!isEmpty) this.#idleSince = -1;
    else if (this.#idleSince < 0) this.#idleSince = now;
    return isEmpty && now - this.#idleSince >= IDLE_MS;
  }
}

class Seat implements Place, Queued<Seat> {
  ahead: Seat | undefined;
  behind: Seat | undefined;
  state: 'new' | 'waiting' | 'in' | 'gone' = 'new';
  pending: Promise<void> | undefined;
  settle: { resolve(): void; reject(error: Error): void } | undefined;
  until = 0;
  readonly lane: Lane;
  readonly #account: Account;

  constructor(account: Account, lane: Lane) {
    this.#account = account;
    this.lane = lane;
  }

  leave(): void {
    const before = this.state;
    this.state = 'gone';
    if (before === 'in') this.#account.freed(this.lane);
    else if (before === 'waiting') {
      this.#account.unqueue(this);
      this.settle?.reject(gateError('CLIENT_CLOSED'));
    }
  }
}
