// What TLS offers here and what it takes, at the listeners and towards the API servers: versions, suites, groups, signatures, and what is off.
// docs/explanation/tls.md says why each; test/tls holds it against OpenSSL, Go and testssl.sh.

import { constants, hash } from 'node:crypto';
import { createSecureContext, type SecureContextOptions } from 'node:tls';
import { toOpenSSLCiphers } from './config/ciphers.ts';
import type { TlsConfig } from './config/config.ts';

/** What a listener is made of, PEM. */
export interface TlsMaterial {
  readonly cert: string;
  readonly key: string;
  /** '' means that client certificates are not asked for. */
  readonly clientCA: string;
}

/** How long a caller may resume a session. s; as long as a ticket's key lives (tickets.ts). */
const SESSION_LIFETIME_SECONDS = 3600;

/** Key exchange with a post-quantum half, which OpenSSL has from 3.5 on. */
const HYBRID_GROUPS = ['X25519MLKEM768', 'SecP256r1MLKEM768', 'SecP384r1MLKEM1024'];
/** As Go's. Not OpenSSL's finite fields: no client of Kubernetes asks for them, and anybody could make the gate compute them. */
const GROUPS = ['X25519', 'P-256', 'P-384', 'P-521'];

/** What the handshake may be signed with, both ways: no SHA-1, no SHA-224, no DSA. */
const SIGNATURES = [
  ...['ecdsa_secp256r1_sha256', 'ecdsa_secp384r1_sha384', 'ecdsa_secp521r1_sha512', 'ed25519', 'ed448'],
  ...['rsa_pss_rsae_sha256', 'rsa_pss_rsae_sha384', 'rsa_pss_rsae_sha512'],
  ...['rsa_pss_pss_sha256', 'rsa_pss_pss_sha384', 'rsa_pss_pss_sha512'],
  ...['rsa_pkcs1_sha256', 'rsa_pkcs1_sha384', 'rsa_pkcs1_sha512'],
];

/** The server's order counts, as in Go with one exception: a caller that puts ChaCha20 first has no AES in hardware, and gets ChaCha20. */
const OFFERED: SecureContextOptions = {
  ecdhCurve: offeredGroups(),
  sigalgs: SIGNATURES.join(':'),
  honorCipherOrder: true,
  secureOptions:
    constants.SSL_OP_NO_RENEGOTIATION | constants.SSL_OP_NO_COMPRESSION | constants.SSL_OP_PRIORITIZE_CHACHA,
};

/** Of the public listener: what may change while it runs, for `server.setSecureContext`. Ticket keys are set beside it (tickets.ts). */
export function secureContextOptions(
  tls: Pick<TlsConfig, 'minVersion' | 'ciphers'>,
  { cert, key, clientCA }: TlsMaterial,
): SecureContextOptions {
  return {
    ...OFFERED,
    cert,
    key,
    // A session can be resumed only under the authorities by which its client was verified.
    ...(clientCA === '' ? {} : { ca: clientCA, sessionIdContext: hash('sha256', clientCA).slice(0, 32) }),
    sessionTimeout: SESSION_LIFETIME_SECONDS,
    minVersion: tls.minVersion,
    ciphers: tls.ciphers.join(':'),
  };
}

/** Of a listener that only a cluster's API server calls: it resumes nothing, so there are no tickets. */
export function inwardContextOptions({ cert, key, clientCA }: TlsMaterial): SecureContextOptions {
  const secureOptions = (OFFERED.secureOptions ?? 0) | constants.SSL_OP_NO_TICKET;
  return { ...OFFERED, secureOptions, cert, key, ca: clientCA, ...VERSIONS_AND_SUITES };
}

/**
 * Towards API servers. Every kube-apiserver has ECDHE with AES-128-GCM: Go's HTTP/2 server does not start without. Groups and signatures are
 * OpenSSL's own: a client guesses which group the server takes, and OpenSSL's list says which two to send.
 */
export function upstreamContextOptions(): SecureContextOptions {
  return { ...VERSIONS_AND_SUITES, secureOptions: constants.SSL_OP_NO_RENEGOTIATION };
}

const VERSIONS_AND_SUITES = { minVersion: 'TLSv1.2', ciphers: toOpenSSLCiphers([]).join(':') } as const;

function offeredGroups(): string {
  const all = [...HYBRID_GROUPS, ...GROUPS].join(':');
  try {
    // No authorities: loading the system's would take a while.
    createSecureContext({ ca: [], ecdhCurve: all });
    return all;
  } catch {
    return GROUPS.join(':');
  }
}
