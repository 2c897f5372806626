// The life of a running gate: starting → ready → draining → stopped. Draining takes no new work, lets open sessions and requests end by
// themselves for as long as `sessions.drainTimeout` says, then closes what is left with a reason.

import type { Server } from 'node:http';
import type { Http2SecureServer } from 'node:http2';
import type { Log } from './log.ts';
import type { SessionRegistry } from './sessions.ts';

export interface Lifecycle {
  readonly isReady: () => boolean;
  readonly isDraining: () => boolean;
  markReady(): void;
  /** Drains and closes; later calls give the same promise. Resolves when nothing is open any more. */
  drain(): Promise<void>;
}

export interface LifecycleDeps {
  readonly server: () => Http2SecureServer | undefined;
  readonly ops: () => Server | undefined;
  readonly sessions: SessionRegistry;
  readonly drainTimeoutMs: () => number;
  readonly log: Log;
}

/** Time that closed sessions get to flush what they had received. ms. */
const FLUSH_MS = 5_000;

/** Makes a lifecycle in the state starting. */
export function createLifecycle(deps: LifecycleDeps): Lifecycle {
  let ready = false;
  let draining: Promise<void> | undefined;
  return {
    isReady: () => ready && draining === undefined,
    isDraining: () => draining !== undefined,
    markReady: () => {
      ready = true;
    },
    drain: () => {
      draining ??= drain(deps);
      return draining;
    },
  };
}

async function drain({ server, ops, sessions, drainTimeoutMs, log }: LifecycleDeps): Promise<void> {
  const listener = server();
  const timeoutMs = drainTimeoutMs();
  log.info({ sessions: sessions.open.size, drainTimeoutMs: timeoutMs }, 'draining');
  // Stops accepting; HTTP/2 connections get GOAWAY and idle HTTP/1.1 ones are closed, open answers go on.
  const closed =
    listener === undefined
      ? Promise.resolve()
      : new Promise<void>((resolve) => listener.close(() => resolve()));
  const deadline = timer(timeoutMs);
  await Promise.race([Promise.all([closed, sessions.whenEmpty()]), deadline.expired]);
  deadline.cancel();
  if (sessions.open.size > 0) {
    log.warn({ sessions: sessions.open.size }, 'drain timeout: closing the sessions that are still open');
    for (const session of [...sessions.open.values()]) session.close('drained', 'the gate shuts down');
    const flushed = timer(FLUSH_MS);
    await Promise.race([sessions.whenEmpty(), flushed.expired]);
    flushed.cancel();
  }
  const opsServer = ops();
  opsServer?.closeAllConnections();
  await new Promise<void>((resolve) =>
    opsServer === undefined ? resolve() : opsServer.close(() => resolve()),
  );
}

function timer(delayMs: number): { expired: Promise<void>; cancel: () => void } {
  let handle: NodeJS.Timeout | undefined;
  const expired = new Promise<void>((resolve) => {
    handle = setTimeout(resolve, delayMs);
  });
  return { expired, cancel: () => clearTimeout(handle) };
}
