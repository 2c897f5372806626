// Everybody who is in: open sessions, watches and followed logs, each with the exchange that it began with. After a reload each is looked at
// again: who would not be let in now, or would be somebody else, is shown out.

import { factsOf } from './authorize.ts';
import { isAllowed } from './authz/rules.ts';
import type { Exchange } from './exchange.ts';
import type { Generation } from './generation.ts';

/** Why somebody who is in may not stay under the next generation, in words for the log; '' when nothing is against it. Must not throw. */
export type Objection = (exchange: Exchange, next: Generation) => string;

/** Who is in. */
export interface Stays {
  /** Somebody has come in; `end` shows them out. @returns what forgets them */
  add(exchange: Exchange, end: (why: string) => void): () => void;
  /** Shows out everybody whom an objection concerns. @returns how many */
  review(next: Generation): number;
}

/** What counts after a reload, in this order. */
export const OBJECTIONS: readonly Objection[] = [identityObjection, clusterObjection, rulesObjection];

/** Nobody is in yet. */
export function createStays(objections: readonly Objection[] = OBJECTIONS): Stays {
  const open = new Map<Exchange, (why: string) => void>();
  return {
    add(exchange, end) {
      open.set(exchange, end);
      return () => void open.delete(exchange);
    },
    review(next) {
      let ended = 0;
      for (const [exchange, end] of [...open]) {
        const why = firstObjection(objections, exchange, next);
        if (why === '') continue;
        ended++;
        end(why);
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

function clusterObjection({ upstream }: Exchange, next: Generation): string {
  const isThere = next.clusters.some(({ name }) => name === upstream?.name);
  return isThere ? '' : 'its cluster is configured no more';
}

/** As of the time when it began: a login that was fresh enough then is not too old for what it opened. */
function rulesObjection(exchange: Exchange, next: Generation): string {
  return next.rules === undefined || isAllowed(next.rules, factsOf(exchange))
    ? ''
    : 'the rules do not allow it any more';
}
