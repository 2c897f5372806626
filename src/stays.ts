// Everybody who is in: open sessions, watches and followed logs, each with the exchange that it began with. After a reload each is looked at
// again: who would not be let in now, or would be somebody else, is shown out.

import { type Objection, objection } from './authn/outcome.ts';
import { factsOf } from './authorize.ts';
import { isAllowed } from './authz/rules.ts';
import { farewell } from './errors.ts';
import type { Exchange } from './exchange.ts';
import type { Generation } from './generation.ts';

/** Finds why somebody who is in may not stay under the next generation; undefined when nothing is against it. Must not throw. */
export type Objector = (exchange: Exchange, next: Generation) => Objection | undefined;

/** Shows somebody out: why, in words for the log, and as a Status for callers that can hear one. */
export type ShowOut = (why: string, status: string) => void;

/** Somebody who is in. */
export interface Stay {
  readonly exchange: Exchange;
  readonly end: ShowOut;
}

/** Who is in. */
export interface Stays {
  /** In the order in which they came. */
  readonly open: Iterable<Stay>;
  /** Told of each who comes, when they are in, and after each has left. Must not throw. */
  observe(observer: StaysObserver): void;
  /**
   * Somebody has come in; `end` shows them out, later: one whose request was on its way when all others were looked at is looked at now.
   * @returns what forgets them
   */
  add(exchange: Exchange, end: ShowOut): () => void;
  /** Shows out everybody whom an objection concerns. @returns how many */
  review(next: Generation): number;
}

export interface StaysObserver {
  onEnter(stay: Stay): void;
  onLeave(exchange: Exchange): void;
}

/** What counts after a reload, in this order. A cluster that is configured no more is none: what is open to it may end by itself. */
export const OBJECTORS: readonly Objector[] = [identityObjection, rulesObjection];

/** Nobody is in yet. */
export function createStays(objectors: readonly Objector[] = OBJECTORS): Stays {
  const open = new Set<Stay>();
  let told: StaysObserver | undefined;
  let latest: Generation | undefined;
  /** Whether they may not stay, and were shown out. */
  const look = (stay: Stay, next: Generation): boolean => {
    const why = firstObjection(objectors, stay.exchange, next);
    if (why !== undefined) revoke(stay, why);
    return why !== undefined;
  };
  const lookLate = (stay: Stay) => {
    if (latest !== undefined && open.has(stay)) look(stay, latest);
  };
  return {
    open,
    observe(observer) {
      told = observer;
    },
    add(exchange, end) {
      const stay = { exchange, end };
      open.add(stay);
      told?.onEnter(stay);
      // Not before whoever lets them in is done with that.
      if (latest !== undefined && exchange.generation !== latest) setImmediate(lookLate, stay);
      return () => {
        if (open.delete(stay)) told?.onLeave(exchange);
      };
    },
    review(next) {
      latest = next;
      return [...open].filter((stay) => look(stay, next)).length;
    },
  };
}

/** Shows out somebody whom an objection concerns. */
export function revoke({ end }: Stay, { detail, cause }: Objection): void {
  end(detail, farewell('SESSION_REVOKED', { cause }));
}

/** What can't be judged may not stay. */
function firstObjection(
  objectors: readonly Objector[],
  exchange: Exchange,
  next: Generation,
): Objection | undefined {
  try {
    for (const object of objectors) {
      const why = object(exchange, next);
      if (why !== undefined) return why;
    }
    return undefined;
  } catch {
    return objection('it could not be judged under the new configuration', '');
  }
}

/** The same credential has to give the same user. */
function identityObjection(exchange: Exchange, next: Generation): Objection | undefined {
  const { user, evidence, certificate, peerAddress, generation, target } = exchange;
  if (user === undefined) return undefined;
  if (evidence.door === undefined)
    return next.anonymous(target?.path ?? '') === undefined
      ? objection('callers without a credential are not let in here any more')
      : undefined;
  const { authentication: config } = generation.config;
  const peer = { peerTrusted: next.isTrusted(peerAddress), peerAddress };
  return next.authenticator.objectionTo({ user, evidence, certificate, config }, peer);
}

/** As of the time when it began: a login that was fresh enough then is not too old for what it opened. */
function rulesObjection(exchange: Exchange, next: Generation): Objection | undefined {
  return next.rules === undefined || isAllowed(next.rules, factsOf(exchange))
    ? undefined
    : objection('the rules do not allow it any more', 'the rules of this gate do not allow it any more');
}
