// THE REQUEST PATH. Every request, REST or upgrade, goes through STEPS from top to bottom; each step either adds to the exchange or
// throws a GateError, and nothing is forwarded unless all of them returned. What follows is proxy/forward.ts or upgrade/upgrade.ts.

import { admitUser, refuseStranger } from './admit.ts';
import type { Outcome } from './authn/outcome.ts';
import { authorize } from './authorize.ts';
import { matchCluster } from './clusters.ts';
import { gateError } from './errors.ts';
import { credentialsOf, type Exchange, type Transport } from './exchange.ts';
import { describeHops } from './hops.ts';
import { checkImpersonation, readImpersonation } from './impersonate.ts';
import { sessionKind } from './kube/longrunning.ts';
import { parseTarget } from './kube/path.ts';
import { hasReason, takeReason } from './kube/reason.ts';
import { resolveRequestInfo } from './kube/requestinfo.ts';
import { headerValue } from './proxy/headers.ts';
import {
  assertForwardable,
  NO_CREDENTIAL,
  takeBearer,
  writeRequestLines,
  writeUpgradeLines,
} from './requestlines.ts';

type Step = (exchange: Exchange) => void | Promise<void>;

const H: Transport = 'http';
const U: Transport = 'upgrade';

/** The steps in order, and which transports they run for. */
const STEPS: readonly (readonly [Step, ...Transport[]])[] = [
  [requireOneHost, H, U], //             what a hop in front could read differently would choose another cluster there
  [chooseCluster, H, U], //              host or path prefix → upstream; the prefix ends here, and so does a reason
  [resolveTarget, H, U], //              raw bytes → RequestInfo; what two parsers could read differently is refused
  [readImpersonation, H, U], //          `--as`: never dropped silently, never merged with ours
  [authenticate, H, U], //               exactly one credential → user; it leaves the request here
  [admitUser, H, U], //                  limits.*PerUser, before work is done: who is beyond one waits, then is refused
  [authorize, H, U], //                  the rules at the gate: first match wins, what can't be judged is refused
  [requireUpgrade, H], //                exec, attach, port-forward whose Upgrade a hop in front has dropped
  [checkImpersonation, H, U], //         may this user be taken for that one? The cluster says
  [takeBearer, H, U], //                 Passthrough: only the caller's own verified token can go on
  [writeRequestLines, H], //             the gate's identity lines, then what of the caller's may pass
  [writeUpgradeLines, U],
  [assertForwardable, H, U], //          belt and braces, from what will really be sent
];

const STEPS_OF: Readonly<Record<Transport, readonly Step[]>> = { http: stepsOf(H), upgrade: stepsOf(U) };

function stepsOf(transport: Transport): Step[] {
  return STEPS.filter(([, ...transports]) => transports.includes(transport)).map(([step]) => step);
}

/**
 * Runs the steps; synchronous unless one of them has to wait. What a stranger is refused with, who sends very much of it, is another thing
 * (limits.unauthenticatedPerAddress). @throws GateError, or anything else that then counts as INTERNAL.
 */
export function runGate(exchange: Exchange): void | Promise<void> {
  try {
    return runSteps(exchange, 0)?.catch((error: unknown) => refuseStranger(exchange, error));
  } catch (error) {
    return refuseStranger(exchange, error);
  }
}

function runSteps(exchange: Exchange, from: number): void | Promise<void> {
  const steps = STEPS_OF[exchange.transport];
  for (let i = from; i < steps.length; i++) {
    const pending = steps[i]?.(exchange);
    if (pending !== undefined) return pending.then(() => runSteps(exchange, i + 1));
  }
}

/** RFC 9112 §3.2, RFC 9113 §8.3.1: a host that a hop in front could read differently would choose another cluster there. */
function requireOneHost({ rawHeaders, httpVersion, authority }: Exchange): void {
  let hosts = 0;
  for (let i = 0; i < rawHeaders.length; i += 2)
    if (rawHeaders[i]?.length === 4 && rawHeaders[i]?.toLowerCase() === 'host') hosts++;
  const good =
    httpVersion === '2.0'
      ? hosts === 0 || (hosts === 1 && headerValue(rawHeaders, 'host') === authority)
      : hosts === 1 || (hosts === 0 && httpVersion === '1.0');
  if (!good) throw gateError('BAD_REQUEST', { detail: 'not exactly one Host' });
}

function chooseCluster(exchange: Exchange): void {
  const matched = matchCluster(exchange.generation.clusters, exchange.authority, exchange.rawTarget);
  if (matched === undefined) throw gateError('CLUSTER_UNKNOWN', { params: { path: exchange.rawTarget } });
  exchange.upstream = matched.cluster.upstream;
  exchange.reviewer = matched.cluster.reviewer;
  exchange.onward = matched.cluster.onward;
  exchange.forwardTarget = matched.rest;
  if (!hasReason(matched.rest)) return;
  const taken = takeReason(matched.rest);
  if (!taken.ok)
    throw gateError('REASON_MALFORMED', { detail: taken.detail, params: { detail: taken.detail } });
  exchange.reason = taken.reason;
  exchange.forwardTarget = taken.rest;
}

function resolveTarget(exchange: Exchange): void {
  const parsed = parseTarget(exchange.forwardTarget);
  if (!parsed.ok) throw gateError(parsed.code, { detail: parsed.detail, params: { detail: parsed.detail } });
  const info = resolveRequestInfo(exchange.method, parsed.target);
  if ('error' in info)
    throw gateError('REQUEST_INFO', { detail: info.error, params: { detail: info.error } });
  exchange.target = parsed.target;
  exchange.info = info;
  // Methods that the API has no verb for can't be authorised there; what lies behind a `proxy` subresource may use any.
  if (info.isResourceRequest && info.verb === '' && info.subresource !== 'proxy') {
    throw gateError('METHOD_NOT_ALLOWED', { params: { method: exchange.method } });
  }
}

function authenticate(exchange: Exchange): void | Promise<void> {
  const { generation, reviewer } = exchange;
  const answer = generation.authenticator.authenticate(credentialsOf(exchange, generation, reviewer));
  if (answer instanceof Promise) return answer.then((outcome) => applyOutcome(exchange, outcome));
  applyOutcome(exchange, answer);
}

function applyOutcome(
  exchange: Exchange,
  outcome: Outcome & { readonly websocketProtocols?: string | undefined },
): void {
  exchange.generation.observeAuthentication(outcome);
  exchange.websocketProtocols = outcome.websocketProtocols;
  switch (outcome.kind) {
    case 'user':
      exchange.user = outcome.user;
      exchange.evidence = outcome.evidence;
      exchange.expiresAt = Math.max(
        outcome.expiresAt,
        outcome.sessionLifetimeMs === undefined ? 0 : exchange.receivedAt + outcome.sessionLifetimeMs,
      );
      exchange.credentialSource = outcome.source;
      return;
    case 'noOpinion':
      // No credential at all; a bad one was 'rejected' and never gets here.
      exchange.user = exchange.generation.anonymous(exchange.target?.path ?? '');
      if (exchange.user === undefined) throw gateError('CREDENTIALS_MISSING');
      exchange.credentialSource = NO_CREDENTIAL;
      return;
    case 'rejected':
      throw gateError(outcome.code, {
        detail: outcome.detail,
        params: { message: outcome.message ?? '' },
      });
    case 'unavailable':
      throw gateError(outcome.code ?? 'AUTHENTICATION_UNAVAILABLE', { cause: outcome.cause });
    default:
      outcome satisfies never;
      throw new TypeError('unknown authentication outcome');
  }
}

function requireUpgrade(exchange: Exchange): void {
  const { info } = exchange;
  if (info === undefined) throw new TypeError('no RequestInfo');
  const kind = sessionKind(info);
  if (kind === '' || kind === 'proxy') return;
  const hops = describeHops(exchange.rawHeaders, exchange.httpVersion);
  throw gateError('UPGRADE_REQUIRED', { params: { kind, hops: hops.join('; ') } });
}
