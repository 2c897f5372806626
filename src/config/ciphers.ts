// The cipher suites of kube-apiserver's --tls-cipher-suites (Go's crypto/tls names, k8s.io/component-base cli/flag) and OpenSSL's names
// for them. As in Go the list is about TLS 1.2; the three suites of TLS 1.3 stay on unless some of them are named.

import { getCiphers } from 'node:tls';

interface CipherSuite {
  /** As in Go and the IANA registry. */
  readonly name: string;
  readonly openssl: string;
  /** In Go's InsecureCipherSuites: no forward secrecy, or CBC with SHA-256. */
  readonly insecure: boolean;
}

const TLS13: readonly CipherSuite[] = [
  'TLS_AES_128_GCM_SHA256',
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
].map((name) => ({ name, openssl: name, insecure: false }));

const TLS12: readonly CipherSuite[] = [
  {
    name: 'TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256',
    openssl: 'ECDHE-ECDSA-AES128-GCM-SHA256',
    insecure: false,
  },
  { name: 'TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256', openssl: 'ECDHE-RSA-AES128-GCM-SHA256', insecure: false },
  {
    name: 'TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384',
    openssl: 'ECDHE-ECDSA-AES256-GCM-SHA384',
    insecure: false,
  },
  { name: 'TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384', openssl: 'ECDHE-RSA-AES256-GCM-SHA384', insecure: false },
  {
    name: 'TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256',
    openssl: 'ECDHE-ECDSA-CHACHA20-POLY1305',
    insecure: false,
  },
  {
    name: 'TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256',
    openssl: 'ECDHE-RSA-CHACHA20-POLY1305',
    insecure: false,
  },
  {
    name: 'TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305',
    openssl: 'ECDHE-ECDSA-CHACHA20-POLY1305',
    insecure: false,
  },
  { name: 'TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305', openssl: 'ECDHE-RSA-CHACHA20-POLY1305', insecure: false },
  { name: 'TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA', openssl: 'ECDHE-ECDSA-AES128-SHA', insecure: false },
  { name: 'TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA', openssl: 'ECDHE-RSA-AES128-SHA', insecure: false },
  { name: 'TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA', openssl: 'ECDHE-ECDSA-AES256-SHA', insecure: false },
  { name: 'TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA', openssl: 'ECDHE-RSA-AES256-SHA', insecure: false },
  { name: 'TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256', openssl: 'ECDHE-ECDSA-AES128-SHA256', insecure: true },
  { name: 'TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256', openssl: 'ECDHE-RSA-AES128-SHA256', insecure: true },
  { name: 'TLS_RSA_WITH_AES_128_GCM_SHA256', openssl: 'AES128-GCM-SHA256', insecure: true },
  { name: 'TLS_RSA_WITH_AES_256_GCM_SHA384', openssl: 'AES256-GCM-SHA384', insecure: true },
  { name: 'TLS_RSA_WITH_AES_128_CBC_SHA256', openssl: 'AES128-SHA256', insecure: true },
  { name: 'TLS_RSA_WITH_AES_128_CBC_SHA', openssl: 'AES128-SHA', insecure: true },
  { name: 'TLS_RSA_WITH_AES_256_CBC_SHA', openssl: 'AES256-SHA', insecure: true },
];

/** The names that configuration may use: those that this Node offers, best first. */
export function listCipherSuites(): readonly string[] {
  return offered().map(({ name }) => name);
}

/** Whether Go counts the suite as insecure; such a one works, with a warning. */
export function isInsecureCipherSuite(name: string): boolean {
  return TLS12.some((suite) => suite.name === name && suite.insecure);
}

/** Whether the suite belongs to TLS 1.3. */
export function isTls13CipherSuite(name: string): boolean {
  return TLS13.some((suite) => suite.name === name);
}

/**
 * OpenSSL's names in the given order, for `tls`' `ciphers` (joined by ':'); [] stays [], which means Node's default. Node would turn TLS
 * 1.3 off were none of its suites named, so they come first unless some are.
 * @throws TypeError for a name that listCipherSuites() does not have.
 */
export function toOpenSSLCiphers(names: readonly string[]): readonly string[] {
  if (names.length === 0) return [];
  const chosen = names.map((name) => {
    const suite = offered().find((candidate) => candidate.name === name);
    if (!suite) throw new TypeError('unknown cipher suite');
    return suite.openssl;
  });
  const tls13 = names.some(isTls13CipherSuite) ? [] : TLS13.map(({ openssl }) => openssl);
  return [...new Set([...tls13, ...chosen])];
}

function offered(): readonly CipherSuite[] {
  const known = new Set(getCiphers());
  return [...TLS13, ...TLS12].filter(({ openssl }) => known.has(openssl.toLowerCase()));
}
