// The steps of `kubectl --as`: what the caller asks for is read before anything is decided, and judged once it is known who asks. What was
// asked for either goes on exactly or the request ends; there is no way on which it is left out.

import { gateError } from './errors.ts';
import type { Exchange } from './exchange.ts';
import { describeAttempt, forbiddenDetails, forbiddenSubject } from './kube/forbidden.ts';
import { findInboundImpersonation } from './kube/impersonation.ts';
import { readWantedUser } from './kube/wanteduser.ts';
import type { Impersonation } from './onward/check.ts';
import { actingTarget, ORIGINAL_USER_KEY } from './onward/onward.ts';
import { NO_CREDENTIAL } from './requestlines.ts';

/** Reads the caller's own Impersonate-* headers, in any spelling. @throws GateError where they are refused or can't be read */
export function readImpersonation(exchange: Exchange): void {
  const header = findInboundImpersonation(exchange.rawHeaders);
  if (header === undefined) return;
  if (exchange.onward === undefined) throw new TypeError('no cluster was chosen');
  if (exchange.onward.impersonation === 'Refuse')
    throw gateError('IMPERSONATION_REFUSED', { params: { header } });
  const read = readWantedUser(exchange.rawHeaders);
  if (!read.ok) {
    const code = read.why === 'too many' ? 'IMPERSONATION_TOO_MANY' : 'IMPERSONATION_MALFORMED';
    throw gateError(code, { detail: read.detail, params: { detail: read.detail } });
  }
  if (Object.hasOwn(read.user.extra, ORIGINAL_USER_KEY)) {
    const detail = `the extra ${ORIGINAL_USER_KEY} is written by Postern only`;
    throw gateError('IMPERSONATION_MALFORMED', { detail, params: { detail } });
  }
  exchange.wanted = read.user;
}

/** Has the cluster judge what was asked for. Where the API server sees the caller as requestor it judges by itself, and nothing is asked here. */
export function checkImpersonation(exchange: Exchange): void | Promise<void> {
  const { wanted, user, info, onward } = exchange;
  if (wanted === undefined) return;
  if (user === undefined || info === undefined || onward === undefined)
    throw new TypeError('impersonation before authentication');
  // Who has not said who they are puts no questions to the cluster, and acts as nobody.
  if (exchange.credentialSource === NO_CREDENTIAL) throw gateError('CREDENTIALS_MISSING');
  if (onward.check === undefined) {
    exchange.actsAs = wanted;
    return;
  }
  return onward.check(user, wanted, info).then((answer) => {
    exchange.actsAs = actingTarget(user, wanted, demandAllowed(user.username, answer));
  });
}

/** @returns the groups of the target. @throws GateError for every answer but yes */
function demandAllowed(requestor: string, answer: Impersonation): readonly string[] {
  switch (answer.kind) {
    case 'allowed':
      return answer.groups;
    case 'denied': {
      const { question, reason } = answer;
      const why = `${describeAttempt(requestor, question)}${reason === '' ? '' : `: ${reason}`}`;
      const message = `${forbiddenSubject(question)} forbidden: ${why}`.trimStart();
      // The log is told what kind of thing it was; its name is the caller's text.
      throw gateError('IMPERSONATION_FORBIDDEN', {
        detail: `${question.verb} ${question.resource}`,
        about: forbiddenDetails(question),
        params: { message },
      });
    }
    case 'forbidden':
      throw gateError('IMPERSONATION_GATE_RIGHTS', { cause: answer.cause });
    case 'unavailable':
      throw gateError('IMPERSONATION_UNCHECKED', { cause: answer.cause });
    default:
      answer satisfies never;
      throw new TypeError('unknown answer');
  }
}
