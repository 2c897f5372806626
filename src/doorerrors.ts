// The rows of the error table about the doors beside authentication.jwt: client certificates and the cluster's service accounts.
// errortable.ts has the meaning of the fields and takes these rows in.

/** Rows of the table. */
export const DOOR_ERRORS = {
  CERTIFICATE_UNTRUSTED: {
    status: 401,
    text: 'the client certificate was not issued for this gate: use one of its authority, or log in with a token',
    when: 'A client certificate came, and no token, and it is not a valid one of an authority in `listen.clientCAFile`, for use by clients.',
    solve: 'Look at the log: it has the reason that TLS gives. Is the kubeconfig user the right one?',
  },
  CERTIFICATE_EXPIRED: {
    status: 401,
    text: "the client certificate is not valid now: renew it (and if you just did, check this machine's clock)",
    when: "The client certificate's time has not begun or is over. Sessions that it opened end with it.",
    solve: 'Renew the certificate; keep clocks in step.',
  },
  CERTIFICATE_REVOKED: {
    status: 401,
    text: 'the client certificate has been revoked: ask for a new one',
    when: 'Its serial number is on the revocation list of its issuer (`authentication.clientCertificates.crlFile`).',
    solve: 'Issue a new certificate, or log in with a token.',
  },
  TOKEN_REFUSED_BY_CLUSTER: {
    status: 401,
    text: 'the token is not one of a service account of this cluster, or not any more: get a new one',
    when: "`authentication.serviceAccounts` is configured, no issuer of `authentication.jwt` is the token's, and the cluster said in a TokenReview that it is not good.",
    solve:
      'Use a token of the cluster that the request is for (`kubectl create token NAME`), with an audience that it knows.',
  },
  TOKEN_REVIEW_GATE_RIGHTS: {
    status: 502,
    text: 'Postern’s own account may not ask this cluster whose token yours is, so that no service account can come in. Nothing is known against your token; tell the administrator of this gate.',
    when: 'The API server forbids the gate’s account to create `tokenreviews`. The log has its words, which name that account.',
    solve:
      'Give the account that right: [service accounts](../how-to/service-accounts.md). It counts at once, without a restart.',
  },
} as const;
