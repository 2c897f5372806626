// The steps of the request path that ask admission (src/admission): by user, right after authentication, and by address, when a request is about
// to be refused before anybody was recognised.

import { sourceOf } from './authn/sourcebuckets.ts';
import { asGateError, gateError } from './errors.ts';
import { ERRORS } from './errortable.ts';
import type { Exchange } from './exchange.ts';
import { isLongRunning } from './kube/longrunning.ts';
import { NO_CREDENTIAL } from './requestlines.ts';

/** Takes the user's place; waits for one where that has to be. It is left when the exchange is over (server.ts). */
export function admitUser(exchange: Exchange): void | Promise<void> {
  const { user, info, transport, generation } = exchange;
  if (user === undefined || info === undefined) throw new TypeError('admitted before it was known who asks');
  const kind = transport === 'upgrade' ? 'sessions' : isLongRunning(info) ? 'watches' : 'requests';
  const place = generation.admission.enter(nameOf(exchange, user.username), kind);
  exchange.place = place;
  return place.pending;
}

/** Callers without a credential share a name: they are told apart by where they come from. */
function nameOf(
  { credentialSource, generation, peerAddress, rawHeaders }: Exchange,
  username: string,
): string {
  if (credentialSource !== NO_CREDENTIAL) return username;
  return `\0${sourceOf(generation.addressOf(peerAddress, rawHeaders))}`;
}

/**
 * What a failed request is refused with: the failure itself, unless nobody was recognised and the address has used up what it may send.
 * @throws GateError @returns a promise that rejects with it, later
 */
export function refuseStranger(exchange: Exchange, thrown: unknown): Promise<never> {
  const error = asGateError(thrown);
  if (exchange.user !== undefined || ERRORS[error.code].status >= 500) throw error;
  const { admission, addressOf } = exchange.generation;
  const isSpent = error.code === 'TOO_MANY_UNAUTHENTICATED';
  if (!isSpent && admission.strangers.charge(addressOf(exchange.peerAddress, exchange.rawHeaders)))
    throw error;
  return admission.holdBack(gateError('TOO_MANY_UNAUTHENTICATED', { detail: error.detail ?? error.code }));
}
