// The rows of the table of errors (errortable.ts) about limits of this gate. All are 429 with Retry-After, which client-go obeys up to ten times,
// writes included: none of these requests was forwarded.

/** Rows of the table. */
export const ADMISSION_ERRORS = {
  TOO_MANY_REQUESTS: {
    status: 429,
    text: 'Too many requests of yours are being answered at this gate: this one waited for its turn and was not carried out. Try again in a moment, with fewer at once.',
    retryAfterSeconds: 1,
    when: 'The user has `limits.requestsInFlightPerUser` short requests in flight, and none of them ended within a second; or thousands wait already.',
    solve:
      'Find what sends them: the log has user and peer. A service account that very many jobs share may need a higher limit: [limits](../how-to/limits.md).',
  },
  TOO_MANY_WATCHES: {
    status: 429,
    text: 'You have too many watches and followed logs open at this gate. Close some, then try again.',
    retryAfterSeconds: 1,
    when: 'The user has `limits.watchesPerUser` watches, logs and answers of a `proxy` subresource open, and none of them ended within a second.',
    solve: 'Look for a program that opens watches and never closes them; else raise the limit.',
  },
  TOO_MANY_SESSIONS: {
    status: 429,
    text: 'You have too many sessions (exec, attach, port-forward) open at this gate. Close some, then try again.',
    retryAfterSeconds: 1,
    when: 'The user has `limits.sessionsPerUser` upgraded connections open, and none of them ended within a second. The API server was not asked.',
    solve: '`postern sessions list` says which, where `sessions.registry` is set; else raise the limit.',
  },
  TOO_MANY_UNAUTHENTICATED: {
    status: 429,
    text: 'Too many requests without a good credential came from your address. If yours is a new one, try again in a moment; if you are not logged in, log in first.',
    retryAfterSeconds: 1,
    when: 'More requests that nobody could be recognised for came from the address than `limits.unauthenticatedPerAddress` allows. A credential that was found good lately passes all the same.',
    solve:
      'Find what sends them: the log has the peer. Behind a load balancer, is it in `listen.trustedProxies`? Otherwise all callers have one address.',
  },
  OVERLOADED: {
    status: 429,
    text: 'This gate has more to do than it can: the request was not carried out. Try again in a moment.',
    retryAfterSeconds: 1,
    when: 'The event loop was late by more than `limits.eventLoopDelay` for several samples, and has not come down to half of it yet. Watches and sessions are still let in, and what is open goes on.',
    solve: 'More CPU, more workers or more replicas: [workers](../how-to/workers.md).',
  },
} as const;
