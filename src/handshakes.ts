// TLS handshakes that failed, as an operator looks for them: a caller that is too old, does not trust the certificate, or speaks something else.
// Each is counted by a class of its own; the details are in the log at debug, for anybody who reaches the port can make them.

import type { TLSSocket } from 'node:tls';
import { type Log, loggedError } from './log.ts';
import type { HANDSHAKE_FAILURES, Metrics } from './metrics.ts';

/** One of the label's values. */
export type HandshakeFailure = (typeof HANDSHAKE_FAILURES)[number];

/** OpenSSL's and Node's codes; the first that fits. Alerts are what the caller said, all others are what we said of the caller. */
const CLASSES: readonly (readonly [code: RegExp, failure: HandshakeFailure])[] = [
  [/ALERT_(UNKNOWN_CA|BAD_CERTIFICATE|UNSUPPORTED_CERTIFICATE|CERTIFICATE_\w+)$/, 'certificate'],
  [/^ERR_SSL_(UNSUPPORTED_PROTOCOL|VERSION_TOO_LOW)$|ALERT_PROTOCOL_VERSION$/, 'version'],
  [/^ERR_SSL_NO_(SHARED_CIPHER|SHARED_SIGNATURE_ALGORITHMS|SUITABLE_\w+)$/, 'suite'],
  [/^ERR_SSL_NO_APPLICATION_PROTOCOL$/, 'alpn'],
  [/^ERR_SSL_(HTTP_REQUEST|HTTPS_PROXY_REQUEST|WRONG_VERSION_NUMBER)$/, 'plaintext'],
  [/^ERR_TLS_HANDSHAKE_TIMEOUT$/, 'timeout'],
  [/^(ECONNRESET|EPIPE)$/, 'closed'],
];

/** The class of what a server's `tlsClientError` gives. */
export function handshakeFailure(error: Error & { readonly code?: string }): HandshakeFailure {
  const { code = '' } = error;
  return CLASSES.find(([pattern]) => pattern.test(code))?.[1] ?? 'other';
}

/** What counts and logs them. */
export function observeHandshakes(log: Log, metrics: Metrics) {
  return {
    onHandshakeFailure(error: Error, socket: Pick<TLSSocket, 'remoteAddress'>): void {
      const reason = handshakeFailure(error);
      metrics.handshakeFailures.inc({ reason });
      if (log.isLevelEnabled('debug'))
        log.debug({ reason, peer: socket.remoteAddress, cause: loggedError(error) }, 'TLS handshake failed');
    },
  };
}
