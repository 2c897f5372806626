// The record of an upgraded connection, and the limits on its life: the identity's end, and the configured maximum and idle times.

import type { Exchange } from '../exchange.ts';
import { requestKind, sessionKind } from '../kube/longrunning.ts';
import { loggedTarget } from '../log.ts';
import type { Session, SessionKind } from '../sessions.ts';

/** The longest delay that a Node timer takes. ms. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** Starts the record; the tunnel gives it its `close`. */
export function newSession(exchange: Exchange, startedAt: number): Session {
  return {
    id: exchange.id,
    cluster: exchange.upstream?.name ?? '',
    kind: kindOf(exchange),
    protocol: exchange.upgrade === 'websocket' ? 'websocket' : 'spdy',
    username: exchange.user?.username ?? '',
    target: loggedTarget(exchange.forwardTarget),
    startedAt,
    received: { up: 0, down: 0 },
    delivered: { up: 0, down: 0 },
    end: undefined,
    endDetail: '',
    close: () => {},
  };
}

/** What kind of session an upgrade would be, for metrics. */
export function kindOf(exchange: Exchange): SessionKind {
  if (exchange.info === undefined) return 'other';
  const kind = sessionKind(exchange.info);
  if (kind !== '') return kind;
  const request = requestKind(exchange.info);
  return request === 'short' ? 'other' : request;
}

/** Arms the limits that are configured; none is on by default except the identity's end. @returns what disarms them. */
export function limitSession(
  session: Session,
  exchange: Exchange,
  { now }: { readonly now: () => number },
): () => void {
  const { endOnExpiry, maxDurationMs, idleTimeoutMs } = exchange.generation.config.sessions;
  const timers = new Set<NodeJS.Timeout>();
  const after = (delayMs: number, act: () => void) => {
    if (delayMs === Number.POSITIVE_INFINITY) return;
    const rest = delayMs - MAX_TIMER_MS;
    const timer = setTimeout(
      () => {
        timers.delete(timer);
        if (rest > 0) after(rest, act);
        else act();
      },
      Math.min(MAX_TIMER_MS, Math.max(0, delayMs)),
    );
    timer.unref();
    timers.add(timer);
  };
  // Looks once per idle time whether anything came since the last look: an idle session ends after one to two times the limit.
  const watchIdle = (seen: number) =>
    after(idleTimeoutMs, () => {
      const received = session.received.up + session.received.down;
      if (received === seen) session.close('expired', 'sessions.idleTimeout');
      else watchIdle(received);
    });
  if (endOnExpiry)
    after(exchange.expiresAt - now(), () =>
      session.close('expired', 'the identity that opened it has ended'),
    );
  if (maxDurationMs > 0) after(maxDurationMs, () => session.close('expired', 'sessions.maxDuration'));
  if (idleTimeoutMs > 0) watchIdle(0);
  return () => {
    for (const timer of timers) clearTimeout(timer);
  };
}
