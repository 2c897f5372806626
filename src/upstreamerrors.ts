// The rows of the table of errors (errortable.ts) about the way to the API server.

/** Rows by code. */
export const UPSTREAM_ERRORS = {
  UPSTREAM_UNREACHABLE: {
    status: 502,
    text: 'The API server of this cluster cannot be reached from Postern. The request was not carried out.',
    when: 'Name look-up or connection failed or took longer than 30 s, or the handshake was broken off; or hardly any file descriptor is left here (cause `EMFILE`).',
    solve:
      'Check `clusters[].kubeconfig`, DNS and the network from Postern to the API server; for `EMFILE`, [its descriptors](../operate/alerts/PosternDescriptorsNearLimit.md).',
  },
  UPSTREAM_TLS: {
    status: 502,
    text: 'Postern could not verify the API server of this cluster. The request was not carried out.',
    when: 'The TLS handshake with the API server failed: other CA, other name, expired.',
    solve:
      'Correct `certificate-authority` or `tls-server-name` in the kubeconfig; verification is never turned off by itself.',
  },
  UPSTREAM_CREDENTIALS: {
    status: 502,
    text: 'The API server does not accept the credential of this gate. Your own credential is not the problem; tell the administrator of this gate.',
    when: 'The API server answered 401, and did so again when Postern asked for /version with its own credential and no caller’s identity; or it answered 401 to a TokenReview about a service account. Every other 401 of the API server, or of what is behind it, is passed on as it is.',
    solve:
      'Renew the token or certificate in `clusters[].kubeconfig`. Files that have changed are read again at once.',
  },
  UPSTREAM_TIMEOUT: {
    status: 504,
    text: 'The API server did not answer in time. The request may still be carried out.',
    when: 'The connection stood, and for too long nothing acknowledged what was sent on it.',
    solve: 'Look at the load of the API server. Check before you repeat a write.',
  },
  UPSTREAM_RESET: {
    status: 502,
    text: 'The API server ended the connection before it had answered. The request may have been carried out.',
    when: 'The connection broke before the answer began.',
    solve: 'Usually a restart of the API server. Check before you repeat a write.',
  },
  UPSTREAM_PROTOCOL: {
    status: 502,
    text: 'The API server sent an answer that is not valid HTTP.',
    when: 'The answer could not be parsed.',
    solve: 'Is the address in the kubeconfig really that of an API server (https, port)?',
  },
} as const;
