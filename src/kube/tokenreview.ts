// authentication.k8s.io TokenReview, v1 and v1beta1 (they have the same fields), from the side of the webhook that is asked: what a review asks,
// and the review that answers it. Source: k8s.io/api authentication/v1 types.go, apiserver plugin/pkg/authenticator/token/webhook.

import type { UserInfo } from './userinfo.ts';

/** Versions that are answered, each in itself. */
export type ReviewVersion = 'authentication.k8s.io/v1' | 'authentication.k8s.io/v1beta1';

/** What is asked. */
export interface TokenQuestion {
  readonly version: ReviewVersion;
  readonly token: string;
  /** The asker's own audiences; empty when it has none. */
  readonly audiences: readonly string[];
}

/** The status of an answer. `error` is for the API server's log. */
export type TokenAnswer =
  | { readonly authenticated: true; readonly user: UserInfo; readonly audiences: readonly string[] }
  | { readonly authenticated: false; readonly error: string };

/** The path of a version, as the API server itself has it. */
export const TOKEN_REVIEW_PATHS: ReadonlyMap<string, ReviewVersion> = new Map([
  ['/apis/authentication.k8s.io/v1/tokenreviews', 'authentication.k8s.io/v1'],
  ['/apis/authentication.k8s.io/v1beta1/tokenreviews', 'authentication.k8s.io/v1beta1'],
]);

/** Reads a review; what is wrong with it as a sentence that holds nothing of it. */
export function readTokenReview(body: string, version: ReviewVersion): TokenQuestion | string {
  let review: unknown;
  try {
    review = JSON.parse(body);
  } catch {
    return 'the body is not JSON';
  }
  const { kind, apiVersion, spec } = (review ?? {}) as Readonly<Record<string, unknown>>;
  if (kind !== 'TokenReview') return 'the body is not a TokenReview';
  if (apiVersion !== version) return `the body is not of ${version}, which this path is for`;
  if (typeof spec !== 'object' || spec === null) return 'spec is missing';
  const { token = '', audiences } = spec as Readonly<Record<string, unknown>>;
  if (typeof token !== 'string') return 'spec.token is not a string';
  const list: unknown = audiences ?? [];
  if (!Array.isArray(list) || !list.every((one) => typeof one === 'string'))
    return 'spec.audiences is not a list of strings';
  return { version, token, audiences: list };
}

/** The review that answers; the token is not in it. */
export function renderTokenReview(version: ReviewVersion, answer: TokenAnswer): Buffer {
  const head = { apiVersion: version, kind: 'TokenReview', metadata: {}, spec: {} };
  return Buffer.from(JSON.stringify({ ...head, status: statusOf(answer) }));
}

/**
 * The audiences that a review and a token have in common. Empty with `asked` empty means the API server's own, by the API's definition;
 * empty otherwise means that the token is not for whoever asks.
 */
export function commonAudiences(asked: readonly string[], good: readonly string[]): readonly string[] {
  return [...new Set(asked)].filter((audience) => good.includes(audience));
}

function statusOf(answer: TokenAnswer): object {
  if (!answer.authenticated) {
    return { authenticated: false, ...(answer.error === '' ? {} : { error: answer.error }) };
  }
  const { username, uid, groups, extra } = answer.user;
  return {
    authenticated: true,
    user: {
      username,
      ...(uid === '' ? {} : { uid }),
      ...(groups.length === 0 ? {} : { groups }),
      ...(Object.keys(extra).length === 0 ? {} : { extra }),
    },
    ...(answer.audiences.length === 0 ? {} : { audiences: answer.audiences }),
  };
}
