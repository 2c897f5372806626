// The cluster's own service accounts: their tokens are judged by the cluster that the request is for, with a TokenReview
// (authentication.k8s.io/v1). What comes back is believed only as far as it is a service account of that cluster: this door gives nobody another name.

import { freezeUserInfo, type UserInfo } from '../kube/userinfo.ts';
import type { Verdict } from './cache.ts';
import type { Clock } from './clock.ts';
import type { DoorRequest, ReviewingCluster, TokenDoor } from './door.ts';
import { DOOR_EVIDENCE, type Outcome, type RejectedCode, type UnjudgedCode } from './outcome.ts';
import { createSourceBuckets } from './sourcebuckets.ts';
import { parseToken } from './token.ts';

/** A verdict holds for so long, as at Kubernetes' own delegating servers. ms */
export const REVIEW_AGE_MS = 10_000;
/** Reviews that tokens which the cluster does not accept may cause: so many at once, and one more every `refillMs`. */
export const BAD_TOKENS = {
  /** From one address, or one /64 of IPv6. */
  each: { burst: 50, refillMs: 100 },
  /** From everybody. */
  all: { burst: 500, refillMs: 10 },
  /** About 2 MB. */
  maxSources: 10_000,
} as const;

/** Of what an API server says of a review that it forbids. characters */
const MAX_REASON = 300;

const TOO_MANY = {
  source: 'too many bad tokens from this address',
  all: 'too many bad tokens from all addresses together',
} as const;

const NAME = /^system:serviceaccount:([a-z0-9]([-a-z0-9]*[a-z0-9])?):([a-z0-9]([-a-z0-9.]*[a-z0-9])?)$/;
/** An identifier of the credential, not of the user: it would be the gate's own there. */
const CREDENTIAL_ID = 'authentication.kubernetes.io/credential-id';

/** Answers to a TokenReview that are about whoever asked, the gate, and stay until somebody mends that. */
const GATE_FAULTS: ReadonlyMap<number, UnjudgedCode> = new Map([
  [401, 'UPSTREAM_CREDENTIALS'],
  [403, 'TOKEN_REVIEW_GATE_RIGHTS'],
]);

/** What the configuration says of service accounts. */
export interface ServiceAccountRules {
  /** Empty: the API server's own. */
  readonly audiences: readonly string[];
}

/** Creates the door. It takes any JWT; the authenticator gives it those whose issuer has no entry of its own. */
export function createServiceAccountDoor({ audiences }: ServiceAccountRules, clock: Clock): TokenDoor {
  const bad = createSourceBuckets(clock, BAD_TOKENS);
  return {
    takes: (token) => parseToken(token) !== undefined,
    async judge(token, request) {
      const { cluster, source, address } = request;
      if (cluster === undefined)
        return passing({
          kind: 'rejected',
          code: 'TOKEN_UNKNOWN_ISSUER',
          detail: 'no cluster to ask',
          source,
        });
      const expiresAt = expiryOf(token);
      if (expiresAt <= clock.now())
        return passing({
          kind: 'rejected',
          code: 'TOKEN_EXPIRED',
          detail: 'expired before its review',
          source,
        });
      // A bad token pays, a good one gets its payment back. One that was good before is asked about whatever strangers do.
      const pays = request.wasGood !== true;
      const taking = pays ? bad.take(address) : 'taken';
      if (taking !== 'taken')
        return passing({ kind: 'unavailable', cause: new Error(TOO_MANY[taking]), source });
      const since = clock.now();
      // Neither when the clock was set back.
      const isYoung = () => clock.now() >= since && clock.now() < since + REVIEW_AGE_MS;
      const outcome = await review(token, { audiences, cluster, source, expiresAt });
      if (pays && outcome.kind === 'user') bad.give(address);
      return { outcome, isCurrent: outcome.kind === 'unavailable' ? undefined : isYoung };
    },
  };
}

/** Not remembered: it cost nothing. */
function passing(outcome: Outcome): Verdict {
  return { outcome, isCurrent: undefined };
}

interface Question {
  readonly audiences: readonly string[];
  readonly cluster: ReviewingCluster;
  readonly source: DoorRequest['source'];
  readonly expiresAt: number;
}

async function review(token: string, { audiences, cluster, source, expiresAt }: Question): Promise<Outcome> {
  const unavailable = (cause: unknown, code?: UnjudgedCode): Outcome => ({
    kind: 'unavailable',
    cause,
    source,
    ...(code === undefined ? {} : { code }),
  });
  const rejected = (code: RejectedCode, detail: string): Outcome => ({
    kind: 'rejected',
    code,
    detail,
    source,
  });
  let answer: { readonly status: number; readonly body: string };
  try {
    answer = await cluster.review(questionOf(token, audiences));
  } catch (cause) {
    return unavailable(cause);
  }
  // Nothing is known of the token then.
  if (answer.status !== 200 && answer.status !== 201)
    return unavailable(new Error(unasked(answer)), GATE_FAULTS.get(answer.status));
  const status = statusOf(answer.body);
  if (status === undefined) return unavailable(new Error('the answer is no TokenReview'));
  if (!status.authenticated)
    return rejected('TOKEN_REFUSED_BY_CLUSTER', `cluster ${cluster.name} does not accept it`);
  if (audiences.length > 0 && !status.audiences.some((one) => audiences.includes(one)))
    return rejected(
      'TOKEN_AUDIENCE',
      `cluster ${cluster.name} names none of the audiences that were asked for`,
    );
  const user = serviceAccount(status.user);
  if (user === undefined)
    return rejected(
      'TOKEN_REFUSED_BY_CLUSTER',
      `cluster ${cluster.name} names somebody who is no service account`,
    );
  return { kind: 'user', user, evidence: DOOR_EVIDENCE.serviceAccount, expiresAt, source };
}

/** What an answer that is none says for the log. A 401 or 403 is about the gate itself, and stays until somebody mends it. */
function unasked({ status, body }: { readonly status: number; readonly body: string }): string {
  const said = `the TokenReview was answered with ${status}`;
  if (status === 401) return `${said}: the API server does not accept the gate's own credential`;
  if (status !== 403) return said;
  // It names the user that lacks the right; that of an authorizer may be long.
  const reason = forbiddenReason(body);
  return `${said}${reason === '' ? '' : ` (${reason})`}: give the gate's user "create" on tokenreviews in authentication.k8s.io`;
}

function forbiddenReason(body: string): string {
  try {
    const { message } = record(JSON.parse(body));
    return typeof message === 'string' ? message.slice(0, MAX_REASON) : '';
  } catch {
    return '';
  }
}

function questionOf(token: string, audiences: readonly string[]): string {
  return JSON.stringify({
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenReview',
    metadata: {},
    spec: { token, ...(audiences.length === 0 ? {} : { audiences }) },
  });
}

interface Status {
  readonly authenticated: boolean;
  readonly audiences: readonly string[];
  readonly user: Readonly<Record<string, unknown>>;
}

function statusOf(body: string): Status | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(body);
  } catch {
    return undefined;
  }
  const { kind, status } = record(parsed);
  if (kind !== 'TokenReview' || typeof status !== 'object' || status === null) return undefined;
  const { authenticated, audiences, user } = record(status);
  return { authenticated: authenticated === true, audiences: strings(audiences), user: record(user) };
}

/** The user, if it is a service account in the groups of one and no others. */
function serviceAccount({
  username,
  uid,
  groups,
  extra,
}: Readonly<Record<string, unknown>>): UserInfo | undefined {
  const namespace = NAME.exec(typeof username === 'string' ? username : '')?.[1];
  if (typeof username !== 'string' || namespace === undefined) return undefined;
  const own = ['system:serviceaccounts', `system:serviceaccounts:${namespace}`, 'system:authenticated'];
  return freezeUserInfo({
    username,
    uid: typeof uid === 'string' ? uid : '',
    groups: own.filter((group) => strings(groups).includes(group)),
    extra: Object.fromEntries(
      Object.entries(record(extra))
        .filter(([key]) => key !== CREDENTIAL_ID)
        .map(([key, values]) => [key, strings(values)]),
    ),
  });
}

/** When a token says that it ends, ms since the epoch: its cluster has verified it by the time that counts. */
function expiryOf(token: string): number {
  const exp = parseToken(token)?.claims['exp'];
  return typeof exp === 'number' ? exp * 1000 : Number.POSITIVE_INFINITY;
}

function record(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

function strings(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((one): one is string => typeof one === 'string') : [];
}
