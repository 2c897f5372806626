import { createSecureContext } from 'node:tls';
import t from 'tap';
import {
  DEFAULT_CIPHER_SUITES,
  faultOfCipherSuite,
  listCipherSuites,
  toOpenSSLCiphers,
} from '../../../src/config/ciphers.ts';

t.test("Kubernetes' names become OpenSSL's, and TLS 1.3 stays on", async (t) => {
  t.strictSame(toOpenSSLCiphers([]), toOpenSSLCiphers(DEFAULT_CIPHER_SUITES), 'empty means our default');
  t.strictSame(toOpenSSLCiphers(['TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256']), [
    'TLS_AES_128_GCM_SHA256',
    'TLS_AES_256_GCM_SHA384',
    'TLS_CHACHA20_POLY1305_SHA256',
    'ECDHE-RSA-AES128-GCM-SHA256',
  ]);
  t.strictSame(toOpenSSLCiphers(['TLS_AES_256_GCM_SHA384', 'TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305']), [
    'TLS_AES_256_GCM_SHA384',
    'ECDHE-RSA-CHACHA20-POLY1305',
  ]);
  t.throws(() => toOpenSSLCiphers(['TLS_RSA_WITH_RC4_128_SHA']), TypeError);
});

t.test('Node takes every suite that is offered', async (t) => {
  for (const name of listCipherSuites()) {
    t.doesNotThrow(() => createSecureContext({ ciphers: toOpenSSLCiphers([name]).join(':') }), name);
  }
  t.notMatch(listCipherSuites().join(), /RC4|3DES/);
});

t.test(
  'the default is TLS 1.3, and of TLS 1.2 what has forward secrecy and authenticated encryption',
  async (t) => {
    t.strictSame(DEFAULT_CIPHER_SUITES, [
      'TLS_AES_128_GCM_SHA256',
      'TLS_AES_256_GCM_SHA384',
      'TLS_CHACHA20_POLY1305_SHA256',
      'TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256',
      'TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256',
      'TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384',
      'TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384',
      'TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256',
      'TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256',
    ]);
  },
);

t.test('each other suite has something against it, which postern check says', async (t) => {
  for (const name of listCipherSuites()) {
    // Go's other names of the two ChaCha20 suites.
    if (DEFAULT_CIPHER_SUITES.includes(name) || /CHACHA20_POLY1305$/.test(name))
      t.equal(faultOfCipherSuite(name), '', name);
    else
      t.match(
        faultOfCipherSuite(name),
        /^(is an insecure cipher suite|has no authenticated encryption)/,
        name,
      );
  }
});
