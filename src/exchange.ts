// One request's record on its way through the gate, for REST and upgrades alike. The steps of gate.ts fill it in order; what a later
// part reads is what an earlier one decided, and nothing is derived twice from the request.

import type { Place } from './admission/places.ts';
import type { AuthenticationRequest } from './authn/authenticator.ts';
import type { PeerCertificate } from './authn/certificates.ts';
import type { ReviewingCluster } from './authn/door.ts';
import { type Evidence, NO_EVIDENCE } from './authn/outcome.ts';
import type { Decision } from './authz/rules.ts';
import type { GateError } from './errors.ts';
import type { Generation } from './generation.ts';
import type { Target } from './kube/path.ts';
import type { RequestInfo } from './kube/requestinfo.ts';
import type { UserInfo } from './kube/userinfo.ts';
import type { Onward } from './onward/onward.ts';
import type { Upstream } from './proxy/upstream.ts';
import type { EndReason } from './sessions.ts';

/** How the request came: a plain exchange, or an HTTP/1.1 upgrade. */
export type Transport = 'http' | 'upgrade';

/** What arrived, exactly as it came; never changed. `receivedAt` is ms since the epoch. */
export interface Arrival {
  readonly transport: Transport;
  readonly method: string;
  readonly rawTarget: string;
  /** Flat [name, value, …] lines in order, repeated ones kept. HTTP/2's pseudo headers are left out; `authority` is its Host. */
  readonly rawHeaders: readonly string[];
  readonly authority: string;
  readonly httpVersion: string;
  readonly peerAddress: string;
  readonly receivedAt: number;
  /** For upgrades: the one requested protocol. */
  readonly upgrade: 'spdy' | 'websocket' | '';
  /** The client certificate of the connection, the same object for all its requests; undefined without one. */
  readonly certificate: PeerCertificate | undefined;
}

/** The record. Fields that a step fills are undefined before it. */
export interface Exchange extends Arrival {
  /** Our Audit-ID (UUID v4): replaces the caller's, joins our log and the cluster's audit log. */
  readonly id: string;
  /** The configuration that this request began with; it keeps it to its end. */
  readonly generation: Generation;
  upstream: Upstream | undefined;
  /** Who judges tokens of the cluster's own service accounts. */
  reviewer: ReviewingCluster | undefined;
  /** How identity goes on to it. */
  onward: Onward | undefined;
  /** The target without the cluster's path prefix, still raw; '' before a cluster was chosen. */
  forwardTarget: string;
  /** What the person gave as the reason, taken off the path; '' for none. */
  reason: string;
  target: Target | undefined;
  info: RequestInfo | undefined;
  user: UserInfo | undefined;
  /** What the credential said beside the user; NO_EVIDENCE before authentication. */
  evidence: Evidence;
  /** Where the credential was found; '' before authentication. */
  credentialSource: string;
  /** Whom the caller asks to be taken for (`--as`); undefined for nobody. */
  wanted: UserInfo | undefined;
  /** The same, once that was judged, with all that the API server shall be told of it. */
  actsAs: UserInfo | undefined;
  /** The caller's verified token, where that goes on to the cluster itself; '' for an anonymous caller. Never logged. */
  bearer: string | undefined;
  /** What admission gave it; left when the exchange is over. */
  place: Place | undefined;
  /** What the rules decided; undefined before, and where there are none. */
  decision: Decision | undefined;
  /** When what the identity opened ends, ms since the epoch: with the credential, or after its entry's sessionLifetime. */
  expiresAt: number;
  /** Set when there was a bearer subprotocol, whether it counted or not: the protocols that remain. */
  websocketProtocols: string | undefined;
  /** The complete request lines for the API server, made once by the last step. */
  upstreamHeaders: readonly string[] | undefined;
  /** When the request was given to the API server's connection, and when the head of its answer came; ms since the epoch, 0 before. */
  forwardedAt: number;
  answeredAt: number;
  /** What the caller was answered with; 0 before the head of the answer. */
  status: number;
  /** Why the gate itself ended a watch, a followed log or another long answer, as the log says it; undefined when it did not. */
  ended: { readonly end: EndReason; readonly detail: string } | undefined;
  /** The gate's own refusal, if it made one. */
  failure: GateError | undefined;
}

/** Starts a record. `id` comes from the caller so that randomness is passed in. */
export function createExchange(arrival: Arrival, id: string, generation: Generation): Exchange {
  return {
    ...arrival,
    id,
    generation,
    upstream: undefined,
    reviewer: undefined,
    onward: undefined,
    forwardTarget: '',
    reason: '',
    target: undefined,
    info: undefined,
    user: undefined,
    evidence: NO_EVIDENCE,
    credentialSource: '',
    wanted: undefined,
    actsAs: undefined,
    bearer: undefined,
    place: undefined,
    decision: undefined,
    expiresAt: Number.POSITIVE_INFINITY,
    websocketProtocols: undefined,
    upstreamHeaders: undefined,
    forwardedAt: 0,
    answeredAt: 0,
    status: 0,
    ended: undefined,
    failure: undefined,
  };
}

/** What authentication looks at, by this generation's word on whom to trust. */
export function credentialsOf(
  { rawHeaders, upgrade, peerAddress, certificate }: Exchange,
  generation: Generation,
  cluster: ReviewingCluster | undefined,
): AuthenticationRequest {
  return {
    rawHeaders,
    isWebSocket: upgrade === 'websocket',
    peerTrusted: generation.isTrusted(peerAddress),
    peerAddress,
    addressOf: generation.addressOf,
    strangers: generation.admission.strangers,
    certificate,
    cluster,
  };
}
