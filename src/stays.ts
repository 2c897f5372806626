// Everybody who is in: open sessions, watches and followed logs, each with the exchange that it began with. After a reload each is looked at
// again: who would not be let in now, or would be somebody else, is shown out.

import { factsOf } from './authorize.ts';
import { isAllowed } from './authz/rules.ts';
import { farewell } from './errors.ts';
import type { Exchange } from './exchange.ts';
import type { Generation } from './generation.ts';

/** Why somebody who is in may not stay under the next generation, in words for the log; '' when nothing is against it. Must not throw. */
export type Objection = (exchange: Exchange, next: Generation) => string;

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
  /** Somebody has come in; `end` shows them out. @returns what forgets them */
  add(exchange: Exchange, end: ShowOut): () => void;
  /** Shows out everybody whom an objection concerns. @returns how many */
  review(next: Generation): number;
}

export interface StaysObserver {
  onEnter(stay: Stay): void;
  onLeave(exchange: Exchange): void;
}

/** What counts after a reload, in this order. A cluster that is configured no more is none: what is open to it may end by itself. */
export const OBJECTIONS: readonly Objection[] = [identityObjection, rulesObjection];

/** Nobody is in yet. */
export function createStays(objections: readonly Objection[] = OBJECTIONS): Stays {
  const open = new Set<Stay>();
  let told: StaysObserver | undefined;
  return {
    open,
    observe(observer) {
      told = observer;
    },
    add(exchange, end) {
      const stay = { exchange, end };
      open.add(stay);
      told?.onEnter(stay);
      return () => {
        if (open.delete(stay)) told?.onLeave(exchange);
      };
    },
    review(next) {
      let ended = 0;
      for (const { exchange, end } of [...open]) {
        const why = firstObjection(objections, exchange, next);
        if (why === '') continue;
        ended++;
        end(why, farewell('SESSION_REVOKED'));
      }
      return ended;
    },
  };
}

/** What can't be judged may not stay. */
function firstObjection(objections: readonly Objection[], exchange: Exchange, next: Generation): string {
  try {
    for (const object of objections) {
      const why = object(exchange, next);
      if (why !== '') return why;
    }
    return '';
  } catch {
    return 'it could not be judged under the new configuration';
  }
}

/** The same claims have to give the same user. Credentials without claims are judged where they come from, at their next request. */
function identityObjection({ user, evidence, peerAddress }: Exchange, next: Generation): string {
  if (user === undefined) return '';
  return next.authenticator.objectionTo(user, evidence, {
    peerTrusted: next.isTrusted(peerAddress),
    peerAddress,
  });
}

/** As of the time when it began: a login that was fresh enough then is not too old for what it opened. */
function rulesObjection(exchange: Exchange, next: Generation): string {
  return next.rules === undefined || isAllowed(next.rules, factsOf(exchange))
    ? ''
    : 'the rules do not allow it any more';
}
