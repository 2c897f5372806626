// The record of an upgraded connection, and the limits on its life: the identity's end, and the configured maximum and idle times.

import { afterDelay, atTime, type SetTimer } from '../delay.ts';
import { farewell } from '../errors.ts';
import type { Exchange } from '../exchange.ts';
import { requestKind, sessionKind } from '../kube/longrunning.ts';
import { loggedTarget } from '../log.ts';
import type { Session, SessionKind } from '../sessions.ts';

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
    ownBytes: 0,
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
  { now, setTimer }: { readonly now: () => number; readonly setTimer?: SetTimer },
): () => void {
  const { endOnExpiry, maxDurationMs, idleTimeoutMs } = exchange.generation.config.sessions;
  const cancels: (() => void)[] = [];
  const after = (delayMs: number, act: () => void) => cancels.push(afterDelay(delayMs, act, setTimer));
  // Looks once per idle time whether anything came since the last look: an idle session ends after one to two times the limit.
  let cancelIdle = () => {};
  const watchIdle = (seen: number) => {
    const look = () => {
      const received = session.received.up + session.received.down;
      if (received === seen) session.close('expired', 'sessions.idleTimeout', farewell('SESSION_LIMIT'));
      else watchIdle(received);
    };
    cancelIdle = afterDelay(idleTimeoutMs, look, setTimer);
  };
  if (endOnExpiry)
    cancels.push(
      atTime(exchange.expiresAt, now, () =>
        session.close('expired', 'the identity that opened it has ended', farewell('SESSION_EXPIRED')),
      ),
    );
  if (maxDurationMs > 0)
    after(maxDurationMs, () => session.close('expired', 'sessions.maxDuration', farewell('SESSION_LIMIT')));
  if (idleTimeoutMs > 0) watchIdle(0);
  return () => {
    cancelIdle();
    for (const cancel of cancels) cancel();
  };
}
