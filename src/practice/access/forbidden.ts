// 403 in Kubernetes' words (kube/forbidden.ts), as the practice API server's failures.

import { describeAttempt, forbiddenDetails, forbiddenSubject } from '../../kube/forbidden.ts';
import type { UserInfo } from '../../kube/userinfo.ts';
import { ApiFailure } from '../objects/failure.ts';
import type { AccessAttributes } from './policy.ts';

/** The refusal of a request. `reason` is the authorizer's and may be ''. What people chose is HTML-escaped, as upstream. */
export function forbidden(user: UserInfo, attributes: AccessAttributes, reason = ''): ApiFailure {
  const sentence = escapeMarkup(describeAttempt(user.username, attributes));
  return refusal(attributes, reason === '' ? sentence : `${sentence}: ${reason}`);
}

/** A refusal with a sentence of its own: `pods "x" is forbidden: why`. */
export function refusal(
  attributes: Pick<AccessAttributes, 'apiGroup' | 'resource' | 'name'>,
  why: string,
): ApiFailure {
  const subject = forbiddenSubject(attributes);
  const message = subject === '' ? `forbidden: ${why}` : `${subject} forbidden: ${why}`;
  return new ApiFailure(403, 'Forbidden', message, forbiddenDetails(attributes));
}

function escapeMarkup(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
