// Whether somebody may be taken for somebody else: asked of the cluster, as the verified user, part by part. The decision is the cluster's own
// RBAC (or webhook), here as at the API server itself; Postern only asks, within bounds: at most MAX_WANTED_VALUES parts, all at once, each
// with a time limit; what was answered is remembered for some seconds, and what could not be answered never counts as yes.

import { hash } from 'node:crypto';
import type { ForbiddenAttempt } from '../kube/forbidden.ts';
import {
  ACCESS_REVIEWS_PATH,
  accessReview,
  type ImpersonationWay,
  impersonationWays,
  type Question,
  readAccessReview,
} from '../kube/impersonationchecks.ts';
import type { RequestInfo } from '../kube/requestinfo.ts';
import type { UserInfo } from '../kube/userinfo.ts';
import { MAX_WANTED_VALUES } from '../kube/wanteduser.ts';

/** How long a yes holds, and a no. ms; the API server's own constrained impersonation remembers 10 s. */
export const ALLOWED_AGE_MS = 10_000;
export const DENIED_AGE_MS = 3_000;
/** Questions about one user that wait for their answers, of all requests together; beyond that nothing is asked. */
export const MAX_WAITING = 2 * MAX_WANTED_VALUES;
/** Remembered answers about one user. */
const MAX_REMEMBERED = 256;

/** Asks the cluster as the gate itself. @throws when there was no answer in time */
export type AskCluster = (path: string, body: string) => Promise<{ status: number; body: string }>;

/**
 * - `allowed`: with the groups that come of it.
 * - `denied`: the first question that got a no, and the authorizer's reason or ''.
 * - `forbidden`: the gate's own account may not ask.
 * - `unavailable`: no answer, or none that is one; `cause` is for the log.
 */
export type Impersonation =
  | { readonly kind: 'allowed'; readonly groups: readonly string[] }
  | { readonly kind: 'denied'; readonly question: ForbiddenAttempt; readonly reason: string }
  | { readonly kind: 'forbidden'; readonly cause: unknown }
  | { readonly kind: 'unavailable'; readonly cause: unknown };

/** Judges one request; never rejects. */
export type CheckImpersonation = (
  requestor: UserInfo,
  wanted: UserInfo,
  info: RequestInfo,
) => Promise<Impersonation>;

/** Is told what checks decide and what they cost. */
export interface ImpersonationObserver {
  /** A request was judged. */
  onCheck(outcome: Impersonation['kind']): void;
  /** A SubjectAccessReview was sent and has ended; what was remembered is not told. ms */
  onReview(outcome: Impersonation['kind'], durationMs: number): void;
}

/** Checks impersonation at one cluster. `now` gives ms. */
export function createImpersonationCheck(
  ask: AskCluster,
  now: () => number,
  observer: ImpersonationObserver,
): CheckImpersonation {
  const answerOf = rememberAnswers(observeReviews(ask, now, observer), now);
  return async (requestor, wanted, info) => {
    const found = await judge(impersonationWays(requestor, wanted, info), (way) =>
      tryWay(way, (question) => answerOf(requestor, question, way.extra)),
    );
    observer.onCheck(found.kind);
    return found;
  };
}

/** The first way that is allowed counts; what the first one lacks is what is told. */
async function judge(
  ways: readonly ImpersonationWay[],
  tryOne: (way: ImpersonationWay) => Promise<Impersonation>,
): Promise<Impersonation> {
  let denied: Impersonation | undefined;
  try {
    for (const way of ways) {
      const found = await tryOne(way);
      if (found.kind === 'allowed') return found;
      denied ??= found;
    }
  } catch (cause) {
    return { kind: kindOf(cause), cause };
  }
  return denied ?? { kind: 'unavailable', cause: new TypeError('nothing was asked') };
}

function kindOf(cause: unknown): 'forbidden' | 'unavailable' {
  return cause instanceof AskingForbidden ? 'forbidden' : 'unavailable';
}

interface Answer {
  readonly allowed: boolean;
  readonly reason: string;
}

type AnswerOf = (question: Question) => Promise<Answer>;

/** Sends one review. @throws AskingForbidden, or whatever kept it from being answered */
type Review = (review: string) => Promise<Answer>;

/** The gate's account may not create reviews. */
class AskingForbidden extends Error {}

async function tryWay({ questions, groups }: ImpersonationWay, answerOf: AnswerOf): Promise<Impersonation> {
  const answers = await Promise.all(questions.map(answerOf));
  const at = answers.findIndex(({ allowed }) => !allowed);
  const [question, answer] = [questions[at], answers[at]];
  if (question === undefined || answer === undefined) return { kind: 'allowed', groups };
  return { kind: 'denied', question, reason: answer.reason };
}

interface Remembered {
  readonly answer: Promise<Answer>;
  /** ms; Infinity while it is waited for. */
  until: number;
}

interface AboutUser {
  readonly answers: Map<string, Remembered>;
  waiting: number;
}

/**
 * Answers are remembered with the UserInfo that they are about, which the verdict cache shares between the requests of one token: whatever
 * another identity looks like, it is another object. Other extras than its own come with verbs of their own (impersonationchecks.ts).
 */
function rememberAnswers(review: Review, now: () => number) {
  const known = new WeakMap<UserInfo, AboutUser>();
  return (requestor: UserInfo, question: Question, extra = requestor.extra): Promise<Answer> => {
    const about = known.get(requestor) ?? { answers: new Map<string, Remembered>(), waiting: 0 };
    known.set(requestor, about);
    const { answers } = about;
    const key = keyOf(question);
    const found = answers.get(key);
    if (found !== undefined && isRemembered(found, now())) return found.answer;
    const answer = askOne(about, review, accessReview({ ...requestor, extra }, question));
    const remembered: Remembered = { answer, until: Number.POSITIVE_INFINITY };
    answers.delete(key);
    if (answers.size >= MAX_REMEMBERED) answers.delete(answers.keys().next().value ?? '');
    answers.set(key, remembered);
    answer.then(
      ({ allowed }) => {
        remembered.until = now() + (allowed ? ALLOWED_AGE_MS : DENIED_AGE_MS);
      },
      () => {
        if (answers.get(key) === remembered) answers.delete(key);
      },
    );
    return answer;
  };
}

/** With a clock that was set back an answer does not count for longer. */
function isRemembered({ until }: Remembered, now: number): boolean {
  return now < until && (until === Number.POSITIVE_INFINITY || until - now <= ALLOWED_AGE_MS);
}

async function askOne(about: AboutUser, review: Review, question: string): Promise<Answer> {
  if (about.waiting >= MAX_WAITING)
    throw new Error('too many reviews about this user wait for their answers');
  about.waiting++;
  try {
    return await review(question);
  } finally {
    about.waiting--;
  }
}

function observeReviews(ask: AskCluster, now: () => number, observer: ImpersonationObserver): Review {
  return async (review) => {
    const begin = now();
    try {
      const answer = await askCluster(ask, review);
      observer.onReview(answer.allowed ? 'allowed' : 'denied', Math.max(0, now() - begin));
      return answer;
    } catch (cause) {
      observer.onReview(kindOf(cause), Math.max(0, now() - begin));
      throw cause;
    }
  };
}

async function askCluster(ask: AskCluster, review: string): Promise<Answer> {
  const { status, body } = await ask(ACCESS_REVIEWS_PATH, review);
  if (status === 403) throw new AskingForbidden('the API server forbids subjectaccessreviews');
  const answer = status === 201 || status === 200 ? readAccessReview(body) : undefined;
  if (answer === undefined) throw new Error(`a subjectaccessreview was answered with ${status}`);
  return answer;
}

/** In few bytes: the question is as long as its caller likes. */
function keyOf(question: Question): string {
  const { isResourceRequest, verb, apiGroup, apiVersion, resource, subresource, namespace, name, path } =
    question;
  const whole = [isResourceRequest, verb, apiGroup, apiVersion, resource, subresource, namespace, name, path];
  return hash('sha256', JSON.stringify(whole), 'base64url');
}
