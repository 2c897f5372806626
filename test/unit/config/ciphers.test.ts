import { createSecureContext } from 'node:tls';
import t from 'tap';
import { listCipherSuites, toOpenSSLCiphers } from '../../../src/config/ciphers.ts';

t.test("Kubernetes' names become OpenSSL's, and TLS 1.3 stays on", async (t) => {
  t.strictSame(toOpenSSLCiphers([]), [], "empty means Node's default");
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
