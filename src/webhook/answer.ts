// One TokenReview, judged: by the authenticator of the front door, as if the token had come there in Authorization. Nothing is decided here but
// for whom the token counts.

import type { Outcome } from '../authn/outcome.ts';
import { type ErrorCode, errorStatus, gateError } from '../errors.ts';
import type { Generation } from '../generation.ts';
import { commonAudiences, type TokenAnswer, type TokenQuestion } from '../kube/tokenreview.ts';

/** How a review ended, for the metric and the log; `code` is one of the error table's, or ''. */
export interface Judged {
  readonly outcome: 'authenticated' | 'unauthenticated' | 'unavailable';
  /** undefined when it could not be judged now. */
  readonly answer: TokenAnswer | undefined;
  readonly username: string;
  readonly code: string;
  /** For the log only; never the token. */
  readonly detail: string;
  readonly cause?: unknown;
}

/** Judges a token. `audiences` are the API server's own. */
export async function judgeToken(
  { token, audiences: asked }: TokenQuestion,
  audiences: readonly string[],
  { authenticator }: Pick<Generation, 'authenticator'>,
): Promise<Judged> {
  if (token === '') return unauthenticated('CREDENTIALS_MISSING', 'an empty token');
  const outcome = await authenticator.authenticate({
    rawHeaders: ['Authorization', `Bearer ${token}`],
    isWebSocket: false,
    peerTrusted: false,
  });
  switch (outcome.kind) {
    case 'user':
      return admit(outcome, asked, audiences);
    case 'noOpinion':
      return unauthenticated('CREDENTIALS_MISSING', 'no entry of authentication reads bearer tokens');
    case 'rejected':
      return unauthenticated(outcome.code, outcome.detail, outcome.message);
    case 'unavailable':
      return {
        outcome: 'unavailable',
        answer: undefined,
        username: '',
        code: 'AUTHENTICATION_UNAVAILABLE',
        detail: '',
        cause: outcome.cause,
      };
    default:
      outcome satisfies never;
      throw new TypeError('unknown authentication outcome');
  }
}

/** A token counts for the audiences that its issuer wrote into it, and for the API server's. */
function admit(
  { user, evidence }: Extract<Outcome, { kind: 'user' }>,
  asked: readonly string[],
  own: readonly string[],
): Judged {
  const { aud } = evidence.claims;
  const named = (Array.isArray(aud) ? aud : [aud]).filter((one): one is string => typeof one === 'string');
  const audiences = commonAudiences(asked, [...own, ...named]);
  if (asked.length > 0 && audiences.length === 0) {
    const error =
      'the token is good, but not for the audiences of this review: compare tokenWebhook.audiences with --api-audiences';
    const detail = `asked for ${JSON.stringify(asked.slice(0, 5))}`;
    const answer = { authenticated: false, error } as const;
    return { outcome: 'unauthenticated', answer, username: user.username, code: 'TOKEN_AUDIENCE', detail };
  }
  const answer = { authenticated: true, user, audiences } as const;
  return { outcome: 'authenticated', answer, username: user.username, code: '', detail: '' };
}

function unauthenticated(code: ErrorCode, detail: string, message = ''): Judged {
  const { message: error } = errorStatus(gateError(code, { params: { message } }));
  const answer = { authenticated: false, error } as const;
  return { outcome: 'unauthenticated', answer, username: '', code, detail };
}
