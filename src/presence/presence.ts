// A replica's part in the roster: its page is kept on the board, and the orders that stand there are carried out. A board that can't be reached
// changes nothing for anybody who is in: it is a log line, a metric and another attempt.

import { afterDelay, type SetTimer } from '../delay.ts';
import { type Log, loggedError } from '../log.ts';
import type { Metrics } from '../metrics.ts';
import type { OrderHearer, ReplicaBoard } from '../roster/board.ts';
import { createKeeper, type Keeper, RENEW_MS, retryIn } from '../roster/keeper.ts';
import { packPage } from '../roster/page.ts';
import type { SessionRegistry } from '../sessions.ts';
import type { Stays } from '../stays.ts';
import { entryOf } from './entry.ts';
import { createOrders, type Orders, type Outcome } from './orders.ts';

/** Orders are listened for again after so long. ms */
const LISTEN_PAUSE_MS = 500;
/** How long the page's end may hold up the process's. ms */
const WITHDRAW_MS = 2_000;

/** Who this replica is. */
export interface ReplicaFacts {
  /** Random, a DNS label. */
  readonly replica: string;
  readonly name: string;
  readonly version: string;
  readonly startedAt: number;
}

export interface PresenceDeps {
  readonly board: ReplicaBoard;
  /** What the board is kept in, for the metric. */
  readonly kind: 'kubernetes' | 'redis';
  readonly facts: ReplicaFacts;
  readonly stays: Stays;
  readonly sessions: Pick<SessionRegistry, 'open'>;
  readonly metrics: Metrics;
  readonly log: Log;
  /** ms since the epoch. */
  readonly now: () => number;
  /** ms that only grow: a clock that is set back by an hour puts off no page. */
  readonly elapsed: () => number;
  /** 0 up to 1. */
  readonly random: () => number;
  readonly setTimer?: SetTimer | undefined;
}

export interface Presence {
  /** The page says from now on that the replica leaves. */
  leave(): void;
  /** Takes the page down and lets go; never rejects, and takes WITHDRAW_MS at most. */
  stop(): Promise<void>;
}

/** Begins at once; nothing is waited for. */
export function startPresence(deps: PresenceDeps): Presence {
  const { board, facts, stays, sessions, log, now, elapsed, random, setTimer } = deps;
  const reach = observeReach(deps);
  const stopping = new AbortController();
  let state: 'serving' | 'leaving' = 'serving';
  const orders = createOrders({ stays, now, elapsed, onOutcome: (outcome) => tell(outcome, deps) });
  const compose = () => {
    const entries = [...stays.open].map(({ exchange }) => entryOf(exchange, sessions.open.get(exchange.id)));
    const page = { ...facts, state, renewedAt: now(), renewEveryMs: RENEW_MS, open: entries.length };
    return packPage({ ...page, entries, answers: orders.answers() });
  };
  const keeper = createKeeper({
    ...{ board, compose, random, now: elapsed, setTimer },
    onAttempt: (error) => {
      deps.metrics.registryWrites.inc({ outcome: error === undefined ? 'ok' : 'failed' });
      reach.note('writing', error);
    },
  });
  // Watches come and go by the dozen: they are told with the next renewal.
  const changed = (kind: string) => {
    if (kind !== 'watch') keeper.changed();
  };
  stays.observe({
    onEnter: (stay) => {
      orders.meet(stay);
      changed(entryOf(stay.exchange, undefined).kind);
    },
    onLeave: (exchange) => changed(entryOf(exchange, undefined).kind),
  });
  const hearer = makeHearer(deps, { orders, keeper, reach });
  const listening = listen(deps, hearer, stopping.signal, (error) => reach.note('listening', error));
  return {
    leave() {
      state = 'leaving';
      keeper.changed();
    },
    async stop() {
      stopping.abort();
      const over = Promise.all([keeper.stop(), listening]).then(() => board.withdraw());
      await atMost(
        WITHDRAW_MS,
        over.catch((error) =>
          log.warn({ cause: loggedError(error) }, 'the page of this replica stays behind'),
        ),
        setTimer,
      );
      await board.close();
    },
  };
}

function makeHearer(
  { log }: PresenceDeps,
  {
    orders,
    keeper,
    reach,
  }: {
    readonly orders: Orders;
    readonly keeper: Keeper;
    readonly reach: ReturnType<typeof observeReach>;
  },
): OrderHearer {
  return {
    onReached: () => reach.note('listening', undefined),
    onOrder: (order) => {
      orders.carryOut(order);
      keeper.urgent();
    },
    onMalformed: (name, problem) => {
      orders.refuse(name, problem);
      log.warn({ order: name, problem }, 'an order to end sessions cannot be read');
      keeper.urgent();
    },
  };
}

async function atMost(delayMs: number, done: Promise<void>, setTimer: SetTimer | undefined): Promise<void> {
  const late = Promise.withResolvers<void>();
  const cancel = afterDelay(delayMs, late.resolve, setTimer);
  await Promise.race([done, late.promise]);
  cancel();
}

async function listen(
  { board, random, setTimer }: PresenceDeps,
  hearer: OrderHearer,
  signal: AbortSignal,
  onLost: (error: Error) => void,
): Promise<void> {
  let failures = 0;
  const reached = {
    ...hearer,
    onReached: () => {
      failures = 0;
      hearer.onReached();
    },
  };
  while (!signal.aborted) {
    try {
      await board.follow(reached, signal);
    } catch (error) {
      failures++;
      onLost(error instanceof Error ? error : new Error(String(error)));
    }
    await pause(failures === 0 ? LISTEN_PAUSE_MS : retryIn(failures, random), signal, setTimer);
  }
}

function pause(delayMs: number, signal: AbortSignal, setTimer: SetTimer | undefined): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const over = () => {
      cancel();
      signal.removeEventListener('abort', over);
      resolve();
    };
    const cancel = afterDelay(delayMs, over, setTimer);
    signal.addEventListener('abort', over, { once: true });
  });
}

/** One line when the board is lost and one when it is back, whichever of the two ways to it that was. */
function observeReach({ log, metrics, kind }: PresenceDeps) {
  // There from the start, so that the first one is seen as a rise.
  for (const outcome of ['ok', 'failed']) metrics.registryWrites.inc({ outcome }, 0);
  for (const outcome of ['carried_out', 'refused']) metrics.sessionOrders.inc({ outcome }, 0);
  const problems = new Map<string, Error>();
  metrics.registryUp.set({ kind }, 0);
  return {
    note(way: 'writing' | 'listening', error: Error | undefined): void {
      const wasUp = problems.size === 0;
      if (error === undefined) problems.delete(way);
      else problems.set(way, error);
      metrics.registryUp.set({ kind }, problems.size === 0 ? 1 : 0);
      if (wasUp && error !== undefined)
        log.warn(
          { cause: loggedError(error) },
          'the session registry cannot be reached: sessions go on, lists lack this replica',
        );
      else if (!wasUp && problems.size === 0) log.info({}, 'the session registry is reached again');
    },
  };
}

function tell({ order, ended, problem }: Outcome, { log, metrics }: PresenceDeps): void {
  metrics.sessionOrders.inc({ outcome: problem === '' ? 'carried_out' : 'refused' });
  const { name, by, user, ids, cluster, kind, reason } = order;
  const whom = { ...(user === '' ? { ids } : { user }), ...(cluster === '' ? {} : { cluster }), kind };
  const facts = { order: name, by, ...whom, reason, ended: ended.length };
  if (problem === '') log.info(facts, 'an order to end sessions was carried out');
  else log.warn({ ...facts, problem }, 'an order to end sessions was not carried out');
}
