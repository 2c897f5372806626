import t from 'tap';
import { handshakeFailure } from '../../src/handshakes.ts';

// Classes of failed TLS handshakes, from the codes that Node gives. Which code comes of what a caller does: test/tls/handshakes.test.ts.

// [code, class]; OpenSSL 3.5 writes some alerts with its new prefix.
const CODES: readonly (readonly [code: string | undefined, failure: string])[] = [
  ['ERR_SSL_TLSV1_ALERT_UNKNOWN_CA', 'certificate'],
  ['ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE', 'certificate'],
  ['ERR_SSL_SSL/TLS_ALERT_BAD_CERTIFICATE', 'certificate'],
  ['ERR_SSL_SSL/TLS_ALERT_CERTIFICATE_EXPIRED', 'certificate'],
  ['ERR_SSL_SSL/TLS_ALERT_CERTIFICATE_UNKNOWN', 'certificate'],
  ['ERR_SSL_SSL/TLS_ALERT_UNSUPPORTED_CERTIFICATE', 'certificate'],
  ['ERR_SSL_UNSUPPORTED_PROTOCOL', 'version'],
  ['ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION', 'version'],
  ['ERR_SSL_NO_SHARED_CIPHER', 'suite'],
  ['ERR_SSL_NO_SHARED_SIGNATURE_ALGORITHMS', 'suite'],
  ['ERR_SSL_NO_SUITABLE_KEY_SHARE', 'suite'],
  ['ERR_SSL_NO_SUITABLE_GROUPS', 'suite'],
  ['ERR_SSL_NO_APPLICATION_PROTOCOL', 'alpn'],
  ['ERR_SSL_HTTP_REQUEST', 'plaintext'],
  ['ERR_SSL_WRONG_VERSION_NUMBER', 'plaintext'],
  ['ERR_TLS_HANDSHAKE_TIMEOUT', 'timeout'],
  ['ECONNRESET', 'closed'],
  ['ERR_SSL_BAD_EXTENSION', 'other'],
  ['ERR_SSL_SSL/TLS_ALERT_HANDSHAKE_FAILURE', 'other'],
  [undefined, 'other'],
];

for (const [code, failure] of CODES)
  t.test(`${code} is ${failure}`, async (t) => {
    t.equal(handshakeFailure(Object.assign(new Error('x'), code === undefined ? {} : { code })), failure);
  });
