// The cipher suites of kube-apiserver's --tls-cipher-suites (Go's crypto/tls names, k8s.io/component-base cli/flag) and OpenSSL's names
// for them. As in Go the list is about TLS 1.2; the three suites of TLS 1.3 stay on unless some of them are named.

import { getCiphers } from 'node:tls';

/** What is against a suite: no forward secrecy or CBC with SHA-256 (Go's InsecureCipherSuites), or CBC with SHA-1, which Go still counts as secure. */
type Fault = '' | 'insecure' | 'CBC';

interface CipherSuite {
  /** As in Go and the IANA registry. */
  readonly name: string;
  readonly openssl: string;
  readonly fault: Fault;
}

const TLS13: readonly CipherSuite[] = [
  'TLS_AES_128_GCM_SHA256',
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
].map((name) => ({ name, openssl: name, fault: '' }));

/** [name, OpenSSL's name, what is against it] */
const TLS12: readonly CipherSuite[] = (
  [
    ['TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256', 'ECDHE-ECDSA-AES128-GCM-SHA256', ''],
    ['TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256', 'ECDHE-RSA-AES128-GCM-SHA256', ''],
    ['TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384', 'ECDHE-ECDSA-AES256-GCM-SHA384', ''],
    ['TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384', 'ECDHE-RSA-AES256-GCM-SHA384', ''],
    ['TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256', 'ECDHE-ECDSA-CHACHA20-POLY1305', ''],
    ['TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256', 'ECDHE-RSA-CHACHA20-POLY1305', ''],
    ['TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305', 'ECDHE-ECDSA-CHACHA20-POLY1305', ''],
    ['TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305', 'ECDHE-RSA-CHACHA20-POLY1305', ''],
    ['TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA', 'ECDHE-ECDSA-AES128-SHA', 'CBC'],
    ['TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA', 'ECDHE-RSA-AES128-SHA', 'CBC'],
    ['TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA', 'ECDHE-ECDSA-AES256-SHA', 'CBC'],
    ['TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA', 'ECDHE-RSA-AES256-SHA', 'CBC'],
    ['TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256', 'ECDHE-ECDSA-AES128-SHA256', 'insecure'],
    ['TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256', 'ECDHE-RSA-AES128-SHA256', 'insecure'],
    ['TLS_RSA_WITH_AES_128_GCM_SHA256', 'AES128-GCM-SHA256', 'insecure'],
    ['TLS_RSA_WITH_AES_256_GCM_SHA384', 'AES256-GCM-SHA384', 'insecure'],
    ['TLS_RSA_WITH_AES_128_CBC_SHA256', 'AES128-SHA256', 'insecure'],
    ['TLS_RSA_WITH_AES_128_CBC_SHA', 'AES128-SHA', 'insecure'],
    ['TLS_RSA_WITH_AES_256_CBC_SHA', 'AES256-SHA', 'insecure'],
  ] as const
).map(([name, openssl, fault]) => ({ name, openssl, fault }));

/**
 * What is offered when the configuration names none, best first: all of TLS 1.3, and of TLS 1.2 what has forward secrecy and authenticated
 * encryption. AES-128 comes first, as Go's servers and clients have it: the four more rounds a block of AES-256 are paid for with each byte.
 */
export const DEFAULT_CIPHER_SUITES: readonly string[] = [...TLS13, ...TLS12]
  .filter(({ fault }) => fault === '')
  // ChaCha20 has two names for either kind of certificate: the registry's is kept.
  .filter(({ openssl }, at, all) => all.findIndex((other) => other.openssl === openssl) === at)
  .map(({ name }) => name);

/** The names that configuration may use: those that this Node offers, best first. */
export function listCipherSuites(): readonly string[] {
  return offered().map(({ name }) => name);
}

/** What is against a suite, for a warning; '' when nothing is. Such a one works. */
export function faultOfCipherSuite(name: string): string {
  const fault = TLS12.find((suite) => suite.name === name)?.fault ?? '';
  if (fault === '') return '';
  return fault === 'insecure' ? 'is an insecure cipher suite' : 'has no authenticated encryption (CBC)';
}

/** Whether the suite belongs to TLS 1.3. */
export function isTls13CipherSuite(name: string): boolean {
  return TLS13.some((suite) => suite.name === name);
}

/**
 * OpenSSL's names in the given order, for `tls`' `ciphers` (joined by ':'); [] means DEFAULT_CIPHER_SUITES. Node would turn TLS 1.3 off were
 * none of its suites named, so they come first unless some are.
 * @throws TypeError for a name that listCipherSuites() does not have.
 */
export function toOpenSSLCiphers(names: readonly string[]): readonly string[] {
  const wanted = names.length === 0 ? DEFAULT_CIPHER_SUITES : names;
  const chosen = wanted.map((name) => {
    const suite = offered().find((candidate) => candidate.name === name);
    if (!suite) throw new TypeError('unknown cipher suite');
    return suite.openssl;
  });
  const tls13 = wanted.some(isTls13CipherSuite) ? [] : TLS13.map(({ openssl }) => openssl);
  return [...new Set([...tls13, ...chosen])];
}

function offered(): readonly CipherSuite[] {
  const known = new Set(getCiphers());
  return [...TLS13, ...TLS12].filter(({ openssl }) => known.has(openssl.toLowerCase()));
}
