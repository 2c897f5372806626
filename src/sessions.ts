// Every upgraded connection that is open now, in one place: what the metrics count, the log line at the end tells and the drain waits
// for. A session is opened when a request asks for an upgrade that the gate lets pass, and ends exactly once, with a reason.

/** What is carried. exec, attach, portforward and proxy are subresources; watch and log are those requests made over WebSocket. */
export type SessionKind = 'exec' | 'attach' | 'portforward' | 'proxy' | 'watch' | 'log' | 'other';
export type SessionProtocol = 'spdy' | 'websocket';
export type Direction = 'up' | 'down';

/**
 * Who ended it. `client` and `upstream` closed first; `error` is a fault between; `expired` the identity's end or the session's limits;
 * `killed` an operator; `drained` our own shutdown; `refused` an answer other than a matching 101.
 */
export type EndReason = 'client' | 'upstream' | 'error' | 'expired' | 'killed' | 'drained' | 'refused';

/** The facts of a session; counters grow while it is open. Times are ms since the epoch, sizes bytes. */
export interface Session {
  readonly id: string;
  readonly cluster: string;
  readonly kind: SessionKind;
  readonly protocol: SessionProtocol;
  readonly username: string;
  readonly target: string;
  readonly startedAt: number;
  /** Bytes received from the caller (up) and from the API server (down). */
  readonly received: Record<Direction, number>;
  /** Bytes handed over to the operating system for the other side. */
  readonly delivered: Record<Direction, number>;
  /** Bytes for the caller that are the gate's own: its last word. They are among those delivered and not among those received. */
  ownBytes: number;
  /** Set once, when it ended. */
  end: EndReason | undefined;
  /** What ended it, in words for the log; '' when the reason says it all. */
  endDetail: string;
  /**
   * Ends both connections after what was received is delivered; idempotent. `status` is a Status as JSON: the caller's client shows its
   * message where the protocol has a place for it.
   */
  close(reason: EndReason, detail?: string, status?: string): void;
}

export interface SessionObserver {
  onOpen(session: Session): void;
  onEnd(session: Session, durationMs: number): void;
}

/** The open sessions. Observers are called synchronously and must not throw. */
export interface SessionRegistry {
  readonly open: ReadonlyMap<string, Session>;
  add(session: Session): void;
  /** Marks the end and forgets it; the first call counts, later ones do nothing. */
  remove(session: Session, reason: EndReason, detail: string): void;
  /** Resolves when none is open; at once when there is none now. */
  whenEmpty(): Promise<void>;
}

/** Makes an empty registry. `now` gives ms since the epoch. */
export function createSessionRegistry(observer: SessionObserver, now: () => number): SessionRegistry {
  const open = new Map<string, Session>();
  let waiting: (() => void)[] = [];
  return {
    open,
    add(session) {
      open.set(session.id, session);
      observer.onOpen(session);
    },
    remove(session, reason, detail) {
      if (!open.delete(session.id)) return;
      session.end = reason;
      session.endDetail = detail;
      observer.onEnd(session, Math.max(0, now() - session.startedAt));
      if (open.size > 0) return;
      for (const resolve of waiting) resolve();
      waiting = [];
    },
    whenEmpty() {
      if (open.size === 0) return Promise.resolve();
      return new Promise((resolve) => waiting.push(resolve));
    },
  };
}
