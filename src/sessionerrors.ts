// The rows of the table of errors (errortable.ts) that a session hears as its last word, on the stream on which the protocol tells how a command
// ended. There is no HTTP answer to go with them: the status is the one in the Status.

/** Rows by code. */
export const SESSION_ERRORS = {
  SESSION_EXPIRED: {
    status: 401,
    text: 'the session has ended because the credential that opened it has ended: log in again and repeat the command',
    when: 'An exec or attach was open when its credential ended (`sessions.endOnExpiry`, `sessionLifetime`). It comes inside the session, as its last word.',
    solve: 'Log in again. For longer sessions the identity provider has to issue tokens that live longer.',
  },
  SESSION_LIMIT: {
    status: 403,
    text: 'The session has ended because it reached a limit of this gate: no session may go on for longer, or be silent for longer.',
    when: 'An exec or attach reached `sessions.maxDuration` or `sessions.idleTimeout`. It comes inside the session, as its last word.',
    solve: 'Repeat the command. The log says which of the two it was.',
  },
  SESSION_REVOKED: {
    status: 403,
    text: 'The session has ended because {cause|this gate no longer accepts who opened it, or no longer allows what was open}. Ask the administrator of this gate.',
    when: 'While an exec or attach was open, the configuration or a file that it names was changed: its issuer is gone, its certificate is on the revocation list, the claims or the AWS identity now give another user or none, a rule denies it. Or the cluster no longer accepts the token of its service account. It comes inside the session, as its last word.',
    solve: 'The log says what is no longer so.',
  },
  SESSION_KILLED: {
    status: 403,
    text: 'The session has ended because an administrator of this gate ended it: {reason|no reason was given}.',
    when: 'Somebody ended it by `postern sessions end`. It comes inside the session, as its last word.',
    solve: 'Ask who gave the reason. The log names the order and who says to have given it.',
  },
  SESSION_DRAINED: {
    status: 503,
    text: 'The session has ended because Postern is shutting down: repeat the command.',
    when: 'An exec or attach was still open when `sessions.drainTimeout` was over. It comes inside the session, as its last word.',
    solve: 'Run more than one replica, and give sessions a longer `drainTimeout`.',
  },
} as const;
