// Who is let in before work is done for them: limits on users, on strangers by their address, and on everybody while the event loop is late.
// One for each process, over all reloads; the limits are those of the configuration in force. Why so: docs/adr/0017-admission.md.

import { performance } from 'node:perf_hooks';
import type { LimitsConfig } from '../config/config.ts';
import { type GateError, gateError } from '../errors.ts';
import { Holdback } from './holdback.ts';
import { Newcomers } from './newcomers.ts';
import { type Place, type PlaceKind, Places } from './places.ts';
import { Pressure, type Sample } from './pressure.ts';
import { createStrangers, type Strangers } from './strangers.ts';
import { type NextTurn, Turns } from './turns.ts';

/** The limits that can refuse something, as metrics name them: keys of the configuration, and `descriptors`, which the system limits. */
export const LIMITS = [
  'connections',
  'connectionsPerAddress',
  'handshakes',
  'descriptors',
  'unauthenticatedPerAddress',
  'requestsInFlightPerUser',
  'watchesPerUser',
  'sessionsPerUser',
  'eventLoopDelay',
] as const;
export type Limit = (typeof LIMITS)[number];

const LIMIT_OF = {
  requests: 'requestsInFlightPerUser',
  watches: 'watchesPerUser',
  sessions: 'sessionsPerUser',
} as const satisfies Readonly<Record<PlaceKind, Limit>>;

/** While sessions are open and the loop is busy, what waits is begun so far apart. ms */
const PACE_MS = 3;

export interface AdmissionDeps {
  /** The limits in force. */
  readonly limits: () => LimitsConfig;
  readonly onRefused: (limit: Limit) => void;
  /** ms that only grow, with fractions. Default `performance.now`. */
  readonly elapsed?: () => number;
  /** For tests. Default setImmediate. */
  readonly nextTurn?: NextTurn;
}

/** What lets in. */
export interface Admission {
  readonly strangers: Strangers;
  /** The limits in force, for the listener. */
  readonly limits: () => LimitsConfig;
  readonly onRefused: (limit: Limit) => void;
  /** A place for somebody's request; `leave` it when it is over. @throws GateError */
  enter(user: string, kind: PlaceKind): Place;
  /** The refusal of a stranger who has used up what the address may send: later, or thrown at once when very many wait. */
  holdBack(error: GateError): Promise<never>;
  /** To be called ten times a second or so. */
  tick(sample: Sample): void;
  readonly isShedding: boolean;
  /** Requests that wait for a place, or for their credential to be judged, and refusals that are held back. */
  readonly waiting: number;
}

/** Nobody is in yet. */
export function createAdmission(deps: AdmissionDeps): Admission {
  const { limits, onRefused, elapsed = () => performance.now() } = deps;
  const { nextTurn = setImmediate } = deps;
  const pressure = new Pressure(() => limits().eventLoopDelayMs);
  const turns = new Turns((act) => void (pressure.isPaced ? setTimeout(act, PACE_MS) : nextTurn(act)));
  // Those of one flood are due together: they go one by one.
  const held = new Holdback(new Turns((act) => void setTimeout(act, PACE_MS)), elapsed);
  const roomOf = (kind: PlaceKind): number => {
    const limit = limits()[LIMIT_OF[kind]];
    return limit === 0 ? Number.POSITIVE_INFINITY : limit;
  };
  const places = new Places({
    roomOf,
    turns,
    elapsed,
    onRefused: (kind) => onRefused(LIMIT_OF[kind]),
  });
  const newcomers = new Newcomers(turns);
  return {
    strangers: createStrangers(() => limits().unauthenticatedPerAddress, elapsed, newcomers),
    limits,
    onRefused,
    enter(user, kind) {
      if (pressure.isShedding && kind === 'requests') {
        onRefused('eventLoopDelay');
        throw gateError('OVERLOADED');
      }
      return places.enter(user, kind);
    },
    holdBack: (error) => {
      onRefused('unauthenticatedPerAddress');
      return held.hold(error);
    },
    tick(sample) {
      const waiting = places.waiting + newcomers.waiting;
      pressure.sample(sample, { waiting, sessions: places.sessions });
      places.sweep();
      held.sweep();
    },
    get isShedding() {
      return pressure.isShedding;
    },
    get waiting() {
      return places.waiting + newcomers.waiting + held.size;
    },
  };
}
