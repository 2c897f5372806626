// The door for identities of AWS IAM: the token is checked, STS says who signed it, the map says who that is in Kubernetes. What a stranger
// can cause is bounded: a well-formed token costs one question to STS, and keys that were never seen good may ask so many in a while only.

import type { LookupFunction } from 'node:net';
import { isDeepStrictEqual } from 'node:util';
import { LRUCache } from 'lru-cache';
import type { AwsIAMConfig } from '../../config/config.ts';
import type { UserInfo } from '../../kube/userinfo.ts';
import type { Verdict } from '../cache.ts';
import { type Clock, type SetTimer, systemClock, systemTimer } from '../clock.ts';
import type { DoorRequest, TokenDoor } from '../door.ts';
import { DOOR_EVIDENCE, type Objection, type Outcome, objection, type RejectedCode } from '../outcome.ts';
import { createSourceBuckets } from '../sourcebuckets.ts';
import { createMapper, identityOf } from './mapper.ts';
import { AWS_TOKEN_PREFIX, parsePresigned } from './presigned.ts';
import { createStsClient, type StsRoute } from './sts.ts';

/** Judges tokens of AWS, wherever they are for. */
export interface AwsDoor extends Pick<TokenDoor, 'takes'> {
  judge(token: string, request: Pick<DoorRequest, 'address'>): Promise<Verdict>;
  /** Why a user of this door, let in when the cluster was `clusterID`, would not be that user now; undefined when nothing is against it. */
  objectionTo(user: UserInfo, clusterID: string | undefined): Objection | undefined;
  close(): Promise<void>;
}

export interface AwsDoorDeps {
  readonly clock?: Clock;
  readonly setTimer?: SetTimer;
  /** For tests; default is AWS. */
  readonly stsRoute?: StsRoute | undefined;
  /** Finds addresses of names. Default is Node's own. */
  readonly lookup?: LookupFunction;
}

/** What metrics and the log call it. */
export const AWS_SOURCE = 'aws';
/** Questions to STS for access keys that were never seen good: so many at once, and one more every `refillMs`. */
export const STRANGERS = {
  /** From one address, or one /64 of IPv6: a tenth of what all may, so that one of them leaves something for the others. */
  each: { burst: 20, refillMs: 1_000 },
  /** From everybody. STS answers some 600 a second to an account. */
  all: { burst: 100, refillMs: 100 },
  /** About 2 MB. */
  maxSources: 10_000,
} as const;

const TOO_MANY = {
  source: 'too many tokens of unknown AWS access keys from this address',
  all: 'too many tokens of unknown AWS access keys from all addresses together',
} as const;

const MAX_KNOWN_KEYS = 10_000;

/** Creates the door; asks nobody yet. */
export function createAwsDoor(config: AwsIAMConfig, deps: AwsDoorDeps = {}): AwsDoor {
  const clock = deps.clock ?? systemClock;
  const { clusterID, stsHosts } = config;
  const sts = createStsClient({
    clusterID,
    setTimer: deps.setTimer ?? systemTimer,
    route: deps.stsRoute,
    lookup: deps.lookup,
  });
  const map = createMapper(config.map, config.systemIdentities);
  const strangers = createSourceBuckets(clock, STRANGERS);
  const knownKeys = new LRUCache<string, true>({ max: MAX_KNOWN_KEYS });
  return {
    takes: (token) => token.startsWith(AWS_TOKEN_PREFIX),
    async judge(token, { address }) {
      const parsed = parsePresigned(token, stsHosts, clock.now());
      // Cheap to tell again, and an early token is good in a moment.
      if (parsed.kind === 'refused') return passing(rejected(parsed.code, parsed.detail));
      const { accessKeyID, expiresAt } = parsed.request;
      // A stranger pays, and gets it back when STS knows the key.
      const isStranger = !knownKeys.has(accessKeyID);
      const taking = isStranger ? strangers.take(address) : 'taken';
      if (taking !== 'taken') return passing(unavailable(new Error(TOO_MANY[taking])));
      const answer = await sts.ask(parsed.request).catch((cause: unknown) => unavailable(cause));
      if (answer.kind === 'unavailable') return passing(answer);
      if (answer.kind === 'refused') return lasting(rejected('AWS_TOKEN_REFUSED', answer.detail));
      if (isStranger) strangers.give(address);
      knownKeys.set(accessKeyID, true);
      const mapped = map(answer.identity, accessKeyID);
      if (mapped.kind === 'rejected') return lasting(rejected(mapped.code, mapped.detail));
      const { user } = mapped;
      return lasting({ kind: 'user', user, evidence: DOOR_EVIDENCE.aws, expiresAt, source: AWS_SOURCE });
    },
    objectionTo(user, before) {
      if (before !== clusterID) return objection('awsIAM.clusterID is another one now', '');
      const { identity, accessKeyID } = identityOf(user);
      const mapped = map(identity, accessKeyID);
      if (mapped.kind === 'user' && isDeepStrictEqual(mapped.user, user)) return undefined;
      const detail = mapped.kind === 'user' ? 'the map gives another user' : mapped.detail;
      return objection(detail, 'its AWS identity is mapped to somebody else now, or to nobody');
    },
    close: () => sts.close(),
  };
}

type Unavailable = Extract<Outcome, { kind: 'unavailable' }>;

function unavailable(cause: unknown): Unavailable {
  return { kind: 'unavailable', cause, source: AWS_SOURCE };
}

function rejected(code: RejectedCode, detail: string): Outcome {
  return { kind: 'rejected', code, detail, source: AWS_SOURCE };
}

/** A verdict that is not remembered. */
function passing(outcome: Outcome): Verdict {
  return { outcome, isCurrent: undefined };
}

/** A verdict that holds as long as the cache lets it: another map makes another door, and another cache. */
function lasting(outcome: Outcome): Verdict {
  return { outcome, isCurrent: () => true };
}
