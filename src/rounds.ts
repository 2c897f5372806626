// Asks again about those who are in by a token that only a cluster can judge, a service account's: once in a while and after each reload. That an
// account, its pod or the token itself is gone is nowhere to be seen but there (TokenReview).

import { isDeepStrictEqual } from 'node:util';
import type { Authentication } from './authn/authenticator.ts';
import { type Objection, objection } from './authn/outcome.ts';
import { afterDelay, type SetTimer } from './delay.ts';
import { credentialsOf, type Exchange } from './exchange.ts';
import type { Generation } from './generation.ts';
import { type Log, loggedError } from './log.ts';
import { revoke, type Stays } from './stays.ts';

/** Between the end of a round and the next one. ms */
export const ROUND_MS = 60_000;
/** So many reviews are under way at most: it is nothing that anybody waits for. */
export const AT_ONCE = 4;

const REFUSED = 'the cluster does not accept the token of its service account any more';

export interface RoundsDeps {
  readonly stays: Pick<Stays, 'open'>;
  /** The configuration of now. */
  readonly current: () => Generation;
  /** ms since the epoch. */
  readonly now: () => number;
  readonly log: Log;
  /** For tests; default is the system's. */
  readonly setTimer?: SetTimer | undefined;
}

export interface Rounds {
  /** Asks about everybody now, after a round that is under way. Resolves at its end; never rejects. */
  go(): Promise<void>;
  close(): void;
}

/** Begins with the first round after ROUND_MS. */
export function createRounds(deps: RoundsDeps): Rounds {
  let underWay = Promise.resolve();
  let waiting: Promise<void> | undefined;
  let cancel = () => {};
  let closed = false;
  const arm = () => {
    cancel();
    if (!closed) cancel = afterDelay(ROUND_MS, () => void go(), deps.setTimer);
  };
  const over = (found: Found) => {
    if (closed) return;
    report(found, deps.log);
    arm();
  };
  // A fault of ours in one session's end is no reason to ask about nobody any more.
  const failed = (cause: unknown) => {
    deps.log.error({ cause: loggedError(cause) }, 'open sessions were not looked at to the end');
    arm();
  };
  const go = (): Promise<void> => {
    waiting ??= underWay.then(() => {
      waiting = undefined;
      underWay = closed ? Promise.resolve() : makeRound(deps).then(over, failed);
      return underWay;
    });
    return waiting;
  };
  arm();
  return {
    go,
    close() {
      closed = true;
      cancel();
    },
  };
}

interface Found {
  ended: number;
  unanswered: number;
  /** Of the last one that was not answered. */
  cause: unknown;
}

async function makeRound({ stays, current, now }: RoundsDeps): Promise<Found> {
  const next = current();
  const open = [...stays.open].filter(
    ({ exchange: { evidence, expiresAt } }) => evidence.door === 'serviceAccount' && expiresAt > now(),
  );
  const found: Found = { ended: 0, unanswered: 0, cause: undefined };
  const work = async () => {
    for (let one = open.pop(); one !== undefined; one = open.pop()) {
      const { exchange } = one;
      const outcome = await askAgain(exchange, next);
      if (outcome?.kind === 'unavailable') {
        found.unanswered++;
        found.cause = outcome.cause;
      }
      const why = outcome === undefined ? undefined : objectionOf(exchange, outcome);
      if (why === undefined) continue;
      found.ended++;
      revoke(one, why);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return found;
}

function report({ ended, unanswered, cause }: Found, log: Log): void {
  if (ended > 0) log.info({ ended }, 'ended what the cluster does not let in any more');
  if (unanswered > 0)
    log.warn(
      { unanswered, cause: loggedError(cause) },
      'open sessions of service accounts could not be looked at again',
    );
}

/** undefined when there is nobody to ask: what is open to a cluster that is configured no more may end by itself. */
async function askAgain(exchange: Exchange, next: Generation): Promise<Authentication | undefined> {
  const cluster = next.clusters.find(({ name }) => name === exchange.upstream?.name);
  if (cluster === undefined) return undefined;
  try {
    return await next.authenticator.again(credentialsOf(exchange, next, cluster.reviewer));
  } catch (cause) {
    return { kind: 'unavailable', cause, source: exchange.credentialSource };
  }
}

function objectionOf({ user }: Exchange, outcome: Authentication): Objection | undefined {
  switch (outcome.kind) {
    case 'user':
      return isDeepStrictEqual(outcome.user, user)
        ? undefined
        : objection('its token gives another user', '');
    case 'unavailable':
      return undefined;
    case 'noOpinion':
      return objection('its token is no credential any more', '');
    case 'rejected':
      // It ends by itself then, where that is wanted.
      if (outcome.code === 'TOKEN_EXPIRED') return undefined;
      return objection(outcome.detail, outcome.code === 'TOKEN_REFUSED_BY_CLUSTER' ? REFUSED : '');
    default:
      outcome satisfies never;
      throw new TypeError('unknown authentication outcome');
  }
}
