// What is written down about a request or session when it is over: metrics and one log line, from the exchange alone.

import { hash } from 'node:crypto';
import type { RenewalEvent } from './authn/certificates.ts';
import type { RefreshEvent } from './authn/jwks.ts';
import type { Outcome } from './authn/outcome.ts';
import { ERRORS } from './errortable.ts';
import type { Exchange } from './exchange.ts';
import { observeHandshakes } from './handshakes.ts';
import {
  isLongRunning,
  knownResource,
  knownSubresource,
  knownVerb,
  requestKind,
  requestScope,
  sessionKind,
} from './kube/longrunning.ts';
import { type Log, loggedError, loggedTarget, loggedWord } from './log.ts';
import type { Metrics } from './metrics.ts';
import type { ImpersonationObserver } from './onward/check.ts';
import { headerValue } from './proxy/headers.ts';
import type { Session } from './sessions.ts';

/** The WebSocket attempt and the SPDY attempt that kubectl makes after its refusal are one refusal; this is how long they may lie apart. ms. */
const PAIR_WINDOW_MS = 10_000;
const MAX_PAIRS = 10_000;

export type Observer = ReturnType<typeof createObserver>;

/** Everything that is observed goes through here. `now` gives ms since the epoch. */
export function createObserver(log: Log, metrics: Metrics, now: () => number) {
  const isRepeat = pairRefusals(now);
  return {
    ...observeRequests(log, metrics, { now, isRepeat }),
    ...observeSessions(log, metrics, isRepeat),
    ...observeHandshakes(log, metrics),
  };
}

/** Whether a refused attempt is the second of a pair; remembers first ones. Asked twice, it says the same. */
type IsRepeat = (exchange: Exchange) => boolean;

function pairRefusals(now: () => number): IsRepeat {
  const refusedWebSockets = new Map<string, number>();
  const judged = new WeakMap<Exchange, boolean>();

  const judge = (exchange: Exchange): boolean => {
    const attempt = attemptOf(exchange);
    if (attempt === '') return false;
    const key = pairKey(exchange);
    const at = refusedWebSockets.get(key);
    refusedWebSockets.delete(key);
    if (attempt === 'spdy') return at !== undefined && now() - at <= PAIR_WINDOW_MS;
    if (refusedWebSockets.size >= MAX_PAIRS)
      refusedWebSockets.delete(refusedWebSockets.keys().next().value ?? '');
    refusedWebSockets.set(key, now());
    return false;
  };
  return (exchange) => {
    const known = judged.get(exchange) ?? judge(exchange);
    judged.set(exchange, known);
    return known;
  };
}

function observeRequests(
  log: Log,
  metrics: Metrics,
  { now, isRepeat }: { readonly now: () => number; readonly isRepeat: IsRepeat },
) {
  return {
    onBegin(exchange: Exchange): void {
      if (exchange.info !== undefined)
        metrics.inFlight.inc({ cluster: exchange.upstream?.name ?? '', kind: requestKind(exchange.info) });
    },
    onUnbegin(exchange: Exchange): void {
      if (exchange.info !== undefined)
        metrics.inFlight.dec({ cluster: exchange.upstream?.name ?? '', kind: requestKind(exchange.info) });
    },
    /** Once per request, when its answer is over; for upgrades when the answer is known. */
    onRequest(exchange: Exchange, status: number): void {
      const { info, failure, decision } = exchange;
      const cluster = exchange.upstream?.name ?? '';
      // The clock may have been set back: a sum that falls would be taken for a restart.
      const durationMs = Math.max(0, now() - exchange.receivedAt);
      const repeat = status >= 400 && isRepeat(exchange);
      const reason = failure === undefined ? undefined : UPSTREAM_REASONS.get(failure.code);
      if (reason !== undefined) metrics.upstreamErrors.inc({ cluster, reason });
      if (!repeat && failure?.code === 'UPGRADE_REQUIRED')
        metrics.upgradeMissing.inc({ cluster, kind: info?.subresource ?? '' });
      if (!repeat && decision !== undefined)
        metrics.ruleDecisions.inc({ cluster, rule: decision.rule, decision: decision.kind });
      if (!repeat) {
        metrics.requests.inc({
          cluster,
          verb: info === undefined ? '' : knownVerb(info),
          resource: info === undefined ? '' : knownResource(info),
          subresource: info === undefined ? '' : knownSubresource(info),
          code: String(status),
        });
      }
      if (info !== undefined && exchange.transport === 'http' && !isLongRunning(info)) {
        metrics.requestDuration.observe(
          { cluster, verb: knownVerb(info), scope: requestScope(info) },
          durationMs / 1000,
        );
      }
      const level = repeat
        ? 'debug'
        : failure !== undefined && ERRORS[failure.code].status >= 500
          ? 'warn'
          : 'info';
      if (log.isLevelEnabled(level)) log[level](requestFields(exchange, status, durationMs), 'request');
    },
    onAuthentication(outcome: Outcome): void {
      const result = { user: 'ok', rejected: 'rejected', noOpinion: 'none', unavailable: 'unavailable' }[
        outcome.kind
      ];
      metrics.authentication.inc({ source: 'source' in outcome ? outcome.source : 'none', outcome: result });
    },
    /** What could not be parsed as a request at all: it has no exchange. */
    onUnparsed(status: number, peer: string, detail: string): void {
      metrics.requests.inc({ cluster: '', verb: '', resource: '', subresource: '', code: String(status) });
      log.info({ status, peer, detail }, 'request could not be parsed');
    },
  };
}

function observeSessions(log: Log, metrics: Metrics, isRepeat: IsRepeat) {
  return {
    /** A refused upgrade counts as a session that ended `refused`; the pair of attempts once. */
    onRefusedSession(cluster: string, kind: string, exchange: Exchange): void {
      if (isRepeat(exchange)) return;
      metrics.sessions.inc({ cluster, kind, protocol: exchange.upgrade, end: 'refused' });
    },
    onSessionOpen({ cluster, kind, protocol }: Session): void {
      metrics.sessionsOpen.inc({ cluster, kind, protocol });
      // An alert looks at it: the first fault has to be a rise.
      metrics.sessions.inc({ cluster, kind, protocol, end: 'error' }, 0);
    },
    onSessionEnd(session: Session, durationMs: number): void {
      const { cluster, kind, protocol, received, delivered, end = 'error' } = session;
      metrics.sessionsOpen.dec({ cluster, kind, protocol });
      metrics.sessions.inc({ cluster, kind, protocol, end });
      metrics.sessionDuration.observe({ cluster, kind }, durationMs / 1000);
      metrics.sessionBytes.inc({ cluster, kind, direction: 'up' }, received.up);
      metrics.sessionBytes.inc({ cluster, kind, direction: 'down' }, received.down);
      log.info(
        {
          auditID: session.id,
          cluster,
          kind,
          protocol,
          user: session.username,
          target: session.target,
          end,
          ...(session.endDetail === '' ? {} : { detail: session.endDetail }),
          durationMs,
          bytesUp: received.up,
          bytesDown: received.down,
          undelivered: {
            up: received.up - delivered.up,
            down: received.down + session.ownBytes - delivered.down,
          },
        },
        'session ended',
      );
    },
  };
}

/** The errors that count as upstream errors, with the value of the label `reason`. */
export const UPSTREAM_REASONS: ReadonlyMap<string, string> = new Map(
  Object.keys(ERRORS)
    .filter((code) => code.startsWith('UPSTREAM_') || code === 'UPGRADE_INVALID_RESPONSE')
    .map((code) => [code, code.replace('UPSTREAM_', '').toLowerCase()]),
);

/** Which of kubectl's two attempts it is, also when a hop in front has dropped its Upgrade; '' is neither. */
function attemptOf({ upgrade, info, method }: Exchange): 'websocket' | 'spdy' | '' {
  if (upgrade !== '') return upgrade;
  const kind = info === undefined ? '' : sessionKind(info);
  if (kind === '' || kind === 'proxy') return '';
  return method === 'GET' ? 'websocket' : method === 'POST' ? 'spdy' : '';
}

/** What two attempts of one command have in common, in few bytes. Clients that send no Kubectl-Session are told apart by their address. */
function pairKey(exchange: Exchange): string {
  const session = headerValue(exchange.rawHeaders, 'kubectl-session') || exchange.peerAddress;
  const whole = [exchange.user?.username, session, exchange.upstream?.name, exchange.rawTarget];
  return hash('sha256', JSON.stringify(whole), 'base64url');
}

/** One literal, of one shape: pieces spread into each other cost 3 µs a request. The log leaves out what is undefined. */
function requestFields(exchange: Exchange, status: number, durationMs: number): Record<string, unknown> {
  const { user, failure, decision, reason, upgrade, ended } = exchange;
  const info = exchange.info?.isResourceRequest === true ? exchange.info : undefined;
  return {
    auditID: exchange.id,
    cluster: exchange.upstream?.name ?? '',
    method: loggedWord(exchange.method),
    target: loggedTarget(exchange.rawTarget),
    verb: info?.verb,
    resource: info && loggedWord(info.resource),
    subresource: info && loggedWord(info.subresource),
    namespace: info && loggedWord(info.namespace),
    name: info && loggedWord(info.name),
    upgrade: upgrade === '' ? undefined : upgrade,
    user: user?.username ?? '',
    // Only what was judged: before that it is any text, and people have put tokens into wrong places.
    as: exchange.actsAs && loggedWord(exchange.actsAs.username),
    peer: exchange.peerAddress,
    rule: decision === undefined || decision.rule === '' ? undefined : decision.rule,
    reason: reason === '' ? undefined : reason,
    status,
    durationMs,
    // What the API server took to begin its answer; the rest of a short request's time is ours and the network's.
    upstreamMs: exchange.answeredAt === 0 ? undefined : exchange.answeredAt - exchange.forwardedAt,
    end: ended?.end,
    error: failure?.code,
    detail: failure?.detail ?? ended?.detail,
    cause: failure === undefined ? undefined : loggedError(failure.cause),
  };
}

/** Counts what `kubectl --as` asks of a cluster, and how long its answers take. */
export function observeImpersonation(cluster: string, metrics: Metrics): ImpersonationObserver {
  return {
    onCheck: (outcome) => metrics.impersonationChecks.inc({ cluster, outcome }),
    onReview: (outcome, durationMs) =>
      metrics.accessReviewDuration.observe({ cluster, outcome }, durationMs / 1000),
  };
}

/** Counts how the fetch of an issuer's keys ended, and logs a failure. */
export function observeRefresh({ issuer, outcome, cause }: RefreshEvent, metrics: Metrics, log: Log): void {
  metrics.jwksRefresh.inc({ issuer, outcome });
  if (outcome === 'failed')
    log.warn({ issuer, cause: loggedError(cause) }, 'keys of an issuer could not be fetched');
}

/** Logs that a revocation list is to be renewed, or that it is too late. */
export function observeRenewal({ nextUpdate, isOver }: RenewalEvent, log: Log): void {
  const facts = { nextUpdate: new Date(nextUpdate).toISOString() };
  if (isOver)
    log.error(facts, 'a revocation list is past its next update: certificates of its issuer are not let in');
  else log.warn(facts, 'a revocation list has to be renewed before its next update');
}
